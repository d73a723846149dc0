//! The manifest: declared permissions and requirements. `docs/baseline.md` describes the format.
//!
//! [`Baseline::load`] reads a manifest. [`Baseline::assign`] finds the entry of each principal of a snapshot.
//! `Ceiling::resolve` returns the ceiling of an entry as policy documents. Nothing here decides about access.
//!
//! - `parse/`: text to model.
//! - `model/`: the declarations as data.
//! - `assign.rs`: which entry applies to which principal; unused entries.
//! - `queries.rs`: guards and exceptions by name.
//! - `manifest_schema.rs`: the JSON Schema of the manifest.

mod assign;
mod manifest_schema;
mod model;
mod parse;
mod queries;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

#[doc(inline)]
pub use crate::base::glob::Glob;
#[doc(inline)]
pub use crate::source::{Diagnostic, DiagnosticSeverity, Diagnostics, Place, RenderStyle};
pub use manifest_schema::SCHEMA;
pub use model::baseline::Baseline;
pub use model::principal_class::PrincipalClass;

#[doc(hidden)]
pub use assign::{Assignment, Assignments, IgnoreReason, StaleItem, StaleReason, StaleSubject};
#[doc(hidden)]
pub use model::entry::{Entry, Ignore};
#[doc(hidden)]
pub use model::exception::{AcceptedExtent, Exception};
#[doc(hidden)]
pub use model::hint::Strength;
#[doc(hidden)]
pub use model::person_name::is_same_person;
#[doc(hidden)]
pub use model::selector::PrincipalView;

pub(crate) use assign::AmbiguousMatch;
pub(crate) use model::assumable_by::{AssumerPattern, DeclaredAssumer, DeclaredAssumers};
pub(crate) use model::ceiling::{Ceiling, CeilingDocument, CeilingPart, to_aws_managed_arn};
pub(crate) use model::condition_block::ConditionBlock;
pub(crate) use model::entry::BoundaryRequirement;
pub(crate) use model::guard::{Guard, GuardSeverity, GuardedActions};
pub(crate) use model::hint::{Hint, HintCondition, HintSelector, IdentityType};
pub(crate) use model::levels::{LevelCatalog, LevelGrant};
pub(crate) use model::persona::Persona;
pub(crate) use model::selector::{Selector, TagSelector};
pub(crate) use model::spanned::Spanned;
