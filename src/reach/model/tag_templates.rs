//! Values of tags that policies write with variables, and tags that are variables of policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::tag_condition_keys::{PRINCIPAL_TAG, find_compared_tag, find_decisive_tag};
use super::tag_values::{ValuePattern, is_value_character};
use super::variable_values::SoughtVariable;
use crate::access::{KeyFact, KnownContext};
use crate::iam::value::TypedValue;
use crate::iam::{Condition, ContextKey, Statement, Template, TemplatePart};

/// The largest number of patterns that one template becomes.
const MAX_PATTERNS: usize = 64;
/// What follows the start of a value that ends in the name of a session.
// AWS: AssumeRole, STS API Reference: RoleSessionName has at least two characters
const SESSION_NAME: &str = "??*";

/// Patterns over the values of a tag, as globs.
pub(crate) type PatternsOfTag<'p> = dyn Fn(&str) -> Vec<String> + 'p;

/// A value with variables that policies compare a tag with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ComparedTemplate {
    /// The key of the tag, in lower case.
    pub(crate) tag: Arc<str>,
    template: Template,
    ignores_case: bool,
    /// Whether the tag is that of the principal that makes the request.
    is_of_principal: bool,
    /// Whether the statement is about several principals: that of a trust policy or RCP.
    has_principals: bool,
}

impl ComparedTemplate {
    /// Those of a statement.
    pub(super) fn list_in(statement: &Statement) -> Vec<ComparedTemplate> {
        let mut found = Vec::new();
        for condition in &statement.conditions {
            let Some(tag) = find_compared_tag(condition.key.lower()) else { continue };
            // A tag is compared as text. `Null` has no value.
            for template in condition.texts().filter(|template| template.variables().next().is_some()) {
                found.push(ComparedTemplate {
                    tag: Arc::from(tag),
                    template: template.clone(),
                    ignores_case: condition.operator.ignores_case(),
                    is_of_principal: condition.key.lower().starts_with(PRINCIPAL_TAG),
                    has_principals: statement.principal.is_some(),
                });
            }
        }
        found
    }

    /// Whether its variables have the values of the principal whose tag it is.
    pub(crate) fn is_of_principal(&self) -> bool {
        self.is_of_principal
    }

    /// Whether its variables have the values of any principal that makes a request about what has the tag.
    pub(super) fn is_of_callers(&self) -> bool {
        self.has_principals && !self.is_of_principal
    }

    /// The patterns that it is in requests with some facts, and whether these are all. None of them if a variable has no value
    /// there. A variable that is another tag can have each value that `patterns_of_tag` lists.
    pub(crate) fn list_patterns(
        &self,
        known: &KnownContext,
        patterns_of_tag: &PatternsOfTag<'_>,
    ) -> (BTreeSet<ValuePattern>, bool) {
        let mut globs = vec![String::new()];
        let mut is_complete = true;
        for part in self.template.parts() {
            let texts = match part {
                TemplatePart::Literal(text) if text.contains(['*', '?']) => Vec::new(),
                TemplatePart::Literal(text) => vec![text.to_string()],
                TemplatePart::AnyString => vec!["*".to_owned()],
                TemplatePart::AnyChar => vec!["?".to_owned()],
                TemplatePart::Variable { key, default } => {
                    list_variable_globs((key, default.as_deref()), known, patterns_of_tag)
                }
            };
            globs = globs.iter().flat_map(|glob| texts.iter().map(move |text| format!("{glob}{text}"))).collect();
            is_complete &= globs.len() <= MAX_PATTERNS;
            globs.truncate(MAX_PATTERNS);
        }
        let ignores_case = self.ignores_case;
        (globs.into_iter().map(|glob| ValuePattern { glob, ignores_case }).collect(), is_complete)
    }
}

/// Globs of which each value of a variable matches one.
fn list_variable_globs(
    (key, default): (&ContextKey, Option<&str>),
    known: &KnownContext,
    patterns_of_tag: &PatternsOfTag<'_>,
) -> Vec<String> {
    let mut globs: BTreeSet<String> = match known.fact(key) {
        KeyFact::Value(value) => BTreeSet::from([value]),
        KeyFact::StartsWith(start) => BTreeSet::from([format!("{start}{SESSION_NAME}")]),
        KeyFact::Missing => default.map(str::to_owned).into_iter().collect(),
        KeyFact::Free | KeyFact::Present => BTreeSet::from(["*".to_owned()]),
        // These are facts about times, sets and keys with two values.
        KeyFact::Set(_) | KeyFact::NoneLike(_) | KeyFact::NotBefore(_) => BTreeSet::new(),
    };
    if let Some(tag) = find_decisive_tag(key.lower()) {
        globs.extend(patterns_of_tag(tag));
    }
    globs.into_iter().collect()
}

