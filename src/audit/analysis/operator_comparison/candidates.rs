//! Agents held against operators (`docs/rules.md`, IAM003): may one do what the other may, and nothing less?

use std::collections::{BTreeMap, BTreeSet};

use super::pairwise::{AccessRelation, AgentAccess, OperatorAccess, PairComparison};
use crate::access::Request;
use crate::audit::analysis::analyzer::{Analyzer, ExcessByStatement, PrincipalAnalysis, Query};
use crate::audit::subject::audited_principal::{AuditedPrincipal, ResolvedCeiling};
use crate::audit::subject::synthetic;
use crate::baseline::{Baseline, Entry, PrincipalClass};
use crate::catalog::RiskClass;
use crate::solve::Access;

/// Those whom agents are held against.
pub(crate) struct OperatorCandidates<'a> {
    candidates: Vec<OperatorAccess<'a>>,
    /// The operators of each account.
    operators_by_account: BTreeMap<&'a str, Vec<usize>>,
    /// Everything that destroys.
    destructive_actions: ResolvedCeiling,
}

/// An agent held against all operators that matter to it.
pub(crate) struct OperatorComparison<'a> {
    /// All that the agent may do.
    pub granted: ExcessByStatement,
    /// Against those that it is declared to be narrower than.
    pub declared_pairs: Vec<PairComparison<'a>>,
    /// That nobody is bound by the entry that it is declared to be narrower than.
    missing_operator: Option<String>,
    /// Others that may do exactly the same.
    pub equivalent_operators: Vec<&'a AuditedPrincipal<'a>>,
}

