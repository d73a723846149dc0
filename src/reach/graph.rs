//! The graph of becoming: everyone of a snapshot, and what each may do to become another.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use fixedbitset::FixedBitSet;
use jiff::civil::Date;

use super::assume::assumable;
use super::being::{Being, Change, Node};
use super::bounds::{at_least, is_within, unknown_actions};
use super::clock::Clock;
use super::decides::Decides;
use super::edges::{Edges, Shared, Steps};
use super::kinds::{Kinds, managed};
use super::memo::Memo;
use super::power::{BUDGET, Power, own_branches};
use super::something::Others;
use super::trusting::Trusting;
use super::universe::Universe;
use crate::access::{KnownContext, Layers, PolicyRef, PrincipalType};
use crate::catalog::ActionId;
use crate::iam::{ContextKey, Partition};
use crate::snapshot::Snapshot;
use crate::solve::{Access, Depth, Question, Solver, Undecided, World};
use crate::trust::Trust;

/// The graph of becoming, worked out as far as it is asked about.
pub struct Graph<'a> {
    pub(super) solver: &'a Solver<'a>,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) clock: Clock,
    /// Everyone, by position in the snapshot.
    pub(super) principals: Universe,
    /// The groups of all accounts: account, and position among its groups.
    pub(super) groups: Universe,
    pub(super) group_at: Vec<(usize, usize)>,
    /// The customer managed policies that someone has.
    pub(super) policies: Universe,
    pub(super) trusting: Trusting,
    pub(super) kinds: Kinds,
    pub(super) others: Others,
    /// Whether actions are allowed on things: the action, what counts of the thing, and what decides.
    pub(super) answers: Memo<((ActionId, String), Decides), Arc<Answer>>,
    /// The steps that those who are alike have in common.
    shared: Memo<(usize, PrincipalType, bool, Decides), Arc<Shared>>,
    edges: Memo<Being, Arc<Edges>>,
    /// The roles that each principal may assume, and what could not be decided of others.
    assumed: Memo<usize, Arc<(FixedBitSet, BTreeSet<Undecided>)>>,
    /// The classes of those who are alike, by number and by what decides.
    pub(super) class_of: Memo<Being, usize>,
    pub(super) class_by: Memo<(String, Decides), usize>,
    pub(super) classes: AtomicUsize,
    most: Vec<OnceLock<Most>>,
}

impl<'a> Graph<'a> {
    /// The graph of a snapshot, as of a day.
    pub fn new(solver: &'a Solver<'a>, snapshot: &'a Snapshot, today: Date) -> Graph<'a> {
        let nodes = Node::all(snapshot);
        let principals = Universe::new(nodes.iter().map(|node| node.principal.arn.as_str().to_owned()).collect());
        let trusting = Trusting::of(&nodes, &principals, &Trust::new(solver, snapshot));
        let mut group_at = Vec::new();
        let mut group_arns = Vec::new();
        for (at, account) in snapshot.accounts.iter().enumerate() {
            for (position, group) in account.groups.iter().enumerate() {
                group_at.push((at, position));
                group_arns.push(group.arn.as_str().to_owned());
            }
        }
        let groups = Universe::new(group_arns);
        let policies = Universe::new(customer_policies(snapshot));
        let kinds = Kinds::of(snapshot, &nodes, &principals, &groups, &policies);
        let most = nodes.iter().map(|_| OnceLock::new()).collect();
        Graph {
            solver,
            clock: Clock::on(today),
            principals,
            groups,
            group_at,
            policies,
            trusting,
            kinds,
            others: Others::new(solver.catalog),
            answers: Memo::default(),
            shared: Memo::default(),
            edges: Memo::default(),
            assumed: Memo::default(),
            class_of: Memo::default(),
            class_by: Memo::default(),
            classes: AtomicUsize::new(0),
            most,
            nodes,
        }
    }

    /// How many principals there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Someone's ARN.
    pub fn arn(&self, principal: usize) -> &str {
        self.principals.arn(principal)
    }

    /// The position of the principal of that ARN.
    pub fn find(&self, arn: &str) -> Option<usize> {
        self.principals.find(arn)
    }

    /// What someone may do.
    pub(super) fn power(&self, being: &Being) -> Option<Power<'_>> {
        let node = self.nodes.get(being.principal)?;
        let layers = node.layers_after(&being.change);
        let account = node.account.id.as_str();
        Some(Power::new(self.solver, &self.clock, layers, &node.known, node.account.partition, account))
    }

    /// Whom a principal can become in one step, worked out once.
    pub(super) fn edges(&self, being: &Being) -> Arc<Edges> {
        self.edges.of(being.clone(), || match self.power(being) {
            Some(power) => Arc::new(Edges::of(self, being, &power)),
            None => Arc::new(Edges::none(self)),
        })
    }

    /// The steps that a principal has in common with all who are alike, worked out once.
    pub(super) fn shared(&self, steps: &Steps<'_>) -> Arc<Shared> {
        let power = steps.power;
        let account = self.kinds.account_of.get(steps.being.principal).copied().unwrap_or_default();
        let kind = power.layers.principal.principal_type;
        let bound = power.layers.boundary.is_some();
        let known = |key: &ContextKey| power.known.of(key);
        let mut decides = Decides::new(&own_branches(&power.access), power.partition, known);
        self.trusting.asked_of_all(power.account).for_each(|one| decides.add(one, &known));
        self.shared.of((account, kind, bound, decides), || Arc::new(Shared::of(steps)))
    }

