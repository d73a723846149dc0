//! Which entry binds which principal.
//!
//! Every principal gets exactly one [`Assignment`]:
//! - Of the entries that match it, those that another matching entry overrides are dropped. Overriding is
//!   transitive: where `a` overrides `b` and `b` overrides `c`, `a` overrides `c`, whether or not `b` matches.
//! - One entry remains: it is declared. Several remain: it is ambiguous, an error; ceilings are never joined.
//! - No entry matches: an `[[ignore]]` may leave it out. An entry wins over an ignore: what is declared is audited.
//! - A service-linked role that neither speaks of is left out; anything else is undeclared.

use indexmap::IndexMap;

use super::model::entry::Baseline;
use super::model::selector::PrincipalView;
use crate::source::{Diagnostic, Place};

/// What the baseline says of one principal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Assignment {
    /// This entry binds it: an index into [`Baseline::entries`].
    Declared(usize),
    /// It is left out of the audit.
    Ignored(IgnoreReason),
    /// Nothing speaks of it.
    Undeclared,
    /// Several entries match and none of them decides: an index into [`Assignments::ambiguities`].
    Ambiguous(usize),
}

/// Why a principal is left out.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum IgnoreReason {
    /// An `[[ignore]]`, the first that matches: an index into [`Baseline::ignores`].
    Ignore(usize),
    /// It is an AWS-owned service-linked role.
    ServiceLinked,
}

/// Principals that the same entries match without one that decides.
#[derive(Clone, Debug)]
pub struct AmbiguousMatch {
    /// The entries, two or more: indices into [`Baseline::entries`].
    pub entries: Vec<usize>,
    /// The principals: indices into what was assigned.
    pub principals: Vec<usize>,
    /// The error, at the name of the last of the entries.
    pub diagnostic: Diagnostic,
}

/// What of a manifest has become idle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StaleItem {
    /// What it is.
    pub subject: StaleSubject,
    /// Why.
    pub reason: StaleReason,
    /// Where it stands.
    pub place: Place,
}

/// The part of a manifest that is idle.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum StaleSubject {
    /// An index into [`Baseline::entries`].
    Entry(usize),
    /// An index into [`Baseline::ignores`].
    Ignore(usize),
    /// An index into [`Baseline::exceptions`].
    Exception(usize),
}

/// Why a part of a manifest is idle.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum StaleReason {
    /// No principal, or no finding, matches it.
    MatchesNothing,
    /// All that it matches is decided by other entries.
    Overridden,
}

/// What the baseline says of all principals.
#[derive(Clone, Debug)]
pub struct Assignments {
    /// One for each principal, in the order given.
    pub by_principal: Vec<Assignment>,
    /// Each set of entries that cannot be told apart, with its principals.
    pub ambiguities: Vec<AmbiguousMatch>,
    /// Entries and ignores that do nothing for these principals; exceptions: [`Baseline::stale_exceptions`].
    pub stale: Vec<StaleItem>,
}

impl Assignments {
    /// How many AWS-owned service-linked roles were left out by default.
    pub fn count_service_linked(&self) -> usize {
        self.by_principal.iter().filter(|a| **a == Assignment::Ignored(IgnoreReason::ServiceLinked)).count()
    }
}

/// How far an entry or ignore got.
#[derive(Copy, Clone, Default)]
struct MatchUse {
    has_matched: bool,
    has_decided: bool,
}

impl MatchUse {
    fn stale_reason(self) -> Option<StaleReason> {
        match self {
            MatchUse { has_decided: true, .. } => None,
            MatchUse { has_matched: true, .. } => Some(StaleReason::Overridden),
            MatchUse { .. } => Some(StaleReason::MatchesNothing),
        }
    }
}

