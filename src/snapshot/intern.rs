//! Equal documents are kept once, and of a file only the text of its distinct documents.
//!
//! An organization attaches the same few documents ten thousand times: memory follows the documents.

use std::hash::BuildHasher;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::model::{Absence, Held, Problem};
use crate::iam::{DocumentKind, PolicyDocument};
use crate::source::json::{self, Node};
use crate::source::{Diagnostics, SourceFile};

/// The documents read so far, and what was wrong with those that are none.
#[derive(Default)]
pub(super) struct Interner {
    documents: FxHashMap<u64, Vec<Arc<PolicyDocument>>>,
    pub(super) problems: Vec<Problem>,
}

impl Interner {
    /// Reads a document; `what` names it in a report, should it not be one.
    pub(super) fn read(
        &mut self,
        source: &Arc<SourceFile>,
        node: &Node,
        kind: DocumentKind,
        what: impl FnOnce() -> String,
    ) -> Held {
        let place = source.place(node.span);
        let document = self.intern(source, node, kind).map_err(|diagnostics| {
            let first = diagnostics.0.first().map(ToString::to_string).unwrap_or_default();
            self.problems.push(Problem { what: what(), diagnostics });
            Absence::Unreadable(first)
        });
        Held { document, place }
    }

    /// Reads a document that decides nothing as it is; none where it is no document.
    pub(super) fn read_aside(
        &mut self,
        source: &Arc<SourceFile>,
        node: &Node,
        kind: DocumentKind,
    ) -> Option<Arc<PolicyDocument>> {
        self.intern(source, node, kind).ok()
    }

    fn intern(
        &mut self,
        source: &Arc<SourceFile>,
        node: &Node,
        kind: DocumentKind,
    ) -> Result<Arc<PolicyDocument>, Diagnostics> {
        // Where this fails it is read again below, for diagnostics that do not hold the whole file.
        let known = PolicyDocument::from_node(source, node, kind).ok().and_then(|document| {
            let candidates = self.documents.get(&hash(&document))?;
            candidates.iter().find(|other| same(other, &document)).cloned()
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let excerpt = source.excerpt(node.span);
        let tree = json::parse(&excerpt)?;
        let document = Arc::new(PolicyDocument::from_node(&excerpt, &tree, kind)?);
        self.documents.entry(hash(&document)).or_default().push(Arc::clone(&document));
        Ok(document)
    }
}

fn hash(document: &PolicyDocument) -> u64 {
    FxBuildHasher.hash_one(document)
}

/// The same meaning, under the same names: a report shows a statement's Sid.
fn same(one: &PolicyDocument, two: &PolicyDocument) -> bool {
    one == two && one.statements.iter().map(|s| &s.sid).eq(two.statements.iter().map(|s| &s.sid))
}
