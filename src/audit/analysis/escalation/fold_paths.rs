//! Paths that begin with the same step, of which one leads to all access of the others: that one is reported, with the ends
//! of the others. A fix of the step ends them all.

use std::collections::BTreeSet;

use super::analysis::EscalationAnalysis;
use super::broader_path::BroaderPath;
use crate::access::{PolicyOrigin, PolicyRef};
use crate::reach::NodeState;
use crate::snapshot::AttachmentKind;
use crate::solve::Access;

/// A path that is reported.
struct KeptPath {
    path: BroaderPath,
    first_step: BTreeSet<String>,
    /// The principal at its end.
    end: String,
    /// The access at its end.
    access: Access,
}

impl KeptPath {
    fn passes(&self, state: &NodeState) -> bool {
        self.path.steps.iter().any(|step| step.to == *state)
    }

    /// Lists the end of another path, and the ends that it lists.
    fn fold(&mut self, other: &KeptPath) {
        for end in [&other.end].into_iter().chain(&other.path.covered_ends) {
            if *end != self.end && !self.path.covered_ends.contains(end) {
                self.path.covered_ends.push(end.clone());
            }
        }
    }
}

impl EscalationAnalysis<'_> {
    /// Folds paths to one end, and paths to different ends of which `may_fold` allows both keys.
    pub(super) fn fold_paths(&self, paths: Vec<BroaderPath>, may_fold: &dyn Fn(&str) -> bool) -> Vec<BroaderPath> {
        let mut kept: Vec<KeptPath> = Vec::new();
        for path in paths {
            let (_, access, _) = self.graph.build_layers(&path.end);
            let first_step = self.describe_first_step(&path);
            let end = self.graph.state_arn(&path.end).to_owned();
            let mut path = KeptPath { path, first_step, end, access };
            let may_cover = |one: &KeptPath, other: &KeptPath| {
                one.path.key == other.path.key
                    || (one.first_step == other.first_step && may_fold(&one.path.key) && may_fold(&other.path.key))
            };
            // Of paths to the same access, the first is the shortest.
            let covers = |other: &&mut KeptPath| may_cover(other, &path) && self.is_covered(&path, other);
            if let Some(covering) = kept.iter_mut().find(covers) {
                covering.fold(&path);
                continue;
            }
            kept.retain(|other| {
                // A principal that can write its own policies is worse than most. A longer path through it explains less.
                let is_behind =
                    path.path.key != other.path.key && other.path.end.change.grants_all && path.passes(&other.path.end);
                let is_covered = !is_behind && may_cover(other, &path) && self.is_covered(other, &path);
                if is_covered {
                    path.fold(other);
                }
                !is_covered
            });
            kept.push(path);
        }
        kept.into_iter().map(|kept| kept.path).collect()
    }

    /// Whether it is proven that the end of a path has no access beyond the end of another.
    fn is_covered(&self, path: &KeptPath, other: &KeptPath) -> bool {
        let (path, KeptPath { path: other, access: other_access, .. }) = (&path.path, other);
        // Nothing that a principal can obtain exceeds everything. These need no question.
        if self.has_all_account_access(&other.end) {
            return true;
        }
        if self.has_all_account_access(&path.end) || self.graph.has_other_actions(&path.end, &other.end) {
            return false;
        }
        let class = self.graph.equivalence_class(&path.end, other_access);
        let other_class = self.graph.equivalence_class(&other.end, other_access);
        class == other_class
            || self.covered_cache.get_or_compute((class, other_class), || {
                let witnesses = path.excess.values().filter_map(|excess| excess.witness.as_ref());
                // A request that the one is allowed and the other is denied is a proof by itself.
                !self.graph.is_denied_one_of(&path.end, &other.end, witnesses)
                    && self.graph.has_excess_over_state(&path.end, &other.end) == Ok(false)
            })
    }

    /// The first step that is not declared: who takes it, and by which statements.
    fn describe_first_step(&self, path: &BroaderPath) -> BTreeSet<String> {
        let Some(step) = path.steps.iter().find(|step| !self.is_declared_assumption(step)) else {
            return BTreeSet::new();
        };
        let grants = step.requests.iter().map(|request| match &request.granted_by {
            Some((policy, statement)) => format!("{statement} of {}", describe_policy(policy)),
            // The trust policy alone admits the principal.
            None => self.graph.state_arn(&step.to).to_owned(),
        });
        [self.graph.state_arn(&step.from).to_owned()].into_iter().chain(grants).collect()
    }
}

fn describe_policy(policy: &PolicyRef) -> String {
    let owner = match &policy.origin {
        PolicyOrigin::Identity(AttachmentKind::Attached { arn, .. } | AttachmentKind::Boundary { arn })
        | PolicyOrigin::Resource { arn } => arn.as_str(),
        PolicyOrigin::Identity(AttachmentKind::Inline { holder } | AttachmentKind::Trust { holder }) => holder.as_str(),
        PolicyOrigin::Organization { id, .. } => id.as_str(),
        PolicyOrigin::Given => "",
    };
    format!("{} of {owner}", policy.name)
}
