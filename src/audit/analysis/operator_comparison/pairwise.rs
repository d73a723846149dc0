//! One agent against one operator.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::access::{Context, ContextValue, KeyFact, Request};
use crate::audit::analysis::analyzer::{
    Analyzer, BUDGET, ExcessByStatement, PrincipalAnalysis, Query, StatementExcess,
};
use crate::audit::subject::audited_principal::{AuditedPrincipal, ResolvedCeiling};
use crate::iam::{ContextKey, Interpretation};
use crate::snapshot::LayerKind;
use crate::solve::{Access, AnswerDetail, RenamedAccess, UndecidedReason};

/// An operator, ready to be held against agents.
pub(crate) struct OperatorAccess<'a> {
    /// The operator.
    pub subject: &'a AuditedPrincipal<'a>,
    access: OnceLock<Access>,
    /// What of a request's context is always the same for it.
    fixed_context: Context,
    /// What no request of its has.
    missing_keys: Vec<ContextKey>,
}

/// How an agent's access lies to an operator's.
pub(crate) enum AccessRelation {
    /// Each may do what the other may.
    Equivalent,
    /// The agent may do less.
    Contained,
    /// The agent may do what the operator may not: this.
    Exceeds(ExcessByStatement),
    /// It could not be decided, and why.
    Undecided(BTreeSet<String>),
}

/// An agent held against one of the operators that it is declared to be narrower than.
pub(crate) struct PairComparison<'a> {
    /// The operator.
    pub operator: &'a AuditedPrincipal<'a>,
    /// What came of it.
    pub relation: AccessRelation,
    /// What both may do, destroys, and is not declared for the agent.
    pub shared_excess: ExcessByStatement,
}

impl<'a> OperatorAccess<'a> {
    /// The operator, nothing of it asked yet.
    pub fn new(subject: &'a AuditedPrincipal<'a>) -> OperatorAccess<'a> {
        let (mut fixed_context, mut missing_keys) = (Context::default(), Vec::new());
        for (key, known) in subject.known_context.facts() {
            match known {
                KeyFact::Value(value) => drop(fixed_context.0.insert(key.clone(), ContextValue::Single(value.clone()))),
                KeyFact::Set(values) => drop(fixed_context.0.insert(key.clone(), ContextValue::Set(values.clone()))),
                KeyFact::Missing => missing_keys.push(key.clone()),
                KeyFact::Present | KeyFact::StartsWith(_) | KeyFact::Free => {}
            }
        }
        OperatorAccess { subject, access: OnceLock::new(), fixed_context: fixed_context, missing_keys: missing_keys }
    }

    /// A request with this operator's own context.
    fn to_operator_request(&self, request: &Request) -> Request {
        let mut operator_request = request.clone();
        operator_request.context.0.retain(|key, _| !self.missing_keys.contains(key));
        operator_request.context.0.extend(self.fixed_context.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        operator_request
    }
}

/// An agent, and what is known of it.
pub(crate) struct AgentAccess<'a> {
    /// What the run shares.
    pub analyzer: &'a Analyzer<'a>,
    /// The agent.
    pub subject: &'a AuditedPrincipal<'a>,
    /// What it may do.
    pub access: &'a Access,
    /// What was found of it against its own ceiling.
    pub analysis: &'a PrincipalAnalysis,
    /// Everything that destroys.
    pub destructive_actions: &'a ResolvedCeiling,
}