impl Baseline {
    /// Says for every principal which entry binds it, and what of the manifest is idle.
    pub fn assign(&self, principals: &[PrincipalView<'_>]) -> Assignments {
        let order = self.compute_precedence();
        let mut entry_use = vec![MatchUse::default(); self.entries.len()];
        let mut ignore_use = vec![MatchUse::default(); self.ignores.len()];
        let mut groups: IndexMap<Vec<usize>, Vec<usize>> = IndexMap::new();
        let mut by_principal = Vec::with_capacity(principals.len());
        for (index, principal) in principals.iter().enumerate() {
            let matching = mark_matches(&mut entry_use, self.entries.iter().map(|e| e.selector.matches(principal)));
            let ignoring = mark_matches(&mut ignore_use, self.ignores.iter().map(|i| i.selector.matches(principal)));
            let deciding: Vec<usize> = matching
                .iter()
                .copied()
                .filter(|e| !matching.iter().any(|candidate| order.is_overriding(*candidate, *e)))
                .collect();
            for entry in &deciding {
                if let Some(used) = entry_use.get_mut(*entry) {
                    used.has_decided = true;
                }
            }
            by_principal.push(match (deciding.as_slice(), ignoring.first()) {
                ([], None) if principal.is_service_linked => Assignment::Ignored(IgnoreReason::ServiceLinked),
                ([], None) => Assignment::Undeclared,
                ([], Some(first)) => {
                    for ignore in &ignoring {
                        if let Some(used) = ignore_use.get_mut(*ignore) {
                            used.has_decided = true;
                        }
                    }
                    Assignment::Ignored(IgnoreReason::Ignore(*first))
                }
                ([entry], _) => Assignment::Declared(*entry),
                _ => {
                    let group = groups.entry(deciding);
                    let number = group.index();
                    group.or_default().push(index);
                    Assignment::Ambiguous(number)
                }
            });
        }
        let ambiguities = groups
            .iter()
            .filter_map(|(entries, members)| {
                let first = principals.get(*members.first()?)?;
                let diagnostic = self.ambiguity_diagnostic(entries, first.arn, members.len())?;
                Some(AmbiguousMatch { entries: entries.clone(), principals: members.clone(), diagnostic })
            })
            .collect();
        Assignments { by_principal: by_principal, ambiguities, stale: self.find_stale(&entry_use, &ignore_use) }
    }

    fn ambiguity_diagnostic(&self, entries: &[usize], example: &str, count: usize) -> Option<Diagnostic> {
        let names: Vec<String> =
            entries.iter().filter_map(|e| self.entries.get(*e)).map(|e| format!("\"{}\"", e.name.value)).collect();
        let last = self.entries.get(*entries.last()?)?;
        let others = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        Some(
            Diagnostic::error(
                &self.source,
                last.name.span,
                format!("{} entries match {example}{others}: {}", names.len(), names.join(", ")),
                "one entry for a principal",
            )
            .with_help("narrow their selectors, or let one say `overrides`"),
        )
    }

    fn find_stale(&self, entries: &[MatchUse], ignores: &[MatchUse]) -> Vec<StaleItem> {
        let entries = self.entries.iter().zip(entries).enumerate().filter_map(|(index, (entry, used))| {
            let subject = StaleSubject::Entry(index);
            used.stale_reason().map(|reason| StaleItem { subject, reason, place: self.place(entry.name.span) })
        });
        let ignores = self.ignores.iter().zip(ignores).enumerate().filter_map(|(index, (ignore, used))| {
            let subject = StaleSubject::Ignore(index);
            used.stale_reason().map(|reason| StaleItem { subject, reason, place: self.place(ignore.selector.span) })
        });
        entries.chain(ignores).collect()
    }

    fn compute_precedence(&self) -> Precedence {
        let index_of = |name: &str| self.entries.iter().position(|e| e.name.value == name);
        let direct: Vec<Vec<usize>> = self
            .entries
            .iter()
            .map(|entry| entry.overrides.iter().filter_map(|name| index_of(&name.value)).collect())
            .collect();
        let overridden = (0..direct.len())
            .map(|start| {
                let mut reached = vec![false; direct.len()];
                let mut pending = direct.get(start).cloned().unwrap_or_default();
                while let Some(next) = pending.pop() {
                    if let Some(seen @ false) = reached.get_mut(next) {
                        *seen = true;
                        pending.extend(direct.get(next).into_iter().flatten());
                    }
                }
                reached
            })
            .collect();
        Precedence { overridden: overridden }
    }
}

/// The transitive closure of `overrides`.
struct Precedence {
    overridden: Vec<Vec<bool>>,
}

impl Precedence {
    fn is_overriding(&self, upper: usize, lower: usize) -> bool {
        self.overridden.get(upper).and_then(|row| row.get(lower)).copied().unwrap_or(false)
    }
}

/// The indices that match, noted as matched.
fn mark_matches(uses: &mut [MatchUse], matches: impl Iterator<Item = bool>) -> Vec<usize> {
    let mut found = Vec::new();
    for (index, (used, matched)) in uses.iter_mut().zip(matches).enumerate() {
        if matched {
            used.has_matched = true;
            found.push(index);
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::baseline::tests::testing::load_manifest;

    /// Entries `name`, glob over the role's name, what it overrides; then ignores by glob.
    fn baseline(entries: &[(&str, &str, &str)], ignores: &[&str]) -> Baseline {
        let mut manifest = "version = 1\n".to_owned();
        for (name, glob, overrides) in entries {
            manifest +=
                &format!("[[principal]]\nname = \"{name}\"\nmatch = \"*:role/{glob}\"\nkind = \"agent\"\nallow = []\n");
            manifest += &format!("overrides = {overrides}\n");
        }
        for glob in ignores {
            manifest += &format!("[[ignore]]\nmatch = \"*:role/{glob}\"\nreason = \"not ours\"\n");
        }
        load_manifest(&manifest)
    }

    fn assign_roles(baseline: &Baseline, roles: &[&str]) -> Assignments {
        let arns: Vec<String> = roles.iter().map(|role| format!("arn:aws-cn:iam::111122223333:role/{role}")).collect();
        let view = |arn| PrincipalView { arn, tags: &[], is_service_linked: arn.contains("/aws-service-role/") };
        let views: Vec<_> = arns.iter().map(|arn| view(arn.as_str())).collect();
        baseline.assign(&views)
    }

    #[test]
    fn every_principal_gets_one_assignment() {
        use Assignment::*;
        let baseline = baseline(&[("a", "a-*", "[]"), ("all", "*-x", "[]")], &["cdk-*", "a-*", "*-slr"]);
        let slr = "aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
        let found = assign_roles(&baseline, &["a-1", "cdk-1", "b", slr, "a-x", "cdk-x", "aws-service-role/a/my-slr"]);
        let ignored = |index| Ignored(IgnoreReason::Ignore(index));
        let service_linked = Ignored(IgnoreReason::ServiceLinked);
        let expected = [Declared(0), ignored(0), Undeclared, service_linked, Ambiguous(0), Declared(1), ignored(2)];
        assert_eq!(found.by_principal, expected);
        assert_eq!(found.count_service_linked(), 1);
        assert_eq!(
            (&*found.ambiguities[0].entries, &*found.ambiguities[0].principals),
            ([0, 1].as_slice(), [4].as_slice())
        );
        let stale: Vec<_> = found.stale.iter().map(|s| (s.subject, s.reason, s.place.line)).collect();
        assert_eq!(stale, [(StaleSubject::Ignore(1), StaleReason::Overridden, 18)]);
        insta::assert_snapshot!(found.ambiguities[0].diagnostic.message,
            @r#"2 entries match arn:aws-cn:iam::111122223333:role/a-x: "a", "all""#);
    }

    #[test]
    fn overrides_are_transitive() {
        use Assignment::*;
        let chain = [("a", "a*", "\"b\""), ("b", "*b*", "[\"c\"]"), ("c", "*", "[]"), ("d", "*d", "\"c\"")];
        let baseline = baseline(&chain, &[]);
        // a and c without b; all of a, b, c; c alone; a and d, of which neither overrides the other, twice.
        let found = assign_roles(&baseline, &["a", "ab", "x", "ad", "ayd"]);
        assert_eq!(found.by_principal, [Declared(0), Declared(0), Declared(2), Ambiguous(0), Ambiguous(0)]);
        assert_eq!(found.ambiguities[0].entries, [0, 3]);
        assert!(found.ambiguities[0].diagnostic.message.contains("role/ad and 1 more"));
        let stale: Vec<_> = found.stale.iter().map(|s| (s.subject, s.reason)).collect();
        assert_eq!(stale, [(StaleSubject::Entry(1), StaleReason::Overridden)]);
        let without_principals = assign_roles(&baseline, &[]);
        assert!(without_principals.stale.iter().all(|s| s.reason == StaleReason::MatchesNothing));
        assert_eq!(without_principals.stale.len(), 4);
    }
}
