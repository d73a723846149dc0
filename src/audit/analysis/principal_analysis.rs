//! The answers of the analyzer about one principal.

use std::collections::BTreeSet;

use crate::audit::actions::by_statement::ExcessByStatement;
use crate::solve::UndecidedReason;

/// The answers about one principal.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrincipalAnalysis {
    /// What is allowed and not declared.
    pub excess: ExcessByStatement,
    /// The same for future actions. It has no statement of `excess`.
    pub future_excess: ExcessByStatement,
    /// What is declared and not allowed. Empty if not requested.
    pub not_granted: ExcessByStatement,
    /// Why parts of the answers are undecided.
    pub undecided: BTreeSet<UndecidedReason>,
    /// What violates each check of the principal, in order.
    pub check_results: Vec<ExcessByStatement>,
    /// The indices of the policies that can all be removed without denying what is declared.
    pub removable_policies: Vec<usize>,
}
