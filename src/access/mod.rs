//! The layers of a principal, and the concrete decision on one request, with its trace.
//!
//! Follows `docs/semantics.md`. Read the evaluator together with that page: it prefers clarity to speed.
//!
//! - `layers.rs`, `policy_ref.rs`: the policy layers of a principal.
//! - `governed_resources.rs`, `unread_grants.rs`: what a resource policy governs, and what can grant access beside it.
//! - `collect_layers.rs`, `api_policies.rs`, `missing_documents.rs`: layers from a snapshot, and the documents that it lacks.
//! - `role_trust.rs`: the trust policies that decide whether a principal can assume roles.
//! - `principal_arn.rs`: a principal from its ARN.
//! - `request.rs`: a request and its context.
//! - `resource_directory.rs`: the owners of resources that a snapshot knows.
//! - `resource_controls.rs`: the resource control policies, by the owners of resources.
//! - `clock.rs`, `known_context.rs`, `principal_context.rs`, `session_sources.rs`, `session_names.rs`, `session_providers.rs`, `federated_sessions.rs`: facts about context
//!   keys before a request is made.
//! - `request_facts.rs`, `key_links.rs`: facts about context keys that a request settles.
//! - `pattern_match.rs`, `principal_match.rs`, `condition_match.rs`, `statement_match.rs`: does an element match?
//! - `condition_facts.rs`: conditions that the known context decides.
//! - `covering_policies.rs`, `evaluate.rs`: the decision.
//! - `trace.rs`: the reasons of a decision.
//! - `simulate/`: requests and answers in the format of AWS's policy simulator.

mod access_points;
mod api_policies;
mod clock;
mod collect_layers;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod collect_layers_tests;
mod condition_facts;
mod condition_match;
mod covering_policies;
mod evaluate;
mod federated_sessions;
mod governed_resources;
mod key_links;
mod known_context;
mod layers;
mod missing_documents;
mod pattern_match;
mod policy_ref;
mod principal_arn;
mod principal_context;
mod principal_match;
mod request;
mod request_facts;
mod resource_controls;
mod resource_directory;
mod role_trust;
mod session_names;
mod session_providers;
mod session_sources;
pub mod simulate;
mod statement_match;
mod trace;
mod unread_grants;

pub(crate) use access_points::is_left_to_access_points;
pub use clock::{CLOCK_KEYS, complete_clock, find_day_start, find_time, is_clock_key, is_not_before, to_clock_value};
pub use collect_layers::{LayerCollector, collect_layers};
pub use condition_facts::decide_condition;
pub use evaluate::{Decision, Denial, Evaluation, evaluate};
pub use federated_sessions::find_federated_sessions;
pub use governed_resources::GovernedResources;
pub use key_links::{
    CALLED_VIA, CALLED_VIA_ENDS, KEY_LINKS, KeyLink, REQUEST_TAG, RESOURCE_TAG, TAG_KEYS, USER_KEY_LINK,
};
pub use known_context::{KeyFact, KnownContext};
pub use layers::{
    Layers, PolicyConsent, PrincipalInfo, PrincipalType, ResourcePolicies, ResourcePolicy, SCP_EXEMPT_SERVICE,
    SessionScope, TrustPolicyEffect, UnknownResourcePolicy,
};
pub use missing_documents::find_missing_documents;
pub use policy_ref::{OrganizationLevel, PolicyOrigin, PolicyRef};
pub use principal_arn::InvalidPrincipalArn;
pub use principal_context::{ContextBuilder, build_known_context, is_principal_specific};
pub use principal_match::{PrincipalMatch, find_named_sessions, match_principal};
pub use request::{Context, ContextValue, Request};
pub use request_facts::{
    ALWAYS_ALLOWED_ACTION, Impossibility, RequestFacts, find_impossibility, is_action_impossible, organization_facts,
};
pub use resource_controls::{RCP_EXEMPT_ACTION, ResourceControlLevel, ResourceControls, ResourceOwner, ResourceOwners};
pub use resource_directory::{OrganizationMembership, ResourceDirectory};
pub use role_trust::add_role_trust;
pub(crate) use role_trust::may_trust_by_name;
pub use session_providers::SessionProviders;
pub use session_sources::{SessionKeySource, set_assumed_session, set_started_session};
pub use trace::{Layer, LayerTrace, LayerVerdict, Mismatch, StatementOutcome, StatementRef, StatementTrace};
pub use unread_grants::UnreadGrants;
