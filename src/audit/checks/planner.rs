//! Questions about a part of what a principal may do: guards, personas, the boundary's duties.
//!
//! Each asks whether a request is allowed that lies within some part and not within what is expected of that part.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::delegated_agent::plan_delegated_agent_check;
use crate::audit::analysis::guard_bypass::lists_action;
use crate::audit::model::rule_id::RuleId;
use crate::audit::run::AuditOptions;
use crate::audit::subject::audited_principal::{CeilingCache, ResolvedCeiling};
use crate::audit::subject::synthetic;
use crate::baseline::{Baseline, CeilingDocument, Entry, Guard, GuardedActions};
use crate::catalog::Catalog;
use crate::classify::InferredClass;
use crate::iam::Effect;
use crate::snapshot::{Account, Principal};
use crate::source::{Diagnostics, Span};

/// What a question is about. The indices are those of the baseline.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum CheckKind {
    /// A guard.
    Guard(usize),
    /// A persona.
    Persona(usize),
    /// What an agent could destroy with the credentials of this operator.
    DelegatedAgent,
    /// Whether the declared boundary can be got rid of.
    Boundary,
}

/// One question.
pub(crate) struct Check {
    /// What it is about.
    pub kind: CheckKind,
    /// How it is called where it is undecided.
    pub name: String,
    /// The part.
    pub scope: ResolvedCeiling,
    /// What of it is expected.
    pub expected: Arc<ResolvedCeiling>,
}

impl Check {
    /// The documents of both sides.
    pub fn documents(&self) -> impl Iterator<Item = &CeilingDocument> {
        self.scope.documents.iter().chain(&self.expected.documents)
    }
}

/// The questions of a baseline, each made once.
pub(crate) struct CheckPlanner<'a> {
    baseline: &'a Baseline,
    catalog: &'a Catalog,
    enabled_rules: EnabledRules,
    guards: BTreeMap<usize, Arc<Check>>,
    boundaries: BTreeMap<BoundaryCheckKey, Arc<Check>>,
    personas: BTreeMap<(usize, usize), Arc<Check>>,
    delegated_agents: BTreeMap<Option<usize>, Option<Arc<Check>>>,
}

/// What a question about a boundary depends on: the entry, and the policies there.
type BoundaryCheckKey = (usize, Vec<String>, Vec<String>, Option<String>);

/// Which rules are asked for.
struct EnabledRules {
    guards: bool,
    boundaries: bool,
    personas: bool,
}

