//! The manifest: who is declared to do what, and which duties come with it.
//!
//! The format stands in `docs/baseline.md`. A [`Baseline`] is read once ([`Baseline::load`]), tells for every
//! principal of a snapshot which entry binds it ([`Baseline::assign`]), and hands out the ceiling of an entry
//! as policy documents ([`Ceiling::resolve`]). It decides nothing about access.

mod allow;
mod assign;
mod assumers;
mod block;
mod ceiling;
mod content;
mod entry;
mod exception;
mod glob;
mod guard;
mod hint;
mod hint_table;
mod keys;
mod levels;
mod load;
mod manifest;
mod names;
mod persona;
mod read;
mod schema;
mod selector;
mod words;

pub use assign::{AmbiguousMatch, Assignment, Assignments, IgnoreReason, StaleItem, StaleReason, StaleSubject};
pub use assumers::{DeclaredAssumer, DeclaredAssumers};
pub use block::ConditionBlock;
pub use ceiling::{Ceiling, CeilingDocument, CeilingPart, to_aws_managed_arn};
pub use entry::{Baseline, BoundaryRequirement, Entry, Ignore, PrincipalClass, Settings, Spanned};
pub use exception::Exception;
pub use glob::Glob;
pub use guard::{Guard, GuardSeverity, GuardedActions};
pub use hint::{Hint, HintCondition, HintSelector, IdentityType, Strength};
pub use levels::{LevelCatalog, LevelGrant, Levels};
pub use persona::Persona;
pub use schema::SCHEMA;
pub use selector::{PrincipalView, Selector, TagSelector};
pub use words::WordSequence;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod broken;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod testing;
