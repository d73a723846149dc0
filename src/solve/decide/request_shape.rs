//! The part of a request that its action determines: the name, and the resources.

use std::sync::Arc;

use super::shape_facts::ShapeFacts;
use crate::iam::ContextKey;
use crate::solve::actions::named_actions::{ActionRef, Actions};
use crate::solve::compile::arn_segment::ArnSegmentsKnown;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::interner::GlobInterner;
use crate::solve::strings::token::{GlobToken, SymbolClass};
use crate::solve::values::field_state::{FieldState, ValueConstraint};
use crate::solve::values::string_constraint::StringConstraint;

/// The part of a request that its action determines.
pub(crate) struct RequestShape<'d> {
    /// The action. None for a future action.
    pub action: Option<&'d ActionRef>,
    /// The lists of patterns, in each of which the resource matches one. Empty for any resource.
    pub resource_globs: Vec<Arc<[GlobRef]>>,
    /// The facts that the ARN of the resource contains.
    pub arn_segments: ArnSegmentsKnown,
    /// What the action and the resource type settle about context keys.
    pub facts: ShapeFacts,
    /// The keys on which statements that list the action depend.
    pub keys: Vec<ContextKey>,
    /// The actions that this one represents.
    pub actions: &'d Actions,
    /// The constraints on the name of a future action. None for an existing action.
    pub future_name: Option<&'d FutureActionName<'d>>,
}

/// The constraints on the name of a future action.
pub(crate) struct FutureActionName<'a> {
    /// The service. None for a service that no statement names: the name then includes the service.
    pub service: Option<&'a str>,
    /// Names of existing actions, which are excluded.
    pub taken_names: &'a [GlobRef],
}

impl FutureActionName<'_> {
    /// The names that the action may have.
    pub(crate) fn to_field_state(&self, interner: &GlobInterner) -> FieldState {
        let mut toks = Vec::new();
        if self.service.is_none() {
            toks.extend([
                GlobToken::AnyOne(SymbolClass::Region),
                GlobToken::AnyRun(SymbolClass::Region),
                GlobToken::Literal(b':'),
            ]);
        }
        toks.extend([GlobToken::AnyOne(SymbolClass::ActionName), GlobToken::AnyRun(SymbolClass::ActionName)]);
        let names: Arc<[GlobRef]> = [interner.intern(&toks)].into();
        let text = StringConstraint { matches_any_of: vec![names], matches_none_of: self.taken_names.to_vec() };
        let mut state = FieldState::from_constraint(ValueConstraint::Text(text));
        state.may_be_missing = false;
        state
    }
}
