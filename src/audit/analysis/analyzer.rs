//! The questions that are asked of one principal, and the answers. The only file here that knows how the
//! solver is asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{KnownContext, Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use crate::audit::actions::ranking::ActionRanking;
use crate::audit::actions::summary::{NamedActionSet, SummaryCache};
use crate::audit::checks::planner::Check;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::catalog::Catalog;
use crate::iam::{AccountId, Effect, Interpretation};
use crate::snapshot::{AttachmentKind, LayerKind, Snapshot};
use crate::solve::{
    Access, ActionWorld, AnswerDetail, Cube, Grant, Question, Solver, UndecidedReason, WitnessPolicy, WitnessReplay,
    build_effective_access,
};
use crate::trust::{TrustAnalysis, TrustAnalyzer};

/// Steps that one question may take.
pub(crate) const BUDGET: u64 = 4_000_000;
/// Steps for advice, which is left out rather than waited for.
const REMEDIATION_BUDGET: u64 = 200_000;
/// Of each grant so many cubes are told.
const DIFFERENCE_DETAIL: AnswerDetail =
    AnswerDetail::Difference { max_cubes: 8, witnesses: WitnessPolicy::PerStatementRequired };

/// Of a part there are many questions: each is told more briefly.
const CHECK_DETAIL: AnswerDetail =
    AnswerDetail::Difference { max_cubes: 2, witnesses: WitnessPolicy::PerStatementRequired };

/// A policy's index and a statement's in it.
pub(crate) type StatementId = (usize, usize);

/// What one statement allows beyond the other side.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatementExcess {
    /// The actions; for actions that do not exist yet, examples.
    pub actions: NamedActionSet,
    /// The difference for the witness's action.
    pub cubes: Vec<Cube>,
    /// Whether there is more of it.
    pub has_more_cubes: bool,
    /// A request that proves it.
    pub witness: Option<Request>,
}

/// What was found by statement.
pub(crate) type ExcessByStatement = BTreeMap<StatementId, StatementExcess>;

/// All answers about one principal.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrincipalAnalysis {
    /// Allowed and not declared.
    pub excess: ExcessByStatement,
    /// The same of actions that do not exist yet, by statements that are not in `excess`.
    pub future_excess: ExcessByStatement,
    /// Declared and not allowed, where that was asked.
    pub not_granted: ExcessByStatement,
    /// What could not be decided.
    pub undecided: BTreeSet<UndecidedReason>,
    /// What is allowed and not expected, by topic of the principal.
    pub check_results: Vec<ExcessByStatement>,
    /// The policies that can all go without touching what is declared: indices.
    pub removable_policies: Vec<usize>,
}

/// What a run shares.
pub(crate) struct Analyzer<'a> {
    /// The solver.
    pub solver: &'a Solver<'a>,
    /// Which rules need their question asked.
    pub wants_future_excess: bool,
    /// The same for what is declared and not allowed.
    pub wants_not_granted: bool,
    /// What to tell first.
    pub ranking: ActionRanking<'a>,
    /// What was told of large sets of actions.
    pub summary_cache: SummaryCache,
    snapshot: &'a Snapshot,
    trust_analyzer: TrustAnalyzer<'a>,
}

impl<'a> Analyzer<'a> {
    /// Asks a solver.
    pub fn new(
        solver: &'a Solver<'a>,
        snapshot: &'a Snapshot,
        ranking: ActionRanking<'a>,
        wants_future_excess: bool,
        wants_not_granted: bool,
    ) -> Analyzer<'a> {
        Analyzer {
            solver,
            snapshot,
            wants_future_excess: wants_future_excess,
            wants_not_granted: wants_not_granted,
            ranking: ranking,
            summary_cache: SummaryCache::default(),
            trust_analyzer: TrustAnalyzer::new(solver, snapshot),
        }
    }
}