/// A tag that is a variable of a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct VariableUse {
    /// The key of the tag, in lower case.
    pub(super) tag: Arc<str>,
    template: Template,
    /// The key with which the policy compares it. None if it is a part of a resource.
    compared: Option<ContextKey>,
}

impl VariableUse {
    /// Those of a statement.
    pub(super) fn list_in(statement: &Statement) -> Vec<VariableUse> {
        let resources =
            statement.resource.iter().flat_map(|resource| &resource.patterns).map(|pattern| (pattern, None));
        let texts = |condition: &'_ Condition| {
            let key = condition.key.clone();
            condition.texts().map(move |text| (text.clone(), key.clone())).collect::<Vec<_>>()
        };
        let compared = statement.conditions.iter().flat_map(texts).map(|(text, key)| (text, Some(key)));
        let all = resources.map(|(pattern, key)| (pattern.clone(), key)).chain(compared);
        let uses = all.flat_map(|(template, compared)| {
            let tags: BTreeSet<String> =
                template.variables().filter_map(|key| find_decisive_tag(key.lower())).map(str::to_owned).collect();
            tags.into_iter()
                .map(move |tag| VariableUse {
                    tag: Arc::from(tag),
                    template: template.clone(),
                    compared: compared.clone(),
                })
                .collect::<Vec<_>>()
        });
        uses.collect()
    }

    /// Whether the values depend on who makes the request, other than by its tags.
    pub(crate) fn is_compared_with_key(&self) -> bool {
        self.compared.as_ref().is_some_and(|compared| find_compared_tag(compared.lower()).is_none())
    }

    /// A glob that matches the resources with any value of the tag. None if it is compared with a key.
    pub(crate) fn resource_glob(&self) -> Option<String> {
        let is_key = |key: &ContextKey| find_decisive_tag(key.lower()) == Some(&*self.tag);
        let sought = SoughtVariable { is_key: &is_key, is_character: is_value_character };
        self.compared.is_none().then(|| sought.to_glob(&self.template, "*"))
    }

    /// Patterns of the values with which it matches one of the values of what it is compared with.
    ///
    /// `resources`: the ARNs that the glob matches. `patterns_of_tag`: the values of another tag.
    pub(crate) fn list_patterns<'r>(
        &self,
        known: &KnownContext,
        resources: impl Iterator<Item = &'r str>,
        patterns_of_tag: &PatternsOfTag<'_>,
    ) -> BTreeSet<ValuePattern> {
        let is_key = |key: &ContextKey| find_decisive_tag(key.lower()) == Some(&*self.tag);
        let sought = SoughtVariable { is_key: &is_key, is_character: is_value_character };
        let find = |text: &str| sought.find_values(&self.template, text);
        let Some(compared) = &self.compared else {
            return resources.flat_map(find).map(|value| ValuePattern::literal(&value)).collect();
        };
        let texts = match find_compared_tag(compared.lower()) {
            Some(tag) => patterns_of_tag(tag),
            None => match known.fact(compared) {
                KeyFact::Value(value) => vec![value],
                _ => Vec::new(),
            },
        };
        let is_alone = matches!(self.template.parts(), [TemplatePart::Variable { .. }]);
        let to_patterns = |text: String| match text.contains(['*', '?']) {
            // A part of a pattern is any value.
            true => vec![ValuePattern { glob: if is_alone { text } else { "*".to_owned() }, ignores_case: false }],
            false => find(&text).iter().map(|value| ValuePattern::literal(value)).collect(),
        };
        texts.into_iter().flat_map(to_patterns).collect()
    }
}

/// What policies compare a tag with, other than as a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypedValues {
    numbers: BTreeSet<Decimal>,
    /// Whether they compare it with a time, an address or bytes: for these, no values are tried.
    pub(crate) has_others: bool,
}

impl TypedValues {
    pub(super) fn add(&mut self, value: &TypedValue) {
        match value {
            TypedValue::Number(number) => drop(self.numbers.insert(*number)),
            _ => self.has_others = true,
        }
    }

    pub(crate) fn has_numbers(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// The numbers, one between each two, and one outside of all on each side.
    pub(crate) fn list_numbers(&self) -> Vec<String> {
        let numbers: Vec<Decimal> = self.numbers.iter().copied().collect();
        let sums = numbers.iter().zip(numbers.iter().skip(1)).filter_map(|(low, high)| low.checked_add(*high));
        let between = sums.filter_map(|sum| sum.checked_div(Decimal::TWO));
        let below = numbers.first().and_then(|first| first.checked_sub(Decimal::ONE));
        let above = numbers.last().and_then(|last| last.checked_add(Decimal::ONE));
        let all = numbers.iter().copied().chain(between).chain(below).chain(above);
        all.map(|number| number.normalize().to_string()).collect()
    }
}
