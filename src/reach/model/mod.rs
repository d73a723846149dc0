//! The attack graph's data: principals, states, escalation techniques, and the indices that find targets.
//!
//! - `arn_index`: ARNs by position, and the positions that a glob matches.
//! - `attachable_policies`: managed policies that can be attached in an account.
//! - `state`: a principal plus the changes made to it.
//! - `state_change`: the changes that were made to a principal.
//! - `tag_index`: the tags that policies name.
//! - `tag_condition_keys`: the condition keys that hold tags.
//! - `tag_templates`: values of tags that policies write with variables.
//! - `tag_values`: values of a tag, one for each way in which policies treat values.
//! - `variable_values`: the values of a variable with which a template matches a text.
//! - `chosen_boundary`: permissions boundaries that were chosen for principals.
//! - `boundary_conditions`: the conditions on the boundary that a target has.
//! - `chosen_tags`: tags that were chosen for principals.
//! - `valid_names`: the names and paths that IAM accepts.
//! - `arn_classes`: classes of ARNs of something new.
//! - `creatable_principals`: users, roles and policies that do not exist and may be created.
//! - `created_kind`: what created users and roles are allowed.
//! - `created_principal`: users and roles that a principal can create.
//! - `federated_session`: what a federated session of a user may call.
//! - `lifted_controls`: SCPs and RCPs that no longer apply to a principal.
//! - `organization_index`: the accounts that manage the organization, and the ARNs of its parts.
//! - `session_keys`: what policies name of the way in which sessions begin.
//! - `session_start`: how a session began.
//! - `key_grants`: what a principal can do with KMS keys by grants.
//! - `holdings`: the policies and groups that principals got during a search.
//! - `shared_change`: a change of a principal that states share.
//! - `node`: a principal with its policy layers, and its layers after a change.
//! - `managed_policies`: the customer managed policies of a snapshot.
//! - `principal_sets`: sets of users, roles, group members and policy holders.
//! - `name_patterns`: patterns over the names of users and roles in policies.
//! - `source_arns`: the resources for which a service may assume a role.
//! - `trust_summary`: the principals that one trust policy names.
//! - `trust_index`: roles by the principals and services that their trust policies name.
//! - `technique`: the escalation techniques, read from `techniques.toml`.
//! - `service_index`: the resources of services that use roles.
//! - `search_techniques`: those that a search decides by itself, read from `search_techniques.toml`.
//! - `complement`: policies that allow everything except one action or one resource.

pub(crate) mod arn_classes;
pub(crate) mod arn_index;
pub(crate) mod attachable_policies;
pub(crate) mod boundary_conditions;
pub(crate) mod chosen_boundary;
pub(crate) mod chosen_tags;
pub(crate) mod complement;
pub(crate) mod creatable_principals;
pub(crate) mod created_kind;
pub(crate) mod created_principal;
mod federated_session;
pub(crate) mod holdings;
mod key_grants;
pub(crate) mod lifted_controls;
pub(crate) mod managed_policies;
pub(crate) mod name_patterns;
pub(crate) mod node;
pub(crate) mod organization_index;
pub(crate) mod principal_sets;
pub(crate) mod search_techniques;
pub(crate) mod service_index;
pub(crate) mod session_keys;
pub(crate) mod session_start;
pub(crate) mod shared_change;
mod source_arns;
pub(crate) mod state;
pub(crate) mod state_change;
pub(crate) mod tag_condition_keys;
pub(crate) mod tag_index;
pub(crate) mod tag_templates;
pub(crate) mod tag_values;
pub(crate) mod technique;
pub(crate) mod trust_index;
pub(crate) mod trust_summary;
pub(crate) mod valid_names;
pub(crate) mod variable_values;
