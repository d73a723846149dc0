//! Whether a condition is decided already by what is known of the context.

use super::condition_match::holds;
use super::known::Known;
use super::request::{Context, ContextValue};
use crate::iam::condition::ConditionValue;
use crate::iam::{Choice, Condition, Quantifier, Readings, Template};

/// Whether a condition holds in every request of whose key this is known, under every reading (true), or in none (false);
/// none where requests differ, or where it compares with other keys.
pub fn settled(condition: &Condition, known: &Known) -> Option<bool> {
    let names_keys = |value: &ConditionValue| match value {
        ConditionValue::Text(template) => Template::variables(template).next().is_some(),
        ConditionValue::Typed(_) => false,
    };
    if condition.quantifier != Quantifier::Plain || condition.values.iter().any(names_keys) {
        return None;
    }
    let mut context = Context::default();
    match known {
        Known::Value(value) => {
            context.0.insert(condition.key.clone(), ContextValue::One(value.clone()));
        }
        Known::Missing => {}
        Known::Set(_) | Known::Present | Known::StartsWith(_) | Known::Free => return None,
    }
    let held = holds(condition, &context, Readings::default());
    let others = Choice::ALL.into_iter().map(Readings::other);
    others.map(|reading| holds(condition, &context, reading)).all(|other| other == held).then_some(held)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::iam::{DocumentKind, PolicyDocument};
    use crate::source::SourceFile;

    fn of(operator: &str, key: &str, value: &str) -> Option<bool> {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"{key}":"{value}"}}}}}}}}"#
        );
        let source: Arc<SourceFile> = SourceFile::new("test", text);
        let document = PolicyDocument::parse(&source, DocumentKind::Identity).unwrap();
        let mut known = crate::access::KnownContext::nothing();
        known.set("aws:PrincipalArn", Known::Value("arn:aws:iam::111122223333:role/a/b".to_owned()));
        known.set("aws:username", Known::Missing);
        known.set("aws:PrincipalOrgPaths", Known::Set(vec!["o/r/".to_owned()]));
        let condition = &document.statements[0].conditions[0];
        settled(condition, &known.of(&condition.key))
    }

    #[test]
    fn what_is_known_settles() {
        assert_eq!(of("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/a/*"), Some(true));
        assert_eq!(of("ArnNotLike", "aws:PrincipalARN", "arn:aws:iam::*:role/a/*"), Some(false));
        assert_eq!(of("StringEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/a/*"), Some(false));
        assert_eq!(of("StringEquals", "aws:username", "x"), Some(false));
        assert_eq!(of("StringNotEquals", "aws:username", "x"), Some(true));
        assert_eq!(of("StringEqualsIfExists", "aws:username", "x"), Some(true));
        assert_eq!(of("Null", "aws:username", "true"), Some(true));
    }

    #[test]
    fn what_differs_between_requests_does_not() {
        assert_eq!(of("StringEquals", "aws:SourceIp", "10.0.0.1"), None);
        assert_eq!(of("StringEquals", "aws:PrincipalArn", "${aws:PrincipalTag/arn}"), None);
        assert_eq!(of("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o/*"), None);
        // A value that does not parse is a choice that is read both ways.
        assert_eq!(of("NumericNotEquals", "aws:PrincipalArn", "1"), None);
    }
}
