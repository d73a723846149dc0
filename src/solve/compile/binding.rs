//! The environment in which a statement is compiled: what replaces its policy variables.

use crate::catalog::Multiplicity;
use crate::iam::{ContextKey, Interpretation, Template};
use crate::solve::strings::alphabet::VariableSymbols;

/// The replacement of a policy variable.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub(crate) enum Binding {
    /// A string.
    Text(String),
    /// The key is missing. The default replaces the variable, if there is one.
    Missing,
    /// The variable cannot be resolved, because its key is multi-valued.
    Unresolvable,
    /// An unknown string.
    Unknown {
        /// The symbols of the value.
        symbols: VariableSymbols,
        /// Whether the key may also be missing.
        may_be_missing: bool,
    },
}

/// The environment of a compilation: how variables and keys are resolved.
pub(crate) struct CompileEnv<'a> {
    /// The interpretation of ambiguities in AWS's documentation.
    pub interpretation: Interpretation,
    /// The binding of each variable.
    pub binding: &'a dyn Fn(&ContextKey) -> Binding,
    /// Patterns over the ARNs of the resources of unknown owner that the question names in full, and of the resources inside
    /// them.
    pub unowned: &'a [String],
    /// Whether a key is single- or multi-valued. None to use the catalog.
    pub multiplicity: &'a dyn Fn(&ContextKey) -> Option<Multiplicity>,
}

impl Binding {
    /// Whether the value is unknown and the key may be missing.
    pub(crate) fn may_be_missing(&self) -> bool {
        matches!(self, Binding::Unknown { may_be_missing: true, .. })
    }
}

impl CompileEnv<'_> {
    /// The alternative interpretation of a wildcard in the default value of a variable. None if it changes nothing.
    pub(crate) fn expand_defaults(&self, template: &Template) -> Option<Template> {
        template.with_default_patterns(|key| matches!((self.binding)(key), Binding::Missing))
    }
}
