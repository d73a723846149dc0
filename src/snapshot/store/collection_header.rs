//! The facts about a collection that are known when it starts.

use jiff::Timestamp;

use super::journal::JournalHeader;
use crate::iam::Partition;
use crate::snapshot::format::{CallerIdentity, CollectorTool, FORMAT_VERSION};

/// The facts about a collection that are known when it starts.
#[derive(Clone, Debug)]
pub struct CollectionHeader {
    /// The identity that collects.
    pub caller: CallerIdentity,
    /// The partition of all accounts.
    pub partition: Partition,
    /// When it started.
    pub started_at: Timestamp,
}

impl CollectionHeader {
    pub(super) fn to_journal_header(&self) -> JournalHeader {
        JournalHeader {
            format_version: FORMAT_VERSION.to_owned(),
            tool: CollectorTool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            caller: self.caller.clone(),
            partition: self.partition.as_str().to_owned(),
            started_at: self.started_at.to_string(),
        }
    }
}
