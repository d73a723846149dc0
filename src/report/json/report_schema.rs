//! The JSON Schema of the JSON report.

/// The schema's text (JSON Schema, draft 2020-12), as `schemas/report.schema.json` publishes it.
pub const SCHEMA: &str = include_str!("../../../schemas/report.schema.json");

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::collections::BTreeSet;

    use schemars::generate::SchemaSettings;
    use serde_json::Value;

    use crate::report::json::json_report::JsonReport;
    use crate::report::testing;

    /// The schema of the report types.
    fn build_schema() -> Value {
        // A field is required if the report always writes it.
        let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        generator.into_root_schema_for::<JsonReport<'static>>().to_value()
    }

    /// The names of all properties in the schema.
    fn collect_properties(schema: &Value, names: &mut BTreeSet<String>) {
        match schema {
            Value::Object(members) => {
                if let Some(Value::Object(named)) = members.get("properties") {
                    names.extend(named.keys().cloned());
                }
                members.values().for_each(|member| collect_properties(member, names));
            }
            Value::Array(items) => items.iter().for_each(|item| collect_properties(item, names)),
            _ => {}
        }
    }

    #[test]
    fn published_schema_matches_the_types() {
        let generated = serde_json::to_string_pretty(&build_schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write("schemas/report.schema.json", &generated).unwrap();
        }
        let published = std::fs::read_to_string("schemas/report.schema.json").unwrap();
        assert_eq!(published, generated, "run the test with UPDATE_SCHEMAS=1 if the change is intended");
    }

    #[test]
    fn every_report_satisfies_the_schema() {
        let validator = jsonschema::validator_for(&build_schema()).unwrap();
        for (name, audit) in testing::all_audits() {
            let report: Value = serde_json::from_str(&testing::render_json(&audit)).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert_eq!(errors, Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn every_property_is_documented() {
        let page = std::fs::read_to_string("docs/report.md").unwrap();
        let mut named = BTreeSet::new();
        collect_properties(&build_schema(), &mut named);
        assert!(named.len() > 60, "{}", named.len());
        let missing: Vec<&String> = named.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
