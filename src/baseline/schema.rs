//! The JSON Schema of the manifest, for editors.

/// The schema's text (JSON Schema, draft 2020-12), as `schemas/baseline.schema.json` publishes it.
pub const SCHEMA: &str = include_str!("../../schemas/baseline.schema.json");
