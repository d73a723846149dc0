//! Tags that the start of a search chooses for principals.

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::chosen_boundary::{BoundaryGrant, ChosenBoundary};
use super::holdings::PrincipalHoldings;
use crate::access::KeyFact;
use crate::solve::UndecidedReason;

/// The largest number of combinations of tags whose values policies limit.
pub(crate) const MAX_TAG_VIEWS: usize = 64;

/// Tags of a principal, by key in lower case, ascending.
pub type ChosenTags = Vec<(Arc<str>, ChosenTag)>;

/// What was chosen for a tag.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ChosenTag {
    /// Any value, or no tag.
    Any,
    /// Any value. The tag cannot be removed.
    AnyValue,
    /// This value.
    Value(Arc<str>),
    /// The tag is removed.
    Removed,
}

impl ChosenTag {
    /// The fact about a key that holds the tag.
    pub(crate) fn to_fact(&self) -> KeyFact {
        match self {
            ChosenTag::Any => KeyFact::Free,
            ChosenTag::AnyValue => KeyFact::Present,
            ChosenTag::Value(value) => KeyFact::Value(value.to_string()),
            ChosenTag::Removed => KeyFact::Missing,
        }
    }
}

/// A change of one tag, and the principals to which a state can make it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct TagGrant {
    pub(crate) targets: FixedBitSet,
    /// The key, in lower case.
    pub(crate) key: Arc<str>,
    pub(crate) change: TagEdit,
}

/// A change of a tag.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum TagEdit {
    /// Sets it to any value.
    SetAny,
    /// Sets it to this value. Requests with other values can be denied.
    Set(Arc<str>),
    /// Removes it.
    Remove,
}

impl TagEdit {
    /// Whether a choice can rest on this change.
    pub(crate) fn may_make(&self, chosen: &ChosenTag) -> bool {
        match (self, chosen) {
            (TagEdit::SetAny, ChosenTag::Any | ChosenTag::AnyValue)
            | (TagEdit::Remove, ChosenTag::Any | ChosenTag::Removed) => true,
            (TagEdit::Set(set), ChosenTag::Value(value)) => set == value,
            _ => false,
        }
    }
}

/// The tags of all principals, and the permissions boundary of some, in one of the ways in which they can be chosen.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct TargetView {
    /// Disjoint for one key, except that a tag can be set to any value and removed.
    pub(crate) grants: Vec<TagGrant>,
    /// None if all have those of the snapshot.
    pub(crate) boundary: Option<BoundaryGrant>,
    /// The policies and groups that one principal got. None if all have those of the snapshot.
    pub(crate) holdings: Option<PrincipalHoldings>,
}

impl TargetView {
    /// A view in which one principal has these tags and this boundary, if that was changed, and got these policies and
    /// groups, as far as it is asked about that principal.
    pub(crate) fn of_principal(
        (tags, boundary): (&ChosenTags, Option<&ChosenBoundary>),
        PrincipalHoldings { principal, holdings }: PrincipalHoldings,
        no_principals: &FixedBitSet,
    ) -> TargetView {
        let mut targets = no_principals.clone();
        targets.insert(principal);
        let boundary = boundary.map(|boundary| BoundaryGrant { targets: targets.clone(), boundary: boundary.clone() });
        let grant = |key: &Arc<str>, change| TagGrant { targets: targets.clone(), key: Arc::clone(key), change };
        let edits = |(key, tag): &(Arc<str>, ChosenTag)| match tag {
            ChosenTag::Any => vec![grant(key, TagEdit::SetAny), grant(key, TagEdit::Remove)],
            ChosenTag::AnyValue => vec![grant(key, TagEdit::SetAny)],
            ChosenTag::Value(value) => vec![grant(key, TagEdit::Set(Arc::clone(value)))],
            ChosenTag::Removed => vec![grant(key, TagEdit::Remove)],
        };
        let holdings = (!holdings.is_empty()).then_some(PrincipalHoldings { principal, holdings });
        TargetView { grants: tags.iter().flat_map(edits).collect(), boundary, holdings }
    }

