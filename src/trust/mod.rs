//! Who can assume a role, and which of them the baseline does not declare (`docs/rules.md`, IAM006).
//!
//! `list_conditional_grants` is the one model of trust policies: `classify`, `reach` and `audit` use it too. For each
//! grant the solver decides which requests it admits that `assumable_by` does not declare. Each answer has a request
//! that the evaluator confirms.
//!
//! The files, in the order in which data passes:
//! - `grant`: a trust policy as a list of grants with their conditions.
//! - `grant_question`: one grant of one role, with the policies that decide it.
//! - `restricted_policy`: the trust policy as it applies to one grant.
//! - `scope`: whose requests a grant admits.
//! - `own_accounts`: the accounts of the snapshot and of its organization.
//! - `request_keys`: the context keys that a caller can have, by how it proves who it is.
//! - `service_source`: the account for which a service acts.
//! - `request_case`: the requests of a grant, split by scope, with what is known of their context.
//! - `shared_idp`, `shared_idp.toml`: identity providers with many customers, and the claims that identify a customer.
//! - `declared_assumers`: `assumable_by` as a policy document.
//! - `accepted_trust`: what an exception accepts, as it applies to one grant.
//! - `guests`: the requests of anyone without sign-in.
//! - `undeclared`: the requests that are admitted and not declared.
//! - `new_grant`: the callers that a role admits once its trust policy is rewritten.
//! - `dead_grant`: the grants that admit nobody.
//! - `restrictive_keys`: whether such a request needs a value that few callers have.
//! - `trust_comparison`: two trust policies compared.

mod accepted_trust;
mod dead_grant;
mod declared_assumers;
mod grant;
mod grant_question;
mod guests;
mod new_grant;
mod own_accounts;
mod request_case;
mod request_keys;
mod restricted_policy;
mod restrictive_keys;
mod scope;
mod service_source;
mod shared_idp;
mod trust_comparison;
mod undeclared;

pub use dead_grant::DeadGrant;
pub(crate) use declared_assumers::allow_declared_assumption;
pub(crate) use grant::{ConditionalGrant, list_conditional_grants};
pub use grant::{TrustGrant, parse_principal_element};
pub use scope::TrustScope;
pub use shared_idp::{SharedIdp, list_shared_idps, shared_idps_verified_on};
pub use trust_comparison::{TrustComparison, compare_trust_policies};
pub(crate) use undeclared::SESSION_ACTIONS;
pub use undeclared::{TrustAnalysis, TrustAnalyzer, UndeclaredTrust};