/// What comes of all comparisons with those that an agent is declared to be narrower than.
pub(crate) enum ComparisonResult<'c, 'a> {
    /// It is narrower, or nothing is declared.
    Narrower,
    /// It may do the same as this one.
    Equivalent(&'c PairComparison<'a>),
    /// It may do what none of them may; this one comes nearest.
    Exceeds(&'c PairComparison<'a>, &'c ExcessByStatement),
    /// It could not be decided.
    Undecided(BTreeSet<String>),
}

impl<'a> OperatorComparison<'a> {
    /// Whether the agent is narrower than one of them, and the same as none.
    pub fn result(&self) -> ComparisonResult<'_, 'a> {
        let relations = || self.declared_pairs.iter().map(|pair| (pair, &pair.relation));
        if let Some((equivalent, _)) = relations().find(|(_, relation)| matches!(relation, AccessRelation::Equivalent))
        {
            return ComparisonResult::Equivalent(equivalent);
        }
        if relations().any(|(_, relation)| matches!(relation, AccessRelation::Contained)) {
            return ComparisonResult::Narrower;
        }
        let unknown = relations().filter_map(|(_, relation)| match relation {
            AccessRelation::Undecided(reasons) => Some(reasons),
            _ => None,
        });
        let unknown: BTreeSet<String> = unknown.flatten().chain(&self.missing_operator).cloned().collect();
        if !unknown.is_empty() {
            return ComparisonResult::Undecided(unknown);
        }
        let beyond = relations().filter_map(|(pair, relation)| match relation {
            AccessRelation::Exceeds(excess) => Some((pair, excess)),
            _ => None,
        });
        let count_actions = |excess: &ExcessByStatement| {
            excess.values().map(|statement_excess| statement_excess.actions.len()).sum::<usize>()
        };
        match beyond.min_by_key(|(_, excess)| count_actions(excess)) {
            Some((nearest, excess)) => ComparisonResult::Exceeds(nearest, excess),
            None => ComparisonResult::Narrower,
        }
    }
}

impl<'a> OperatorCandidates<'a> {
    /// The operators among these principals, access for emergencies included, and those whom an entry names.
    pub fn new(
        analyzer: &Analyzer<'_>,
        baseline: &Baseline,
        principals: impl IntoIterator<Item = &'a AuditedPrincipal<'a>>,
    ) -> OperatorCandidates<'a> {
        let is_referenced = |entry: &Entry| {
            let narrower_than = baseline.entries.iter().filter_map(|referring| referring.narrower_than.as_ref());
            narrower_than.map(|name| &name.value).any(|name| *name == entry.name.value)
        };
        let is_candidate =
            |subject: &&AuditedPrincipal<'_>| is_operator(subject) || subject.entry.is_some_and(is_referenced);
        let candidates: Vec<OperatorAccess<'a>> =
            principals.into_iter().filter(is_candidate).map(OperatorAccess::new).collect();
        let mut operators_by_account: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, operator) in candidates.iter().enumerate() {
            if is_operator(operator.subject) {
                operators_by_account.entry(operator.subject.account.id.as_str()).or_default().push(index);
            }
        }
        let destructive_names = synthetic::list_class_actions(analyzer.catalog(), RiskClass::Destructive);
        let statement = synthetic::build_allow_statement(&destructive_names, &synthetic::all_resources());
        let destructive_actions = synthetic::build_ceiling("what destroys", &[statement], None);
        OperatorCandidates {
            candidates: candidates,
            operators_by_account: operators_by_account,
            destructive_actions: destructive_actions,
        }
    }

    /// Holds an agent against those that it is declared to be narrower than, and looks for operators that may do the
    /// same; `answer` is what is known of it already.
    pub fn compare(
        &self,
        analyzer: &Analyzer<'_>,
        agent: &AuditedPrincipal<'_>,
        analysis: &PrincipalAnalysis,
    ) -> Option<OperatorComparison<'a>> {
        if !agent.is_agent() && agent.entry.is_none_or(|entry| entry.narrower_than.is_none()) {
            return None;
        }
        let (access, _) = analyzer.compute_effective_access(&agent.layers);
        let granted = match agent.entry {
            None => analysis.excess.clone(),
            Some(_) => find_all_allowed(analyzer, agent, &access),
        };
        let declared_indices = self.find_declared_operators(agent);
        let agent_access = AgentAccess {
            analyzer: analyzer,
            subject: agent,
            access: &access,
            analysis: analysis,
            destructive_actions: &self.destructive_actions,
        };
        let account_operators = self.operators_by_account.get(agent.account.id.as_str()).into_iter().flatten();
        let equivalent_operators = account_operators
            .filter(|index| agent.is_agent() && !declared_indices.contains(index) && !granted.is_empty())
            .filter_map(|index| self.candidates.get(*index))
            .filter(|operator| {
                agent_access.may_be_equivalent(operator, &granted) && agent_access.is_equivalent_to(operator)
            })
            .map(|operator| operator.subject)
            .collect();
        let declared_operators = || declared_indices.iter().filter_map(|index| self.candidates.get(*index));
        // Within one of them, whatever is shared is shared with that one; the others need not be asked.
        let containing: Vec<&OperatorAccess<'a>> =
            declared_operators().filter(|operator| agent_access.is_contained_in(operator, &granted)).collect();
        let declared_pairs = match containing.as_slice() {
            [] => declared_operators().map(|operator| agent_access.compare_with(operator)).collect(),
            operators => operators.iter().map(|operator| agent_access.compare_with(operator)).collect(),
        };
        let unbound_entry =
            agent.entry.and_then(|entry| entry.narrower_than.as_ref()).filter(|_| declared_indices.is_empty());
        let missing_operator = unbound_entry.map(|name| {
            format!("no principal of the snapshot is bound by \"{}\", which it is to be narrower than", name.value)
        });
        Some(OperatorComparison {
            granted: granted,
            declared_pairs: declared_pairs,
            missing_operator: missing_operator,
            equivalent_operators: equivalent_operators,
        })
    }

    /// Those that a principal is declared to be narrower than: of its own account, where there are some.
    fn find_declared_operators(&self, agent: &AuditedPrincipal<'_>) -> Vec<usize> {
        let Some(name) = agent.entry.and_then(|entry| entry.narrower_than.as_ref()) else { return Vec::new() };
        let is_bound =
            |operator: &OperatorAccess<'_>| operator.subject.entry.is_some_and(|e| e.name.value == name.value);
        let is_same_account = |operator: &OperatorAccess<'_>| operator.subject.account.id == agent.account.id;
        let find_indices = |only_same_account: bool| -> Vec<usize> {
            let candidates = self.candidates.iter().enumerate();
            candidates
                .filter(|(_, operator)| is_bound(operator) && (!only_same_account || is_same_account(operator)))
                .map(|(index, _)| index)
                .collect()
        };
        let same_account = find_indices(true);
        if same_account.is_empty() { find_indices(false) } else { same_account }
    }
}

/// Whether a principal is people's.
pub(crate) fn is_operator(subject: &AuditedPrincipal<'_>) -> bool {
    subject.class().is(PrincipalClass::Operator) || subject.class().is(PrincipalClass::BreakGlass)
}

/// All that a principal may do.
pub(crate) fn find_all_allowed(
    analyzer: &Analyzer<'_>,
    subject: &AuditedPrincipal<'_>,
    access: &Access,
) -> ExcessByStatement {
    let replay = |request: &Request, readings| {
        analyzer.check_witness(analyzer.is_allowed(&subject.layers, request, readings), false, request)
    };
    // What is undecided of it is told where it decides something.
    Query::new_difference(analyzer, subject, &replay).query_existing_actions(
        access,
        &Access::default(),
        &mut BTreeSet::new(),
    )
}
