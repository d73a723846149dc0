//! What a reader must know to judge the verdicts.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::outcome::{Note, NoteKind};
use crate::catalog::Catalog;
use crate::iam::PolicyDocument;
use crate::snapshot::Snapshot;
use crate::snapshot::format::Part;
use crate::source::Place;

/// The notes of an audit; `documents` are those that decide anything.
pub(super) fn notes<'a>(
    snapshot: &Snapshot,
    catalog: &Catalog,
    documents: impl IntoIterator<Item = &'a PolicyDocument>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut absent = |text: &str| notes.push(Note { kind: NoteKind::LayerAbsent, text: text.to_owned(), place: None });
    let unread = |part: Part| snapshot.uncollected.iter().any(|one| one.unread.part == part);
    if snapshot.organization.is_none() && !unread(Part::Organization) {
        absent("no organization was given: service and resource control policies are not part of any verdict");
    }
    if snapshot.resource_policies.is_empty() && !unread(Part::ResourcePolicies) {
        absent("no resource policies were given: what they allow or deny is not part of any verdict");
    }
    for (name, place) in unknown_actions(catalog, documents) {
        let text = format!("the service catalog does not know {name}");
        notes.push(Note { kind: NoteKind::UnknownAction, text, place: Some(place) });
    }
    notes
}

/// The actions that documents name and the catalog does not know, each with the first place.
fn unknown_actions<'a>(
    catalog: &Catalog,
    documents: impl IntoIterator<Item = &'a PolicyDocument>,
) -> Vec<(String, Place)> {
    let mut looked_at: FxHashSet<*const PolicyDocument> = FxHashSet::default();
    let mut unknown: BTreeMap<String, (String, Place)> = BTreeMap::new();
    for document in documents {
        if !looked_at.insert(std::ptr::from_ref(document)) {
            continue;
        }
        for statement in &document.statements {
            for pattern in statement.action.patterns.iter().filter(|pattern| pattern.is_literal()) {
                let lower = format!("{}:{}", pattern.service(), pattern.name());
                if catalog.find_action(&lower).is_none() {
                    let place = || (pattern.as_written().to_owned(), document.statement_place(statement));
                    unknown.entry(lower).or_insert_with(place);
                }
            }
        }
    }
    unknown.into_values().collect()
}
