//! The values of a tag that a state tries, if policies limit which values it can set, or have the tag as a variable.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::step_finder::StepFinder;
use crate::access::{KeyFact, KnownContext};
use crate::iam::operator::OperatorFamily;
use crate::iam::{Condition, MissingKeyRule, Quantifier, Template, TemplatePart};
use crate::reach::decide::effective::{RequiredLayers, restrict_to_action};
use crate::reach::model::tag_condition_keys::REQUEST_TAG;
use crate::reach::model::tag_index::NamedTag;
use crate::reach::model::tag_values::{ValuePattern, choose_values, is_valid_value};
use crate::solve::UndecidedReason;

/// The largest number of values of one tag that a search tries, if policies limit the values.
pub(crate) const MAX_TAG_VALUES: usize = 32;

/// A question for the values of a tag that can matter.
pub(super) struct TagValueQuery<'q> {
    /// The action that sets the tag.
    pub(super) action: &'q str,
    /// The key, in lower case, and what policies say about the tag.
    pub(super) tag: (&'q str, &'q NamedTag),
    /// Whether a policy limits the values. Otherwise they are only tried for policies with the tag as a variable.
    pub(super) is_limited: bool,
    /// The principals that may get the tag.
    pub(super) targets: &'q FixedBitSet,
}

impl StepFinder<'_> {
    /// The values of a tag that can matter: those that policies compare it with, for this state and for the principals of the
    /// snapshot, those that principals have, and one for each way in which the patterns of policies treat other values.
    /// Without those that no statement about the action admits.
    pub(super) fn list_tag_values(
        &self,
        query: &TagValueQuery<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<String> {
        let TagValueQuery { action, tag: (key, named), is_limited, .. } = *query;
        let admitted = self.list_admitted_patterns(action, key);
        let (all, mut is_complete) = self.list_value_patterns(query);
        let mut values: BTreeSet<String> = all.iter().filter_map(ValuePattern::as_literal).map(str::to_owned).collect();
        values.extend(named.values.iter().cloned().chain(named.typed.list_numbers()));
        let is_admitted = |value: &str| {
            admitted.as_ref().is_none_or(|admitted| admitted.iter().any(|pattern| pattern.matches(value)))
        };
        values.retain(|value| is_valid_value(value) && is_admitted(value));
        let patterns: BTreeSet<ValuePattern> =
            all.into_iter().filter(|pattern| pattern.as_literal().is_none()).collect();
        let typed = &named.typed;
        if is_limited && (typed.has_others || (typed.has_numbers() && !patterns.is_empty())) {
            undecided.insert(UndecidedReason::Condition(format!("the tag {key}")));
        }
        let limit = UndecidedReason::TagValueLimit { key: key.to_owned(), values: MAX_TAG_VALUES };
        if values.len() > MAX_TAG_VALUES {
            undecided.insert(limit);
            return values.into_iter().take(MAX_TAG_VALUES).collect();
        }
        match choose_values(admitted.as_ref(), &patterns, &values, MAX_TAG_VALUES) {
            Ok((mut others, has_all)) => {
                // A value that no policy names is one of those that the tag can have as a variable.
                others.retain(|value| is_limited || patterns.iter().any(|pattern| pattern.matches(value)));
                values.extend(others);
                is_complete &= has_all;
            }
            Err(_) => is_complete = false,
        }
        if values.len() > MAX_TAG_VALUES || !is_complete {
            undecided.insert(limit);
        }
        values.into_iter().take(MAX_TAG_VALUES).collect()
    }

    /// The patterns over the values of a tag that policies have, for this state, for the principals that may get the tag and
    /// for those that have a policy, and whether these are all.
    fn list_value_patterns(&self, query: &TagValueQuery<'_>) -> (BTreeSet<ValuePattern>, bool) {
        let TagValueQuery { tag: (_, named), is_limited, targets, .. } = *query;
        let keys = self.world.tag_index.keys();
        let patterns_of_tag = |tag: &str| match keys.get(tag) {
            Some(other) if is_limited => other.list_globs(),
            _ => Vec::new(),
        };
        let mut found: BTreeSet<ValuePattern> = named.patterns.union(&named.template_patterns).cloned().collect();
        let mut is_complete = true;
        let own: &KnownContext = &self.effective.known;
        for template in &named.templates {
            let of_targets = targets.ones().filter(|_| is_limited && template.is_of_principal());
            let known = of_targets.map(|target| &self.world.node(target).known);
            for known in [own].into_iter().chain(known) {
                let (patterns, has_all) = template.list_patterns(known, &patterns_of_tag);
                found.extend(patterns);
                is_complete &= has_all;
            }
        }
        for used in named.uses.iter().filter(|_| is_limited) {
            let named_principals = used.resource_glob().map(|glob| self.world.principals.find_matching(&glob));
            let known = targets.ones().map(|target| &self.world.node(target).known);
            for known in [own].into_iter().chain(known.filter(|_| used.is_compared_with_key())) {
                let arns = named_principals.iter().flat_map(|named| named.ones());
                let arns = arns.map(|principal| self.world.arn(principal));
                found.extend(used.list_patterns(known, arns, &patterns_of_tag));
            }
        }
        (found, is_complete)
    }

    /// Patterns of which each value of a tag that the identity policies admit in a request matches one. None if they may
    /// admit any.
    fn list_admitted_patterns(&self, action: &str, key: &str) -> Option<BTreeSet<ValuePattern>> {
        let id = self.world.find_action(action)?;
        let access = restrict_to_action(self.world.solver, self.effective, id, RequiredLayers::IdentityAndBoundary);
        let request_key = format!("{REQUEST_TAG}{key}");
        let mut admitted = BTreeSet::new();
        for statement_use in access.branches.iter().flat_map(|branch| branch.allow_layers.first()).flatten() {
            let mut conditions = statement_use.statement().conditions.iter();
            let limiting =
                conditions.find(|condition| condition.key.lower() == request_key && is_text_match(condition))?;
            let ignores_case = limiting.operator.ignores_case();
            admitted.extend(limiting.texts().filter_map(|template| self.to_pattern(template, ignores_case)));
        }
        Some(admitted)
    }

    /// A template as a pattern. A variable that is not known has any value. None if no value of a tag matches it.
    fn to_pattern(&self, template: &Template, ignores_case: bool) -> Option<ValuePattern> {
        let known = template.substitute_variables(|key, _| match self.effective.known.fact(key) {
            KeyFact::Value(value) => Some(value),
            _ => None,
        });
        let part = |part: &TemplatePart| match part {
            TemplatePart::Literal(text) => (!text.contains(['*', '?'])).then(|| text.to_string()),
            TemplatePart::AnyString | TemplatePart::Variable { .. } => Some("*".to_owned()),
            TemplatePart::AnyChar => Some("?".to_owned()),
        };
        Some(ValuePattern { glob: known.parts().iter().map(part).collect::<Option<String>>()?, ignores_case })
    }
}

/// Whether a condition requires that the key has one of its values, compared as texts.
fn is_text_match(condition: &Condition) -> bool {
    condition.quantifier == Quantifier::Plain
        && condition.when_missing == MissingKeyRule::OperatorDefault
        && condition.operator.family() == OperatorFamily::String
        && !condition.operator.is_negated()
}
