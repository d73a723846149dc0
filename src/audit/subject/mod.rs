//! One principal and everything that its verdict depends on.
//!
//! - [`attachment`]: whether a policy can be detached from a principal
//! - [`resolved_ceiling`]: the documents of a ceiling, ready for the solver and the evaluator
//! - [`ceiling_cache`]: resolves each ceiling of the baseline once
//! - [`declared_roles`]: who may assume a role, as a part of the ceiling of the caller
//! - [`synthetic`]: ceilings that the audit builds itself
//! - [`check`]: one question about a part of the effective access
//! - [`accepted_extents`]: what the exceptions of the baseline accept
//! - [`audited_principal`]: the principal with its layers, ceiling and checks
//! - [`equivalence_key`]: which principals share one analysis
//! - [`content_digest`]: the content id of the policies that were read

pub(crate) mod accepted_extents;
pub(crate) mod attachment;
pub(crate) mod audited_principal;
pub(crate) mod ceiling_cache;
pub(crate) mod check;
pub(crate) mod content_digest;
pub(crate) mod declared_roles;
pub(crate) mod equivalence_key;
pub(crate) mod resolved_ceiling;
pub(crate) mod synthetic;
