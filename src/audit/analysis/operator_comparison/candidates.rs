//! The operators that an agent is compared with, and the result over all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::pairwise::{AccessRelation, AgentAccess, OperatorAccess, PairComparison};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::analysis::principal_analysis::PrincipalAnalysis;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::resolved_ceiling::ResolvedCeiling;
use crate::audit::subject::synthetic::{build_ceiling, list_class_actions};
use crate::baseline::{Baseline, Entry};
use crate::catalog::RiskClass;
use crate::iam::Statement;
use crate::iam::element::ResourceElement;
use crate::solve::UndecidedReason;

/// The principals that agents are compared with.
pub(crate) struct OperatorCandidates<'a> {
    candidates: Vec<OperatorAccess<'a>>,
    /// The indices of the operators of each account, by account id.
    operators_by_account: BTreeMap<&'a str, Vec<usize>>,
    /// All destructive actions.
    destructive_actions: ResolvedCeiling,
}

/// The comparison of one agent with its operators.
pub(crate) struct OperatorComparison<'a> {
    /// Everything that the agent is allowed to do.
    pub granted: ExcessByStatement,
    /// The comparisons with the operators of its `narrower_than`.
    pub declared_pairs: Vec<PairComparison<'a>>,
    /// Why `narrower_than` cannot be decided: its entry applies to no principal. `None` if it applies to one.
    missing_operator: Option<UndecidedReason>,
    /// Other operators of the account that have exactly the same access.
    pub equivalent_operators: Vec<&'a AuditedPrincipal<'a>>,
}

