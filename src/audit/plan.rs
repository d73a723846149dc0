//! The plan of an audit: the entry, the class, the ceiling and the checks of each principal.

use std::sync::Arc;

use super::checks::planner::CheckPlanner;
use super::model::declared_class::DeclaredClass;
use super::model::principal_ref::PrincipalRef;
use super::model::principal_report::PrincipalReport;
use super::model::principal_status::PrincipalStatus;
use super::options::AuditOptions;
use super::subject::audited_principal::{AuditedPrincipal, PlannedPrincipal, find_declared_class};
use super::subject::ceiling_cache::CeilingCache;
use super::subject::declared_roles::DeclaredRoles;
use super::subject::resolved_ceiling::ResolvedCeiling;
use crate::access::LayerCollector;
use crate::baseline::{Assignment, Assignments, Baseline, Entry, IgnoreReason, PrincipalView};
use crate::catalog::Catalog;
use crate::classify::{Assumer, Classification, InferredClass, classify_principals, find_assumers};
use crate::snapshot::{Account, IamEntityKind, Principal, Snapshot};
use crate::source::Diagnostics;

/// The inputs of an audit.
#[derive(Clone, Copy)]
pub(super) struct AuditInputs<'a> {
    pub snapshot: &'a Snapshot,
    pub baseline: &'a Baseline,
    pub catalog: &'a Catalog,
    pub options: &'a AuditOptions,
}

/// What the baseline and the evidence say about each principal of the snapshot. All lists are in the order of the snapshot.
pub(super) struct PrincipalFacts<'a> {
    pub principals: Vec<(&'a Account, &'a Principal)>,
    pub assignments: Assignments,
    /// The declared class, or the inferred class if the principal is not declared.
    pub classes: Vec<InferredClass>,
    classifications: Vec<Classification>,
    assumers: Vec<Vec<Assumer>>,
}

impl<'a> PrincipalFacts<'a> {
    /// Assigns entries and classifies principals.
    pub fn collect(snapshot: &'a Snapshot, baseline: &Baseline) -> PrincipalFacts<'a> {
        let principals: Vec<(&Account, &Principal)> = snapshot.principals().collect();
        let views: Vec<PrincipalView<'_>> =
            principals.iter().map(|(_, principal)| PrincipalView::from_principal(principal)).collect();
        let assignments = baseline.assign(&views);
        let classifications = classify_principals(snapshot, Some(baseline));
        let resolve_class = |(classification, assignment): (&Classification, &Assignment)| {
            let entries = find_entries(baseline, &assignments, assignment);
            find_declared_class(entries.into_iter()).unwrap_or(classification.class)
        };
        let classes: Vec<InferredClass> =
            classifications.iter().zip(&assignments.by_principal).map(resolve_class).collect();
        let assumers = find_assumers(snapshot, Some(baseline), &classes);
        PrincipalFacts { principals, assignments, classes, classifications, assumers }
    }

    /// What the entries of each role declare about who may assume it.
    fn find_declared_roles(&'a self, baseline: &'a Baseline) -> DeclaredRoles<'a> {
        let assigned = self.principals.iter().zip(&self.assignments.by_principal);
        let roles = assigned.filter(|((_, principal), _)| principal.entity_kind != IamEntityKind::User);
        let to_lists = |((_, role), assignment): (&(&'a Account, &'a Principal), &Assignment)| {
            let entries = find_entries(baseline, &self.assignments, assignment).into_iter();
            let lists = entries.filter_map(|entry| Some(entry.assumable_by.as_ref()?.assumers.as_slice()));
            (role.arn.as_str(), lists.collect())
        };
        DeclaredRoles::new(roles.map(to_lists))
    }

    /// The ARNs of the principals.
    pub fn arns(&self) -> impl Iterator<Item = &'a str> {
        self.principals.iter().map(|(_, principal)| principal.arn.as_str())
    }
}

/// The entries that apply to a principal: several if it is ambiguous, none if it is undeclared or ignored.
pub(super) fn find_entries<'b>(
    baseline: &'b Baseline,
    assignments: &Assignments,
    assignment: &Assignment,
) -> Vec<&'b Entry> {
    // INVARIANT: assignments refer to entries of this baseline, and to the ambiguities of these assignments.
    let find_entry = |index: &usize| baseline.entries.get(*index).expect("an entry of the baseline");
    match assignment {
        Assignment::Declared(index) => vec![find_entry(index)],
        Assignment::Ambiguous(index) => {
            let ambiguity = assignments.ambiguities.get(*index).expect("an ambiguity of the assignments");
            ambiguity.entries.iter().map(find_entry).collect()
        }
        Assignment::Ignored(_) | Assignment::Undeclared => Vec::new(),
    }
}

/// The principals of an audit.
#[derive(Default)]
pub(super) struct AuditPlan<'a> {
    /// The selected principals for the report, also those without a ceiling to compare with.
    pub reports: Vec<PrincipalReport>,
    /// The selected principals to evaluate.
    pub subjects: Vec<AuditedPrincipal<'a>>,
    /// Principals that are not selected. Agents may be compared with them.
    pub unselected: Vec<AuditedPrincipal<'a>>,
    /// The selected roles that an `[[ignore]]` excludes. Only trust in external principals is checked.
    pub ignored: Vec<AuditedPrincipal<'a>>,
    /// Whether each principal of the snapshot is selected.
    pub selected: Vec<bool>,
}

