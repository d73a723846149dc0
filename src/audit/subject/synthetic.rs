//! Documents that the audit itself writes, to ask about a part of what a principal may do.

use std::sync::Arc;

use serde_json::{Value, json};

use super::audited_principal::ResolvedCeiling;
use crate::baseline::CeilingDocument;
use crate::catalog::{Catalog, RiskClass};
use crate::iam::{DocumentKind, PolicyDocument};
use crate::source::{SourceFile, Span};

/// A statement that allows some actions on some resources.
pub(crate) fn build_allow_statement(actions: &[String], resources: &[String]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// The same under a condition block.
pub(crate) fn build_conditional_allow(actions: &[String], resources: &[String], condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources, "Condition": condition })
}

/// What one document of these statements allows. Where it is told, it goes by the name, and stands where `at` is.
pub(crate) fn build_ceiling(
    name: &str,
    statements: &[Value],
    location: Option<(&Arc<SourceFile>, Span)>,
) -> ResolvedCeiling {
    // A document without a statement is none: nothing is allowed.
    if statements.is_empty() {
        return ResolvedCeiling::from_documents(Vec::new());
    }
    let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let source = match location {
        Some((container, span)) => SourceFile::from_embedded(container, span, text),
        None => SourceFile::new(name, text),
    };
    let documents = match PolicyDocument::parse(&source, DocumentKind::Identity) {
        Ok(document) => {
            let place = document.place();
            vec![CeilingDocument { name: name.to_owned(), document: Arc::new(document), place }]
        }
        // Its parts were read before; what is no policy allows nothing.
        Err(_) => Vec::new(),
    };
    ResolvedCeiling::from_documents(documents)
}

/// The names of a class's actions.
pub(crate) fn list_class_actions(catalog: &Catalog, class: RiskClass) -> Vec<String> {
    let in_class = catalog.actions().filter(|action| catalog.risk_classes(*action).contains(class));
    in_class.map(|action| catalog.full_name(action)).collect()
}

/// Every resource.
pub(crate) fn all_resources() -> Vec<String> {
    vec!["*".to_owned()]
}
