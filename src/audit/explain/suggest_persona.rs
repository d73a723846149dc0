//! A `[[persona]]` to copy: what agents can do with the credentials of an entry's principals.
//!
//! A persona is a second ceiling. Copied, it must report nothing that was not reported before. It therefore has the ceiling of
//! the entry, and it is offered only if all principals of the entry are within it: what exceeds the ceiling of the entry would
//! exceed that of the persona, too, at the severity of an agent.

use std::collections::BTreeSet;

use crate::audit::model::remediation::{PersonaBlock, Remediation};
use crate::baseline::{Baseline, CeilingPart, Entry, LevelGrant};

/// Which entries have principals beyond their ceilings.
pub(crate) enum CeilingConformity {
    /// All principals were examined. The names of the entries of which a principal is not proven to be within the ceiling.
    Examined(BTreeSet<String>),
    /// Some principals were not examined.
    Unknown,
}

impl CeilingConformity {
    fn is_proven(&self, entry: &Entry) -> bool {
        match self {
            CeilingConformity::Examined(exceeding) => !exceeding.contains(&entry.name.value),
            CeilingConformity::Unknown => false,
        }
    }
}

/// The suggestion for an entry.
pub(crate) fn suggest_persona(baseline: &Baseline, entry: &Entry, conformity: &CeilingConformity) -> Remediation {
    let block = conformity.is_proven(entry).then(|| build_block(baseline, entry));
    Remediation::DeclarePersona { entry: entry.name.value.clone(), block }
}

fn build_block(baseline: &Baseline, entry: &Entry) -> PersonaBlock {
    let mut block = PersonaBlock { name: find_unused_name(baseline, entry), ..PersonaBlock::default() };
    for part in &entry.ceiling.parts {
        match part {
            CeilingPart::Document { path, .. } => block.allow.push(path.clone()),
            CeilingPart::AwsManaged { path, .. } => block.allow.push(format!("aws:policy/{path}")),
            CeilingPart::Levels(levels) => {
                let to_names = |grant: &LevelGrant| {
                    let names = grant.levels.iter().map(|level| level.value.as_str().to_owned());
                    (grant.service.value.clone(), names.collect())
                };
                block.levels = levels.grants.iter().map(to_names).collect();
                block.resources = levels.resources.clone();
            }
        }
    }
    block
}

/// A name that no persona has.
fn find_unused_name(baseline: &Baseline, entry: &Entry) -> String {
    let base = format!("{}, through an agent", entry.name.value);
    let is_used = |name: &str| baseline.personas.iter().any(|persona| persona.name.value == name);
    let numbered = (2..).map(|number| format!("{base} {number}"));
    // INVARIANT: the numbers do not end, and the personas do.
    std::iter::once(base.clone()).chain(numbered).find(|name| !is_used(name)).expect("an unused name")
}
