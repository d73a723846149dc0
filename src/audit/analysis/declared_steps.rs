//! Which steps of an escalation path are declared: they assume a role whose `assumable_by` covers the request.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::{Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use crate::baseline::{Assignment, Assignments, Baseline, DeclaredAssumers};
use crate::iam::{Arn, Interpretation, PolicyDocument};
use crate::reach::{Graph, NodeState, ProvenStep};
use crate::solve::UndecidedReason;
use crate::trust::allow_declared_assumption;

/// The declared assumers of the principals of a snapshot.
pub(super) struct DeclaredSteps<'a> {
    /// By principal, in the order of the snapshot: those of each entry that matches it. Empty if an entry declares none.
    assumers: Vec<Vec<&'a DeclaredAssumers>>,
}

impl<'a> DeclaredSteps<'a> {
    pub fn new(baseline: &'a Baseline, assignments: &Assignments) -> DeclaredSteps<'a> {
        let of_entries = |entries: &[usize]| -> Option<Vec<&DeclaredAssumers>> {
            entries.iter().map(|entry| baseline.entries.get(*entry)?.assumable_by.as_ref()).collect()
        };
        let assumers_of = |assignment: &Assignment| match assignment {
            Assignment::Declared(entry) => of_entries(&[*entry]).unwrap_or_default(),
            Assignment::Ambiguous(index) => {
                let ambiguity = assignments.ambiguities.get(*index);
                ambiguity.and_then(|ambiguity| of_entries(&ambiguity.entries)).unwrap_or_default()
            }
            Assignment::Ignored(_) | Assignment::Undeclared => Vec::new(),
        };
        DeclaredSteps { assumers: assignments.by_principal.iter().map(assumers_of).collect() }
    }

    /// Whether some request of a state that assumes a role is declared.
    pub fn may_be_declared(&self, graph: &Graph<'_>, from: &NodeState, to: &NodeState) -> bool {
        let declared = self.list_documents(graph, from, to);
        !declared.is_empty() && declared.iter().all(Option::is_some)
    }

    /// Whether a step is declared.
    pub fn is_declared(&self, graph: &Graph<'_>, step: &ProvenStep) -> bool {
        let declared = self.list_documents(graph, &step.from, &step.to);
        let is_covered = |document: &Option<Arc<PolicyDocument>>| {
            document.as_ref().is_some_and(|document| step.requests.iter().all(|step| allows(document, &step.request)))
        };
        step.is_role_assumption() && !declared.is_empty() && declared.iter().all(is_covered)
    }

    /// Replaces the request of a declared step by one that is not declared, if the step can be taken with one.
    ///
    /// # Errors
    /// Why that is undecided.
    pub fn choose_undeclared_request(
        &self,
        graph: &Graph<'_>,
        step: &mut ProvenStep,
    ) -> Result<(), BTreeSet<UndecidedReason>> {
        if !self.is_declared(graph, step) {
            return Ok(());
        }
        for document in self.list_documents(graph, &step.from, &step.to).into_iter().flatten() {
            // Without a condition, every request is declared.
            let is_conditional = document.statements.iter().all(|statement| !statement.conditions.is_empty());
            if is_conditional && let Some(other) = graph.find_other_assumption(step, &document)? {
                step.requests = vec![other];
                return Ok(());
            }
        }
        Ok(())
    }

    /// The declared requests of a step that assumes a role, one document for each entry of the role. None for an entry
    /// that does not list the principal.
    fn list_documents(&self, graph: &Graph<'_>, from: &NodeState, to: &NodeState) -> Vec<Option<Arc<PolicyDocument>>> {
        let lists = self.assumers.get(to.principal).map(Vec::as_slice).unwrap_or_default();
        let arn = |state: &NodeState| Arn::parse(graph.state_arn(state));
        let Some((role, caller)) = arn(to).zip(arn(from)) else { return Vec::new() };
        lists.iter().map(|declared| allow_declared_assumption(&declared.assumers, &role, &caller)).collect()
    }
}

fn allows(document: &Arc<PolicyDocument>, request: &Request) -> bool {
    let policy = PolicyRef::new("assumable_by", PolicyOrigin::Given, Arc::clone(document));
    evaluate(&Layers::from_identity(vec![policy]), request, &|_| false, Interpretation::default()).is_allowed()
}