/// Plans an audit.
///
/// # Errors
/// A ceiling that cannot be resolved.
pub(super) fn plan_audit<'a>(
    inputs: &AuditInputs<'a>,
    facts: &'a PrincipalFacts<'a>,
) -> Result<AuditPlan<'a>, Diagnostics> {
    let AuditInputs { snapshot, baseline, catalog, options } = *inputs;
    let mut builder = PlanBuilder {
        inputs: *inputs,
        layer_collector: LayerCollector::new(snapshot).on_day(options.today),
        ceilings: CeilingCache::new(snapshot, catalog),
        checks: CheckPlanner::new(baseline, catalog, options),
        empty_ceiling: Arc::new(ResolvedCeiling::empty()),
        assignments: &facts.assignments,
        declared_roles: facts.find_declared_roles(baseline),
        plan: AuditPlan::default(),
    };
    // INVARIANT: the lists have one element for each principal of the snapshot.
    let evidence = facts.classifications.iter().zip(&facts.assumers);
    let principals = facts.principals.iter().zip(&facts.assignments.by_principal).zip(&facts.classes).zip(evidence);
    for ((((account, principal), assignment), class), (classification, assumers)) in principals {
        builder.add(AssignedPrincipal { account, principal, assignment, class: *class, classification, assumers })?;
    }
    Ok(builder.plan)
}

/// A principal with its assignment and evidence.
struct AssignedPrincipal<'a> {
    account: &'a Account,
    principal: &'a Principal,
    assignment: &'a Assignment,
    class: InferredClass,
    classification: &'a Classification,
    assumers: &'a [Assumer],
}

struct PlanBuilder<'a> {
    inputs: AuditInputs<'a>,
    layer_collector: LayerCollector<'a>,
    ceilings: CeilingCache<'a>,
    checks: CheckPlanner<'a>,
    empty_ceiling: Arc<ResolvedCeiling>,
    assignments: &'a Assignments,
    declared_roles: DeclaredRoles<'a>,
    plan: AuditPlan<'a>,
}

impl<'a> PlanBuilder<'a> {
    fn add(&mut self, assigned: AssignedPrincipal<'a>) -> Result<(), Diagnostics> {
        let AssignedPrincipal { account, principal, assignment, class, classification, assumers } = assigned;
        let AuditInputs { snapshot, baseline, options, .. } = self.inputs;
        let entries = find_entries(baseline, self.assignments, assignment);
        let single_entry = if let [entry] = entries.as_slice() { Some(*entry) } else { None };
        let principal_ref = PrincipalRef {
            arn: principal.arn.as_str().to_owned(),
            name: principal.name.clone(),
            kind: find_status(assignment, single_entry),
            owner: single_entry.and_then(|entry| entry.owner.clone()),
            entry: single_entry.map(|entry| entry.name.value.clone()),
            account: account.id.as_str().to_owned(),
            account_name: snapshot.account_name(&account.id).map(str::to_owned),
            place: principal.place.clone(),
        };
        let is_selected = options.selects_principal(&principal_ref);
        self.plan.selected.push(is_selected);
        if is_selected {
            self.plan.reports.push(build_report(&principal_ref, assignment));
        }
        let is_ignored = matches!(assignment, Assignment::Ignored(_));
        let is_trust_checked = is_selected
            && matches!(assignment, Assignment::Ignored(IgnoreReason::Ignore(_)))
            && principal.entity_kind != IamEntityKind::User;
        if is_ignored && !is_trust_checked {
            return Ok(());
        }
        let (ceiling, checks) = match is_selected && !is_ignored {
            false => (Arc::clone(&self.empty_ceiling), Vec::new()),
            true => {
                let ceiling = match entries.as_slice() {
                    [] => Arc::clone(&self.empty_ceiling),
                    entries => self.declared_roles.extend_ceiling(
                        self.ceilings.resolve_entries(entries, account)?,
                        principal,
                        self.layer_collector.find_roles_naming(principal),
                    ),
                };
                let checks = self.checks.plan_checks(&entries, class, (account, principal), &mut self.ceilings)?;
                (ceiling, checks)
            }
        };
        let planned =
            PlannedPrincipal { account, principal, principal_ref, entries, classification, assumers, ceiling, checks };
        let mut subject = AuditedPrincipal::collect(snapshot, &self.layer_collector, planned);
        if is_selected && !is_ignored {
            subject.path_guards = self.checks.plan_path_guards(subject.entries());
        }
        if is_ignored {
            // Its access is not examined, so that the documents that decide it do not matter.
            subject.missing_documents.clear();
        }
        let list = match (is_ignored, is_selected) {
            (true, _) => &mut self.plan.ignored,
            (false, true) => &mut self.plan.subjects,
            (false, false) => &mut self.plan.unselected,
        };
        list.push(subject);
        Ok(())
    }
}

fn build_report(principal: &PrincipalRef, assignment: &Assignment) -> PrincipalReport {
    let status = match assignment {
        Assignment::Declared(_) => PrincipalStatus::AsDeclared,
        Assignment::Ignored(_) => PrincipalStatus::Ignored,
        Assignment::Undeclared => PrincipalStatus::Undeclared,
        Assignment::Ambiguous(_) => PrincipalStatus::Ambiguous,
    };
    PrincipalReport {
        arn: principal.arn.clone(),
        kind: principal.kind,
        owner: principal.owner.clone(),
        entry: principal.entry.clone(),
        account: principal.account.clone(),
        account_name: principal.account_name.clone(),
        status,
    }
}

fn find_status(assignment: &Assignment, entry: Option<&Entry>) -> DeclaredClass {
    match assignment {
        Assignment::Declared(_) | Assignment::Undeclared => {
            entry.map_or(DeclaredClass::Undeclared, |entry| DeclaredClass::Declared(entry.class))
        }
        Assignment::Ignored(IgnoreReason::Ignore(_)) => DeclaredClass::Ignored,
        Assignment::Ignored(IgnoreReason::ServiceLinked) => DeclaredClass::ServiceLinked,
        Assignment::Ambiguous(_) => DeclaredClass::Ambiguous,
    }
}