impl AgentAccess<'_> {
    /// Whether an operator may do what examples show of the agent. Where not, it is not the same, and nobody need ask.
    pub fn may_be_equivalent(&self, operator: &OperatorAccess<'_>, granted: &ExcessByStatement) -> bool {
        let is_complete = |subject: &AuditedPrincipal<'_>| describe_missing_layer(subject).is_none();
        is_complete(self.subject) && is_complete(operator.subject) && self.operator_allows_witnesses(operator, granted)
    }

    fn operator_allows_witnesses(&self, operator: &OperatorAccess<'_>, granted: &ExcessByStatement) -> bool {
        let is_allowed = |request: &Request| {
            self.analyzer.is_allowed(
                &operator.subject.layers,
                &operator.to_operator_request(request),
                Interpretation::default(),
            )
        };
        granted.values().filter_map(|found| found.witness.as_ref()).all(is_allowed)
    }

    /// Whether it is proven that an operator may do all that the agent may; examples tell first where not.
    pub fn is_contained_in(&self, operator: &OperatorAccess<'_>, granted: &ExcessByStatement) -> bool {
        let renamed = self.rename_operator_keys(operator);
        self.operator_allows_witnesses(operator, granted)
            && self.find_uncontained(self.access, &renamed.access, &renamed).is_empty()
    }

    /// Whether it is proven that each may do what the other may.
    pub fn is_equivalent_to(&self, operator: &OperatorAccess<'_>) -> bool {
        let renamed = self.rename_operator_keys(operator);
        self.find_uncontained(self.access, &renamed.access, &renamed).is_empty()
            && self.find_uncontained(&renamed.access, self.access, &renamed).is_empty()
    }

    /// Holds it against one that it is declared to be narrower than.
    pub fn compare_with<'o>(&self, operator_access: &OperatorAccess<'o>) -> PairComparison<'o> {
        let renamed = self.rename_operator_keys(operator_access);
        let operator_layers = &operator_access.subject.layers;
        let mut undecided = BTreeSet::new();
        let replay = |request: &Request, readings| {
            let (agent_request, operator_request) =
                (renamed.strip_renamed_keys(request), renamed.restore_request(request));
            let agent_allows = self.analyzer.is_allowed(&self.subject.layers, &agent_request, readings);
            self.analyzer.check_witness(
                agent_allows,
                self.analyzer.is_allowed(operator_layers, &operator_request, readings),
                &agent_request,
            )
        };
        let query =
            Query { known_context: &renamed.known, ..Query::new_difference(self.analyzer, self.subject, &replay) };
        let mut excess = query.query_existing_actions(self.access, &renamed.access, &mut undecided);
        strip_renamed_keys(&mut excess, &renamed);
        let relation = self.compare_access(excess, undecided, operator_access, &renamed);
        PairComparison {
            operator: operator_access.subject,
            relation,
            shared_excess: self.find_shared_excess(operator_access, &renamed),
        }
    }

    fn compare_access(
        &self,
        excess: ExcessByStatement,
        undecided: BTreeSet<UndecidedReason>,
        operator: &OperatorAccess<'_>,
        renamed: &RenamedAccess,
    ) -> AccessRelation {
        let undecided_because = |why: String| AccessRelation::Undecided(BTreeSet::from([why]));
        if !excess.is_empty() {
            // What is not known of the operator could allow it; what is not of the agent could take it back.
            return match describe_missing_layer(operator.subject) {
                Some(missing) => undecided_because(missing),
                None if self.subject.has_missing_restricting_layer() => {
                    describe_missing_layer(self.subject).map_or(AccessRelation::Contained, undecided_because)
                }
                None => AccessRelation::Exceeds(excess),
            };
        }
        if !undecided.is_empty() {
            return AccessRelation::Undecided(undecided.iter().map(ToString::to_string).collect());
        }
        if let Some(missing) = describe_missing_layer(self.subject) {
            return undecided_because(missing);
        }
        let missing_from_agent = self.find_uncontained(&renamed.access, self.access, renamed);
        match (missing_from_agent.is_empty(), describe_missing_layer(operator.subject)) {
            (false, _) => AccessRelation::Contained,
            (true, Some(missing)) => undecided_because(missing),
            (true, None) => AccessRelation::Equivalent,
        }
    }

    /// What both may do, destroys, and is not declared for the agent.
    fn find_shared_excess(&self, operator: &OperatorAccess<'_>, renamed: &RenamedAccess) -> ExcessByStatement {
        let is_destructive = |found: &StatementExcess| found.actions.count_destructive(&self.analyzer.ranking) > 0;
        if self.subject.has_missing_restricting_layer() || !self.analysis.excess.values().any(is_destructive) {
            return ExcessByStatement::new();
        }
        let declared = &self.subject.ceiling;
        let replay = |request: &Request, readings| {
            let (agent_request, operator_request) =
                (renamed.strip_renamed_keys(request), renamed.restore_request(request));
            let both_allow = self.analyzer.is_allowed(&self.subject.layers, &agent_request, readings)
                && self.analyzer.is_allowed(&operator.subject.layers, &operator_request, readings)
                && self.analyzer.is_allowed(&self.destructive_actions.layers, &agent_request, readings);
            self.analyzer.check_witness(
                both_allow,
                self.analyzer.is_allowed(&declared.layers, &agent_request, readings),
                &agent_request,
            )
        };
        let query =
            Query { known_context: &renamed.known, ..Query::new_difference(self.analyzer, self.subject, &replay) };
        let shared_destructive = self.access.intersect(&renamed.access).intersect(&self.destructive_actions.access);
        // What is undecided of the agent's excess is told there.
        let mut shared = query.query_existing_actions(&shared_destructive, &declared.access, &mut BTreeSet::new());
        strip_renamed_keys(&mut shared, renamed);
        shared
    }

    /// Why one side is not proven to be within the other; nothing where it is.
    fn find_uncontained(&self, left: &Access, right: &Access, renamed: &RenamedAccess) -> ExcessByStatement {
        let (budget, detail) = (BUDGET, AnswerDetail::Verdict);
        let query = Query {
            analyzer: self.analyzer,
            subject: self.subject,
            known_context: &renamed.known,
            budget,
            detail: detail,
            replay: None,
        };
        let mut undecided = BTreeSet::new();
        let mut difference = query.query_existing_actions(left, right, &mut undecided);
        if !undecided.is_empty() {
            difference.entry((usize::MAX, 0)).or_default();
        }
        difference
    }

    fn rename_operator_keys(&self, operator: &OperatorAccess<'_>) -> RenamedAccess {
        let access = operator.access.get_or_init(|| self.analyzer.compute_effective_access(&operator.subject.layers).0);
        RenamedAccess::new(access, &operator.subject.known_context, &self.subject.known_context)
    }
}

/// What of a principal's own layers is not known; a resource's policy decides over that resource alone.
fn describe_missing_layer(subject: &AuditedPrincipal<'_>) -> Option<String> {
    let missing = subject.missing_documents.iter().find(|missing| missing.layer != LayerKind::Resource)?;
    Some(format!("{missing}, and it decides over {}", subject.principal.arn.resource()))
}

/// Takes out the names that only the question knows.
fn strip_renamed_keys(excess: &mut ExcessByStatement, renamed: &RenamedAccess) {
    for statement_excess in excess.values_mut() {
        for cube in &mut statement_excess.cubes {
            cube.context.retain(|(key, _)| !RenamedAccess::is_renamed_key(key));
        }
        statement_excess.witness = statement_excess.witness.as_ref().map(|witness| renamed.strip_renamed_keys(witness));
    }
}
