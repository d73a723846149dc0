//! Folds findings that are the same but for the principal, its account and its places.

use indexmap::IndexMap;

use super::model::finding::{Finding, FindingOrder};
use super::model::finding_class::FindingClass;
use super::model::finding_state::FindingState;
use crate::source::Place;

/// Whether equivalent principals share a finding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FoldMode {
    /// Each principal has its own.
    Separate,
    /// They share one.
    Folded,
}

/// Findings by class, in the order of the first of each.
pub(super) struct FindingFolder {
    mode: FoldMode,
    classes: IndexMap<ContentHash, FindingClass>,
}

/// What a finding contains. A number for a finding that is not compared with others.
#[derive(Debug, Eq, Hash, PartialEq)]
enum ContentHash {
    Content(blake3::Hash),
    Position(usize),
}

impl FindingFolder {
    /// Without findings.
    pub fn new(mode: FoldMode) -> FindingFolder {
        FindingFolder { mode, classes: IndexMap::new() }
    }

    /// Adds a finding to its class.
    pub fn add(&mut self, finding: Finding) {
        let hash = match self.mode {
            FoldMode::Separate => ContentHash::Position(self.classes.len()),
            FoldMode::Folded => ContentHash::Content(hash_content(&finding)),
        };
        match self.classes.get_mut(&hash) {
            Some(class) => class.add(&finding),
            None => {
                self.classes.insert(hash, FindingClass::new(finding));
            }
        }
    }

    /// The classes.
    pub fn into_classes(self) -> Vec<FindingClass> {
        self.classes.into_values().collect()
    }
}

/// The findings of an audit as classes, in the order in which they were made.
pub(crate) fn fold_in_order(findings: &[Finding]) -> Vec<FindingClass> {
    let mut ordered: Vec<&Finding> = findings.iter().collect();
    // Findings of other sources than an audit have no order of their own.
    ordered.sort_by_key(|finding| {
        let arn = finding.all_principals().next().map(|principal| principal.arn.as_str());
        (finding.order, std::cmp::Reverse(finding.severity), arn, finding.rule, finding.key.as_str())
    });
    let groups = ordered.chunk_by(|a, b| a.order.group == b.order.group);
    let fold = |group: &[&Finding]| {
        let mut folder = FindingFolder::new(FoldMode::Folded);
        group.iter().for_each(|finding| folder.add((*finding).clone()));
        folder.into_classes()
    };
    groups.flat_map(fold).collect()
}

/// A hash of what a finding contains, with its principal and account replaced by marks.
///
/// INVARIANT: the marks are characters that the debug format escapes, so that the content follows from the hashed text and the
/// principal. Findings with the same hash differ in nothing else.
fn hash_content(finding: &Finding) -> blake3::Hash {
    let mut content = finding.clone();
    content.key.clear();
    content.fingerprint.clear();
    content.first_seen = None;
    content.order = FindingOrder::default();
    // Each principal has the exception of its own finding.
    content.accepted = None;
    content.change_places(&mut |place| *place = Place { file: String::new(), line: 0, column: 0 });
    let principal = content.principal.take();
    // A finding about the baseline, or about several principals, is a class by itself.
    content.key = if principal.is_none() { finding.key.clone() } else { String::new() };
    let mut text = format!("{content:?}");
    if let Some(principal) = principal {
        // A name can be a part of any word: it is replaced where it is a whole text.
        let name = format!("{:?}", principal.name);
        for (part, mark) in [(&principal.arn, "\u{1}"), (&principal.account, "\u{2}"), (&name, "\u{3}")] {
            text = if part.is_empty() { text } else { text.replace(part.as_str(), mark) };
        }
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[u8::from(finding.state() == FindingState::Accepted)]);
    hasher.update(text.as_bytes());
    hasher.finalize()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::audit::model::declared_class::DeclaredClass;
    use crate::audit::model::excess::ActionCounts;
    use crate::audit::model::finding::FindingBuilder;
    use crate::audit::model::principal_ref::PrincipalRef;
    use crate::audit::model::reason::Reason;
    use crate::audit::model::rule_id::RuleId;
    use crate::audit::model::severity::Severity;
    use crate::audit::model::title::Title;

    fn finding(account: &str, name: &str, line: usize, operator: &str) -> Finding {
        let arn = format!("arn:aws:iam::{account}:role/{name}");
        let principal = PrincipalRef::for_test(&arn, name, DeclaredClass::Undeclared);
        let title = Title::Undeclared(ActionCounts { all: 3, destructive: 1 });
        let place = Place { file: "account.json".into(), line, column: 1 };
        FindingBuilder::for_principal(RuleId::Undeclared, Severity::High, title, principal, place)
            .reasons([Reason::SameAsAlso { operator: operator.to_owned() }])
            .build()
    }

    fn fold(mode: FoldMode, findings: &[Finding]) -> Vec<Vec<String>> {
        let mut folder = FindingFolder::new(mode);
        findings.iter().cloned().for_each(|finding| folder.add(finding));
        let keys = |class: FindingClass| class.members.into_iter().map(|member| member.key).collect();
        folder.into_classes().into_iter().map(keys).collect()
    }

    const ONE: &str = "111122223333";
    const TWO: &str = "444455556666";

    #[test]
    fn only_the_principal_its_account_and_its_places_may_differ() {
        let copies = [
            finding(ONE, "x", 1, "arn:aws:iam::111122223333:role/op"),
            finding(TWO, "x", 9, "arn:aws:iam::444455556666:role/op"),
            finding(TWO, "y", 12, "arn:aws:iam::444455556666:role/op"),
            // Another account is not the own one.
            finding(TWO, "z", 12, "arn:aws:iam::111122223333:role/op"),
        ];
        let keys = |list: &[&str]| list.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let [one, two, three] =
            ["iam007/111122223333/role/x", "iam007/444455556666/role/x", "iam007/444455556666/role/y"];
        let other = "iam007/444455556666/role/z";
        assert_eq!(fold(FoldMode::Folded, &copies), [keys(&[one, two, three]), keys(&[other])]);
        assert_eq!(fold(FoldMode::Separate, &copies).len(), 4);
        let mut changed = copies.clone();
        changed[1].severity = Severity::Low;
        assert_eq!(fold(FoldMode::Folded, &changed), [keys(&[one, three]), keys(&[two]), keys(&[other])]);
    }

    #[test]
    fn an_accepted_finding_is_of_another_class() {
        let mut accepted = finding(TWO, "x", 1, "");
        accepted.accepted = Some(crate::audit::model::finding::AcceptedException::example());
        assert_eq!(fold(FoldMode::Folded, &[finding(ONE, "x", 1, ""), accepted]).len(), 2);
    }
}
