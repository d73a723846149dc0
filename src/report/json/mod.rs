//! The format for programs: one JSON document, written while it is computed.
//!
//! - `json_stream`: a document that is written member by member
//! - `relative_places`: paths relative to the inputs
//! - `action_tables`: each pattern and each list of actions once
//! - `advice_json`, `finding_json`, `escalation_group_json`: the parts of a report
//! - `json_report`: the report
//! - `report_schema`: its schema

mod action_tables;
mod advice_json;
mod escalation_group_json;
mod finding_json;
mod json_report;
mod json_stream;
mod relative_places;
mod report_schema;

pub use finding_json::FindingJson;
pub use json_report::SCHEMA_VERSION;
pub(super) use json_report::{JsonReporter, ReportWriter};
pub use report_schema::SCHEMA;
