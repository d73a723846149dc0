//! Compares the access of one agent with that of one operator.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::access::{Context, ContextValue, KeyFact, Layers, Request};
use crate::audit::actions::by_statement::{ExcessByStatement, StatementExcess};
use crate::audit::analysis::analyzer::{Analyzer, Query, Requester};
use crate::audit::analysis::principal_analysis::PrincipalAnalysis;
use crate::audit::analysis::replay_decisions::ReplayDecisions;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::resolved_ceiling::ResolvedCeiling;
use crate::iam::{ContextKey, Interpretation};
use crate::snapshot::LayerKind;
use crate::solve::{Access, NameVariables, RenamedAccess, RenamedDocuments, UndecidedReason};

/// An operator, prepared for comparisons.
pub(crate) struct OperatorAccess<'a> {
    /// The operator.
    pub subject: &'a AuditedPrincipal<'a>,
    /// Computed for the first comparison.
    access: OnceLock<Access>,
    /// The context values that all its requests have.
    fixed_context: Context,
    /// The context keys that none of its requests has.
    missing_keys: Vec<ContextKey>,
}

/// The relation of the access of an agent to that of an operator.
pub(crate) enum AccessRelation {
    /// Both have the same access.
    Equivalent,
    /// The operator has all access of the agent, and more.
    Contained,
    /// The agent has access that the operator does not have.
    Exceeds(ExcessByStatement),
    /// The relation is undecided, for these reasons: at least one.
    Undecided(BTreeSet<UndecidedReason>),
}

/// The comparison of an agent with one operator of its `narrower_than`.
pub(crate) struct PairComparison<'a> {
    /// The operator.
    pub operator: &'a AuditedPrincipal<'a>,
    /// The relation of the agent to it.
    pub relation: AccessRelation,
    /// The destructive actions that both can perform and that the ceiling of the agent does not allow.
    pub shared_excess: ExcessByStatement,
}

/// Whether one access is contained in another.
enum Containment {
    /// It is proven.
    Contained,
    /// It is refuted.
    NotContained,
    /// Neither.
    Undecided(BTreeSet<UndecidedReason>),
}

impl<'a> OperatorAccess<'a> {
    /// Prepares an operator. Its access is not computed yet.
    pub fn new(subject: &'a AuditedPrincipal<'a>) -> OperatorAccess<'a> {
        let (mut fixed_context, mut missing_keys) = (Context::default(), Vec::new());
        for (key, fact) in subject.known_context.facts() {
            match fact {
                KeyFact::Value(value) => drop(fixed_context.0.insert(key.clone(), ContextValue::Single(value.clone()))),
                KeyFact::Set(values) => drop(fixed_context.0.insert(key.clone(), ContextValue::Set(values.clone()))),
                KeyFact::Missing => missing_keys.push(key.clone()),
                KeyFact::Present
                | KeyFact::StartsWith(_)
                | KeyFact::NoneLike(_)
                | KeyFact::NotBefore(_)
                | KeyFact::Free => {}
            }
        }
        OperatorAccess { subject, access: OnceLock::new(), fixed_context, missing_keys }
    }

    /// The same request by this operator.
    fn to_operator_request(&self, request: &Request) -> Request {
        let mut operator_request = request.clone();
        operator_request.context.0.retain(|key, _| !self.missing_keys.contains(key));
        operator_request.context.0.extend(self.fixed_context.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        operator_request
    }
}

/// An agent with its access and the answers about it.
pub(crate) struct AgentAccess<'a> {
    /// The analyzer.
    pub analyzer: &'a Analyzer<'a>,
    /// The agent.
    pub subject: &'a AuditedPrincipal<'a>,
    /// Its effective access.
    pub access: &'a Access,
    /// The answers about it.
    pub analysis: &'a PrincipalAnalysis,
    /// All destructive actions.
    pub destructive_actions: &'a ResolvedCeiling,
}

