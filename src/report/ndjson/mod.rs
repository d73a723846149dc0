//! The format for tables and data bases: one JSON object a line, without nested values.
//!
//! - `report_row`: the lines
//! - `row_writer`: writes them while the audit runs

mod report_row;
mod row_writer;

pub use report_row::ROW_SCHEMA;
pub(super) use row_writer::{RowReporter, RowWriter};
