//! Decides conditions from the known context alone.

use super::condition_match::is_satisfied;
use super::known_context::KeyFact;
use super::request::{Context, ContextValue};
use crate::iam::condition::ConditionValue;
use crate::iam::{Ambiguity, Condition, Interpretation, Quantifier, Template};

/// Whether a condition holds in every request with this fact about its key (true), or in no such request (false), in
/// every interpretation. `None` if requests differ, or if the condition uses variables.
pub fn decide_condition(condition: &Condition, known: &KeyFact) -> Option<bool> {
    let has_variables = |value: &ConditionValue| match value {
        ConditionValue::Text(template) => Template::variables(template).next().is_some(),
        ConditionValue::Typed(_) => false,
    };
    if condition.quantifier != Quantifier::Plain || condition.values.iter().any(has_variables) {
        return None;
    }
    let mut context = Context::default();
    match known {
        KeyFact::Value(value) => {
            context.0.insert(condition.key.clone(), ContextValue::Single(value.clone()));
        }
        KeyFact::Missing => {}
        KeyFact::Set(_)
        | KeyFact::Present
        | KeyFact::StartsWith(_)
        | KeyFact::NoneLike(_)
        | KeyFact::NotBefore(_)
        | KeyFact::Free => return None,
    }
    let holds = is_satisfied(condition, &context, Interpretation::default());
    let alternatives = Ambiguity::ALL.into_iter().map(Interpretation::with_alternative);
    alternatives
        .map(|interpretation| is_satisfied(condition, &context, interpretation))
        .all(|alternative| alternative == holds)
        .then_some(holds)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::iam::{DocumentKind, PolicyDocument};
    use crate::source::SourceFile;

    fn decide(operator: &str, key: &str, value: &str) -> Option<bool> {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"{key}":"{value}"}}}}}}}}"#
        );
        let source: Arc<SourceFile> = SourceFile::new("test", text);
        let document = PolicyDocument::parse(&source, DocumentKind::Identity).unwrap();
        let mut known = crate::access::KnownContext::unconstrained();
        known.set("aws:PrincipalArn", KeyFact::Value("arn:aws:iam::111122223333:role/a/b".to_owned()));
        known.set("aws:username", KeyFact::Missing);
        known.set("aws:PrincipalOrgPaths", KeyFact::Set(vec!["o/r/".to_owned()]));
        let condition = &document.statements[0].conditions[0];
        decide_condition(condition, &known.fact(&condition.key))
    }

    #[test]
    fn known_context_decides_conditions() {
        assert_eq!(decide("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/a/*"), Some(true));
        assert_eq!(decide("ArnNotLike", "aws:PrincipalARN", "arn:aws:iam::*:role/a/*"), Some(false));
        assert_eq!(decide("StringEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/a/*"), Some(false));
        assert_eq!(decide("StringEquals", "aws:username", "x"), Some(false));
        assert_eq!(decide("StringNotEquals", "aws:username", "x"), Some(true));
        assert_eq!(decide("StringEqualsIfExists", "aws:username", "x"), Some(true));
        assert_eq!(decide("Null", "aws:username", "true"), Some(true));
    }

    #[test]
    fn request_dependent_conditions_stay_undecided() {
        assert_eq!(decide("StringEquals", "aws:SourceIp", "10.0.0.1"), None);
        assert_eq!(decide("StringEquals", "aws:PrincipalArn", "${aws:PrincipalTag/arn}"), None);
        assert_eq!(decide("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o/*"), None);
        // A value that does not parse is an ambiguity with two results.
        assert_eq!(decide("NumericNotEquals", "aws:PrincipalArn", "1"), None);
    }
}
