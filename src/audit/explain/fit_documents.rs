//! Statements as one document, or as several that AWS accepts.

use serde_json::{Value, json};

use crate::iam::document_edit::{build_document, count_characters};

/// Documents of at most some characters that have these statements. A statement that is too large is split by its actions,
/// which changes nothing: statements of one effect add up. `None` if a part of a statement is too large.
pub(crate) fn fit_documents(statements: Vec<Value>, max_characters: usize) -> Option<Vec<Value>> {
    let mut documents: Vec<Vec<Value>> = Vec::new();
    for statement in split_statements(statements, max_characters)? {
        let fits = |list: &Vec<Value>| {
            let mut longer = list.clone();
            longer.push(statement.clone());
            count_characters(&build_document(longer)) <= max_characters
        };
        match documents.last_mut().filter(|list| fits(list)) {
            Some(list) => list.push(statement),
            None => documents.push(vec![statement]),
        }
    }
    Some(documents.into_iter().map(build_document).collect())
}

/// The statements, each of which fits into a document.
fn split_statements(statements: Vec<Value>, max_characters: usize) -> Option<Vec<Value>> {
    let mut fitting = Vec::new();
    let mut rest: Vec<Value> = statements.into_iter().rev().collect();
    while let Some(statement) = rest.pop() {
        if count_characters(&build_document(vec![statement.clone()])) <= max_characters {
            fitting.push(statement);
            continue;
        }
        let actions = statement.get("Action")?.as_array()?;
        let (first, second) = actions.split_at(actions.len() / 2);
        if first.is_empty() {
            return None;
        }
        for half in [second, first] {
            let mut part = statement.clone();
            part.as_object_mut()?.insert("Action".to_owned(), json!(half));
            rest.push(part);
        }
    }
    Some(fitting)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_one_document_that_fits() {
        let names: Vec<String> = (0..500).map(|i| format!("service:ActionNumber{i}")).collect();
        let statement = json!({ "Effect": "Deny", "Action": names, "Resource": "*" });
        let documents = fit_documents(vec![statement.clone()], 6144).unwrap();
        assert!(documents.len() > 1 && documents.iter().all(|document| count_characters(document) <= 6144));
        let statements = documents.iter().flat_map(|document| document["Statement"].as_array().unwrap());
        let actions: Vec<&Value> = statements.flat_map(|s| s["Action"].as_array().unwrap()).collect();
        assert_eq!(
            actions,
            names.iter().map(|name| Value::from(name.as_str())).collect::<Vec<_>>().iter().collect::<Vec<_>>()
        );
        assert_eq!(fit_documents(vec![statement], 60), None);
        let small = json!({ "Effect": "Deny", "Action": ["a:b"], "Resource": "*" });
        assert_eq!(
            fit_documents(vec![small.clone(), small.clone()], 6144).unwrap(),
            [build_document(vec![small.clone(), small])]
        );
    }
}
