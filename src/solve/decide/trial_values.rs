//! Trial values for policy variables with unknown values.
//!
//! The values need not be complete: if no value proves excess and no proof excludes it, the question is undecided.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{KeyFact, KnownContext};
use crate::iam::condition::ConditionValue;
use crate::iam::{ContextKey, Template, TemplatePart};
use crate::solve::question::Question;

/// The largest number of values from the statements that are tried for a variable.
const MAX_SUGGESTED: usize = 12;
/// Corner cases of patterns, which are tried last for every variable.
const EDGE_VALUES: [&str; 3] = ["", "x", "a/b"];

/// Trial values for the present variables: first fresh values, then, for one key at a time, the values that the
/// statements suggest.
pub(crate) fn generate_trial_values<'a>(
    question: &'a Question<'_>,
    known: &'a KnownContext,
    present: &'a [&'a ContextKey],
) -> impl Iterator<Item = BTreeMap<ContextKey, String>> + 'a {
    let all_fresh: BTreeMap<ContextKey, String> =
        present.iter().map(|key| ((*key).clone(), choose_fresh_value(question, known, key))).collect();
    let with_one = {
        let all_fresh = all_fresh.clone();
        move |key: &ContextKey, text: String| {
            let mut values = all_fresh.clone();
            values.insert(key.clone(), text);
            values
        }
    };
    let others = present.iter().filter(|key| !matches!(known.fact(key), KeyFact::StartsWith(_))).flat_map(move |key| {
        let edges = EDGE_VALUES.map(str::to_owned);
        let texts: Vec<String> =
            collect_suggested_values(question, key).into_iter().take(MAX_SUGGESTED).chain(edges).collect();
        let with_one = with_one.clone();
        texts.into_iter().map(move |text| with_one(key, text))
    });
    std::iter::once(all_fresh).chain(others)
}

/// A value that the key can have and that no statement names.
fn choose_fresh_value(question: &Question<'_>, known: &KnownContext, key: &ContextKey) -> String {
    match (known.fact(key), key.lower()) {
        (KeyFact::StartsWith(prefix), _) => format!("{prefix}session"),
        (KeyFact::NotBefore(start), _) => start.to_string(),
        (_, "aws:principalaccount" | "aws:resourceaccount" | "aws:sourceaccount") => {
            // An example: the account of a witness is free if the question has none.
            question.witness_account.unwrap_or("111122223333").to_owned()
        }
        (_, "aws:requestedregion") => "us-east-1".to_owned(),
        _ => "example".to_owned(),
    }
}

/// The values that conditions compare with the key, and the values with which a pattern matches the start of another
/// pattern.
fn collect_suggested_values(question: &Question<'_>, key: &ContextKey) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    let resources = || question.statements().flat_map(|s| &s.resource).flat_map(|r| &r.patterns);
    let contains_key = |pattern: &&Template| pattern.variables().any(|held| held == key);
    for pattern in resources().filter(contains_key) {
        texts.extend(resources().filter_map(|other| find_variable_value(pattern, key, &literal_prefix(other))));
    }
    let conditions = || question.statements().flat_map(|s| &s.conditions);
    for condition in conditions() {
        let compared = || conditions().filter(|c| c.key == condition.key).flat_map(|c| &c.values);
        if condition.key == *key {
            texts.extend(compared().filter_map(|value| match value {
                ConditionValue::Text(template) => template.as_literal().map(str::to_owned),
                ConditionValue::Typed(typed) => Some(typed.to_string()),
            }));
        }
        let known = match question.known.fact(&condition.key) {
            KeyFact::Value(value) => vec![value],
            KeyFact::Set(values) => values,
            _ => Vec::new(),
        };
        for pattern in condition.values.iter().filter_map(as_template).filter(contains_key) {
            texts.extend(known.iter().filter_map(|value| find_variable_value(pattern, key, value)));
            texts.extend(
                compared()
                    .filter_map(as_template)
                    .filter_map(|t| find_variable_value(pattern, key, &literal_prefix(t))),
            );
        }
    }
    texts
}

fn as_template(value: &ConditionValue) -> Option<&Template> {
    match value {
        ConditionValue::Text(template) => Some(template),
        ConditionValue::Typed(_) => None,
    }
}

/// The literal start of a pattern, up to its first wildcard or variable.
fn literal_prefix(pattern: &Template) -> String {
    let literal = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => Some(text.to_string()),
        TemplatePart::AnyString | TemplatePart::AnyChar | TemplatePart::Variable { .. } => None,
    };
    pattern.parts().iter().map_while(literal).collect()
}

/// The value of a variable with which a pattern starts like a string. None if the pattern cannot.
fn find_variable_value(pattern: &Template, key: &ContextKey, text: &str) -> Option<String> {
    let mut rest = text;
    let mut parts = pattern.parts().iter();
    loop {
        match parts.next()? {
            TemplatePart::Literal(literal) => rest = rest.strip_prefix(&**literal)?,
            TemplatePart::Variable { key: variable, .. } if variable == key => break,
            TemplatePart::AnyString | TemplatePart::AnyChar | TemplatePart::Variable { .. } => return None,
        }
    }
    let value = match parts.next() {
        Some(TemplatePart::Literal(after)) => rest.split_once(&**after).map_or(rest, |(value, _)| value),
        _ => rest,
    };
    (!value.is_empty()).then(|| value.to_owned())
}
