//! The resources on whose behalf a service may assume a role: the values of `aws:SourceArn` that a trust policy requires.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::iam::condition::{Condition, ConditionValue, MissingKeyRule, Quantifier};
use crate::iam::principal_element::strip_service_region;
use crate::iam::template::escape_wildcards;
use crate::iam::{ConditionOperator, Effect, PolicyDocument, Statement};
use crate::trust::{TrustGrant, parse_principal_element};

const SOURCE_ARN: &str = "aws:sourcearn";

/// The patterns over the ARN of the resource, by the service. A service without an entry is not limited to some.
pub(super) fn list_source_arns(document: &PolicyDocument) -> BTreeMap<String, Arc<[String]>> {
    let mut limits: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
    let allowing = document.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    for statement in allowing {
        let patterns = list_patterns(statement);
        for grant in statement.principal.iter().flat_map(parse_principal_element) {
            match grant {
                TrustGrant::Service { name, .. } => {
                    let name = strip_service_region(&name).unwrap_or(name);
                    let known = limits.entry(name).or_insert_with(|| Some(Vec::new()));
                    *known = known.take().zip(patterns.clone()).map(|(known, new)| [known, new].concat());
                }
                // It admits services, too.
                TrustGrant::Anyone | TrustGrant::AnyoneExcept(_) if patterns.is_none() => return BTreeMap::new(),
                _ => {}
            }
        }
    }
    limits.into_iter().filter_map(|(name, patterns)| Some((name, Arc::from(patterns?)))).collect()
}

/// The patterns of the first condition that requires a source. None if there is none.
fn list_patterns(statement: &Statement) -> Option<Vec<String>> {
    let conditions = statement.conditions.iter().filter(|condition| condition.key.lower() == SOURCE_ARN);
    conditions.into_iter().find_map(list_values)
}

fn list_values(condition: &Condition) -> Option<Vec<String>> {
    let is_literal = match condition.operator {
        ConditionOperator::StringEquals => true,
        ConditionOperator::StringLike | ConditionOperator::ArnEquals | ConditionOperator::ArnLike => false,
        _ => return None,
    };
    let is_required =
        condition.quantifier != Quantifier::ForAllValues && condition.when_missing == MissingKeyRule::OperatorDefault;
    let pattern = |value: &ConditionValue| match value {
        ConditionValue::Text(template) if is_literal => Some(escape_wildcards(template.as_written())),
        ConditionValue::Text(template) => {
            template.variables().next().is_none().then(|| template.as_written().to_owned())
        }
        ConditionValue::Typed(_) => None,
    };
    condition.values.iter().map(pattern).collect::<Option<Vec<String>>>().filter(|_| is_required)
}
