//! The checks of each principal. Principals of one entry share them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::boundary_check::{BoundaryPolicies, build_boundary_check};
use super::delegated_agent::build_delegated_agent_check;
use super::guard_check::build_guard_check;
use super::persona_check::build_persona_check;
use crate::audit::model::rule_id::RuleId;
use crate::audit::options::AuditOptions;
use crate::audit::subject::ceiling_cache::CeilingCache;
use crate::audit::subject::check::Check;
use crate::baseline::PrincipalClass;
use crate::baseline::{Baseline, Entry, Guard};
use crate::catalog::Catalog;
use crate::classify::InferredClass;
use crate::snapshot::{Account, Principal};
use crate::source::Diagnostics;

/// The checks of a baseline, each built once.
pub(crate) struct CheckPlanner<'a> {
    baseline: &'a Baseline,
    catalog: &'a Catalog,
    enabled_rules: EnabledRules,
    /// By the index of the guard.
    guards: BTreeMap<usize, Arc<Check>>,
    /// By the name of the entry and the policies that match its boundary.
    boundaries: BTreeMap<(&'a str, BoundaryPolicies), Arc<Check>>,
    /// By the index of the persona and the address of its ceiling, which the check keeps alive.
    personas: BTreeMap<(usize, usize), Arc<Check>>,
    /// By the name of the entry. `None` for operators that are not declared.
    delegated_agents: BTreeMap<Option<&'a str>, Option<Arc<Check>>>,
}

/// The requested rules that need checks.
struct EnabledRules {
    guards: bool,
    boundaries: bool,
    personas: bool,
    paths: bool,
}

impl<'a> CheckPlanner<'a> {
    /// A planner that has built no check.
    pub fn new(baseline: &'a Baseline, catalog: &'a Catalog, options: &AuditOptions) -> CheckPlanner<'a> {
        let enabled_rules = EnabledRules {
            guards: options.wants_rule(RuleId::Unguarded),
            boundaries: options.wants_rule(RuleId::Boundary),
            personas: options.wants_rule(RuleId::Broader),
            paths: options.wants_rule(RuleId::Escalation),
        };
        CheckPlanner {
            baseline,
            catalog,
            enabled_rules,
            guards: BTreeMap::new(),
            boundaries: BTreeMap::new(),
            personas: BTreeMap::new(),
            delegated_agents: BTreeMap::new(),
        }
    }

    /// The checks of a principal with these entries, if it is declared, and this class.
    ///
    /// # Errors
    /// The ceiling of a persona that cannot be resolved.
    pub fn plan_checks(
        &mut self,
        entries: &[&'a Entry],
        class: InferredClass,
        (account, principal): (&Account, &Principal),
        ceilings: &mut CeilingCache<'a>,
    ) -> Result<Vec<Arc<Check>>, Diagnostics> {
        let mut checks: Vec<Arc<Check>> = Vec::new();
        for entry in entries {
            if self.enabled_rules.guards {
                checks.extend(self.plan_guards(entry));
            }
            if self.enabled_rules.boundaries {
                checks.extend(self.plan_boundary(entry, account, principal));
            }
            if self.enabled_rules.personas {
                checks.extend(self.plan_personas(entry, account, ceilings)?);
            }
        }
        let is_delegation_checked = self.enabled_rules.guards
            && self.baseline.settings.through_agents
            && class == InferredClass::Known(PrincipalClass::Operator);
        if is_delegation_checked {
            let (baseline, catalog) = (self.baseline, self.catalog);
            let entry = entries.first().copied();
            let key = entry.map(|entry| entry.name.value.as_str());
            let build_check = || build_delegated_agent_check(baseline, catalog, entry).map(Arc::new);
            checks.extend(self.delegated_agents.entry(key).or_insert_with(build_check).clone());
        }
        // Several entries of an ambiguous principal can name one guard.
        let mut seen: Vec<*const Check> = Vec::new();
        checks.retain(|check| {
            let address = Arc::as_ptr(check);
            let is_new = !seen.contains(&address);
            seen.push(address);
            is_new
        });
        Ok(checks)
    }

    /// The guards of a principal with these entries, each once, to compare escalation paths with.
    pub fn plan_path_guards(&mut self, entries: impl Iterator<Item = &'a Entry>) -> Vec<Arc<Check>> {
        let mut guards: Vec<Arc<Check>> = Vec::new();
        if !self.enabled_rules.paths {
            return guards;
        }
        for entry in entries {
            for guard in self.plan_guards(entry) {
                if !guards.iter().any(|known| Arc::ptr_eq(known, &guard)) {
                    guards.push(guard);
                }
            }
        }
        guards
    }

    fn plan_guards(&mut self, entry: &Entry) -> Vec<Arc<Check>> {
        let (baseline, catalog) = (self.baseline, self.catalog);
        let is_named = |(_, guard): &(usize, &Guard)| entry.guards.iter().any(|name| name.value == guard.name.value);
        let guards = baseline.guards.iter().enumerate().filter(is_named);
        let find_or_build = |(index, guard): (usize, &Guard)| {
            let build_check = || Arc::new(build_guard_check(baseline, catalog, index, guard));
            Arc::clone(self.guards.entry(index).or_insert_with(build_check))
        };
        guards.map(find_or_build).collect()
    }

    fn plan_boundary(&mut self, entry: &'a Entry, account: &Account, principal: &Principal) -> Option<Arc<Check>> {
        let baseline = self.baseline;
        let requirement = entry.boundary.as_ref()?;
        let policies = BoundaryPolicies::find(requirement, account, principal)?;
        let build_check = || Arc::new(build_boundary_check(baseline, &policies, requirement));
        let key = (entry.name.value.as_str(), policies.clone());
        Some(Arc::clone(self.boundaries.entry(key).or_insert_with(build_check)))
    }

    fn plan_personas(
        &mut self,
        entry: &Entry,
        account: &Account,
        ceilings: &mut CeilingCache<'a>,
    ) -> Result<Vec<Arc<Check>>, Diagnostics> {
        let mut checks = Vec::new();
        let personas = self.baseline.personas.iter().enumerate();
        for (index, persona) in personas.filter(|(_, persona)| persona.entry.value == entry.name.value) {
            let expected = ceilings.resolve_persona(persona, account)?;
            let key = (index, Arc::as_ptr(&expected) as usize);
            let build_check = || Arc::new(build_persona_check(index, persona, expected));
            checks.push(Arc::clone(self.personas.entry(key).or_insert_with(build_check)));
        }
        Ok(checks)
    }
}
