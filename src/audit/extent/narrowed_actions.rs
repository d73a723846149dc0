//! The actions of a granting statement that are in excess.

use fixedbitset::FixedBitSet;

use crate::audit::actions::by_statement::StatementExcess;
use crate::audit::actions::named_action_set::NamedActionSet;
use crate::audit::actions::ranking::ActionRanking;
use crate::audit::actions::summary::summarize_actions;
use crate::base::glob::Glob;
use crate::catalog::{ActionId, Catalog};
use crate::iam::element::{ActionElement, ElementKind};
use crate::iam::{ActionPattern, Statement};
use crate::solve::ActionWorld;

/// How to write a part of a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PartialPattern {
    /// As shorter patterns.
    Patterns,
    /// As names. A pattern may match future actions that the statement does not match.
    Names,
}

/// The actions of a statement that are in excess. Its own patterns are kept if all their actions are.
pub(super) fn narrow_actions(
    ranking: &ActionRanking<'_>,
    statement: &Statement,
    excess: &StatementExcess,
    world: ActionWorld,
    style: PartialPattern,
) -> ActionElement {
    let element = &statement.action;
    if world == ActionWorld::Future {
        return keep_wildcards(element);
    }
    let catalog = ranking.catalog;
    if element.kind == ElementKind::NotList {
        let is_matched = |action: &ActionId| element.lists_action(&catalog.full_name(*action));
        let matched: Vec<ActionId> = catalog.actions().filter(is_matched).collect();
        if matched.iter().all(|action| excess.actions.contains(*action)) {
            return element.clone();
        }
        return list_actions(ranking, &excess.actions, style);
    }
    let mut kept: Vec<ActionPattern> = Vec::new();
    let mut covered = NamedActionSet::default();
    for pattern in &element.patterns {
        let matched = find_matching_actions(catalog, pattern);
        let in_excess = |id: &usize| u32::try_from(*id).is_ok_and(|id| excess.actions.contains(ActionId(id)));
        let is_named = pattern.is_literal() && excess.actions.matches_pattern(catalog, pattern);
        if is_named || (matched.count_ones(..) > 0 && matched.ones().all(|id| in_excess(&id))) {
            matched.ones().filter_map(|id| u32::try_from(id).ok()).for_each(|id| covered.add(ActionId(id)));
            kept.push(pattern.clone());
        }
    }
    let mut partial = NamedActionSet::default();
    let uncovered = excess.actions.known_ids().filter(|id| !covered.contains(*id));
    uncovered.for_each(|id| partial.add(id));
    for name in excess.actions.unknown_names() {
        if !(ActionElement { kind: ElementKind::List, patterns: kept.clone() }).lists_action(name) {
            partial.add_name(catalog, name);
        }
    }
    kept.extend(list_actions(ranking, &partial, style).patterns);
    ActionElement { kind: ElementKind::List, patterns: kept }
}

/// The part of an element that can match future actions.
fn keep_wildcards(element: &ActionElement) -> ActionElement {
    let patterns = element.patterns.iter().filter(|p| element.kind == ElementKind::NotList || !p.is_literal());
    ActionElement { kind: element.kind, patterns: patterns.cloned().collect() }
}

fn list_actions(ranking: &ActionRanking<'_>, actions: &NamedActionSet, style: PartialPattern) -> ActionElement {
    let catalog = ranking.catalog;
    let names: Vec<String> = match style {
        PartialPattern::Patterns => {
            summarize_actions(ranking, actions).patterns.iter().map(|pattern| pattern.pattern.clone()).collect()
        }
        PartialPattern::Names => {
            let known = actions.known_ids().map(|id| catalog.full_name(id));
            known.chain(actions.unknown_names().cloned()).collect()
        }
    };
    ActionElement { kind: ElementKind::List, patterns: names.iter().filter_map(|n| ActionPattern::parse(n)).collect() }
}

fn find_matching_actions(catalog: &Catalog, pattern: &ActionPattern) -> FixedBitSet {
    let mut matched = FixedBitSet::with_capacity(catalog.action_count());
    let (service_glob, name_glob) = (Glob::new(pattern.service()), Glob::new(pattern.name()));
    for service in catalog.services().filter(|id| service_glob.matches(catalog.service_prefix(*id))) {
        for id in catalog.actions_of(service) {
            if name_glob.matches(catalog.action_lowercase_name(ActionId(id))) {
                matched.insert(id as usize);
            }
        }
    }
    matched
}
