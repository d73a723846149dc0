//! Sets of values of one field: literals, intervals, string constraints.

pub(crate) mod field_state;
pub(crate) mod interval;
pub(crate) mod literal;
pub(crate) mod string_constraint;
pub(crate) mod string_set;
