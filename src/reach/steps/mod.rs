//! The steps from one state to the next.
//!
//! - `assume_role`: the roles that a principal can assume.
//! - `step_finder`: one state, and the resources of its account on which it can perform an action.
//! - `reachable`: principals that a technique gives access to.
//! - `source_resources`: roles that a service may assume for some resources only.
//! - `grant_targets`: principals to which a technique can grant all permissions.
//! - `issued_access`: access that a service or AWS STS issues for tokens, tasks or new principals.
//! - `new_resource_kind`: the kinds of resources that a state can create or rename.
//! - `new_resources`: the ARN of something that a state can create.
//! - `freed_names`: names in use that a state can free.
//! - `name_choices`: the names of what a state creates or renames.
//! - `renames`: users and groups that a state can rename.
//! - `created_principals`: users and roles that a state can create.
//! - `creation`: a creation, with the choices that its requests depend on.
//! - `creations`: the same, for other states to change and to act as.
//! - `new_policies`: managed policies that one state creates, for another one to use.
//! - `policy_writes`: the managed policies and groups that a state can change.
//! - `unread_policies`: AWS managed policies outside of the snapshot.
//! - `new_grants`: principals to which it can grant all permissions with a new policy or group.
//! - `new_resource_proof`: the proof of a step that creates something.
//! - `boundaries`: permissions boundaries that a state can give to principals.
//! - `existing_resources`: the existing resources that a technique needs.
//! - `denying_policies`: removes policies with Deny statements.
//! - `state_changes`: states that a technique makes by changing permissions.
//! - `organization_changes`: SCPs and RCPs that a state can change, and accounts that it can remove from the organization.
//! - `permission_sets`: permission sets that a state can change.
//! - `account_changes`: the account leaves its organization, and grants of KMS keys.
//! - `tag_changes`: tags of users and roles that a state can set or remove.
//! - `touched_resources`: the resources that a state change modifies.
//! - `successors`: everything that a state can reach in one step.
//! - `request_proof`: a witness for one request of a step.
//! - `trust_uses`: trust policies that a state can rewrite.
//! - `session_starts`: services and identity providers with which a state begins sessions.
//! - `session_tags`: federated sessions of a user, with tags.
//! - `tag_value_choices`: the values of a tag that a state tries.
//! - `tag_proof`: the proof of a change of tags.
//! - `proof_on_target`: the proof of a request on a user or group, under another name if necessary.
//! - `step_prover`: a technique for a step, with a witness for each of its requests.

mod account_changes;
pub(crate) mod assume_role;
mod boundaries;
mod created_principals;
mod creation;
pub(crate) mod creations;
mod denying_policies;
mod existing_resources;
mod freed_names;
mod grant_targets;
mod issued_access;
mod name_choices;
mod new_grants;
pub(crate) mod new_policies;
mod new_resource_kind;
mod new_resource_proof;
mod new_resources;
mod organization_changes;
mod permission_sets;
pub(crate) mod policy_writes;
mod proof_on_target;
mod reachable;
mod renames;
pub(crate) mod request_proof;

pub(crate) mod session_starts;
mod session_tags;
mod source_resources;
mod state_changes;
pub(crate) mod step_finder;
pub(crate) mod step_prover;
pub(crate) mod successors;
mod tag_changes;
mod tag_proof;
mod tag_value_choices;
mod touched_resources;
pub(crate) mod trust_uses;
mod unread_policies;
