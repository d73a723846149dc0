//! Queries the solver about a principal: its excess, its missing access, its checks, the policies that it does not need.
//! The only file of the audit that builds a [`Question`].

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;

use super::principal_analysis::PrincipalAnalysis;
use super::replay_decisions::ReplayDecisions;
use crate::access::{KnownContext, Layers, PolicyRef, Request, evaluate};
use crate::audit::actions::by_statement::{ExcessByStatement, group_by_statement};
use crate::audit::actions::ranking::ActionRanking;
use crate::audit::actions::summary::SummaryCache;
use crate::audit::model::statement_edit::NarrowedStatement;
use crate::audit::subject::attachment::is_attachment;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::check::Check;
use crate::audit::subject::content_digest::compute_snapshot_digest;
use crate::base::cache::Cache;
use crate::catalog::Catalog;
use crate::iam::{AccountId, Effect, Interpretation, Partition, PolicyDocument};
use crate::snapshot::{LayerKind, Snapshot};
use crate::solve::budget::{AUDIT_STEPS, REMEDIATION_STEPS};
use crate::solve::{
    Access, ActionWorld, AnswerDetail, PolicyIndex, Question, Solver, UndecidedReason, WitnessPolicy, WitnessReplay,
    build_effective_access,
};
use crate::trust::{TrustAnalysis, TrustAnalyzer};

/// The detail of the comparison with the ceiling.
const DIFFERENCE_DETAIL: AnswerDetail =
    AnswerDetail::Difference { max_cubes: 8, witnesses: WitnessPolicy::PerStatementRequired };
/// The detail of checks and of escalation paths, of which a principal can have many.
pub(crate) const BRIEF_DETAIL: AnswerDetail =
    AnswerDetail::Difference { max_cubes: 2, witnesses: WitnessPolicy::PerStatementRequired };
/// Which actions are in excess, without requests.
pub(crate) const OUTLINE_DETAIL: AnswerDetail =
    AnswerDetail::Difference { max_cubes: 0, witnesses: WitnessPolicy::None };

/// Which optional queries an audit needs.
#[derive(Clone, Copy)]
pub(crate) struct AnalysisOptions {
    /// Whether to query future actions.
    pub future_excess: bool,
    /// Whether to query what is declared and not allowed.
    pub not_granted: bool,
    /// The day of all requests. `None` for any time.
    pub day: Option<Date>,
}

/// The addresses of a document and of a ceiling, and the position of a statement.
///
/// INVARIANT: the audited principals hold documents and ceilings in `Arc`s that outlive the cache.
type NarrowingKey = (usize, usize, usize);

/// What the queries of an audit share.
pub(crate) struct Analyzer<'a> {
    /// The solver.
    pub solver: &'a Solver<'a>,
    /// The ranking of actions.
    pub ranking: ActionRanking<'a>,
    /// The summaries of large sets of actions.
    pub summary_cache: SummaryCache,
    /// The statements of policies without what a ceiling does not declare.
    pub narrowed_statements: Cache<NarrowingKey, Option<Arc<NarrowedStatement>>>,
    options: AnalysisOptions,
    snapshot: &'a Snapshot,
    snapshot_digest: OnceLock<String>,
    /// Who can assume each role.
    pub trust_analyzer: TrustAnalyzer<'a>,
}

impl<'a> Analyzer<'a> {
    /// An analyzer over a snapshot.
    pub fn new(
        solver: &'a Solver<'a>,
        snapshot: &'a Snapshot,
        ranking: ActionRanking<'a>,
        options: AnalysisOptions,
    ) -> Analyzer<'a> {
        let trust_analyzer = TrustAnalyzer::new(solver, snapshot);
        Analyzer {
            solver,
            ranking,
            summary_cache: SummaryCache::default(),
            narrowed_statements: Cache::default(),
            options,
            snapshot,
            snapshot_digest: OnceLock::new(),
            trust_analyzer: match options.day {
                Some(day) => trust_analyzer.on_day(day),
                None => trust_analyzer,
            },
        }
    }
}

