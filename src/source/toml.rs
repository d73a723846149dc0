//! Parses TOML into the tables of the `toml` crate, which have positions. Errors become diagnostics.

use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::file::{SourceFile, Span};

pub use ::toml::Spanned as TomlSpanned;
pub use ::toml::de::{DeTable, DeValue};
pub use ::toml::value::Date as TomlDate;

/// Parses a file as a TOML table whose keys and values have positions.
pub fn parse(source: &Arc<SourceFile>) -> Result<TomlSpanned<DeTable<'_>>, Diagnostics> {
    DeTable::parse(source.text()).map_err(|error| {
        let span = error.span().map_or(Span::default(), |r| Span::new(r.start, r.end));
        Diagnostic::error(source, span, format!("not TOML: {}", error.message()), "here").into()
    })
}
