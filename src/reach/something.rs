//! Whether someone may do a thing on whatever there is: no target is known, any will do.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::bounds::is_on_everything;
use super::decides::Decides;
use super::graph::{Answer, Graph, MAKES_PROFILES};
use super::power::{BUDGET, Power, Side, speaking};
use super::rule::paths;
use crate::access::settled;
use crate::catalog::{ActionId, Catalog};
use crate::iam::{DocumentKind, PolicyDocument};
use crate::solve::{Access, Allowing, Branch, Depth, Question, Undecided, World, everything};
use crate::source::SourceFile;

/// For each action that paths ask on whatever there is a policy that allows all others.
pub(super) struct Others(FxHashMap<ActionId, Arc<PolicyDocument>>);

impl Others {
    pub(super) fn new(catalog: &Catalog) -> Others {
        let of_paths = paths().iter().filter(|path| !path.is_on_target()).flat_map(|path| &path.needs);
        let needs: BTreeSet<&str> = of_paths.map(String::as_str).chain(MAKES_PROFILES).collect();
        Others(needs.into_iter().filter_map(|need| Some((catalog.find_action(need)?, all_but(need)))).collect())
    }
}

/// A policy that allows every action but one.
pub(super) fn all_but(action: &str) -> Arc<PolicyDocument> {
    let statement = serde_json::json!({ "Effect": "Allow", "NotAction": action, "Resource": "*" });
    let text = serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let source = SourceFile::new("all other actions", text);
    Arc::new(PolicyDocument::parse(&source, DocumentKind::Identity).expect("a valid document"))
}

/// How far what is known tells whether a statement matches.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Matches {
    Always,
    Never,
    Sometimes,
}

impl Graph<'_> {
    /// Whether someone may do something that a path needs, on whatever there is.
    pub(super) fn may_on_something(
        &self,
        power: &Power<'_>,
        action: &str,
        undecided: &mut BTreeSet<Undecided>,
    ) -> bool {
        let Some(id) = self.solver.catalog.find_action(action) else { return false };
        let Some(others) = self.others.0.get(&id).filter(|_| power.most.contains(id.0 as usize)) else { return false };
        let access = speaking(self.solver, &power.access, id, Side::Own, power.layers.boundary.is_some());
        let branches: Vec<Branch> = access.branches.into_iter().filter_map(|branch| left(power, branch)).collect();
        if branches.iter().any(|branch| branch.require.is_empty() && branch.forbid.is_empty()) {
            return true;
        }
        let met = |mut branch: Branch| {
            if branch.require.is_empty() {
                branch.require.push(everything());
            }
            branch
        };
        let access = Access { branches: branches.into_iter().map(met).collect() };
        if access.branches.is_empty() {
            return false;
        }
        let asked = (id, "something".to_owned());
        let decides = Decides::new(&access.branches, power.partition, |key| power.known.of(key));
        let answer = self.answers.of((asked, decides), || {
            let answer = self.solver.answer(&Question {
                effective: &access,
                declared: &Access::of_policies([(others, 0)]),
                known: power.known,
                partition: Some(power.partition),
                world: World::Closed,
                only: None,
                budget: BUDGET,
                depth: Depth::Verdict,
                account: Some(power.account),
                confirm: None,
            });
            Arc::new(Answer { allowed: !answer.grants.is_empty(), undecided: answer.undecided })
        });
        undecided.extend(answer.undecided.iter().cloned());
        answer.allowed
    }
}

/// What of a branch decides; none where it allows nothing.
fn left(power: &Power<'_>, branch: Branch) -> Option<Branch> {
    let mut require = Vec::with_capacity(branch.require.len());
    for mut list in branch.require {
        if list.iter().any(|one| matches(power, one) == Matches::Always) {
            continue;
        }
        list.retain(|one| matches(power, one) != Matches::Never);
        if list.is_empty() {
            return None;
        }
        require.push(list);
    }
    let mut forbid = branch.forbid;
    if forbid.iter().any(|one| matches(power, one) == Matches::Always) {
        return None;
    }
    forbid.retain(|one| matches(power, one) != Matches::Never);
    Some(Branch { require, forbid, except: Vec::new() })
}

fn matches(power: &Power<'_>, one: &Allowing) -> Matches {
    let Some(statement) = one.statement() else { return Matches::Never };
    let mut always = is_on_everything(statement);
    for condition in &statement.conditions {
        match settled(condition, &power.known.of(&condition.key)) {
            Some(true) => {}
            Some(false) => return Matches::Never,
            None => always = false,
        }
    }
    if always { Matches::Always } else { Matches::Sometimes }
}
