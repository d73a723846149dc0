//! Excess by granting statement, built from the grants that the solver returns.

use std::collections::BTreeMap;

use super::named_action_set::NamedActionSet;
use crate::access::Request;
use crate::catalog::Catalog;
use crate::solve::{Cube, Grant, StatementId};

/// Excess by granting statement.
pub(crate) type ExcessByStatement = BTreeMap<StatementId, StatementExcess>;

/// What one statement allows beyond the other side of a comparison.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatementExcess {
    /// The actions. For future actions, example names.
    pub actions: NamedActionSet,
    /// The difference for the action of the witness, as disjoint sets of requests.
    pub cubes: Vec<Cube>,
    /// Whether the difference has more cubes than `cubes`.
    pub has_more_cubes: bool,
    /// A request that proves the excess. `None` if the query requested no witness, or if the solver found none.
    pub witness: Option<Request>,
}

/// Groups the grants of an answer by statement.
pub(crate) fn group_by_statement(catalog: &Catalog, grants: Vec<Grant>) -> ExcessByStatement {
    let mut excess = ExcessByStatement::new();
    for grant in grants {
        let statement_excess: &mut StatementExcess = excess.entry(grant.statement_id).or_default();
        grant.actions.known.iter().for_each(|action| statement_excess.actions.add(*action));
        grant.actions.unknown.iter().for_each(|name| statement_excess.actions.add_name(catalog, name));
        // The solver uses the same ranking, so the first witness of a statement is for its most alarming action.
        if let (None, Some(witness)) = (&statement_excess.witness, grant.witness) {
            statement_excess.cubes = grant.cubes;
            statement_excess.has_more_cubes = grant.has_more_cubes;
            statement_excess.witness = Some(witness);
        }
    }
    excess
}