    /// Whether a principal may assume a role, as both are.
    ///
    /// # Errors
    /// What could not be decided of the roles that it does not assume for certain.
    pub fn assumes(&self, principal: usize, role: usize) -> Result<bool, BTreeSet<Undecided>> {
        let assumed = self.assumed.of(principal, || {
            let being = Being { principal, change: Change::default() };
            let mut undecided = BTreeSet::new();
            let roles = self.power(&being).map(|power| assumable(self, &being, &power, &mut undecided));
            Arc::new((roles.unwrap_or_default(), undecided))
        });
        match (assumed.0.contains(role), assumed.1.is_empty()) {
            (false, false) => Err(assumed.1.clone()),
            (assumes, _) => Ok(assumes),
        }
    }
}

/// What someone may do at the most, by actions, and how many these are.
#[derive(Clone, Default)]
pub(super) struct Most {
    pub(super) actions: Arc<FixedBitSet>,
    pub(super) count: usize,
    /// Whether its policies name no action that the catalog does not know.
    pub(super) is_all: bool,
}

/// What was answered to a question.
pub(super) struct Answer {
    pub(super) allowed: bool,
    pub(super) undecided: Vec<Undecided>,
}

/// What gives a role an instance profile.
pub(super) const MAKES_PROFILES: [&str; 2] = ["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"];

/// The customer managed policies, by ARN: those of principals and groups, boundaries, and all that can be attached.
fn customer_policies(snapshot: &Snapshot) -> Vec<String> {
    let mut arns: BTreeSet<&str> = BTreeSet::new();
    for account in &snapshot.accounts {
        let of_principals = account.principals.iter().flat_map(|principal| &principal.identity);
        arns.extend(of_principals.chain(account.groups.iter().flat_map(|group| &group.identity)).filter_map(managed));
        arns.extend(account.principals.iter().filter_map(|principal| Some(principal.boundary.as_ref()?.arn.as_str())));
        arns.extend(account.policies.keys().map(String::as_str));
    }
    arns.into_iter().filter(|arn| !arn.contains(":iam::aws:")).map(str::to_owned).collect()
}

impl Graph<'_> {
    /// What a principal may do at the most, by actions.
    pub(super) fn at_most(&self, principal: usize) -> Most {
        let work = || {
            let being = Being { principal, change: Change::default() };
            let Some(power) = self.power(&being) else { return Most::default() };
            let is_all = unknown_actions(self.solver, &power.access).is_some_and(|unknown| unknown.is_empty());
            Most { count: power.most.count_ones(..), actions: Arc::new(power.most), is_all }
        };
        self.most.get(principal).map_or_else(Most::default, |cell| cell.get_or_init(work).clone())
    }
}

/// What a question about someone needs.
impl Graph<'_> {
    /// Someone's layers, the access that they make, and the policies that its tags speak of.
    pub fn layers_of(&self, being: &Being) -> Option<(Layers, Access, Vec<PolicyRef>)> {
        self.power(being).map(|power| (power.layers, power.access, power.policies))
    }

    /// What is known of someone's requests; its partition and its account.
    pub fn known(&self, being: &Being) -> Option<(&KnownContext, Partition, &str)> {
        let node = self.nodes.get(being.principal)?;
        Some((&node.known, node.account.partition, node.account.id.as_str()))
    }

    /// The actions that an access allows for certain, whatever the resource and the condition.
    pub fn at_least(&self, access: &Access) -> FixedBitSet {
        at_least(self.solver, access)
    }

    /// Whether someone may do nothing but some actions, as far as actions alone tell.
    pub fn may_only(&self, being: &Being, actions: &FixedBitSet) -> bool {
        let most = self.at_most(being.principal);
        being.change.is_none() && most.is_all && most.actions.is_subset(actions)
    }

    /// Whether someone may do no more than an access for certain, as far as actions and common limits tell.
    pub fn is_limited_alike(&self, being: &Being, access: &Access) -> bool {
        self.power(being).is_some_and(|power| is_within(self.solver, &power.access, &power.most, access))
    }

    /// Whether some actions are all that there are: who may do these for certain has nothing to reach.
    pub fn is_everything(&self, actions: &FixedBitSet) -> bool {
        actions.count_ones(..) == self.solver.catalog.action_count()
    }
}

impl Graph<'_> {
    /// Whether someone may do what an access does not allow. Both are asked as that one.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn beyond(&self, being: &Being, access: &Access) -> Result<bool, BTreeSet<Undecided>> {
        let Some((power, (known, partition, account))) = self.power(being).zip(self.known(being)) else {
            return Ok(false);
        };
        let answer = self.solver.answer(&Question {
            effective: &power.access,
            declared: access,
            known,
            partition: Some(partition),
            world: World::Closed,
            only: None,
            budget: BUDGET,
            depth: Depth::Verdict,
            account: Some(account),
            confirm: None,
        });
        match (answer.grants.is_empty(), answer.undecided.is_empty()) {
            (false, _) => Ok(true),
            (true, true) => Ok(false),
            (true, false) => Err(answer.undecided.into_iter().collect()),
        }
    }
}
