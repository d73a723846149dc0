//! Notes: what a reader must know to judge the findings.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::dead_grants::LocatedDeadGrant;
use crate::audit::model::audit::{Note, NoteKind};
use crate::catalog::Catalog;
use crate::iam::PolicyDocument;
use crate::snapshot::Snapshot;
use crate::snapshot::format::CollectionPart;
use crate::source::Place;

/// The notes of an audit. `documents` are the policies that affect a finding, `dead_grants` the trust that admits nobody.
pub(crate) fn collect_notes<'a>(
    snapshot: &Snapshot,
    catalog: &Catalog,
    documents: impl IntoIterator<Item = &'a PolicyDocument>,
    dead_grants: &[LocatedDeadGrant],
) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut add_absent_layer =
        |text: &str| notes.push(Note { kind: NoteKind::LayerAbsent, text: text.to_owned(), place: None });
    let is_uncollected = |part: CollectionPart| snapshot.collection_gaps.iter().any(|gap| gap.unread.part == part);
    if snapshot.organization.is_none() && !is_uncollected(CollectionPart::Organization) {
        add_absent_layer(
            "no organization was given: service control policies and resource control policies are not evaluated",
        );
    }
    if snapshot.resource_policies.is_empty() && !is_uncollected(CollectionPart::ResourcePolicies) {
        add_absent_layer("no resource policies were given: they are not evaluated");
    }
    for dead in dead_grants {
        let (role, number, party) = (&dead.role, dead.statement + 1, dead.grant.as_str());
        let text = format!(
            "statement {number} of the trust policy of {role} admits nobody: no request of {party} can satisfy it"
        );
        notes.push(Note { kind: NoteKind::DeadTrustGrant, text, place: Some(dead.place.clone()) });
    }
    for (name, place) in find_unknown_actions(catalog, documents) {
        let text = format!("unknown action {name}");
        notes.push(Note { kind: NoteKind::UnknownAction, text, place: Some(place) });
    }
    notes
}

/// The actions in documents that the catalog does not have, each with the first place.
fn find_unknown_actions<'a>(
    catalog: &Catalog,
    documents: impl IntoIterator<Item = &'a PolicyDocument>,
) -> Vec<(String, Place)> {
    let mut visited: FxHashSet<*const PolicyDocument> = FxHashSet::default();
    let mut unknown: BTreeMap<String, (String, Place)> = BTreeMap::new();
    for document in documents {
        if !visited.insert(std::ptr::from_ref(document)) {
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
