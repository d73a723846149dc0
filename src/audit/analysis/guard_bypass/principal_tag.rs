//! Tags of the principal that satisfy a condition: it has them, or can set or remove them.

use super::bypass::GuardBypass;
use super::finder::BypassFinder;
use super::guard_condition::{
    build_tag_keys_condition, build_tag_request, can_be_met_by_removal, requires_missing_key,
};
use crate::access::{Context, ContextValue, KeyFact, KnownContext, Request};
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::synthetic::build_ceiling;
use crate::catalog::TagChange;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Condition, ConditionOperator, ContextKey, Interpretation, MissingKeyRule, Quantifier, Statement};
use crate::snapshot::IamEntityKind;
use crate::solve::{Access, StatementUse};

impl BypassFinder<'_> {
    /// The tags of the principal satisfy a condition already.
    pub(crate) fn find_existing_tag(&self, condition: &Condition, tag: &str) -> Option<GuardBypass> {
        // A missing tag is the normal state: someone else sets the tag to stop the principal.
        if condition.operator.is_negated() || requires_missing_key(condition) {
            return None;
        }
        let tags = &self.subject.principal.tags;
        let mut matching_tags = tags.iter().filter(|(name, _)| name.eq_ignore_ascii_case(tag));
        let method = match (matching_tags.next(), matching_tags.next()) {
            (Some((_, value)), None) => {
                let is_satisfied =
                    condition.operator == ConditionOperator::Null || self.is_satisfied_by(condition, value);
                let key = condition.key.as_written().to_owned();
                is_satisfied.then(|| GuardBypassMethod::HasTag { key, value: value.clone() })
            }
            (None, _) => {
                let matches_missing_key = condition.quantifier == Quantifier::ForAllValues
                    || condition.when_missing == MissingKeyRule::Satisfied;
                let is_missing = self.subject.known_context.fact(&condition.key) == KeyFact::Missing;
                (matches_missing_key && is_missing).then(|| GuardBypassMethod::LacksTag { tag: tag.to_owned() })
            }
            // Tags that differ in case only: AWS does not document which one the key has.
            (Some(_), Some(_)) => None,
        };
        method.map(GuardBypass::without_request)
    }

    /// Whether a condition matches if its key has this value, with the context facts of the principal.
    fn is_satisfied_by(&self, condition: &Condition, value: &str) -> bool {
        let mut context = Context::default();
        for (key, fact) in self.subject.known_context.facts() {
            match fact {
                KeyFact::Value(value) => drop(context.0.insert(key.clone(), ContextValue::Single(value.clone()))),
                KeyFact::Set(values) => drop(context.0.insert(key.clone(), ContextValue::Set(values.clone()))),
                KeyFact::Missing
                | KeyFact::Present
                | KeyFact::StartsWith(_)
                | KeyFact::NoneLike(_)
                | KeyFact::NotBefore(_)
                | KeyFact::Free => {}
            }
        }
        context.0.insert(condition.key.clone(), ContextValue::Single(value.to_owned()));
        let action = "ec2:DescribeInstances".to_owned();
        let statement = Statement::allow(ActionElement::listing([&action]), ResourceElement::any());
        let requests = build_ceiling(&self.check.name, vec![statement.under([condition.clone()])]);
        let request = Request { action, resource: "*".to_owned(), context };
        self.analyzer.is_allowed(&requests.layers, &request, Interpretation::default())
    }

    /// The principal can set the tag on itself, or remove it if a missing tag satisfies the condition.
    pub(crate) fn find_self_tagging(&mut self, condition: &Condition, tag: &str) -> Option<GuardBypass> {
        let removal = can_be_met_by_removal(condition)
            .then(|| self.find_tag_request(condition, TagChange::Remove, vec![build_tag_keys_condition(tag)]))
            .flatten();
        removal.or_else(|| self.find_tag_request(condition, TagChange::Set, build_tag_request(condition, tag)?))
    }

    fn find_tag_request(
        &mut self,
        condition: &Condition,
        change: TagChange,
        request_conditions: Vec<Condition>,
    ) -> Option<GuardBypass> {
        let action = match (change, self.subject.principal.entity_kind == IamEntityKind::User) {
            (TagChange::Set, true) => "iam:TagUser",
            (TagChange::Set, false) => "iam:TagRole",
            (TagChange::Remove | TagChange::Replace, true) => "iam:UntagUser",
            (TagChange::Remove | TagChange::Replace, false) => "iam:UntagRole",
        };
        let actions = [action.to_owned()];
        let (access, policies) = self.analyzer.compute_effective_access(&self.subject.layers);
        if !self.has_grant_for(&access, &actions) {
            return None;
        }
        let on_itself = ResourceElement::listing([self.subject.principal.arn.as_str()]);
        let statement = Statement::allow(ActionElement::listing(&actions), on_itself).under(request_conditions);
        let tag_requests = build_ceiling("requests that tag the principal", vec![statement]);
        let answer = self.query_own_requests(&access, &actions, &tag_requests);
        let proof = answer.collect_into(&mut self.undecided);
        let [action] = actions;
        let key = condition.key.as_written().to_owned();
        let method = match change {
            TagChange::Set => GuardBypassMethod::SetsTag { key, action },
            TagChange::Remove | TagChange::Replace => GuardBypassMethod::RemovesTag { key, action },
        };
        (!proof.is_empty()).then_some(GuardBypass { method, proof, policies })
    }

    /// The context facts of a request on the principal itself: the tags of the resource are its own.
    pub(super) fn build_own_context(&self, access: &Access) -> KnownContext {
        let mut known = self.subject.known_context.clone();
        for key in list_condition_keys(access) {
            let lower = key.lower();
            let tag = lower.strip_prefix("aws:resourcetag/").or_else(|| lower.strip_prefix("iam:resourcetag/"));
            if let Some(tag) = tag {
                let tags = &self.subject.principal.tags;
                let mut matching_tags = tags.iter().filter(|(name, _)| name.eq_ignore_ascii_case(tag));
                let fact = matching_tags.next().map_or(KeyFact::Missing, |(_, value)| KeyFact::Value(value.clone()));
                known.set(key.as_written(), fact);
            }
        }
        known
    }
}

/// The context keys in the conditions of an access formula.
fn list_condition_keys(access: &Access) -> impl Iterator<Item = &ContextKey> {
    access
        .uses()
        .map(StatementUse::statement)
        .flat_map(|statement| &statement.conditions)
        .map(|condition| &condition.key)
}
