//! The access of a state beyond a ceiling, which all principals with this ceiling share.

use std::sync::Arc;

use crate::audit::actions::by_statement::ExcessByStatement;

/// The access of a state beyond a ceiling.
#[derive(Clone, Default)]
pub(super) struct SharedExcess {
    /// Whether it is proven that there is none. False if that is undecided: then the query for the gained access decides.
    pub(super) is_contained: bool,
    /// Undecided parts are left out.
    pub(super) excess: Arc<ExcessByStatement>,
}
