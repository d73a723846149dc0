//! Renders the report as JSON (`schemas/who-can.schema.json`).

use super::who_can_report::WhoCanReport;

/// Renders the report.
pub fn render(report: &WhoCanReport) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// `UPDATE_SCHEMAS=1` updates the schema.
    #[test]
    fn published_schema_matches_the_types() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = settings.into_generator().into_root_schema_for::<WhoCanReport>();
        let schema_text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write("schemas/who-can.schema.json", &schema_text).unwrap();
        }
        assert_eq!(std::fs::read_to_string("schemas/who-can.schema.json").unwrap(), schema_text);
    }
}
