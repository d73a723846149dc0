//! Access formulas, made from layers, and the operations on them.

pub(crate) mod from_layers;
pub(crate) mod ops;
pub(crate) mod rename_keys;