impl Analyzer<'_> {
    /// What AWS defines.
    pub fn catalog(&self) -> &Catalog {
        self.solver.catalog
    }

    /// Whether resource control policies bind a service.
    pub fn is_rcp_supported(&self, service: &str) -> bool {
        self.catalog().find_service(service).is_some_and(|id| self.catalog().supports_rcp(id))
    }

    /// Who may assume the principal and is not declared.
    pub fn analyze_trust(&self, subject: &AuditedPrincipal<'_>) -> TrustAnalysis {
        let assumers =
            subject.entry.and_then(|entry| entry.assumable_by.as_ref()).map(|declared| declared.assumers.as_slice());
        let mut trust_analysis = self.trust_analyzer.find_undeclared(subject.account, subject.principal, assumers);
        if assumers.is_some() {
            let missing =
                subject.principal.missing_documents.iter().filter(|missing| missing.layer == LayerKind::Trust);
            trust_analysis.undecided.extend(missing.map(|missing| UndecidedReason::UnreadInput(missing.to_string())));
        }
        trust_analysis
    }

    /// Whether an account belongs to the snapshot or to its organization.
    pub fn is_own_account(&self, account: &str) -> bool {
        let Some(id) = AccountId::parse(account) else { return false };
        let organization = self.snapshot.organization.as_ref();
        self.snapshot.account(&id).is_some() || organization.is_some_and(|o| o.path_from_root(&id).is_some())
    }

    /// Whether an organization is that of the snapshot.
    pub fn is_own_organization(&self, id: &str) -> bool {
        self.snapshot.organization.as_ref().is_some_and(|organization| organization.id == id)
    }

    /// What the layers allow, and the policies that its tags speak of.
    pub fn compute_effective_access(&self, layers: &Layers) -> (Access, Vec<PolicyRef>) {
        build_effective_access(layers)
    }

    /// Whether a request is allowed by the principal's layers.
    pub fn is_allowed(&self, layers: &Layers, request: &Request, readings: Interpretation) -> bool {
        evaluate(layers, request, &|service| self.is_rcp_supported(service), readings).is_allowed()
    }

    /// Asks all that is to be known of a principal.
    pub fn analyze(&self, subject: &AuditedPrincipal<'_>) -> PrincipalAnalysis {
        let (effective, policies) = self.compute_effective_access(&subject.layers);
        let declared = &subject.ceiling;
        let mut analysis = PrincipalAnalysis::default();
        let replay_excess = |request: &Request, readings| {
            let (allowed, declared) = (
                self.is_allowed(&subject.layers, request, readings),
                self.is_allowed(&declared.layers, request, readings),
            );
            self.check_witness(allowed, declared, request)
        };
        let query = Query::new_difference(self, subject, &replay_excess);
        analysis.excess = query.query_existing_actions(&effective, &declared.access, &mut analysis.undecided);
        if self.wants_future_excess && subject.entry.is_some() {
            let future_candidates = effective.wildcard_grants(|tag| !analysis.excess.contains_key(&tag));
            analysis.future_excess =
                query.query_future_actions(&future_candidates, &declared.access, &mut analysis.undecided);
        }
        if self.wants_not_granted && subject.entry.is_some() {
            let replay_not_granted = |request: &Request, readings| {
                let (allowed, declared) = (
                    self.is_allowed(&subject.layers, request, readings),
                    self.is_allowed(&declared.layers, request, readings),
                );
                self.check_witness(declared, allowed, request)
            };
            // What cannot be said of a mere information makes no audit incomplete.
            let query = Query::new_difference(self, subject, &replay_not_granted);
            analysis.not_granted = query.query_existing_actions(&declared.access, &effective, &mut BTreeSet::new());
        }
        analysis.check_results = subject
            .checks
            .iter()
            .map(|check| self.run_check(subject, &effective, check, &mut analysis.undecided))
            .collect();
        if subject.entry.is_some() && subject.missing_documents.is_empty() {
            analysis.removable_policies =
                self.find_removable_policies(subject, &effective, &policies, &analysis.excess);
        }
        analysis
    }

    /// What is allowed within a part and not expected there.
    fn run_check(
        &self,
        subject: &AuditedPrincipal<'_>,
        effective: &Access,
        check: &Check,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ExcessByStatement {
        let replay = |request: &Request, readings| {
            let allowed_in_scope = self.is_allowed(&subject.layers, request, readings)
                && self.is_allowed(&check.scope.layers, request, readings);
            self.check_witness(allowed_in_scope, self.is_allowed(&check.expected.layers, request, readings), request)
        };
        let mut reasons = BTreeSet::new();
        let in_scope =
            self.solver.restrict_to_actions_of(effective, &check.scope.access).intersect(&check.scope.access);
        let query = Query { detail: CHECK_DETAIL, ..Query::new_difference(self, subject, &replay) };
        let excess = query.query_existing_actions(&in_scope, &check.expected.access, &mut reasons);
        undecided.extend(reasons.iter().map(|why| UndecidedReason::UnreadInput(format!("{}: {why}", check.name))));
        excess
    }

    /// A witness proves what is asked where one side allows it and the other does not.
    pub fn check_witness(&self, allowed: bool, expected: bool, request: &Request) -> Result<(), String> {
        match (allowed, expected) {
            (true, false) => Ok(()),
            _ => Err(format!("{} on {}", request.action, request.resource)),
        }
    }

    /// The policies behind the excess that can go, all together, while everything that is both allowed and
    /// declared stays allowed.
    fn find_removable_policies(
        &self,
        subject: &AuditedPrincipal<'_>,
        effective: &Access,
        policies: &[PolicyRef],
        excess: &ExcessByStatement,
    ) -> Vec<usize> {
        let allowed_and_declared = effective.intersect(&subject.ceiling.access);
        let mut removed: Vec<usize> = Vec::new();
        let candidates: BTreeSet<usize> = excess.keys().map(|(policy, _)| *policy).collect();
        for candidate in candidates {
            let Some(policy) = policies.get(candidate).filter(|policy| is_attachment(policy)) else { continue };
            // A policy that denies also takes away: without it the principal could do more.
            if policy.document.statements.iter().any(|s| s.effect == Effect::Deny) {
                continue;
            }
            let is_removed = |tag: usize| tag == candidate || removed.contains(&tag);
            let (at_stake, remaining) = match effective.branches.as_slice() {
                // What other policies grant stays allowed, and what is at stake passes the other layers already.
                [_] => (
                    allowed_and_declared.restrict_grants(|statement_use| is_removed(statement_use.policy_index)),
                    effective.restrict_grants(|statement_use| !is_removed(statement_use.policy_index)).grants_only(),
                ),
                _ => (allowed_and_declared.clone(), effective.exclude_policies(is_removed)),
            };
            let known_context = &subject.known_context;
            let (budget, detail) = (REMEDIATION_BUDGET, AnswerDetail::Verdict);
            let query =
                Query { analyzer: self, subject, known_context: known_context, budget, detail: detail, replay: None };
            let mut undecided = BTreeSet::new();
            if query.query_existing_actions(&at_stake, &remaining, &mut undecided).is_empty() && undecided.is_empty() {
                removed.push(candidate);
            }
        }
        removed
    }
}