/// The result over all operators of `narrower_than`.
pub(crate) enum ComparisonResult<'c, 'a> {
    /// The agent is narrower than one of them and equivalent to none, or `narrower_than` is not declared.
    Narrower,
    /// The agent has the same access as this operator.
    Equivalent(&'c PairComparison<'a>),
    /// The agent has access that none of them has. This operator is the one with the fewest missing actions.
    Exceeds(&'c PairComparison<'a>, &'c ExcessByStatement),
    /// The comparison is undecided.
    Undecided(BTreeSet<UndecidedReason>),
}

impl<'a> OperatorComparison<'a> {
    /// Whether the agent is narrower than one of its operators and equivalent to none.
    pub fn result(&self) -> ComparisonResult<'_, 'a> {
        let relations = || self.declared_pairs.iter().map(|pair| (pair, &pair.relation));
        if let Some((equivalent, _)) = relations().find(|(_, relation)| matches!(relation, AccessRelation::Equivalent))
        {
            return ComparisonResult::Equivalent(equivalent);
        }
        if relations().any(|(_, relation)| matches!(relation, AccessRelation::Contained)) {
            return ComparisonResult::Narrower;
        }
        let undecided = relations().filter_map(|(_, relation)| match relation {
            AccessRelation::Undecided(reasons) => Some(reasons),
            _ => None,
        });
        let undecided: BTreeSet<UndecidedReason> = undecided.flatten().chain(&self.missing_operator).cloned().collect();
        if !undecided.is_empty() {
            return ComparisonResult::Undecided(undecided);
        }
        let exceeded = relations().filter_map(|(pair, relation)| match relation {
            AccessRelation::Exceeds(excess) => Some((pair, excess)),
            _ => None,
        });
        let count_actions = |excess: &ExcessByStatement| {
            excess.values().map(|statement_excess| statement_excess.actions.len()).sum::<usize>()
        };
        match exceeded.min_by_key(|(_, excess)| count_actions(excess)) {
            Some((nearest, excess)) => ComparisonResult::Exceeds(nearest, excess),
            // Without declared pairs: `narrower_than` is not declared.
            None => ComparisonResult::Narrower,
        }
    }
}

impl<'a> OperatorCandidates<'a> {
    /// The operators among some principals, emergency access included, and the principals of the entries that a
    /// `narrower_than` names.
    pub fn new(
        analyzer: &Analyzer<'_>,
        baseline: &Baseline,
        principals: impl IntoIterator<Item = &'a AuditedPrincipal<'a>>,
    ) -> OperatorCandidates<'a> {
        let is_referenced = |entry: &Entry| {
            let narrower_than = baseline.entries.iter().filter_map(|referring| referring.narrower_than.as_ref());
            narrower_than.map(|name| &name.value).any(|name| *name == entry.name.value)
        };
        let is_candidate = |subject: &&AuditedPrincipal<'_>| subject.is_human() || subject.entries().any(is_referenced);
        let candidates: Vec<OperatorAccess<'a>> =
            principals.into_iter().filter(is_candidate).map(OperatorAccess::new).collect();
        let mut operators_by_account: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, operator) in candidates.iter().enumerate().filter(|(_, operator)| operator.subject.is_human()) {
            operators_by_account.entry(operator.subject.account.id.as_str()).or_default().push(index);
        }
        let destructive = list_class_actions(analyzer.catalog(), RiskClass::Destructive);
        let statement = Statement::allow(destructive, ResourceElement::any());
        let destructive_actions = build_ceiling("destructive actions", vec![statement]);
        OperatorCandidates { candidates, operators_by_account, destructive_actions }
    }

    /// Compares an agent with the operators of its `narrower_than`, and finds operators with the same access. `None` if the
    /// principal is not an agent and declares no `narrower_than`.
    pub fn compare(
        &self,
        analyzer: &Analyzer<'_>,
        agent: &AuditedPrincipal<'_>,
        analysis: &PrincipalAnalysis,
    ) -> Option<OperatorComparison<'a>> {
        let narrower_than = agent.narrower_than();
        if !agent.is_agent() && narrower_than.is_none() {
            return None;
        }
        let (access, _) = analyzer.compute_effective_access(&agent.layers);
        let granted = match agent.entry {
            // The ceiling is empty, so the excess is all that is allowed.
            None => analysis.excess.clone(),
            Some(_) => analyzer.find_all_allowed(agent, &access),
        };
        let destructive_actions = &self.destructive_actions;
        let agent_access = AgentAccess { analyzer, subject: agent, access: &access, analysis, destructive_actions };
        let declared = self.find_declared_operators(agent);
        let missing_operator = narrower_than
            .filter(|_| declared.is_empty())
            .map(|name| UndecidedReason::NoOperator { entry: name.value.clone() });
        // What the agent shares with an operator that contains it decides; other operators do not matter.
        let containing: Vec<&OperatorAccess<'a>> = declared
            .iter()
            .map(|(_, operator)| *operator)
            .filter(|operator| agent_access.is_contained_in(operator, &granted))
            .collect();
        let declared_pairs = match containing.as_slice() {
            [] => declared.iter().map(|(_, operator)| agent_access.compare_with(operator)).collect(),
            operators => operators.iter().map(|operator| agent_access.compare_with(operator)).collect(),
        };
        let equivalent_operators = self.find_equivalent_operators(&agent_access, &declared, &granted);
        Some(OperatorComparison { granted, declared_pairs, missing_operator, equivalent_operators })
    }

    /// The operators of the account of an agent with exactly its access, without those of `narrower_than`.
    fn find_equivalent_operators(
        &self,
        agent_access: &AgentAccess<'_>,
        declared: &[(usize, &OperatorAccess<'a>)],
        granted: &ExcessByStatement,
    ) -> Vec<&'a AuditedPrincipal<'a>> {
        let agent = agent_access.subject;
        if !agent.is_agent() || granted.is_empty() {
            return Vec::new();
        }
        let account_operators = self.operators_by_account.get(agent.account.id.as_str()).into_iter().flatten();
        let others = account_operators.filter(|index| !declared.iter().any(|(declared, _)| declared == *index));
        let others = others.filter_map(|index| self.candidates.get(*index));
        let equivalent = others.filter(|operator| {
            agent_access.may_be_equivalent(operator, granted) && agent_access.is_equivalent_to(operator)
        });
        equivalent.map(|operator| operator.subject).collect()
    }

    /// The operators of `narrower_than`, with their indices: those of the account of the agent, or those of all accounts if
    /// its account has none.
    fn find_declared_operators(&self, agent: &AuditedPrincipal<'_>) -> Vec<(usize, &OperatorAccess<'a>)> {
        let Some(name) = agent.narrower_than() else { return Vec::new() };
        let has_entry =
            |operator: &OperatorAccess<'_>| operator.subject.entries().any(|entry| entry.name.value == name.value);
        let in_all_accounts: Vec<(usize, &OperatorAccess<'a>)> =
            self.candidates.iter().enumerate().filter(|(_, operator)| has_entry(operator)).collect();
        let is_in_account =
            |(_, operator): &(usize, &OperatorAccess<'a>)| operator.subject.account.id == agent.account.id;
        let in_account: Vec<(usize, &OperatorAccess<'a>)> =
            in_all_accounts.iter().copied().filter(is_in_account).collect();
        if in_account.is_empty() { in_all_accounts } else { in_account }
    }
}
