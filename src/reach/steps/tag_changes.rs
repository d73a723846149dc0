//! The tags that a state can set on users and roles, or remove from them.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::step_finder::{StepFinder, TargetQuery};
use super::tag_value_choices::TagValueQuery;
use crate::access::{Context, ContextValue, KeyFact};
use crate::iam::{Condition, ConditionOperator, ContextKey};
use crate::reach::decide::effective::{RequiredLayers, restrict_to_action};
use crate::reach::model::chosen_tags::{TagEdit, TagGrant};
use crate::reach::model::tag_condition_keys::{REQUEST_TAG, TAG_KEYS};
use crate::reach::model::tag_index::NamedTag;
use crate::solve::{StatementUse, UndecidedReason};

/// A request that changes a tag: the values of the keys that a policy can limit.
pub(super) struct TagChangeRequest<'t> {
    /// The key of the tag, in lower case.
    pub(super) key: &'t str,
    /// The value. None if it does not matter, or if the tag is removed.
    pub(super) value: Option<&'t str>,
    /// The keys of all tags in the request, as written.
    pub(super) names: Vec<String>,
}

impl TagChangeRequest<'_> {
    /// The fact about a key in the request. None if it is not about tags of the request.
    pub(super) fn fact(&self, key: &ContextKey) -> Option<KeyFact> {
        let lower = key.lower();
        if lower == TAG_KEYS {
            return Some(KeyFact::Set(self.names.clone()));
        }
        let tag = lower.strip_prefix(REQUEST_TAG)?;
        Some(match self.value.filter(|_| tag == self.key) {
            Some(value) => KeyFact::Value(value.to_owned()),
            None if self.names.iter().any(|name| name.eq_ignore_ascii_case(tag)) => KeyFact::Present,
            None => KeyFact::Missing,
        })
    }

    /// Adds the tag to a witness. The request has it, even if no policy names it.
    pub(super) fn complete(&self, context: &mut Context) {
        let names = ContextValue::Set(self.names.clone());
        context.0.entry(ContextKey::new("aws:TagKeys")).or_insert(names);
        if let Some(value) = self.value {
            let key = ContextKey::new(&format!("aws:RequestTag/{}", self.key));
            context.0.entry(key).or_insert_with(|| ContextValue::Single(value.to_owned()));
        }
    }
}

