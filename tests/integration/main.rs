//! What a user sees, and what policies mean: one binary for all integration tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice)]
// Tests print what they have measured.
#![allow(clippy::disallowed_macros)]

mod accept;
mod advice;
mod audit;
mod audit_oracle;
mod chosen_principals;
mod cli;
mod clock;
mod code_structure;
#[cfg(feature = "aws")]
mod collect;
mod compare;
mod corpus;
mod dead_trust;
mod docs_consistency;
mod exit_status;
mod explain;
mod federated_principals;
mod fixes;
mod generated_role_assumption;
mod governed_resources;
mod growth;
mod guards_and_boundaries;
mod hostile_output;
mod iamspy;
mod incident;
mod incident_story;
mod kinds;
mod managed_policies;
mod needs;
mod offered_blocks;
mod open_questions;
mod own_credentials;
mod reach;
mod real_inputs;
mod recorded_results;
mod request_facts;
mod resource_controls;
mod role_assumption;
mod service_roles;
mod simulate;
mod smt;
mod snapshot_directory;
mod snapshot_inputs;
mod solver_laws;
mod split_findings;
mod streamed_report;
mod tiny_iam;
mod trust;
mod variables;
mod who_can;
