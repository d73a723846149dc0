//! Builds the check of a guard: no action of the guard may be allowed unless its condition matches.
//!
//! `analysis::analyzer` decides the check, `analysis::guard_bypass` whether the principal can satisfy the condition alone, and
//! `rules::iam004_unguarded` reports it.

use std::sync::Arc;

use crate::audit::subject::check::{Check, CheckKind};
use crate::audit::subject::synthetic::{build_ceiling, build_ceiling_at, list_class_action_names};
use crate::baseline::{Baseline, Guard, GuardedActions};
use crate::catalog::Catalog;
use crate::iam::Statement;
use crate::iam::element::{ActionElement, ResourceElement};

/// The check of a guard, which has this index in the baseline.
pub(crate) fn build_guard_check(baseline: &Baseline, catalog: &Catalog, index: usize, guard: &Guard) -> Check {
    let allow = || Statement::allow(list_guarded_actions(catalog, guard), ResourceElement::any());
    let name = format!("guard \"{}\"", guard.name.value);
    let expected = allow().under(guard.unless.conditions.iter().cloned());
    Check {
        kind: CheckKind::Guard(index),
        scope: build_ceiling(&name, vec![allow()]),
        expected: Arc::new(build_ceiling_at(&name, baseline.source(), guard.unless.span, vec![expected])),
        name,
    }
}

/// The actions of a guard.
fn list_guarded_actions(catalog: &Catalog, guard: &Guard) -> ActionElement {
    ActionElement::listing(list_guarded_patterns(catalog, guard))
}

/// The actions of a guard: names, and patterns as in a policy.
pub(crate) fn list_guarded_patterns(catalog: &Catalog, guard: &Guard) -> Vec<String> {
    let to_patterns = |actions: &GuardedActions| match actions {
        GuardedActions::Class(class) => list_class_action_names(catalog, *class),
        // INVARIANT: the manifest parser accepts valid patterns only.
        GuardedActions::Pattern(pattern) => vec![pattern.clone()],
    };
    guard.actions.iter().flat_map(to_patterns).collect()
}
