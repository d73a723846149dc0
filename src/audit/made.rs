//! Documents that the audit itself writes, to ask about a part of what a principal may do.

use std::sync::Arc;

use serde_json::{Value, json};

use super::subject::Declared;
use crate::baseline::CeilingDocument;
use crate::catalog::{ActionClass, Catalog};
use crate::iam::{DocumentKind, PolicyDocument};
use crate::source::{SourceFile, Span};

/// A statement that allows some actions on some resources.
pub(super) fn allow(actions: &[String], resources: &[String]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// The same under a condition block.
pub(super) fn allow_under(actions: &[String], resources: &[String], condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources, "Condition": condition })
}

/// What one document of these statements allows. Where it is told, it goes by the name, and stands where `at` is.
pub(super) fn declared(name: &str, statements: &[Value], at: Option<(&Arc<SourceFile>, Span)>) -> Declared {
    // A document without a statement is none: nothing is allowed.
    if statements.is_empty() {
        return Declared::of(Vec::new());
    }
    let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let source = match at {
        Some((container, span)) => SourceFile::embedded(container, span, text),
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
    Declared::of(documents)
}

/// The names of a class's actions.
pub(super) fn class(catalog: &Catalog, class: ActionClass) -> Vec<String> {
    let of_class = catalog.actions().filter(|action| catalog.classes(*action).contains(class));
    of_class.map(|action| catalog.full_name(action)).collect()
}

/// Every resource.
pub(super) fn everywhere() -> Vec<String> {
    vec!["*".to_owned()]
}