impl Analyzer<'_> {
    /// The service catalog.
    pub fn catalog(&self) -> &Catalog {
        self.solver.catalog
    }

    /// The snapshot.
    pub fn snapshot(&self) -> &Snapshot {
        self.snapshot
    }

    /// The content id of what was read about all principals.
    pub fn snapshot_digest(&self) -> &str {
        self.snapshot_digest.get_or_init(|| compute_snapshot_digest(self.snapshot))
    }

    /// Whether a service supports resource control policies.
    pub fn is_rcp_supported(&self, service: &str) -> bool {
        self.catalog().find_service(service).is_some_and(|id| self.catalog().supports_rcp(id))
    }

    /// Whether an account is in the snapshot or in its organization.
    pub fn is_own_account(&self, account: &str) -> bool {
        let Some(id) = AccountId::parse(account) else { return false };
        let organization = self.snapshot.organization.as_ref();
        self.snapshot.account(&id).is_some() || organization.is_some_and(|o| o.path_from_root(&id).is_some())
    }

    /// Whether an organization is the one of the snapshot.
    pub fn is_own_organization(&self, id: &str) -> bool {
        self.snapshot.organization.as_ref().is_some_and(|organization| organization.id == id)
    }

    /// What the layers allow, and the policies that statement ids refer to.
    pub fn compute_effective_access(&self, layers: &Layers) -> (Access, Vec<PolicyRef>) {
        build_effective_access(layers)
    }

    /// Whether the layers allow a request.
    pub fn is_allowed(&self, layers: &Layers, request: &Request, interpretation: Interpretation) -> bool {
        evaluate(layers, request, &|service| self.is_rcp_supported(service), interpretation).is_allowed()
    }

    /// The principals that can assume the role, and that are neither declared nor admitted by an accepted trust policy.
    pub fn analyze_trust(&self, subject: &AuditedPrincipal<'_>, accepted: &[Arc<PolicyDocument>]) -> TrustAnalysis {
        let find_undeclared =
            |assumers| self.trust_analyzer.find_unaccepted(subject.account, subject.principal, assumers, accepted);
        // A request must be declared by each entry that declares assumers.
        let declared = subject.entries().filter_map(|entry| entry.assumable_by.as_ref());
        let results = declared.map(|declared| find_undeclared(Some(declared.assumers.as_slice())));
        let mut trust_analysis = results
            .reduce(|mut merged, result| {
                merged.merge(result);
                merged
            })
            .unwrap_or_else(|| find_undeclared(None));
        let missing = subject.principal.missing_documents.iter().filter(|missing| missing.layer == LayerKind::Trust);
        trust_analysis.undecided.extend(missing.map(UndecidedReason::from));
        trust_analysis
    }

    /// Whether an account may administer the organization. True if the snapshot does not say that.
    pub fn may_administer_organization(&self, account: &AccountId) -> bool {
        self.snapshot.organization.as_ref().is_none_or(|organization| organization.may_be_administrator(account))
    }

    /// Whether the snapshot has an organization.
    pub fn has_organization(&self) -> bool {
        self.snapshot.organization.is_some()
    }

    /// Runs all queries about a principal.
    pub fn analyze(&self, subject: &AuditedPrincipal<'_>) -> PrincipalAnalysis {
        let (effective, policies) = self.compute_effective_access(&subject.layers);
        let ceiling = &subject.ceiling;
        let mut analysis = PrincipalAnalysis::default();
        let replay_excess = |request: &Request, interpretation| {
            let allowed = self.is_allowed(&subject.layers, request, interpretation);
            let expected = ceiling.allows(|layers| self.is_allowed(layers, request, interpretation));
            ReplayDecisions { allowed, expected }.check_excess(request)
        };
        let query = Query::new_difference(self, Requester::from_subject(subject), &replay_excess);
        analysis.excess = query.find_excess(&effective, &ceiling.access).collect_into(&mut analysis.undecided);
        if self.options.future_excess && subject.entry.is_some() {
            let future_candidates = effective.wildcard_grants(|id| !analysis.excess.contains_key(&id));
            analysis.future_excess = query
                .find_excess_in(&future_candidates, &ceiling.access, ActionWorld::Future)
                .collect_into(&mut analysis.undecided);
        }
        if self.options.not_granted && subject.entry.is_some() {
            analysis.not_granted = self.find_not_granted(subject, &effective);
        }
        let checks = subject.checks.iter();
        analysis.check_results =
            checks.map(|check| self.run_check(subject, &effective, check, &mut analysis.undecided)).collect();
        if subject.entry.is_some() && subject.missing_documents.is_empty() {
            analysis.removable_policies =
                self.find_removable_policies(subject, &effective, &policies, &analysis.excess);
        }
        analysis
    }

    /// What is declared and not allowed. The finding (IAM011) is for information only, so its undecided parts do not make
    /// the audit incomplete.
    fn find_not_granted(&self, subject: &AuditedPrincipal<'_>, effective: &Access) -> ExcessByStatement {
        let ceiling = &subject.ceiling;
        let replay = |request: &Request, interpretation| {
            let allowed = self.is_allowed(&ceiling.layers, request, interpretation);
            ReplayDecisions { allowed, expected: self.is_allowed(&subject.layers, request, interpretation) }
                .check_excess(request)
        };
        let query = Query::new_difference(self, Requester::from_subject(subject), &replay);
        query.find_excess(&ceiling.own_access(), effective).excess
    }

    /// Everything that a principal is allowed to do, without undecided parts. It describes findings that other queries
    /// decide.
    pub fn find_all_allowed(&self, subject: &AuditedPrincipal<'_>, access: &Access) -> ExcessByStatement {
        let replay = |request: &Request, interpretation| {
            let allowed = self.is_allowed(&subject.layers, request, interpretation);
            ReplayDecisions { allowed, expected: false }.check_excess(request)
        };
        let query = Query::new_difference(self, Requester::from_subject(subject), &replay);
        query.find_excess(access, &Access::default()).excess
    }

    /// What is allowed in the scope of a check and not expected there.
    fn run_check(
        &self,
        subject: &AuditedPrincipal<'_>,
        effective: &Access,
        check: &Check,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ExcessByStatement {
        let replay = |request: &Request, interpretation| {
            let is_allowed = |layers| self.is_allowed(layers, request, interpretation);
            ReplayDecisions {
                allowed: is_allowed(&subject.layers) && is_allowed(&check.scope.layers),
                expected: is_allowed(&check.expected.layers),
            }
            .check_excess(request)
        };
        let in_scope =
            self.solver.restrict_to_actions_of(effective, &check.scope.access).intersect(&check.scope.access);
        let query = Query::new_difference(self, Requester::from_subject(subject), &replay).with_detail(BRIEF_DETAIL);
        let answer = query.find_excess(&in_scope, &check.expected.access);
        let reasons = answer.undecided.into_iter();
        let in_check = |reason| UndecidedReason::Check { name: check.name.clone(), reason: Box::new(reason) };
        undecided.extend(reasons.map(in_check));
        answer.excess
    }

    /// The policies with excess that can all be removed while everything that is allowed and declared stays allowed.
    fn find_removable_policies(
        &self,
        subject: &AuditedPrincipal<'_>,
        effective: &Access,
        policies: &[PolicyRef],
        excess: &ExcessByStatement,
    ) -> Vec<usize> {
        let allowed_and_declared = effective.intersect(&subject.ceiling.access);
        let mut removed: Vec<usize> = Vec::new();
        let candidates: BTreeSet<usize> = excess.keys().filter_map(|(policy, _)| policy.position()).collect();
        for candidate in candidates {
            // Without a policy that denies, the principal would have more access.
            let can_be_removed = policies.get(candidate).is_some_and(|policy| {
                is_attachment(policy) && policy.document.statements.iter().all(|s| s.effect != Effect::Deny)
            });
            if !can_be_removed {
                continue;
            }
            let is_removed = |policy: PolicyIndex| {
                policy.position().is_some_and(|policy| policy == candidate || removed.contains(&policy))
            };
            let (at_stake, remaining) = match effective.branches.as_slice() {
                // What other policies grant stays allowed, and what is at stake passes the other layers already.
                [_] => (
                    allowed_and_declared.restrict_grants(|statement_use| is_removed(statement_use.policy_index)),
                    effective.restrict_grants(|statement_use| !is_removed(statement_use.policy_index)).grants_only(),
                ),
                _ => (allowed_and_declared.clone(), effective.exclude_policies(is_removed)),
            };
            let query =
                Query { budget: REMEDIATION_STEPS, ..Query::new_verdict(self, Requester::from_subject(subject)) };
            if query.find_excess(&at_stake, &remaining).is_contained() {
                removed.push(candidate);
            }
        }
        removed
    }
}

