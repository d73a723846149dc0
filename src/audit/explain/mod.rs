//! Turns the solver's answers into the parts of a finding.

pub mod condition_text;
pub(crate) mod deny_statement;
pub(crate) mod excess_report;
pub(crate) mod nearest_declared;
pub(crate) mod notes;
pub(crate) mod policy_json;
pub(crate) mod remediation;
pub mod statement_text;