impl StepFinder<'_> {
    /// The changes of tags that the state can make.
    // AWS: Controlling access to AWS resources using tags (IAM User Guide); TagRole, TagUser (IAM API Reference)
    pub(super) fn find_tag_grants(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<TagGrant> {
        let mut grants = Vec::new();
        if self.world.tag_index.keys().is_empty() {
            return grants;
        }
        for (tag, untag, is_user) in [("iam:TagRole", "iam:UntagRole", false), ("iam:TagUser", "iam:UntagUser", true)] {
            let candidates = if is_user { self.account_users() } else { self.account_roles() };
            for (key, named) in self.world.tag_index.keys() {
                if self.may_allow(tag) {
                    self.add_settable(tag, (key, named), &candidates, &mut grants, undecided);
                }
                if self.may_allow(untag) {
                    let request = |names| TagChangeRequest { key, value: None, names };
                    let mut targets = self.world.principals.empty_set();
                    for names in self.list_name_sets(untag, named) {
                        targets.union_with(&self.filter_taggable(untag, &request(names), &candidates, undecided));
                    }
                    add_grant(&mut grants, targets, key, TagEdit::Remove);
                }
            }
        }
        grants
    }

    fn add_settable(
        &self,
        action: &str,
        (key, named): (&Arc<str>, &NamedTag),
        candidates: &FixedBitSet,
        grants: &mut Vec<TagGrant>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let name_sets = self.list_name_sets(action, named);
        let allowed = |value: Option<&str>, undecided: &mut BTreeSet<UndecidedReason>| {
            let mut targets = self.world.principals.empty_set();
            for names in &name_sets {
                let request = TagChangeRequest { key, value, names: names.clone() };
                targets.union_with(&self.filter_taggable(action, &request, candidates, undecided));
            }
            targets
        };
        let is_limited = self.limits_tag_value(action, key);
        if !is_limited {
            add_grant(grants, allowed(None, undecided), key, TagEdit::SetAny);
            // The solver decides a variable for one value at a time.
            if !named.is_variable {
                return;
            }
        }
        let mut open = BTreeSet::new();
        let mut taggable = || allowed(None, &mut open);
        let targets = if is_limited && named.depends_on_targets() { taggable() } else { candidates.clone() };
        let targets = if open.is_empty() { &targets } else { candidates };
        let query = TagValueQuery { action, tag: (key, named), is_limited, targets };
        for value in self.list_tag_values(&query, undecided) {
            add_grant(grants, allowed(Some(&value), undecided), key, TagEdit::Set(Arc::from(value)));
        }
    }

    /// Whether a policy can limit the value of a tag in a request.
    pub(super) fn limits_tag_value(&self, action: &str, key: &str) -> bool {
        let Some(id) = self.world.find_action(action) else { return false };
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let access = restrict_to_action(self.world.solver, self.effective, id, required_layers);
        let request_key = format!("{REQUEST_TAG}{key}");
        access.uses().map(StatementUse::statement).any(|statement| {
            // `Null` asks for a tag, and not for its value.
            let compares = |condition: &Condition| condition.operator != ConditionOperator::Null;
            let mut compared = statement.conditions.iter().filter(|condition| compares(condition));
            compared.any(|condition| condition.key.lower() == request_key)
                || statement.variables().any(|key| key.lower() == request_key)
        })
    }

    /// The keys that the statements about an action name, in lower case.
    fn list_request_keys(&self, action: &str) -> BTreeSet<String> {
        let Some(id) = self.world.find_action(action) else { return BTreeSet::new() };
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let access = restrict_to_action(self.world.solver, self.effective, id, required_layers);
        let keys = access.uses().map(StatementUse::statement).flat_map(|statement| statement.keys());
        keys.map(|key| key.lower().to_owned()).collect()
    }

    /// The sets of tag keys that a request for one tag can have: that tag alone, or with other tags that a policy names.
    pub(super) fn list_name_sets(&self, action: &str, named: &NamedTag) -> Vec<Vec<String>> {
        let keys = self.list_request_keys(action);
        let others: Vec<String> =
            keys.iter().filter_map(|key| key.strip_prefix(REQUEST_TAG)).map(str::to_owned).collect();
        let mut sets = Vec::new();
        for name in &named.names {
            sets.push(vec![name.clone()]);
            let more: Vec<String> = others.iter().filter(|other| !other.eq_ignore_ascii_case(name)).cloned().collect();
            if !more.is_empty() {
                sets.push([vec![name.clone()], more].concat());
            }
        }
        if !keys.iter().any(|key| key == TAG_KEYS || key.starts_with(REQUEST_TAG)) {
            // The request's tags do not matter.
            sets.truncate(1);
        }
        sets
    }

    fn filter_taggable(
        &self,
        action: &str,
        request: &TagChangeRequest<'_>,
        candidates: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let facts =
            |principal: usize, key: &ContextKey| request.fact(key).or_else(|| self.principal_fact(principal, key));
        let query = TargetQuery {
            action,
            required_layers: RequiredLayers::IdentityAndBoundary,
            arn_index: &self.world.principals,
            candidates,
            facts: &facts,
        };
        self.filter_allowed(&query, undecided)
    }
}

fn add_grant(grants: &mut Vec<TagGrant>, targets: FixedBitSet, key: &Arc<str>, change: TagEdit) {
    if !targets.is_clear() {
        grants.push(TagGrant { targets, key: Arc::clone(key), change });
    }
}
