//! Which policy variables of a question have an unknown value, and how a variable is bound.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{KeyFact, KnownContext};
use crate::catalog::Multiplicity;
use crate::iam::{ContextKey, Statement};
use crate::solve::compile::binding::Binding;
use crate::solve::compile::solver::Solver;
use crate::solve::question::Question;
use crate::solve::strings::alphabet::VariableSymbolTable;

/// The values of variables in a round.
pub(super) struct VariableValues<'v> {
    /// The known context of the round.
    pub known: &'v KnownContext,
    /// The values assigned to variables.
    pub assigned: &'v BTreeMap<ContextKey, String>,
    /// The symbols of unknown variables.
    pub symbols: &'v VariableSymbolTable,
}

impl Solver<'_> {
    /// The binding of a variable: its known or assigned value, or its symbols.
    pub(super) fn bind_variable(
        &self,
        question: &Question<'_>,
        values: &VariableValues<'_>,
        key: &ContextKey,
    ) -> Binding {
        if self.is_multi_valued(question, key) {
            return Binding::Unresolvable;
        }
        if let Some(value) = values.assigned.get(key) {
            return Binding::Text(value.clone());
        }
        match values.known.fact(key) {
            KeyFact::Value(value) => Binding::Text(value),
            KeyFact::Missing => Binding::Missing,
            fact => Binding::Unknown { symbols: values.symbols.symbols(key), may_be_missing: fact == KeyFact::Free },
        }
    }

    /// The variables of a question whose value is unknown.
    pub(super) fn collect_unknown_variables<'q>(&self, question: &'q Question<'_>) -> BTreeSet<&'q ContextKey> {
        question.statements().flat_map(|s| self.find_unknown_variables(question, s)).collect()
    }

    /// The variables of a statement whose value is unknown.
    pub(super) fn find_unknown_variables<'s>(
        &self,
        question: &Question<'_>,
        statement: &'s Statement,
    ) -> impl Iterator<Item = &'s ContextKey> {
        statement.variables().filter(move |key| {
            let fixed = matches!(question.known.fact(key), KeyFact::Value(_) | KeyFact::Missing | KeyFact::Set(_));
            !fixed && !self.is_multi_valued(question, key)
        })
    }

    /// Whether a key is multi-valued.
    pub(super) fn is_multi_valued(&self, question: &Question<'_>, key: &ContextKey) -> bool {
        let catalog_multiplicity = || self.catalog.key_definition(key.lower()).map(|f| f.multiplicity);
        question.single_request.and_then(|_| find_known_multiplicity(question.known, key)).or_else(catalog_multiplicity)
            == Some(Multiplicity::Multi)
    }
}

/// Whether a known key is single- or multi-valued. None if its value is unknown.
pub(super) fn find_known_multiplicity(known: &KnownContext, key: &ContextKey) -> Option<Multiplicity> {
    match known.fact(key) {
        KeyFact::Set(_) => Some(Multiplicity::Multi),
        KeyFact::Value(_) => Some(Multiplicity::Single),
        _ => None,
    }
}