/// The principal whose requests a query is about.
#[derive(Clone, Copy)]
pub(crate) struct Requester<'a> {
    /// The context facts of its requests.
    pub known_context: &'a KnownContext,
    /// The partition of its account.
    pub partition: Partition,
    /// The id of its account, for the ARNs of witnesses.
    pub account: &'a str,
}

impl<'a> Requester<'a> {
    /// An audited principal.
    pub fn from_subject(subject: &'a AuditedPrincipal<'_>) -> Requester<'a> {
        Requester {
            known_context: &subject.known_context,
            partition: subject.account.partition,
            account: subject.account.id.as_str(),
        }
    }

    /// The same principal with other context facts.
    pub fn with_context(self, known_context: &'a KnownContext) -> Requester<'a> {
        Requester { known_context, ..self }
    }
}

/// How to query the solver.
pub(crate) struct Query<'a> {
    analyzer: &'a Analyzer<'a>,
    requester: Requester<'a>,
    /// In steps.
    budget: u64,
    /// The detail of the answer.
    detail: AnswerDetail,
    /// Replays witnesses in the evaluator.
    replay: Option<&'a WitnessReplay<'a>>,
}

/// What one side allows and the other does not.
#[derive(Default)]
pub(crate) struct QueryAnswer {
    /// The proven excess.
    pub excess: ExcessByStatement,
    /// Why parts of the answer are undecided.
    pub undecided: BTreeSet<UndecidedReason>,
}

