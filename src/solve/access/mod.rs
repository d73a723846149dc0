//! Access formulas: the requests that policies allow, as a union of branches.
//!
//! - `formula`: the types;
//! - `from_layers`: the effective access of a principal, from its policies;
//! - `resource_policy_use`: to which requests the statements of a resource policy apply;
//! - `named_sessions`: the sessions that resource policies name;
//! - `ops`: intersection and restriction of formulas;
//! - `session_id`: the requests of one session;
//! - `rename_keys`: the access of a second principal, for a question about two principals.

pub(crate) mod formula;
pub(crate) mod from_layers;
mod named_sessions;
pub(crate) mod ops;
pub(crate) mod rename_keys;
mod resource_policy_use;
mod scp_exempt;
pub(crate) mod session_id;
