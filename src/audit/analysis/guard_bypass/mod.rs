//! Guards whose condition a principal can satisfy by itself (`docs/rules.md`, IAM004).
//!
//! A guard requires a value that someone else sets: a tag of the principal, a source identity. The guard is ineffective if
//! the principal has the value already, if it can set the value, or if a caller that assumes the role can set it.
//!
//! - [`bypass`]: one way to satisfy a condition
//! - [`guard_condition`]: the conditions on requests that set the key of a condition
//! - [`replaced_action`]: policies with one action in place of another
//! - [`finder`]: the search over the conditions of a guard
//! - [`principal_tag`]: tags of the principal that it has or can set
//! - [`caller_session`]: values that a caller sets when it assumes the role
//! - [`own_trust`]: the trust policy that the role itself can rewrite
//! - [`own_provider`]: the identity providers of its trust policy that the role itself can change
//! - [`federation`]: tags that a user sets in a federated session
//! - [`tagging`]: the actions that change a tag of the resources of guarded requests
//! - [`resource_tag`]: tags of a resource that the principal can set
//! - [`key_alias`]: aliases that the principal can give a key
//! - [`resource_setting`]: settings of a resource that the principal can change
//! - [`find`]: all ways to bypass a guard

pub(crate) mod bypass;
mod caller_session;
mod federation;
pub(crate) mod find;
mod finder;
pub(crate) mod guard_condition;
mod key_alias;
mod own_provider;
mod own_trust;
mod principal_tag;
mod replaced_action;
mod resource_setting;
mod resource_tag;
mod tagging;
