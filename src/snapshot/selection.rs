//! Some principals of a snapshot, and which unread parts concern them.

use super::model::missing::MissingDocument;
use super::model::snapshot::{Snapshot, SnapshotProblem};
use crate::base::glob::Glob;
use crate::iam::AccountId;

/// The position of the account in an ARN.
const ACCOUNT_FIELD: usize = 4;

/// The principals that filters select.
#[derive(Copy, Clone, Debug)]
pub struct PrincipalSelection<'a> {
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    /// Whether each principal is selected, in the order of the snapshot.
    pub selected: &'a [bool],
    /// The glob that the ARN or the name of a selected principal matches. `None` for all.
    pub glob: Option<&'a Glob>,
}

impl PrincipalSelection<'_> {
    /// Whether a principal of the account is selected.
    pub fn has_principal_in(&self, account: &AccountId) -> bool {
        let principals = self.snapshot.principals().zip(self.selected);
        principals.filter(|(_, selected)| **selected).any(|((owner, _), _)| owner.id == *account)
    }

    /// Whether the glob could match a principal of an account whose principals are unknown.
    pub fn may_select_in(&self, account: &AccountId) -> bool {
        self.glob.is_none_or(|glob| may_match_in(glob, account))
    }

    /// Whether a part of the snapshot that cannot be read concerns a selected principal: not if it is a document of other
    /// principals only.
    pub fn is_concerned_by(&self, problem: &SnapshotProblem) -> bool {
        let is_cause = |missing: &MissingDocument| problem.is_cause_of(missing);
        let principals = self.snapshot.principals().zip(self.selected);
        let mut holders = principals
            .filter(|((_, principal), _)| principal.missing_documents.iter().any(is_cause))
            .map(|(_, selected)| *selected)
            .peekable();
        holders.peek().is_none() || holders.any(|selected| selected)
    }
}

fn may_match_in(glob: &Glob, account: &AccountId) -> bool {
    // Names contain no colon, so a glob with colons can only match ARNs.
    let fields: Vec<&str> = glob.as_str().split(':').collect();
    match fields.as_slice() {
        [before @ .., account_field, _] if before.len() == ACCOUNT_FIELD => {
            before.iter().any(|field| field.contains('*')) || Glob::new(account_field).matches(account.as_str())
        }
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn accounts_in_which_a_glob_may_match() {
        let account = AccountId::parse("111122223333").unwrap();
        for (glob, expected) in [
            ("kiro", true),
            ("*", true),
            ("role/agents/*", true),
            ("arn:aws:iam::111122223333:role/*", true),
            ("arn:aws:iam::444455556666:role/*", false),
            ("arn:aws:iam::444455556666:role/x", false),
            ("arn:aws:iam::*:role/x", true),
            ("arn:aws*:iam::444455556666:role/x", true),
            ("*:role/x", true),
            ("arn:aws:iam::4444*", true),
        ] {
            assert_eq!(may_match_in(&Glob::new(glob), &account), expected, "{glob}");
        }
    }
}