/// Whether a policy can be detached from the principal, or deleted from it.
pub(crate) fn is_attachment(policy: &PolicyRef) -> bool {
    matches!(policy.origin, PolicyOrigin::Identity(AttachmentKind::Inline { .. } | AttachmentKind::Attached { .. }))
}

/// One way of asking.
pub(crate) struct Query<'a> {
    /// What the run shares.
    pub analyzer: &'a Analyzer<'a>,
    /// The principal of which it is asked.
    pub subject: &'a AuditedPrincipal<'a>,
    /// What is known of the context.
    pub known_context: &'a KnownContext,
    /// Steps that it may take.
    pub budget: u64,
    /// How much is wanted.
    pub detail: AnswerDetail,
    /// Replays witnesses.
    pub replay: Option<&'a WitnessReplay<'a>>,
}

impl<'a> Query<'a> {
    /// The whole difference, of which each witness is replayed.
    pub fn new_difference(
        analyzer: &'a Analyzer<'a>,
        subject: &'a AuditedPrincipal<'a>,
        replay: &'a WitnessReplay<'a>,
    ) -> Query<'a> {
        let known_context = &subject.known_context;
        Query {
            analyzer: analyzer,
            subject,
            known_context: known_context,
            budget: BUDGET,
            detail: DIFFERENCE_DETAIL,
            replay: Some(replay),
        }
    }

    /// What one side allows and the other does not, of the actions that exist.
    pub fn query_existing_actions(
        &self,
        left: &Access,
        right: &Access,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ExcessByStatement {
        self.run(left, right, ActionWorld::Existing, undecided)
    }

    fn query_future_actions(
        &self,
        left: &Access,
        right: &Access,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ExcessByStatement {
        if left.branches.iter().all(|branch| branch.allow_layers.iter().any(Vec::is_empty)) {
            return ExcessByStatement::new();
        }
        self.run(left, right, ActionWorld::Future, undecided)
    }

    fn run(
        &self,
        left: &Access,
        right: &Access,
        world: ActionWorld,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ExcessByStatement {
        let question = Question {
            effective: left,
            declared: right,
            known: self.known_context,
            partition: Some(self.subject.account.partition),
            world,
            single_request: None,
            budget: self.budget,
            detail: self.detail,
            witness_account: Some(self.subject.account.id.as_str()),
            replay: self.replay,
        };
        let answer = self.analyzer.solver.answer(&question);
        undecided.extend(answer.undecided);
        group_by_statement(&self.analyzer.ranking, answer.grants)
    }
}

pub(crate) fn group_by_statement(ranking: &ActionRanking<'_>, grants: Vec<Grant>) -> ExcessByStatement {
    let mut excess = ExcessByStatement::new();
    for grant in grants {
        let statement_excess: &mut StatementExcess = excess.entry(grant.statement_id).or_default();
        grant.actions.known.iter().for_each(|action| statement_excess.actions.add(*action));
        grant.actions.unknown.iter().for_each(|name| statement_excess.actions.add_name(ranking.catalog, name));
        let Some(witness) = grant.witness else { continue };
        // The solver goes by the same ranks: a statement's first witness is of its most alarming action.
        if statement_excess.witness.is_none() {
            statement_excess.cubes = grant.cubes;
            statement_excess.has_more_cubes = grant.has_more_cubes;
            statement_excess.witness = Some(witness);
        }
    }
    excess
}
