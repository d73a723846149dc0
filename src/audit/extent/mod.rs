//! What an exception accepts of a finding: written as policy documents, proven, and subtracted by the solver.
//!
//! - [`coverage_question`]: the question that a finding answers, and the same question beyond an accepted extent
//! - [`known_statement`]: a statement as it applies to one principal
//! - [`negated_condition`], [`limiting_layer`]: a layer that must allow, as statements that deny the rest
//! - [`narrowed_actions`]: the actions of a granting statement that are in excess
//! - [`held_documents`]: what a principal holds, as policy documents
//! - [`latent_access`]: what IAM002 compares
//! - [`offer`]: the extent of a finding, with its proof
//! - [`pinned_documents`]: the extent of a finding about several principals
//! - [`trust_statements`]: the statements that trust one party

pub(crate) mod coverage_question;
mod held_documents;
mod known_statement;
pub(crate) mod latent_access;
mod limiting_layer;
mod narrowed_actions;
mod negated_condition;
pub(crate) mod offer;
pub(crate) mod pinned_documents;
pub(crate) mod trust_statements;
