//! The attack graph, which of its steps are declared, and the answers that principals share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::shared_excess::SharedExcess;
use crate::access::find_missing_documents;
use crate::audit::analysis::declared_steps::DeclaredSteps;
use crate::audit::model::finding_key::{KeyPart, build_principal_key};
use crate::audit::model::rule_id::RuleId;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::base::cache::Cache;
use crate::baseline::{Assignments, Baseline};
use crate::reach::{EquivalenceClass, Graph, NodeState, PathStep, ProvenStep};
use crate::snapshot::{Account, LayerKind, MissingDocument, Principal, Snapshot};
use crate::solve::Access;

/// The attack graph, and which of its steps are declared.
pub(crate) struct EscalationAnalysis<'a> {
    pub(crate) graph: Graph<'a>,
    snapshot: &'a Snapshot,
    /// The principals, in the order of the snapshot.
    principals: Vec<(&'a Account, &'a Principal)>,
    pub(super) declared_steps: DeclaredSteps<'a>,
    /// The position of each principal in the snapshot, by ARN.
    positions: BTreeMap<&'a str, usize>,
    /// The access of a state beyond a ceiling. Principals with the same ceiling share the answers.
    pub(super) excess_cache: Cache<StateAndCeiling, SharedExcess>,
    /// Whether the first state has no access beyond the second.
    pub(super) covered_cache: Cache<(EquivalenceClass, EquivalenceClass), bool>,
    all_access_cache: Cache<EquivalenceClass, bool>,
    /// The number of questions about ends of paths.
    pub(super) end_questions: AtomicUsize,
}

/// The equivalence class of a state, and the address of a ceiling.
///
/// INVARIANT: the audited principals hold the ceilings in `Arc`s that outlive the caches.
type StateAndCeiling = (EquivalenceClass, usize);

impl<'a> EscalationAnalysis<'a> {
    pub(crate) fn new(
        graph: Graph<'a>,
        snapshot: &'a Snapshot,
        baseline: &'a Baseline,
        assignments: &Assignments,
    ) -> EscalationAnalysis<'a> {
        let positions = snapshot.principals().enumerate().map(|(i, (_, p))| (p.arn.as_str(), i)).collect();
        EscalationAnalysis {
            graph,
            snapshot,
            principals: snapshot.principals().collect(),
            declared_steps: DeclaredSteps::new(baseline, assignments),
            positions,
            excess_cache: Cache::default(),
            covered_cache: Cache::default(),
            all_access_cache: Cache::default(),
            end_questions: AtomicUsize::new(0),
        }
    }

    /// How many questions about ends of paths were asked.
    pub(crate) fn count_end_questions(&self) -> usize {
        self.end_questions.load(Ordering::Relaxed)
    }

    /// The position of an audited principal.
    pub(super) fn find_position(&self, subject: &AuditedPrincipal<'_>) -> usize {
        // INVARIANT: audited principals come from the snapshot of the graph.
        *self.positions.get(subject.principal.arn.as_str()).expect("a principal of the snapshot")
    }

    /// The key of the finding about a path.
    pub(super) fn build_key(&self, subject: &AuditedPrincipal<'_>, end: &NodeState) -> String {
        let end = self.graph.state_arn(end);
        let part = match end == subject.principal.arn.as_str() {
            true => KeyPart::PathToItself,
            false => KeyPart::PathEnd(end),
        };
        build_principal_key(RuleId::Escalation, &subject.principal_ref, part)
    }

    /// Whether a state has everything that its account allows. What it can obtain is no further gain.
    pub(super) fn has_all_account_access(&self, state: &NodeState) -> bool {
        let class = self.graph.equivalence_class(state, &Access::default());
        self.all_access_cache.get_or_compute(class, || self.graph.has_all_account_access(state))
    }

    /// Whether a state has everything that policies of its account can allow: all that the account allows, or its own policies
    /// to write without a permissions boundary.
    pub(super) fn has_everything(&self, state: &NodeState) -> bool {
        let is_unlimited = || state.change.grants_all && self.graph.build_layers(state).0.boundary.is_none();
        self.has_all_account_access(state) || is_unlimited()
    }

    /// Whether a step is declared: it assumes a role whose `assumable_by` covers the request.
    pub(crate) fn is_declared_assumption(&self, step: &ProvenStep) -> bool {
        self.declared_steps.is_declared(&self.graph, step)
    }

    /// Whether a step that is not proven may be declared if it assumes a role.
    pub(super) fn may_be_declared(&self, step: &PathStep) -> bool {
        step.to.change.is_unchanged()
            && step.from.principal != step.to.principal
            && self.declared_steps.may_be_declared(&self.graph, &step.from, &step.to)
    }

    /// The missing documents that could deny a step of a path.
    pub(super) fn find_missing_documents(&self, states: &[NodeState]) -> Vec<MissingDocument> {
        let can_deny = |missing: &MissingDocument| {
            !matches!(missing.layer, LayerKind::Identity | LayerKind::Trust | LayerKind::Resource)
        };
        let on_path = states.iter().filter_map(|state| self.principals.get(state.principal));
        let missing_documents =
            on_path.flat_map(|(account, principal)| find_missing_documents(self.snapshot, account, principal));
        missing_documents.filter(can_deny).collect()
    }
}
