//! Text with places: files, spans, JSON and TOML read into spanned trees, diagnostics.
//!
//! Everything that a user hands in passes through here first, so that whatever is wrong with it can be
//! shown with its file, line and column. Nothing in this folder knows what a policy is.

mod diagnostic;
mod file;
pub mod json_tree;
pub mod toml;

pub use diagnostic::{Diagnostic, DiagnosticSeverity, Diagnostics, find_similar_name};
pub use file::{Place, SourceFile, Span};
