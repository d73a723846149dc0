//! The steps from one state to the next: roles that can be assumed, and changes to the account.

pub(crate) mod assume_role;
pub(crate) mod state_changes;
pub(crate) mod successors;
