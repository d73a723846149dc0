//! Ceilings that the audit builds itself, to ask about a part of the effective access.

use std::sync::Arc;

use super::resolved_ceiling::ResolvedCeiling;
use crate::baseline::CeilingDocument;
use crate::catalog::{Catalog, RiskClass};
use crate::iam::element::ActionElement;
use crate::iam::{PolicyDocument, Statement};
use crate::source::{SourceFile, Span};

/// The ceiling of one document with these statements.
pub(crate) fn build_ceiling(name: &str, statements: Vec<Statement>) -> ResolvedCeiling {
    from_document(name, PolicyDocument::from_statements(name, statements))
}

/// The same. Its place is the part of the baseline that the document represents.
pub(crate) fn build_ceiling_at(
    name: &str,
    source: &Arc<SourceFile>,
    span: Span,
    statements: Vec<Statement>,
) -> ResolvedCeiling {
    from_document(name, PolicyDocument::from_statements_at(source, span, statements))
}

fn from_document(name: &str, document: PolicyDocument) -> ResolvedCeiling {
    let place = document.place();
    ResolvedCeiling::from_documents(vec![CeilingDocument {
        name: name.to_owned(),
        document: Arc::new(document),
        place,
    }])
}

/// The actions of a risk class.
pub(crate) fn list_class_actions(catalog: &Catalog, class: RiskClass) -> ActionElement {
    ActionElement::listing(list_class_action_names(catalog, class))
}

/// The names of the actions of a risk class.
pub(crate) fn list_class_action_names(catalog: &Catalog, class: RiskClass) -> Vec<String> {
    let in_class = catalog.actions().filter(|action| catalog.risk_classes(*action).contains(class));
    in_class.map(|action| catalog.full_name(action)).collect()
}
