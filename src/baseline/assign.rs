//! Which entry applies to which principal.
//!
//! Every principal has exactly one [`Assignment`]:
//! - Of the entries that match it, those that another matching entry overrides do not apply. Overriding is transitive: if
//!   `a` overrides `b` and `b` overrides `c`, then `a` overrides `c`, even if `b` does not match.
//! - If one entry remains, the principal is declared. If several remain, it is ambiguous: a finding, and the audit
//!   compares the principal with what all of their ceilings allow.
//! - If no entry matches, an `[[ignore]]` can exclude it from the audit. Entries take precedence over ignores.
//! - A service-linked role that nothing matches is ignored. Any other principal is undeclared.

use indexmap::IndexMap;

use super::model::baseline::Baseline;
use super::model::selector::PrincipalView;
use crate::source::{Diagnostic, Place};

/// The declaration status of one principal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Assignment {
    /// This entry applies: an index into [`Baseline::entries`].
    Declared(usize),
    /// Its access is not audited. Trust in external principals is.
    Ignored(IgnoreReason),
    /// No entry and no ignore matches.
    Undeclared,
    /// Several entries match, and none overrides the others: an index into [`Assignments::ambiguities`].
    Ambiguous(usize),
}

/// Why a principal is not audited.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum IgnoreReason {
    /// The first `[[ignore]]` that matches: an index into [`Baseline::ignores`].
    Ignore(usize),
    /// The principal is a service-linked role.
    ServiceLinked,
}

/// Principals that the same set of entries matches, none of which overrides the others.
#[derive(Clone, Debug)]
pub struct AmbiguousMatch {
    /// The entries, two or more: indices into [`Baseline::entries`].
    pub entries: Vec<usize>,
    /// The principals: indices into the assigned principals.
    pub principals: Vec<usize>,
    /// The error, at the name of the last entry.
    pub diagnostic: Diagnostic,
}

/// A part of a manifest that has no effect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StaleItem {
    /// The part.
    pub subject: StaleSubject,
    /// The reason.
    pub reason: StaleReason,
    /// The position in the manifest.
    pub place: Place,
}

/// The kind and index of an unused part.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum StaleSubject {
    /// An index into [`Baseline::entries`].
    Entry(usize),
    /// An index into [`Baseline::ignores`].
    Ignore(usize),
    /// An index into [`Baseline::exceptions`].
    Exception(usize),
}

/// Why a part of a manifest has no effect.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum StaleReason {
    /// No principal, or no finding, matches it.
    MatchesNothing,
    /// Other entries apply to everything that it matches.
    Overridden,
}

/// The declaration status of all principals.
#[derive(Clone, Debug)]
pub struct Assignments {
    /// One assignment per principal, in the given order.
    pub by_principal: Vec<Assignment>,
    /// The sets of entries that match the same principals ambiguously.
    pub ambiguities: Vec<AmbiguousMatch>,
    /// Entries and ignores without effect. For exceptions, see `Baseline::find_stale_exceptions`.
    pub stale: Vec<StaleItem>,
}

impl Assignments {
    /// The number of service-linked roles that are ignored by default.
    pub fn count_service_linked(&self) -> usize {
        self.by_principal.iter().filter(|a| **a == Assignment::Ignored(IgnoreReason::ServiceLinked)).count()
    }
}

/// Whether an entry or ignore matched a principal, and whether it was applied.
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
    /// Assigns an entry or an ignore to each principal, and finds unused parts of the manifest.
    #[doc(hidden)]
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
        Assignments { by_principal, ambiguities, stale: self.find_stale(&entry_use, &ignore_use) }
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
                "one entry per principal",
            )
            .with_help("narrow their selectors, or add `overrides` to one of them"),
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
            // INVARIANT: names of other entries are errors of the manifest (`references`).
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
        Precedence { overridden }
    }
}

/// The transitive closure of `overrides`.
struct Precedence {
    overridden: Vec<Vec<bool>>,
}

impl Precedence {
    fn is_overriding(&self, upper: usize, lower: usize) -> bool {
        // INVARIANT: both are entries of the baseline.
        self.overridden.get(upper).and_then(|row| row.get(lower)).copied().unwrap_or(false)
    }
}

/// Marks the items that match, and returns their indices.
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

    /// Entries as (name, glob over the role name, overrides); then ignores as globs.
    fn baseline(entries: &[(&str, &str, &str)], ignores: &[&str]) -> Baseline {
        let mut manifest = "version = 1\n".to_owned();
        for (name, glob, overrides) in entries {
            manifest += &format!(
                "[[principal]]\nname = \"{name}\"\nmatch = \"arn:*:iam::*:role/{glob}\"\nkind = \"agent\"\nallow = []\n"
            );
            manifest += &format!("overrides = {overrides}\n");
        }
        for glob in ignores {
            manifest += &format!("[[ignore]]\nmatch = \"arn:*:iam::*:role/{glob}\"\nreason = \"not ours\"\n");
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
        insta::assert_snapshot!("one_ambiguous_principal", found.ambiguities[0].diagnostic.message);
    }

    #[test]
    fn overrides_are_transitive() {
        use Assignment::*;
        let chain = [("a", "a*", "\"b\""), ("b", "*b*", "[\"c\"]"), ("c", "*", "[]"), ("d", "*d", "\"c\"")];
        let baseline = baseline(&chain, &[]);
        // Matches of the roles: a and c; a, b and c; c; a and d, twice, of which neither overrides the other.
        let found = assign_roles(&baseline, &["a", "ab", "x", "ad", "ayd"]);
        assert_eq!(found.by_principal, [Declared(0), Declared(0), Declared(2), Ambiguous(0), Ambiguous(0)]);
        assert_eq!(found.ambiguities[0].entries, [0, 3]);
        assert_eq!(found.ambiguities[0].principals, [3, 4]);
        insta::assert_snapshot!("two_ambiguous_principals", found.ambiguities[0].diagnostic.message);
        let stale: Vec<_> = found.stale.iter().map(|s| (s.subject, s.reason)).collect();
        assert_eq!(stale, [(StaleSubject::Entry(1), StaleReason::Overridden)]);
        let without_principals = assign_roles(&baseline, &[]);
        assert!(without_principals.stale.iter().all(|s| s.reason == StaleReason::MatchesNothing));
        assert_eq!(without_principals.stale.len(), 4);
    }
}
