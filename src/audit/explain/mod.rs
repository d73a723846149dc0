//! Turns the answers of `analysis` into the parts of a finding. The parts are data; `report::text` renders them.
//!
//! - `statement_text`: the normal form of a statement, for fingerprints and for `iamdrift explain`
//! - `find_nearest_declared`: the declared statement that comes closest to allowing a witness
//! - `excess_report`: the excess by granting statement
//! - `deny_statement`: policies that deny an excess
//! - `suggest_remediation`: the smallest edits that remove an excess
//! - `notes`: what a reader must know to judge the findings

pub(crate) mod dead_grants;
pub(crate) mod deny_statement;
pub(crate) mod excess_report;
pub(crate) mod find_nearest_declared;
pub(crate) mod notes;
pub mod statement_text;
pub(crate) mod suggest_remediation;
