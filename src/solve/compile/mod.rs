//! Policies as literals over fields: from the documents of a question to classes of actions.
//!
//! - `binding`: the replacement of policy variables;
//! - `arn_segment`: region and account in ARNs and in keys;
//! - `arn_format`, `resource_domain`: the resources that an action takes;
//! - `solver`: the shared state of a run, and its caches;
//! - `statement`: a statement as a conjunction of literals;
//! - `condition_literal`, `condition_values`, `arn_pattern`: a condition as a literal;
//! - `key_topics`: the keys about which a request itself settles something;
//! - `key_domain`: the values that a context key can have;
//! - `prepared`: a question with compiled statements;
//! - `action_classes`: actions that are decided together;
//! - `action_scope`: the statements that matter for some actions.

pub(crate) mod action_classes;
pub(crate) mod action_scope;
pub(crate) mod arn_format;
pub(crate) mod arn_pattern;
pub(crate) mod arn_segment;
pub(crate) mod binding;
pub(crate) mod condition_literal;
pub(crate) mod condition_values;
pub(crate) mod key_domain;
pub(crate) mod key_topics;
pub(crate) mod prepared;
pub(crate) mod resource_domain;
pub(crate) mod solver;
pub(crate) mod statement;
