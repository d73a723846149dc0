//! Reads policy documents and keeps equal ones once, with only their own text of the file.
//!
//! An organization attaches the same few documents thousands of times. Memory use follows the distinct documents.

use std::hash::BuildHasher;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::iam::{DocumentKind, PolicyDocument};
use crate::snapshot::model::missing::MissingReason;
use crate::snapshot::model::policy::CollectedDocument;
use crate::snapshot::model::snapshot::SnapshotProblem;
use crate::source::json_tree::{self, JsonNode};
use crate::source::{Diagnostics, SourceFile};

/// The documents read so far, and the problems of those that are not valid.
#[derive(Default)]
pub(crate) struct DocumentInterner {
    documents: FxHashMap<u64, Vec<Arc<PolicyDocument>>>,
    pub(crate) problems: Vec<SnapshotProblem>,
}

impl DocumentInterner {
    /// Reads a document. If it is not valid, it is recorded as a problem; `describe` names it for the report.
    pub(crate) fn read_document(
        &mut self,
        source: &Arc<SourceFile>,
        node: &JsonNode,
        kind: DocumentKind,
        describe: impl FnOnce() -> String,
    ) -> CollectedDocument {
        let place = source.place(node.span);
        let document = self.intern(source, node, kind).map_err(|diagnostics| {
            // INVARIANT: a document is rejected with one diagnostic or more.
            let first = diagnostics.0.first().map(ToString::to_string).unwrap_or_default();
            self.problems.push(SnapshotProblem { subject: describe(), diagnostics });
            MissingReason::Invalid(first)
        });
        CollectedDocument { document, place }
    }

    fn intern(
        &mut self,
        source: &Arc<SourceFile>,
        node: &JsonNode,
        kind: DocumentKind,
    ) -> Result<Arc<PolicyDocument>, Diagnostics> {
        // A failure here is not final: the document is parsed again below, so that its diagnostics do not keep the
        // whole file in memory.
        let existing = PolicyDocument::from_node(source, node, kind).ok().and_then(|document| {
            let candidates = self.documents.get(&hash_document(&document))?;
            candidates.iter().find(|candidate| is_same_document(candidate, &document)).cloned()
        });
        if let Some(document) = existing {
            return Ok(document);
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

/// Equal statements with equal Sids. Reports show the Sid.
fn is_same_document(left_document: &PolicyDocument, right_document: &PolicyDocument) -> bool {
    left_document == right_document
        && left_document.statements.iter().map(|s| &s.sid).eq(right_document.statements.iter().map(|s| &s.sid))
}
