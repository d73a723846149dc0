//! Numbers of actions.

use crate::audit::{ActionCounts, Excess};
pub(in crate::report) use crate::audit::{format_count, format_number};

/// `214 actions`.
pub(super) fn format_actions(counts: ActionCounts) -> String {
    format_count(counts.all, "action")
}

/// ` (57 destructive)`. Empty if none is destructive.
pub(super) fn format_destructive(counts: ActionCounts) -> String {
    match counts.destructive {
        0 => String::new(),
        n => format!(" ({} destructive)", format_number(n)),
    }
}

/// `214 actions (57 destructive)`, or `57 destructive actions` if all are.
pub(super) fn format_extent(counts: ActionCounts) -> String {
    if counts.all > 0 && counts.all == counts.destructive {
        return format_count(counts.destructive, "destructive action");
    }
    format!("{}{}", format_actions(counts), format_destructive(counts))
}

/// `1 action is`, `2 actions are`.
pub(super) fn format_are(count: usize, noun: &str) -> String {
    format!("{} {}", format_count(count, noun), if count == 1 { "is" } else { "are" })
}

/// The extent of an excess. None if its actions do not exist yet.
pub(in crate::report) fn describe_extent(excess: &Excess) -> Option<String> {
    let counts = ActionCounts { all: excess.action_count, destructive: excess.destructive_count };
    (counts.all > 0).then(|| format_extent(counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extent_names_destructive_actions() {
        let extent = |all, destructive| format_extent(ActionCounts { all, destructive });
        assert_eq!(extent(1234, 0), "1,234 actions");
        assert_eq!(extent(5000, 1234), "5,000 actions (1,234 destructive)");
        assert_eq!(extent(1, 1), "1 destructive action");
        assert_eq!(extent(2, 2), "2 destructive actions");
    }
}
