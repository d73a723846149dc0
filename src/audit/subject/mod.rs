//! One principal and everything that its verdict depends on.

pub(crate) mod audited_principal;
pub(crate) mod equivalence_key;
pub(crate) mod synthetic;
