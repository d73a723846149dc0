//! IAM permission drift, decided exactly.

pub mod source;
pub mod iam;
pub mod catalog;
pub mod snapshot;
pub mod access;
pub mod solve;
pub mod baseline;
pub mod audit;
pub mod report;
