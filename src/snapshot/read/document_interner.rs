//! Reads policy documents and keeps equal ones once, with only their own text of the file.
//!
//! An organization attaches the same few documents thousands of times. Memory use follows the distinct documents.

use std::hash::BuildHasher;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::iam::{DocumentKind, PolicyDocument, StatementPlaces};
use crate::snapshot::model::missing::MissingReason;
use crate::snapshot::model::policy::CollectedDocument;
use crate::snapshot::model::snapshot::{ProblemExtent, SnapshotProblem};
use crate::source::json_tree::{self, JsonNode};
use crate::source::{Diagnostics, SourceFile, Span};

/// The documents read so far, and the problems of those that are not valid.
#[derive(Default)]
pub(crate) struct DocumentInterner {
    documents: FxHashMap<u64, Vec<Arc<PolicyDocument>>>,
    /// The positions of the documents of the current file.
    spans: Vec<Span>,
    pub(crate) problems: Vec<SnapshotProblem>,
}

/// A document, or its errors and the statements that can be read, with the places of its statements.
struct ParsedCopy {
    document: Result<Arc<PolicyDocument>, Diagnostics>,
    readable_part: Option<Arc<PolicyDocument>>,
    places: StatementPlaces,
}

impl DocumentInterner {
    /// Begins a file.
    pub(crate) fn begin_file(&mut self) {
        self.spans.clear();
    }

    /// Whether a position of the current file is inside a policy document, whose errors concern that document only.
    pub(crate) fn is_in_document(&self, span: Span) -> bool {
        self.spans.iter().any(|document| document.start <= span.start && span.end <= document.end)
    }

    /// Reads a document. If it is not valid, it is recorded as a problem; `describe` names it for the report.
    pub(crate) fn read_document(
        &mut self,
        source: &Arc<SourceFile>,
        node: &JsonNode,
        kind: DocumentKind,
        describe: impl FnOnce() -> String,
    ) -> CollectedDocument {
        let place = source.place(node.span);
        self.spans.push(node.span);
        let ParsedCopy { document, readable_part, places } = self.parse_copy(source, node, kind);
        let document = document.map_err(|diagnostics| {
            // INVARIANT: a document is rejected with one diagnostic or more.
            let first = diagnostics.0.first().map(ToString::to_string).unwrap_or_default();
            let extent = ProblemExtent::Document;
            self.problems.push(SnapshotProblem { subject: describe(), extent, diagnostics });
            MissingReason::Invalid { error: first, content_id: compute_text_id(source, node.span) }
        });
        CollectedDocument { document, readable_part, place, places }
    }

    fn parse_copy(&mut self, source: &Arc<SourceFile>, node: &JsonNode, kind: DocumentKind) -> ParsedCopy {
        // A failure here is not final: the document is parsed again below, so that its diagnostics do not keep the
        // whole file in memory.
        if let Ok(document) = PolicyDocument::from_node(source, node, kind) {
            let places = document.statement_places();
            let known_documents = self.documents.get(&hash_document(&document)).into_iter().flatten();
            if let Some(known) = known_documents.into_iter().find(|known| is_same_document(known, &document)) {
                return ParsedCopy { document: Ok(Arc::clone(known)), readable_part: None, places };
            }
        }
        let excerpt = source.excerpt(node.span);
        let tree = match json_tree::parse_with_duplicates(&excerpt) {
            Ok((tree, _)) => tree,
            Err(problems) => {
                return ParsedCopy { document: Err(problems), readable_part: None, places: StatementPlaces::default() };
            }
        };
        match PolicyDocument::from_node(&excerpt, &tree, kind) {
            Ok(document) => {
                let document = Arc::new(document);
                self.documents.entry(hash_document(&document)).or_default().push(Arc::clone(&document));
                let places = document.statement_places();
                ParsedCopy { document: Ok(document), readable_part: None, places }
            }
            Err(problems) => {
                let readable_part = PolicyDocument::readable_part(&excerpt, &tree, kind).map(Arc::new);
                let places = readable_part.as_ref().map(|document| document.statement_places()).unwrap_or_default();
                ParsedCopy { document: Err(problems), readable_part, places }
            }
        }
    }
}

/// An id of a part of a file.
pub(super) fn compute_text_id(source: &SourceFile, span: Span) -> String {
    // Without its part, the whole file is what could not be read.
    let text = source.text().get(span.start..span.end).unwrap_or_else(|| source.text());
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

fn hash_document(document: &PolicyDocument) -> u64 {
    FxBuildHasher.hash_one(document)
}

/// Equal statements with equal Sids. Reports show the Sid.
fn is_same_document(left_document: &PolicyDocument, right_document: &PolicyDocument) -> bool {
    left_document == right_document
        && left_document.statements.iter().map(|s| &s.sid).eq(right_document.statements.iter().map(|s| &s.sid))
}