impl QueryAnswer {
    /// Whether it is proven that one side allows nothing beyond the other.
    pub fn is_contained(&self) -> bool {
        self.excess.is_empty() && self.undecided.is_empty()
    }

    /// The excess. Adds the reasons of undecided parts to others.
    pub fn collect_into(self, undecided: &mut BTreeSet<UndecidedReason>) -> ExcessByStatement {
        undecided.extend(self.undecided);
        self.excess
    }
}

impl<'a> Query<'a> {
    /// A query for the complete difference, with a replayed witness for each statement.
    pub fn new_difference(
        analyzer: &'a Analyzer<'a>,
        requester: Requester<'a>,
        replay: &'a WitnessReplay<'a>,
    ) -> Query<'a> {
        Query { analyzer, requester, budget: AUDIT_STEPS, detail: DIFFERENCE_DETAIL, replay: Some(replay) }
    }

    /// A query for the verdict only, without a witness.
    pub fn new_verdict(analyzer: &'a Analyzer<'a>, requester: Requester<'a>) -> Query<'a> {
        Query { analyzer, requester, budget: AUDIT_STEPS, detail: AnswerDetail::Verdict, replay: None }
    }

    /// The same query with another detail of the answer.
    pub fn with_detail(self, detail: AnswerDetail) -> Query<'a> {
        Query { detail, ..self }
    }

    /// What `left` allows and `right` does not, among existing actions.
    pub fn find_excess(&self, left: &Access, right: &Access) -> QueryAnswer {
        self.find_excess_in(left, right, ActionWorld::Existing)
    }

    /// What `left` allows and `right` does not, among some actions.
    pub fn find_excess_in(&self, left: &Access, right: &Access, world: ActionWorld) -> QueryAnswer {
        let grants_nothing = left.branches.iter().all(|branch| branch.allow_layers.iter().any(Vec::is_empty));
        if world == ActionWorld::Future && grants_nothing {
            return QueryAnswer::default();
        }
        let answer = self.analyzer.solver.answer(&Question {
            effective: left,
            declared: right,
            known: self.requester.known_context,
            partition: Some(self.requester.partition),
            world,
            single_request: None,
            budget: self.budget,
            detail: self.detail,
            witness_account: Some(self.requester.account),
            replay: self.replay,
        });
        QueryAnswer {
            excess: group_by_statement(self.analyzer.catalog(), answer.grants),
            undecided: answer.undecided.into_iter().collect(),
        }
    }
}
