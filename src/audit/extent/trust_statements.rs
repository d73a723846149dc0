//! The statements of a trust policy that trust one party, with that party as their only principal.

use serde_json::{Map, Value, json};

use crate::iam::{DocumentKind, Effect, PolicyDocument, Statement, Version};
use crate::source::SourceFile;
use crate::trust::{TrustGrant, parse_principal_element};

/// A trust policy of the Allow statements with these indices, restricted to these grants, and of every Deny. `None` if a
/// statement cannot be read back.
pub(crate) fn write_trust_document(
    document: &PolicyDocument,
    indices: &[usize],
    grants: &[&TrustGrant],
) -> Option<Value> {
    let mut statements = Vec::new();
    for statement in &document.statements {
        let text = document.source().text().get(statement.span.start..statement.span.end)?;
        let written: Value = serde_json::from_str(text).ok()?;
        match statement.effect {
            Effect::Deny => statements.push(written),
            Effect::Allow if indices.contains(&statement.index) => {
                // A statement for other principals alone is not a part of the trust.
                statements.extend(keep_grants(written, grants)?);
            }
            Effect::Allow => {}
        }
    }
    let version = match document.version {
        Version::V2008 => "2008-10-17",
        Version::V2012 => "2012-10-17",
    };
    Some(json!({ "Version": version, "Statement": statements }))
}

/// The statement with those of its principals that are one of the grants: `Some(None)` if there are none, `None` if it
/// cannot be read back.
fn keep_grants(mut statement: Value, grants: &[&TrustGrant]) -> Option<Option<Value>> {
    let principals = match statement.get("Principal") {
        Some(Value::Object(principals)) => principals.clone(),
        // `*`, and `NotPrincipal`.
        _ => return Some(Some(statement)),
    };
    let mut kept: Map<String, Value> = Map::new();
    for (kind, listed) in principals {
        let texts = match listed {
            Value::Array(texts) => texts,
            single => vec![single],
        };
        let texts: Vec<Value> = texts.into_iter().filter(|text| is_one_of(&kind, text, grants)).collect();
        if !texts.is_empty() {
            kept.insert(kind, Value::Array(texts));
        }
    }
    let is_of_others = kept.is_empty();
    *statement.get_mut("Principal")? = Value::Object(kept);
    Some((!is_of_others).then_some(statement))
}

/// Whether a principal of a policy is one of the grants, or includes one of them.
fn is_one_of(kind: &str, text: &Value, grants: &[&TrustGrant]) -> bool {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Principal": { kind: text }, "Action": "sts:AssumeRole" },
    });
    let Ok(parsed) = PolicyDocument::parse(&SourceFile::new("principal", document.to_string()), DocumentKind::Trust)
    else {
        return true;
    };
    let elements = parsed.statements.iter().filter_map(|statement: &Statement| statement.principal.as_ref());
    let listed: Vec<TrustGrant> = elements.flat_map(parse_principal_element).collect();
    listed.iter().any(|listed| match listed {
        TrustGrant::Anyone => grants.iter().any(|grant| {
            matches!(grant, TrustGrant::Anyone | TrustGrant::AnyOidcProvider | TrustGrant::AnySamlProvider)
        }),
        // The unique ID of a principal of the snapshot is a grant to that principal.
        TrustGrant::UniqueId(_) => grants.iter().any(|grant| matches!(grant, TrustGrant::Principal(_))),
        listed => grants.contains(&listed),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::iam::AccountId;

    #[test]
    fn other_principals_of_the_statement_are_left_out() {
        let text = r#"{ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "sts:AssumeRole",
              "Principal": { "AWS": ["111122223333", "444455556666"], "Service": "ec2.amazonaws.com" } },
            { "Effect": "Deny", "Action": "sts:AssumeRole", "Principal": { "AWS": "*" },
              "Condition": { "Null": { "sts:ExternalId": "true" } } } ] }"#;
        let document = PolicyDocument::parse(&SourceFile::new("t", text), DocumentKind::Trust).unwrap();
        let grant = TrustGrant::Account(AccountId::parse("444455556666").unwrap());
        let written = write_trust_document(&document, &[0], &[&grant]).unwrap();
        assert_eq!(written["Statement"][0]["Principal"], json!({ "AWS": ["444455556666"] }));
        assert_eq!(written["Statement"][1]["Effect"], "Deny");
    }
}
