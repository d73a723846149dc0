//! The documents and the settings of a comparison.

use std::sync::Arc;

use iamdrift::audit::ActionRanking;
use iamdrift::iam::{DocumentKind, PolicyDocument};
use iamdrift::solve::compare::compare_policies;
use iamdrift::solve::{ActionWorld, Solver};
use iamdrift::source::json_tree::JsonNode;
use iamdrift::source::{Diagnostics, SourceFile};
use iamdrift::trust::compare_trust_policies;

use super::comparison_report::ComparisonReport;

/// A document with its kind: an identity policy or a trust policy.
#[derive(Clone)]
pub(super) struct ComparedDocument {
    pub(super) kind: DocumentKind,
    pub(super) document: Arc<PolicyDocument>,
}

impl ComparedDocument {
    /// Parses a document, as the kind that its elements show.
    pub(super) fn parse(source: &Arc<SourceFile>, node: &JsonNode) -> Result<ComparedDocument, Diagnostics> {
        let kind = PolicyDocument::detect_kind(source, node);
        Ok(ComparedDocument { kind, document: Arc::new(PolicyDocument::from_node(source, node, kind)?) })
    }
}

/// The two documents of a comparison.
pub(super) struct DocumentPair {
    pub(super) a: Arc<PolicyDocument>,
    pub(super) b: Arc<PolicyDocument>,
    pub(super) kind: DocumentKind,
}

impl DocumentPair {
    /// The pair of two documents of one kind. A document without statements has any kind.
    ///
    /// # Errors
    /// Documents of two kinds.
    pub(super) fn new(a: ComparedDocument, b: ComparedDocument) -> Result<DocumentPair, String> {
        let kind = if a.document.statements.is_empty() { b.kind } else { a.kind };
        if kind != b.kind && !b.document.statements.is_empty() {
            return Err("one document is a trust policy and the other is an identity policy".to_owned());
        }
        Ok(DocumentPair { a: a.document, b: b.document, kind })
    }
}

/// The settings of a comparison.
#[derive(Debug)]
pub(super) struct ComparisonSettings {
    pub(super) ranking: ActionRanking<'static>,
    pub(super) worlds: &'static [ActionWorld],
    pub(super) cubes: usize,
}

impl ComparisonSettings {
    pub(super) fn solver(&self) -> Solver<'static> {
        Solver::with_ranks(self.ranking.catalog, self.ranking.to_numeric_ranks())
    }

    pub(super) fn compare(&self, solver: &Solver<'_>, pair: &DocumentPair) -> ComparisonReport {
        if pair.kind == DocumentKind::Trust {
            let compared = compare_trust_policies(solver, &pair.a, &pair.b, self.cubes);
            return ComparisonReport::new(&self.ranking, &compared.comparison)
                .with_principals(compared.a_principals, compared.b_principals);
        }
        let comparison = compare_policies(solver, &pair.a, &pair.b, self.worlds, self.cubes);
        ComparisonReport::new(&self.ranking, &comparison)
    }
}