impl<'a> CheckPlanner<'a> {
    /// The questions of a baseline, none of them made yet.
    pub fn new(baseline: &'a Baseline, catalog: &'a Catalog, options: &AuditOptions) -> CheckPlanner<'a> {
        let enabled_rules = EnabledRules {
            guards: options.wants_rule(RuleId::Unguarded),
            boundaries: options.wants_rule(RuleId::Boundary),
            personas: options.wants_rule(RuleId::Broader),
        };
        CheckPlanner {
            baseline,
            catalog,
            enabled_rules: enabled_rules,
            guards: BTreeMap::new(),
            boundaries: BTreeMap::new(),
            personas: BTreeMap::new(),
            delegated_agents: BTreeMap::new(),
        }
    }

    /// Those of a principal; `index` is that of the entry that binds it.
    ///
    /// # Errors
    /// The ceiling of a persona that cannot be resolved.
    pub fn plan_checks(
        &mut self,
        index: Option<usize>,
        class: InferredClass,
        (account, principal): (&Account, &Principal),
        ceilings: &mut CeilingCache<'_>,
    ) -> Result<Vec<Arc<Check>>, Diagnostics> {
        let mut checks = Vec::new();
        let entry = index.and_then(|index| self.baseline.entries.get(index));
        if let (Some(index), Some(entry)) = (index, entry) {
            if self.enabled_rules.guards {
                checks.extend(self.plan_guards(entry));
            }
            if self.enabled_rules.boundaries {
                checks.extend(self.plan_boundary(index, entry, (account, principal)));
            }
            if self.enabled_rules.personas {
                checks.extend(self.plan_personas(entry, account, ceilings)?);
            }
        }
        let is_delegation_checked =
            self.enabled_rules.guards && self.baseline.settings.through_agents && class == InferredClass::Operator;
        if is_delegation_checked {
            let (baseline, catalog) = (self.baseline, self.catalog);
            let check = self
                .delegated_agents
                .entry(index)
                .or_insert_with(|| plan_delegated_agent_check(baseline, catalog, entry));
            checks.extend(check.clone());
        }
        Ok(checks)
    }

    fn plan_guards(&mut self, entry: &Entry) -> Vec<Arc<Check>> {
        let (baseline, catalog) = (self.baseline, self.catalog);
        let is_named = |(_, guard): &(usize, &Guard)| entry.guards.iter().any(|name| name.value == guard.name.value);
        let guards = baseline.guards.iter().enumerate().filter(is_named);
        let checks = guards.map(|(index, guard)| {
            let check = self
                .guards
                .entry(index)
                .or_insert_with(|| Arc::new(build_guard_check(baseline, catalog, index, guard)));
            Arc::clone(check)
        });
        checks.collect()
    }

    fn plan_boundary(
        &mut self,
        index: usize,
        entry: &Entry,
        (account, principal): (&Account, &Principal),
    ) -> Option<Arc<Check>> {
        let baseline = self.baseline;
        let requirement = entry.boundary.as_ref()?;
        let glob = requirement.globs.first()?;
        let attached = principal.boundary.as_ref().map(|boundary| &boundary.arn);
        let existing: BTreeSet<&String> =
            attached.into_iter().chain(account.policies.keys()).filter(|arn| glob.matches(arn)).collect();
        // Who sets a boundary of its own making is not bound by it.
        let can_set_boundary =
            principal.identity_policies.iter().flat_map(|policy| &policy.document.statements).any(|statement| {
                statement.effect == Effect::Allow
                    && SET_BOUNDARY_ACTIONS.iter().any(|action| lists_action(statement, action))
            });
        let boundary_policies = BoundaryPolicies {
            glob: glob.as_str(),
            // Nobody but AWS rewrites its own policies.
            rewritable: existing
                .iter()
                .filter(|arn| (can_set_boundary || attached == Some(**arn)) && !arn.contains(":iam::aws:"))
                .map(|arn| (*arn).clone())
                .collect(),
            creatable: find_creatable_policy_arn(glob.as_str(), account).filter(|_| can_set_boundary),
            existing: existing.into_iter().cloned().collect(),
        };
        let key = (
            index,
            boundary_policies.existing.clone(),
            boundary_policies.rewritable.clone(),
            boundary_policies.creatable.clone(),
        );
        let build_check = || Arc::new(build_boundary_check(baseline, &boundary_policies, requirement.span));
        Some(Arc::clone(self.boundaries.entry(key).or_insert_with(build_check)))
    }

    fn plan_personas(
        &mut self,
        entry: &Entry,
        account: &Account,
        ceilings: &mut CeilingCache<'_>,
    ) -> Result<Vec<Arc<Check>>, Diagnostics> {
        let mut checks = Vec::new();
        for (index, persona) in self.baseline.personas.iter().enumerate() {
            if persona.entry.value != entry.name.value {
                continue;
            }
            let expected = ceilings.resolve_persona(index, account)?;
            let key = (index, Arc::as_ptr(&expected) as usize);
            let check = self.personas.entry(key).or_insert_with(|| {
                let statements =
                    json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": persona.when.json }]);
                let scope = synthetic::build_ceiling("when", as_list(&statements), None);
                let name = format!("as the persona \"{}\"", persona.name.value);
                Arc::new(Check { kind: CheckKind::Persona(index), name, scope: scope, expected })
            });
            checks.push(Arc::clone(check));
        }
        Ok(checks)
    }
}

fn as_list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The actions of a guard, in the patterns of a policy.
pub(crate) fn list_guarded_actions(catalog: &Catalog, guard: &Guard) -> Vec<String> {
    let expand = |actions: &GuardedActions| match actions {
        GuardedActions::Class(class) => synthetic::list_class_actions(catalog, *class),
        GuardedActions::Pattern(pattern) => vec![pattern.clone()],
    };
    guard.actions.iter().flat_map(expand).collect()
}

