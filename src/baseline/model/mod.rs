//! What a manifest declares.

pub(crate) mod assumable_by;
pub(crate) mod ceiling;
pub(crate) mod condition_block;
pub(crate) mod entry;
pub(crate) mod exception;
pub(crate) mod guard;
pub(crate) mod hint;
pub(crate) mod levels;
pub(crate) mod persona;
pub(crate) mod selector;
