//! TOML read into the `toml` crate's spanned tables, its errors turned into diagnostics.

use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::file::{SourceFile, Span};

pub use ::toml::Spanned as TomlSpanned;
pub use ::toml::de::{DeTable, DeValue};

/// Reads a whole file as a TOML table whose keys and values know where they stand.
pub fn parse(source: &Arc<SourceFile>) -> Result<TomlSpanned<DeTable<'_>>, Diagnostics> {
    DeTable::parse(source.text()).map_err(|error| {
        let span = error.span().map_or(Span::default(), |r| Span::new(r.start, r.end));
        Diagnostic::error(source, span, format!("not TOML: {}", error.message()), "here").into()
    })
}
