//! Compares the schemas of outputs with those in `schemas/`. For tests.

#![allow(clippy::unwrap_used)]

use schemars::JsonSchema;

/// Checks that `schemas/{name}.schema.json` is the schema of a type. `UPDATE_SCHEMAS=1` updates the file.
pub(super) fn check_published_schema<T: JsonSchema>(name: &str) {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let schema_text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let path = format!("schemas/{name}.schema.json");
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &schema_text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap();
    assert_eq!(published, schema_text, "run the test with UPDATE_SCHEMAS=1 if the change is intended");
}