    /// The chosen tags of a principal. `has_tag`: whether it has a tag in the snapshot.
    pub(crate) fn find_tags(&self, principal: usize, has_tag: impl Fn(&str) -> bool) -> ChosenTags {
        let mut tags: BTreeMap<Arc<str>, ChosenTag> = BTreeMap::new();
        let grants = || self.grants.iter().filter(|grant| grant.targets.contains(principal));
        for grant in grants() {
            let chosen = match &grant.change {
                TagEdit::SetAny if has_tag(&grant.key) => ChosenTag::AnyValue,
                TagEdit::SetAny => ChosenTag::Any,
                TagEdit::Set(value) => ChosenTag::Value(Arc::clone(value)),
                TagEdit::Remove => continue,
            };
            tags.insert(Arc::clone(&grant.key), chosen);
        }
        for grant in grants().filter(|grant| grant.change == TagEdit::Remove) {
            match tags.get_mut(&grant.key) {
                Some(chosen @ ChosenTag::AnyValue) => *chosen = ChosenTag::Any,
                Some(_) => {}
                None if has_tag(&grant.key) => drop(tags.insert(Arc::clone(&grant.key), ChosenTag::Removed)),
                None => {}
            }
        }
        tags.into_iter().collect()
    }

    /// The chosen boundary of a principal. None if it was not chosen.
    pub(crate) fn find_boundary(&self, principal: usize) -> Option<&ChosenBoundary> {
        self.boundary.as_ref().filter(|grant| grant.targets.contains(principal)).map(|grant| &grant.boundary)
    }

    /// The principals with a chosen tag.
    pub(crate) fn targets(&self, no_principals: &FixedBitSet) -> FixedBitSet {
        let mut targets = no_principals.clone();
        self.grants.iter().for_each(|grant| targets.union_with(&grant.targets));
        targets
    }
}

/// The ways to choose tags together, and whether there are more. Each has the tags that can have any value.
pub(crate) fn combine_grants<'g>(grants: impl Iterator<Item = &'g TagGrant> + Clone) -> (Vec<TargetView>, bool) {
    let mut alternatives: BTreeMap<Arc<str>, Vec<TagGrant>> = BTreeMap::new();
    let mut common = TargetView::default();
    for grant in grants.clone() {
        let is_common = match grant.change {
            TagEdit::SetAny => true,
            TagEdit::Remove => can_have_any_value(grant, grants.clone()),
            TagEdit::Set(_) => false,
        };
        match is_common {
            true => common.grants.push(grant.clone()),
            false => alternatives.entry(Arc::clone(&grant.key)).or_default().push(grant.clone()),
        }
    }
    let mut views = vec![common];
    let mut is_limit_exceeded = false;
    for grants in alternatives.into_values() {
        let with_grant = |view: &TargetView, grant: &TagGrant| TargetView {
            grants: view.grants.iter().chain([grant]).cloned().collect(),
            ..TargetView::default()
        };
        let added: Vec<TargetView> =
            views.iter().flat_map(|view| grants.iter().map(move |grant| with_grant(view, grant))).collect();
        views.extend(added);
        is_limit_exceeded |= views.len() > MAX_TAG_VIEWS;
        views.truncate(MAX_TAG_VIEWS);
    }
    (views, is_limit_exceeded)
}

/// Why a search that ended at the limit of combinations is undecided.
pub(crate) fn tag_combination_limit() -> UndecidedReason {
    UndecidedReason::TagCombinationLimit { combinations: MAX_TAG_VIEWS }
}

/// Whether every target of a grant can have any value of the tag.
fn can_have_any_value<'g>(grant: &TagGrant, grants: impl Iterator<Item = &'g TagGrant>) -> bool {
    let mut free = FixedBitSet::with_capacity(grant.targets.len());
    let any = grants.filter(|other| other.key == grant.key && other.change == TagEdit::SetAny);
    any.for_each(|other| free.union_with(&other.targets));
    grant.targets.is_subset(&free)
}
