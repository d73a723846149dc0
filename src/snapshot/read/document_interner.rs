//! Equal documents are kept once, and of a file only the text of its distinct documents.
//!
//! An organization attaches the same few documents ten thousand times: memory follows the documents.

use std::hash::BuildHasher;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::iam::{DocumentKind, PolicyDocument};
use crate::snapshot::model::snapshot::{CollectedDocument, MissingReason, SnapshotProblem};
use crate::source::json_tree::{self, JsonNode};
use crate::source::{Diagnostics, SourceFile};

/// The documents read so far, and what was wrong with those that are none.
#[derive(Default)]
pub(crate) struct DocumentInterner {
    documents: FxHashMap<u64, Vec<Arc<PolicyDocument>>>,
    pub(crate) problems: Vec<SnapshotProblem>,
}

impl DocumentInterner {
    /// Reads a document; `what` names it in a report, should it not be one.
    pub(crate) fn read_document(
        &mut self,
        source: &Arc<SourceFile>,
        node: &JsonNode,
        kind: DocumentKind,
        describe: impl FnOnce() -> String,
    ) -> CollectedDocument {
        let place = source.place(node.span);
        let document = self.intern(source, node, kind).map_err(|diagnostics| {
            let first = diagnostics.0.first().map(ToString::to_string).unwrap_or_default();
            self.problems.push(SnapshotProblem { subject: describe(), diagnostics });
            MissingReason::Invalid(first)
        });
        CollectedDocument { document, place }
    }

    /// Reads a document that decides nothing as it is; none where it is no document.
    pub(crate) fn read_optional_document(
        &mut self,
        source: &Arc<SourceFile>,
        node: &JsonNode,
        kind: DocumentKind,
    ) -> Option<Arc<PolicyDocument>> {
        self.intern(source, node, kind).ok()
    }

    fn intern(
        &mut self,
        source: &Arc<SourceFile>,
        node: &JsonNode,
        kind: DocumentKind,
    ) -> Result<Arc<PolicyDocument>, Diagnostics> {
        // Where this fails it is read again below, for diagnostics that do not hold the whole file.
        let existing = PolicyDocument::from_node(source, node, kind).ok().and_then(|document| {
            let candidates = self.documents.get(&hash_document(&document))?;
            candidates.iter().find(|candidate| is_same_document(candidate, &document)).cloned()
        });
        if let Some(known) = existing {
            return Ok(known);
        }
        let excerpt = source.excerpt(node.span);
        let tree = json_tree::parse(&excerpt)?;
        let document = Arc::new(PolicyDocument::from_node(&excerpt, &tree, kind)?);
        self.documents.entry(hash_document(&document)).or_default().push(Arc::clone(&document));
        Ok(document)
    }
}

fn hash_document(document: &PolicyDocument) -> u64 {
    FxBuildHasher.hash_one(document)
}

/// The same meaning, under the same names: a report shows a statement's Sid.
fn is_same_document(left_document: &PolicyDocument, right_document: &PolicyDocument) -> bool {
    left_document == right_document
        && left_document.statements.iter().map(|s| &s.sid).eq(right_document.statements.iter().map(|s| &s.sid))
}
