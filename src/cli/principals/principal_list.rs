//! The principals to list, for all output formats.

use iamdrift::classify::InventoryRow;

/// The principals to list.
pub(super) struct PrincipalList<'a> {
    /// The selected principals, ordered by class and ARN.
    pub rows: &'a [InventoryRow<'a>],
    /// The number of principals of the snapshot.
    pub total: usize,
    /// The unread parts that concern them or could contain more of them, one line each.
    pub unread: Vec<String>,
}