impl AgentAccess<'_> {
    /// Whether an operator may be equivalent: both are completely known, and the operator may send the witnesses of the
    /// agent's access. A quick test before the solver decides.
    pub fn may_be_equivalent(&self, operator: &OperatorAccess<'_>, granted: &ExcessByStatement) -> bool {
        let is_complete = |subject: &AuditedPrincipal<'_>| find_missing_layer(subject).is_none();
        is_complete(self.subject) && is_complete(operator.subject) && self.operator_allows_witnesses(operator, granted)
    }

    fn operator_allows_witnesses(&self, operator: &OperatorAccess<'_>, granted: &ExcessByStatement) -> bool {
        let is_allowed = |request: &Request| {
            let operator_request = operator.to_operator_request(request);
            self.analyzer.is_allowed(&operator.subject.layers, &operator_request, Interpretation::default())
        };
        granted.values().filter_map(|statement_excess| statement_excess.witness.as_ref()).all(is_allowed)
    }

    /// Whether it is proven that an operator has all access of the agent. The witnesses are tested before the solver
    /// decides.
    pub fn is_contained_in(&self, operator: &OperatorAccess<'_>, granted: &ExcessByStatement) -> bool {
        let renamed = self.rename_operator_keys(operator);
        self.operator_allows_witnesses(operator, granted)
            && matches!(self.decide_containment(self.access, &renamed.access, &renamed), Containment::Contained)
    }

    /// Whether it is proven that both have the same access.
    pub fn is_equivalent_to(&self, operator: &OperatorAccess<'_>) -> bool {
        let renamed = self.rename_operator_keys(operator);
        matches!(self.decide_containment(self.access, &renamed.access, &renamed), Containment::Contained)
            && matches!(self.decide_containment(&renamed.access, self.access, &renamed), Containment::Contained)
    }

    /// Compares the agent with an operator of its `narrower_than`.
    pub fn compare_with<'o>(&self, operator: &OperatorAccess<'o>) -> PairComparison<'o> {
        let renamed = self.rename_operator_keys(operator);
        let replay = |request: &Request, interpretation| {
            let (agent_request, operator_request) =
                (renamed.strip_renamed_keys(request), renamed.restore_request(request));
            let operator_layers = &operator.subject.layers;
            ReplayDecisions {
                allowed: self.analyzer.is_allowed(&self.subject.layers, &agent_request, interpretation),
                expected: self.analyzer.is_allowed(operator_layers, &operator_request, interpretation),
            }
            .check_excess(&agent_request)
        };
        let requester = Requester::from_subject(self.subject).with_context(&renamed.known);
        let answer = Query::new_difference(self.analyzer, requester, &replay).find_excess(self.access, &renamed.access);
        let mut excess = answer.excess;
        strip_renamed_keys(&mut excess, &renamed);
        let relation = match excess.is_empty() {
            true => self.relate_contained(answer.undecided, operator, &renamed),
            false => self.relate_exceeding(excess, operator),
        };
        PairComparison {
            operator: operator.subject,
            relation,
            shared_excess: self.find_shared_excess(operator, &renamed),
        }
    }

    /// The relation if the agent has access that the operator does not have, as far as their policies are known.
    fn relate_exceeding(&self, excess: ExcessByStatement, operator: &OperatorAccess<'_>) -> AccessRelation {
        // A missing layer of the operator could allow the excess. A missing layer of the agent could deny it.
        let missing_of_operator = find_missing_layer(operator.subject);
        let missing_of_agent = || match self.subject.has_missing_restricting_layer() {
            true => find_missing_layer(self.subject),
            false => None,
        };
        match missing_of_operator.or_else(missing_of_agent) {
            Some(missing) => AccessRelation::Undecided(BTreeSet::from([missing])),
            None => AccessRelation::Exceeds(excess),
        }
    }

    /// The relation if no access of the agent was found that the operator does not have.
    fn relate_contained(
        &self,
        undecided: BTreeSet<UndecidedReason>,
        operator: &OperatorAccess<'_>,
        renamed: &RenamedAccess,
    ) -> AccessRelation {
        if !undecided.is_empty() {
            return AccessRelation::Undecided(undecided);
        }
        if let Some(missing) = find_missing_layer(self.subject) {
            return AccessRelation::Undecided(BTreeSet::from([missing]));
        }
        let operator_in_agent = self.decide_containment(&renamed.access, self.access, renamed);
        match (operator_in_agent, find_missing_layer(operator.subject)) {
            (Containment::NotContained, _) => AccessRelation::Contained,
            (Containment::Undecided(reasons), _) => AccessRelation::Undecided(reasons),
            (Containment::Contained, Some(missing)) => AccessRelation::Undecided(BTreeSet::from([missing])),
            (Containment::Contained, None) => AccessRelation::Equivalent,
        }
    }

    /// The destructive actions that both can perform and that the ceiling of the agent does not allow. They are part of the
    /// agent's excess, whose query reports what is undecided.
    fn find_shared_excess(&self, operator: &OperatorAccess<'_>, renamed: &RenamedAccess) -> ExcessByStatement {
        let is_destructive =
            |statement_excess: &StatementExcess| statement_excess.actions.count_destructive(&self.analyzer.ranking) > 0;
        if self.subject.has_missing_restricting_layer() || !self.analysis.excess.values().any(is_destructive) {
            return ExcessByStatement::new();
        }
        let ceiling = &self.subject.ceiling;
        let replay = |request: &Request, interpretation| {
            let (agent_request, operator_request) =
                (renamed.strip_renamed_keys(request), renamed.restore_request(request));
            let is_allowed =
                |layers: &Layers, request: &Request| self.analyzer.is_allowed(layers, request, interpretation);
            ReplayDecisions {
                allowed: is_allowed(&self.subject.layers, &agent_request)
                    && is_allowed(&operator.subject.layers, &operator_request)
                    && is_allowed(&self.destructive_actions.layers, &agent_request),
                expected: ceiling.allows(|layers| is_allowed(layers, &agent_request)),
            }
            .check_excess(&agent_request)
        };
        let requester = Requester::from_subject(self.subject).with_context(&renamed.known);
        let shared_destructive = self.access.intersect(&renamed.access).intersect(&self.destructive_actions.access);
        let query = Query::new_difference(self.analyzer, requester, &replay);
        let mut shared = query.find_excess(&shared_destructive, &ceiling.access).excess;
        strip_renamed_keys(&mut shared, renamed);
        shared
    }

    fn decide_containment(&self, left: &Access, right: &Access, renamed: &RenamedAccess) -> Containment {
        let requester = Requester::from_subject(self.subject).with_context(&renamed.known);
        let answer = Query::new_verdict(self.analyzer, requester).find_excess(left, right);
        match (answer.excess.is_empty(), answer.undecided.is_empty()) {
            (false, _) => Containment::NotContained,
            (true, false) => Containment::Undecided(answer.undecided),
            (true, true) => Containment::Contained,
        }
    }

    fn rename_operator_keys(&self, operator: &OperatorAccess<'_>) -> RenamedAccess {
        let access = operator.access.get_or_init(|| self.analyzer.compute_effective_access(&operator.subject.layers).0);
        let documents = RenamedDocuments::new(NameVariables::Own);
        let keys = documents.list_specific_keys(access, &operator.subject.known_context);
        RenamedAccess::new(access, keys, &self.subject.known_context, &documents)
    }
}

/// The first missing document that decides the access of a principal on every resource. The policy of a resource decides
/// about that resource only. `None` if no such document is missing.
fn find_missing_layer(subject: &AuditedPrincipal<'_>) -> Option<UndecidedReason> {
    let missing = subject.missing_documents.iter().find(|missing| missing.layer != LayerKind::Resource)?;
    Some(UndecidedReason::MissingDocumentOf {
        name: missing.name.clone(),
        reason: missing.reason.clone(),
        principal: subject.principal.arn.resource().to_owned(),
    })
}

/// Removes the renamed keys, which exist in the query only.
fn strip_renamed_keys(excess: &mut ExcessByStatement, renamed: &RenamedAccess) {
    for statement_excess in excess.values_mut() {
        for cube in &mut statement_excess.cubes {
            cube.context.retain(|(key, _)| !RenamedAccess::is_renamed_key(key));
        }
        statement_excess.witness = statement_excess.witness.as_ref().map(|witness| renamed.strip_renamed_keys(witness));
    }
}
