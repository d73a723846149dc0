//! Text with places: files, spans, JSON and TOML read into spanned trees, diagnostics.
