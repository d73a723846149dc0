//! The manifest: declared permissions and requirements. `docs/baseline.md` describes the format.
//!
//! [`Baseline::load`] reads a manifest. [`Baseline::assign`] finds the entry of each principal of a snapshot.
//! [`Ceiling::resolve`] returns the ceiling of an entry as policy documents. Nothing here decides about access.
//!
//! - `parse/`: text to model.
//! - `model/`: the declarations as data.
//! - `content_id.rs`: identifies the manifest and documents of a report.
//! - `assign.rs`: which entry applies to which principal; unused entries.
//! - `queries.rs`: guards and exceptions by name.
//! - `manifest_schema.rs`: the JSON Schema of the manifest.

mod assign;
mod content_id;
mod manifest_schema;
mod model;
mod parse;
mod queries;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use crate::base::glob::Glob;
pub use crate::base::word_match::WordSequence;
pub use assign::{AmbiguousMatch, Assignment, Assignments, IgnoreReason, StaleItem, StaleReason, StaleSubject};
pub use manifest_schema::SCHEMA;
pub use model::assumable_by::{DeclaredAssumer, DeclaredAssumers};
pub use model::baseline::Baseline;
pub use model::ceiling::{Ceiling, CeilingDocument, CeilingPart, to_aws_managed_arn};
pub use model::condition_block::ConditionBlock;
pub use model::entry::{BoundaryRequirement, Entry, Ignore, Settings};
pub use model::exception::Exception;
pub use model::guard::{Guard, GuardSeverity, GuardedActions};
pub use model::hint::{Hint, HintCondition, HintSelector, IdentityType, Strength};
pub use model::levels::{LevelCatalog, LevelGrant, Levels};
pub use model::persona::Persona;
pub use model::principal_class::PrincipalClass;
pub use model::selector::{PrincipalView, Selector, TagSelector};
pub use model::spanned::Spanned;
