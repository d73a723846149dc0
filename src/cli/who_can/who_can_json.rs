//! Renders the report as JSON (`schemas/who-can.schema.json`).

use iamdrift::base::json_writer::{JsonLayout, render_json};

use super::who_can_report::WhoCanReport;

/// Renders the report.
pub fn render(report: &WhoCanReport) -> std::io::Result<String> {
    render_json(report, JsonLayout::Indented)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::published_schema::check_published_schema;

    #[test]
    fn published_schema_matches_the_types() {
        check_published_schema::<WhoCanReport>("who-can");
    }
}