/// Is an action of the guard allowed outside of what it says?
fn build_guard_check(baseline: &Baseline, catalog: &Catalog, index: usize, guard: &Guard) -> Check {
    let actions = list_guarded_actions(catalog, guard);
    let allowed = synthetic::build_allow_statement(&actions, &synthetic::all_resources());
    let expected = synthetic::build_conditional_allow(&actions, &synthetic::all_resources(), guard.unless.json.clone());
    let name = format!("the guard \"{}\"", guard.name.value);
    let location = Some((baseline.source(), guard.unless.span));
    let expected = Arc::new(synthetic::build_ceiling(&name, &[expected], location));
    Check { kind: CheckKind::Guard(index), scope: synthetic::build_ceiling(&name, &[allowed], None), expected, name }
}

/// The policies that are a declared boundary.
struct BoundaryPolicies<'a> {
    glob: &'a str,
    /// Those that there are.
    existing: Vec<String>,
    /// Those of which it matters whether the principal gives them another content.
    rewritable: Vec<String>,
    /// Those that it must not make.
    creatable: Option<String>,
}

/// Can the boundary be taken off, replaced or rewritten, or a principal be made without it?
fn build_boundary_check(baseline: &Baseline, boundaries: &BoundaryPolicies<'_>, span: Span) -> Check {
    let to_names = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let build_statement = |actions: &[&str], operator: &str, boundary: Value| {
        let condition = json!({ operator: { "iam:PermissionsBoundary": boundary } });
        synthetic::build_conditional_allow(&to_names(actions), &synthetic::all_resources(), condition)
    };
    // In a request that takes a boundary off, the key is the boundary that is attached.
    let removal_statement = match boundaries.existing.as_slice() {
        [] => build_statement(&REMOVE_BOUNDARY_ACTIONS, "StringLike", json!(boundaries.glob)),
        existing => build_statement(&REMOVE_BOUNDARY_ACTIONS, "StringEquals", json!(existing)),
    };
    let mut scope_statements = vec![
        synthetic::build_allow_statement(&to_names(&SET_BOUNDARY_ACTIONS), &synthetic::all_resources()),
        removal_statement,
    ];
    if !boundaries.rewritable.is_empty() {
        scope_statements
            .push(synthetic::build_allow_statement(&to_names(&REWRITE_POLICY_ACTIONS), &boundaries.rewritable));
    }
    scope_statements.extend(
        boundaries
            .creatable
            .iter()
            .map(|arn| synthetic::build_allow_statement(&to_names(&[CREATE_POLICY_ACTION]), std::slice::from_ref(arn))),
    );
    let expected = build_statement(&SET_BOUNDARY_ACTIONS, "StringLike", json!(boundaries.glob));
    let name = "the declared boundary".to_owned();
    let expected = Arc::new(synthetic::build_ceiling(&name, &[expected], Some((baseline.source(), span))));
    Check { kind: CheckKind::Boundary, scope: synthetic::build_ceiling(&name, &scope_statements, None), expected, name }
}

/// The policies of an account that an ARN glob leaves room to make; none where it is about one policy, or AWS's.
fn find_creatable_policy_arn(glob: &str, account: &Account) -> Option<String> {
    let name = glob.rsplit_once(":policy/").map_or(glob, |(_, name)| name);
    let is_creatable = name.contains(['*', '?']) && !glob.contains(":iam::aws:");
    is_creatable.then(|| format!("arn:{}:iam::{}:policy/{name}", account.partition.as_str(), account.id.as_str()))
}

/// By what a boundary is taken off.
pub(crate) const REMOVE_BOUNDARY_ACTIONS: [&str; 2] =
    ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"];
/// By what another is set in its place, or a principal is made.
pub(crate) const SET_BOUNDARY_ACTIONS: [&str; 4] =
    ["iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary", "iam:CreateRole", "iam:CreateUser"];
/// By what its policy gets another content.
pub(crate) const REWRITE_POLICY_ACTIONS: [&str; 2] = ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];
/// By what another policy comes to be that the glob matches.
pub(crate) const CREATE_POLICY_ACTION: &str = "iam:CreatePolicy";
