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
use crate::reach::model::tag_values::ValuePattern;
use crate::solve::{StatementUse, UndecidedReason};

/// The largest number of tags that are tried as the only other tag of a request.
const MAX_SINGLE_TAGS: usize = 32;

/// A tag that policies are unlikely to list.
const UNLISTED_TAG: &str = "example-other-tag";

/// What policies say about the tags of a request.
#[derive(Default)]
struct RequestTags {
    /// The tags whose values they name, in lower case.
    required: BTreeSet<String>,
    /// The keys that they list in conditions on all keys of the request.
    listed: BTreeSet<String>,
    /// Whether they have such a condition. It distinguishes upper and lower case, unlike the tags of users and roles.
    has_tag_keys: bool,
}

/// Spellings of a key that differ from those that policies name in upper and lower case.
// AWS: Tags for AWS Identity and Access Management resources, "Case sensitivity"
fn list_other_spellings(names: &BTreeSet<String>) -> Vec<String> {
    let Some(name) = names.first() else { return Vec::new() };
    let lower = name.to_lowercase();
    let capital =
        |at: usize| lower.chars().enumerate().map(move |(i, c)| if i == at { c.to_ascii_uppercase() } else { c });
    let last = lower.chars().count().saturating_sub(1);
    let mut spellings = vec![lower.clone(), lower.to_uppercase(), capital(0).collect(), capital(last).collect()];
    spellings.retain(|spelling| spelling.eq_ignore_ascii_case(name) && !names.contains(spelling));
    spellings.dedup();
    spellings
}

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
            self.report_untried_names(tag, undecided);
            self.report_untried_names(untag, undecided);
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

    /// What the statements about an action say about the tags of a request.
    fn list_request_tags(&self, action: &str) -> RequestTags {
        let mut tags = RequestTags::default();
        let Some(id) = self.world.find_action(action) else { return tags };
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let access = restrict_to_action(self.world.solver, self.effective, id, required_layers);
        for statement in access.uses().map(StatementUse::statement) {
            let lower = statement.keys().map(ContextKey::lower);
            tags.required.extend(lower.filter_map(|key| key.strip_prefix(REQUEST_TAG)).map(str::to_owned));
            for condition in statement.conditions.iter().filter(|condition| condition.key.lower() == TAG_KEYS) {
                tags.has_tag_keys = true;
                tags.listed.extend(
                    condition.texts().filter_map(|text| Some(ValuePattern::from_template(text, false)?.to_example())),
                );
            }
        }
        tags
    }

    /// Too many tag keys in a policy leave open whether a request with one of them is allowed.
    pub(super) fn report_untried_names(&self, action: &str, undecided: &mut BTreeSet<UndecidedReason>) {
        if self.may_allow(action) && self.list_request_tags(action).listed.len() > MAX_SINGLE_TAGS {
            undecided.insert(UndecidedReason::TooMany {
                most: MAX_SINGLE_TAGS,
                items: "tag keys with which policies compare `aws:TagKeys`",
            });
        }
    }

    /// The sets of tag keys that a request for one tag can have: that tag alone, or with other tags that a policy names.
    pub(super) fn list_name_sets(&self, action: &str, named: &NamedTag) -> Vec<Vec<String>> {
        let tags = self.list_request_tags(action);
        let required: Vec<&String> = tags.required.iter().collect();
        let all: Vec<&String> = tags.required.iter().chain(&tags.listed).collect();
        let unlisted = UNLISTED_TAG.to_owned();
        let single = tags.has_tag_keys.then_some(&unlisted).into_iter().chain(&tags.listed);
        let with_one = single.take(MAX_SINGLE_TAGS).map(|tag| vec![tag]);
        let others: Vec<Vec<&String>> = [Vec::new(), required, all].into_iter().chain(with_one).collect();
        let spellings = if tags.has_tag_keys { list_other_spellings(&named.names) } else { Vec::new() };
        let mut sets: Vec<Vec<String>> = Vec::new();
        for (name, others) in
            named.names.iter().chain(&spellings).flat_map(|name| others.iter().map(move |o| (name, o)))
        {
            let mut set = vec![name.clone()];
            for other in others {
                if !set.iter().any(|known| known.eq_ignore_ascii_case(other)) {
                    set.push((*other).clone());
                }
            }
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        if !tags.has_tag_keys && tags.required.is_empty() {
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
