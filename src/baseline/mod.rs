//! The manifest: who is declared to do what, and which duties come with it.
//!
//! The format stands in `docs/baseline.md`. A [`Baseline`] is read once ([`Baseline::load`]), tells for every
//! principal of a snapshot which entry binds it ([`Baseline::assign`]), and hands out the ceiling of an entry
//! as policy documents ([`Ceiling::resolve`]). It decides nothing about access.

mod assign;
mod content_id;
mod manifest_schema;
pub(crate) mod model;
pub(crate) mod parse;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use crate::base::glob::Glob;
pub use crate::base::word_match::WordSequence;
pub use assign::{AmbiguousMatch, Assignment, Assignments, IgnoreReason, StaleItem, StaleReason, StaleSubject};
pub use manifest_schema::SCHEMA;
pub use model::assumable_by::{DeclaredAssumer, DeclaredAssumers};
pub use model::ceiling::{Ceiling, CeilingDocument, CeilingPart, to_aws_managed_arn};
pub use model::condition_block::ConditionBlock;
pub use model::entry::{Baseline, BoundaryRequirement, Entry, Ignore, PrincipalClass, Settings, Spanned};
pub use model::exception::Exception;
pub use model::guard::{Guard, GuardSeverity, GuardedActions};
pub use model::hint::{Hint, HintCondition, HintSelector, IdentityType, Strength};
pub use model::levels::{LevelCatalog, LevelGrant, Levels};
pub use model::persona::Persona;
pub use model::selector::{PrincipalView, Selector, TagSelector};
