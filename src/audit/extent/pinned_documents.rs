//! The extent of a finding about several principals: the documents of each, which apply to it alone.

use serde_json::{Map, Value, json};

use crate::audit::model::extent::{Extent, ExtentOffer, ExtentRefusal};

/// The context key with the ARN of the principal, which is known of every principal.
const PRINCIPAL_ARN_KEY: &str = "aws:PrincipalArn";
/// The operator without wildcards: a path of an ARN can contain `*`.
const PIN_OPERATOR: &str = "StringEquals";

/// The extent of the principals with these ARNs together. Each document applies to the principals that hold what it
/// allows.
///
/// INVARIANT: a condition on `aws:PrincipalArn` is known to be met by the principals that it names, and by no other one. What
/// was proven of a document and a principal is therefore true of all documents together.
pub(crate) fn join_pinned(offers: Vec<(String, ExtentOffer)>) -> ExtentOffer {
    let mut holders_by_document: Vec<(Value, Vec<String>)> = Vec::new();
    for (arn, offer) in offers {
        let extent = match offer {
            ExtentOffer::Proven(extent) => extent,
            refused @ ExtentOffer::Refused(_) => return refused,
        };
        // In a condition, it would be a policy variable.
        if arn.contains("${") || !extent.items.is_empty() {
            return ExtentOffer::Refused(ExtentRefusal::NotExpressible);
        }
        for document in extent.documents {
            match holders_by_document.iter_mut().find(|(other, _)| *other == document) {
                Some((_, holders)) => holders.push(arn.clone()),
                None => holders_by_document.push((document, vec![arn.clone()])),
            }
        }
    }
    let documents: Option<Vec<Value>> =
        holders_by_document.into_iter().map(|(document, holders)| pin_document(document, holders)).collect();
    match documents {
        Some(documents) => ExtentOffer::Proven(Extent { documents, ..Extent::default() }),
        None => ExtentOffer::Refused(ExtentRefusal::NotExpressible),
    }
}

/// The document with the condition in each Allow statement. `None` if a statement has such a condition already.
fn pin_document(mut document: Value, mut holders: Vec<String>) -> Option<Value> {
    holders.sort();
    for statement in document.get_mut("Statement")?.as_array_mut()? {
        let statement = statement.as_object_mut()?;
        if statement.get("Effect")? == "Allow" {
            let condition =
                statement.entry("Condition").or_insert_with(|| Value::Object(Map::new())).as_object_mut()?;
            let keys = condition.entry(PIN_OPERATOR).or_insert_with(|| Value::Object(Map::new())).as_object_mut()?;
            if keys.keys().any(|key| key.eq_ignore_ascii_case(PRINCIPAL_ARN_KEY)) {
                return None;
            }
            keys.insert(PRINCIPAL_ARN_KEY.to_owned(), json!(holders));
        }
    }
    Some(document)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn proven(statement: Value) -> ExtentOffer {
        let documents = vec![json!({ "Version": "2012-10-17", "Statement": [statement] })];
        ExtentOffer::Proven(Extent { documents, ..Extent::default() })
    }

    fn allow(action: &str) -> Value {
        json!({ "Effect": "Allow", "Action": action, "Resource": "*" })
    }

    #[test]
    fn each_document_applies_to_its_holders() {
        let offers = vec![
            ("arn:b".to_owned(), proven(allow("s3:DeleteBucket"))),
            ("arn:a".to_owned(), proven(allow("s3:DeleteBucket"))),
            ("arn:c".to_owned(), proven(allow("sqs:DeleteQueue"))),
        ];
        let ExtentOffer::Proven(extent) = join_pinned(offers) else { panic!("an extent") };
        let pins: Vec<&Value> = extent
            .documents
            .iter()
            .map(|document| document.pointer("/Statement/0/Condition/StringEquals/aws:PrincipalArn").unwrap())
            .collect();
        assert_eq!(pins, [&json!(["arn:a", "arn:b"]), &json!(["arn:c"])]);
    }

    #[test]
    fn what_cannot_be_pinned_is_refused() {
        let variable = vec![("arn:aws:iam::1:user/${x}/a".to_owned(), proven(allow("s3:DeleteBucket")))];
        assert!(matches!(join_pinned(variable), ExtentOffer::Refused(ExtentRefusal::NotExpressible)));
        let mut pinned = allow("s3:DeleteBucket");
        pinned["Condition"] = json!({ "StringEquals": { "AWS:principalarn": "arn:x" } });
        let offers = vec![("arn:a".to_owned(), proven(pinned))];
        assert!(matches!(join_pinned(offers), ExtentOffer::Refused(ExtentRefusal::NotExpressible)));
        let refused = vec![
            ("arn:a".to_owned(), proven(allow("s3:DeleteBucket"))),
            ("arn:b".to_owned(), ExtentOffer::Refused(ExtentRefusal::NotExact)),
        ];
        assert!(matches!(join_pinned(refused), ExtentOffer::Refused(ExtentRefusal::NotExact)));
    }
}
