//! Edits of trust policies, as JSON.

use serde_json::{Value, json};

/// Removes a principal from one statement of a trust policy, or from all its Allow statements. A statement without principals
/// is removed; the last one becomes a Deny, since AWS refuses a document without statements. `None` if it is not there.
pub(super) fn remove_trusted(document: &Value, statement: Option<usize>, principal: &str) -> Option<Value> {
    let mut edited = document.clone();
    let statements = edited.get_mut("Statement")?.as_array_mut()?;
    let mut emptied: Vec<usize> = Vec::new();
    let mut is_found = false;
    for (index, written) in statements.iter_mut().enumerate() {
        let is_wanted = statement.is_none_or(|wanted| wanted == index);
        let is_allow = written.get("Effect").and_then(Value::as_str) == Some("Allow");
        if !is_wanted || !is_allow || !names(written, principal) {
            continue;
        }
        is_found = true;
        let mut without = written.clone();
        match remove_from_statement(&mut without, principal) {
            true => *written = without,
            false => emptied.push(index),
        }
    }
    if emptied.len() == statements.len() {
        statements.truncate(1);
        deny(statements.first_mut()?)?;
    } else {
        emptied.iter().rev().for_each(|index| drop(statements.remove(*index)));
    }
    is_found.then_some(edited)
}

/// Makes a statement a Deny.
pub(super) fn deny_statement(document: &Value, statement: usize) -> Option<Value> {
    let mut edited = document.clone();
    deny(edited.get_mut("Statement")?.get_mut(statement)?)?;
    Some(edited)
}

fn deny(statement: &mut Value) -> Option<()> {
    statement.as_object_mut()?.insert("Effect".to_owned(), json!("Deny"));
    Some(())
}

fn names(statement: &Value, principal: &str) -> bool {
    let values = statement.get("Principal").and_then(Value::as_object).into_iter().flat_map(|types| types.values());
    values.flat_map(list_texts).any(|text| is_same_principal(text, principal))
}

/// Whether two texts name one principal: an account has two forms.
fn is_same_principal(a: &str, b: &str) -> bool {
    fn find_account(text: &str) -> &str {
        let arn = text.strip_suffix(":root").and_then(|arn| arn.strip_prefix("arn:"));
        arn.and_then(|arn| arn.split_once(":iam::")).map_or(text, |(_, account)| account)
    }
    find_account(a) == find_account(b)
}

fn list_texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        single => single.as_str().into_iter().collect(),
    }
}

/// Removes a principal from a statement. False if the statement has no principal then.
fn remove_from_statement(statement: &mut Value, principal: &str) -> bool {
    let Some(types) = statement.get_mut("Principal").and_then(Value::as_object_mut) else { return true };
    for value in types.values_mut() {
        let kept: Vec<Value> =
            list_texts(value).into_iter().filter(|text| !is_same_principal(text, principal)).map(Value::from).collect();
        *value = Value::Array(kept);
    }
    types.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
    !types.is_empty()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn statements(edited: Option<Value>) -> Option<Value> {
        edited.map(|document| document["Statement"].clone())
    }

    #[test]
    fn a_principal_is_removed_with_the_statement_that_names_it_alone() {
        let one = json!({ "Effect": "Allow", "Principal": { "AWS": "a" }, "Action": "sts:AssumeRole" });
        let two = json!({ "Effect": "Allow", "Principal": { "AWS": ["a", "b"], "Service": "a" }, "Action": "sts:AssumeRole" });
        let both = json!({ "Statement": [one.clone(), two.clone()] });
        assert_eq!(statements(remove_trusted(&both, Some(0), "a")), Some(json!([two])));
        let left = json!([{ "Effect": "Allow", "Principal": { "AWS": ["b"] }, "Action": "sts:AssumeRole" }]);
        assert_eq!(statements(remove_trusted(&both, None, "a")), Some(left));
        assert_eq!(remove_trusted(&both, Some(0), "b"), None);
        let root = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" } }, two] });
        assert_eq!(statements(remove_trusted(&root, Some(0), "111122223333")), Some(json!([root["Statement"][1]])));
        let denied = json!([{ "Effect": "Deny", "Principal": { "AWS": "a" }, "Action": "sts:AssumeRole" }]);
        let single = json!({ "Statement": [one] });
        assert_eq!(statements(remove_trusted(&single, None, "a")), Some(denied.clone()));
        assert_eq!(statements(deny_statement(&single, 0)), Some(denied));
    }
}
