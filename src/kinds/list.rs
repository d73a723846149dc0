//! Everyone of a snapshot, with kind, reason and what the baseline says.

use super::evidence::Who;
use super::recognise::{Recognised, recognise};
use crate::baseline::{Assignment, Baseline, IgnoredBy, PrincipalView};
use crate::snapshot::{Account, LayerKind, Principal, Snapshot};

/// What decides the kind of a principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The entry of the manifest that binds it.
    Manifest,
    /// Hints.
    Hint,
    /// Nothing.
    Nothing,
}

/// What the baseline says of a principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// An entry binds it.
    Declared,
    /// Several entries match it, and none decides.
    Ambiguous,
    /// Nothing speaks of it.
    Undeclared,
    /// It is left out: by an `[[ignore]]`, or since AWS owns it.
    Ignored,
}

impl Coverage {
    /// All of them, with the names that options and reports use.
    pub const ALL: [(&'static str, Coverage); 4] = [
        ("declared", Coverage::Declared),
        ("ambiguous", Coverage::Ambiguous),
        ("undeclared", Coverage::Undeclared),
        ("ignored", Coverage::Ignored),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Coverage::ALL.iter().find(|(_, coverage)| *coverage == self).map_or("", |(name, _)| name)
    }
}

/// A principal of a snapshot.
#[derive(Clone, Debug)]
pub struct Listed<'s> {
    /// Its account.
    pub account: &'s Account,
    /// The principal.
    pub principal: &'s Principal,
    /// What it is: as the manifest says, else as hints have it.
    pub who: Who,
    /// What decides that.
    pub basis: Basis,
    /// Why, in one line.
    pub reason: String,
    /// What hints have it for, whatever the manifest says.
    pub recognised: Recognised,
    /// What the baseline says of it; none where there is no baseline.
    pub coverage: Option<Coverage>,
    /// The names of the entries that match it: one where it is declared, several where it is ambiguous.
    pub entries: Vec<String>,
    /// Whom to ask, where the entry says so.
    pub owner: Option<String>,
    /// Why it is left out.
    pub ignored_because: Option<String>,
}

impl Listed<'_> {
    /// Whether its trust policy is missing or cannot be read, so that hints had less to go by.
    pub fn is_trust_missing(&self) -> bool {
        self.principal.missing.iter().any(|missing| missing.layer == LayerKind::Trust)
    }
}

/// Everyone of a snapshot, in its order.
pub fn list<'s>(snapshot: &'s Snapshot, baseline: Option<&Baseline>) -> Vec<Listed<'s>> {
    let recognised = recognise(snapshot, baseline);
    let principals: Vec<(&Account, &Principal)> = snapshot.principals().collect();
    let views: Vec<PrincipalView<'_>> = principals.iter().map(|(_, principal)| PrincipalView::of(principal)).collect();
    let assigned = baseline.map(|baseline| (baseline, baseline.assign(&views)));
    let mut all = Vec::with_capacity(principals.len());
    for (index, ((account, principal), recognised)) in principals.into_iter().zip(recognised).enumerate() {
        let basis = if recognised.evidence.is_empty() { Basis::Nothing } else { Basis::Hint };
        let mut listed = Listed {
            account,
            principal,
            who: recognised.who,
            basis,
            reason: recognised.reason.clone(),
            recognised,
            coverage: None,
            entries: Vec::new(),
            owner: None,
            ignored_because: None,
        };
        if let Some((baseline, assignments)) = &assigned
            && let Some(assignment) = assignments.of.get(index)
        {
            let ambiguities = &assignments.ambiguities;
            let competing = |index: usize| ambiguities.get(index).map_or(&[][..], |ambiguity| &ambiguity.entries);
            cover(&mut listed, baseline, assignment, competing);
        }
        all.push(listed);
    }
    all
}

/// Notes what the baseline says of a principal.
fn cover<'a>(
    listed: &mut Listed<'_>,
    baseline: &Baseline,
    assignment: &Assignment,
    competing: impl Fn(usize) -> &'a [usize],
) {
    let coverage = match assignment {
        Assignment::Undeclared => Coverage::Undeclared,
        Assignment::Declared(index) => {
            if let Some(entry) = baseline.entries.get(*index) {
                listed.who = entry.kind.into();
                listed.basis = Basis::Manifest;
                listed.reason = "the manifest says so".to_owned();
                listed.entries = vec![entry.name.value.clone()];
                listed.owner = entry.owner.clone();
            }
            Coverage::Declared
        }
        Assignment::Ambiguous(index) => {
            let entries = competing(*index).iter().filter_map(|entry| baseline.entries.get(*entry));
            listed.entries = entries.map(|entry| entry.name.value.clone()).collect();
            Coverage::Ambiguous
        }
        Assignment::Ignored(by) => {
            listed.ignored_because = match by {
                IgnoredBy::Ignore(index) => baseline.ignores.get(*index).map(|ignore| ignore.reason.clone()),
                IgnoredBy::ServiceLinked => Some("AWS owns it".to_owned()),
            };
            Coverage::Ignored
        }
    };
    listed.coverage = Some(coverage);
}
