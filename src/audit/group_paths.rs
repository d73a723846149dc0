//! Groups escalation paths by the fixes that end most of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::model::finding_class::FindingClass;
use super::model::path_fix::{EscalationGroup, PathFix};
use super::model::severity::Severity;

/// What groups need of an escalation path that no exception accepts.
#[derive(Clone, Debug)]
pub(super) struct OpenPath {
    key: String,
    severity: Severity,
    principal: String,
    fixes: Vec<PathFix>,
    /// The number of further ends that its finding covers.
    covered: usize,
}

impl OpenPath {
    /// The open paths of a class of findings.
    pub fn list(class: &FindingClass) -> impl Iterator<Item = OpenPath> {
        let (severity, covered) = (class.finding.severity, class.finding.also_reaches.len());
        let open = class.members.iter().filter(|member| member.accepted.is_none() && !member.path_fixes.is_empty());
        open.map(move |member| OpenPath {
            key: member.key.clone(),
            severity,
            principal: member.principal.arn.clone(),
            fixes: member.path_fixes.clone(),
            covered,
        })
    }
}

/// The open paths of an audit in groups, the largest first. A path is in one group: that of the fix that ends most of the
/// paths that no earlier group has. Of fixes that end equally many, that of an earlier step comes first.
pub(super) fn group_paths(open: &[OpenPath]) -> Vec<EscalationGroup> {
    let mut ended_by: BTreeMap<&PathFix, (usize, Vec<usize>)> = BTreeMap::new();
    for (position, path) in open.iter().enumerate() {
        for (rank, fix) in path.fixes.iter().enumerate() {
            let (best_rank, ended) = ended_by.entry(fix).or_insert((rank, Vec::new()));
            *best_rank = rank.min(*best_rank);
            ended.push(position);
        }
    }
    let mut grouped = vec![false; open.len()];
    // The number of paths that a fix ends only becomes smaller: a count that is still right is the largest.
    let mut heap: BinaryHeap<(usize, Reverse<usize>, Reverse<&PathFix>)> =
        ended_by.iter().map(|(fix, (rank, ended))| (count_paths(open, ended), Reverse(*rank), Reverse(*fix))).collect();
    let mut groups = Vec::new();
    while let Some((count, rank, Reverse(fix))) = heap.pop() {
        let left: Vec<usize> = match ended_by.get(fix) {
            Some((_, ended)) => {
                ended.iter().copied().filter(|position| !grouped.get(*position).copied().unwrap_or(true)).collect()
            }
            None => Vec::new(),
        };
        let now = count_paths(open, &left);
        if now == 0 {
            continue;
        }
        if now < count {
            heap.push((now, rank, Reverse(fix)));
            continue;
        }
        left.iter().filter_map(|position| open.get(*position).map(|_| *position)).for_each(|position| {
            if let Some(is_grouped) = grouped.get_mut(position) {
                *is_grouped = true;
            }
        });
        groups.push(build_group(fix, now, left.iter().filter_map(|position| open.get(*position))));
    }
    groups
}

/// The number of paths.
fn count_paths(open: &[OpenPath], positions: &[usize]) -> usize {
    positions.iter().filter_map(|position| open.get(*position)).map(|path| 1 + path.covered).sum()
}

fn build_group<'p>(fix: &PathFix, count: usize, paths: impl Iterator<Item = &'p OpenPath>) -> EscalationGroup {
    let mut group = EscalationGroup {
        fix: fix.clone(),
        severity: Severity::Info,
        paths: count,
        principals: 0,
        keys: BTreeSet::new(),
    };
    let mut principals = BTreeSet::new();
    for path in paths {
        group.severity = group.severity.max(path.severity);
        group.keys.insert(path.key.clone());
        principals.insert(path.principal.as_str());
    }
    group.principals = principals.len();
    group
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::audit::model::declared_class::DeclaredClass;
    use crate::audit::model::excess::ActionCounts;
    use crate::audit::model::finding::{Finding, FindingBuilder};
    use crate::audit::model::principal_ref::PrincipalRef;
    use crate::audit::model::rule_id::RuleId;
    use crate::audit::model::title::Title;
    use crate::source::Place;

    fn group(findings: &[Finding]) -> Vec<EscalationGroup> {
        let classes: Vec<FindingClass> = findings.iter().map(FindingClass::from_finding).collect();
        group_paths(&classes.iter().flat_map(OpenPath::list).collect::<Vec<_>>())
    }

    fn finding(key: &str, severity: Severity, fixes: &[PathFix]) -> Finding {
        let arn = format!("arn:aws:iam::111122223333:role/{key}");
        let kind = DeclaredClass::Undeclared;
        let principal = PrincipalRef::for_test(&arn, key, kind);
        let title = Title::Escalation { target: None, steps: 1, actions: ActionCounts::default(), guard: None };
        let place = Place { file: "account.json".into(), line: 1, column: 1 };
        FindingBuilder::for_principal(RuleId::Escalation, severity, title, principal, place)
            .key(key.to_owned())
            .path_fixes(fixes.to_vec())
            .build()
    }

    fn statement(owner: &str) -> PathFix {
        PathFix::Statement { policy: "p".to_owned(), owner: owner.to_owned(), statement: 0 }
    }

    fn trust(role: &str) -> PathFix {
        PathFix::Trust { role: role.to_owned(), account_wide: true }
    }

    #[test]
    fn the_fix_that_ends_most_paths_comes_first() {
        let findings = [
            finding("a", Severity::Low, &[statement("a"), trust("apex")]),
            finding("b", Severity::Critical, &[statement("b"), trust("apex")]),
            finding("c", Severity::Low, &[statement("b"), trust("other")]),
            finding("d", Severity::Low, &[statement("d"), trust("other")]),
        ];
        let groups = group(&findings);
        let found: Vec<(&PathFix, usize, Severity)> =
            groups.iter().map(|group| (&group.fix, group.paths, group.severity)).collect();
        // Each fix ends two paths at first. The statement of an earlier step comes first; then each ends one.
        assert_eq!(found[0], (&statement("b"), 2, Severity::Critical));
        assert_eq!(groups.iter().map(|group| group.keys.len()).sum::<usize>(), 4);
        let mut more = findings.to_vec();
        more.push(finding("e", Severity::Low, &[statement("e"), trust("apex")]));
        let groups = group(&more);
        assert_eq!((&groups[0].fix, groups[0].paths, groups[0].principals), (&trust("apex"), 3, 3));
        assert_eq!(groups[0].severity, Severity::Critical);
    }

    #[test]
    fn covered_ends_count_and_accepted_paths_do_not() {
        let mut wide = finding("a", Severity::Low, &[statement("a"), trust("apex")]);
        wide.also_reaches = vec!["x".to_owned(), "y".to_owned()];
        let groups = group(&[wide.clone()]);
        assert_eq!((groups.len(), groups[0].paths), (1, 3));
        wide.accepted = Some(crate::audit::model::finding::AcceptedException::example());
        assert!(group(&[wide]).is_empty());
    }
}
