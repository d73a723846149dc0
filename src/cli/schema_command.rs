//! `iamdrift schema`: prints the JSON Schemas of input and output files.

use iamdrift::base::json_writer::escape_json_text;
use iamdrift::source::find_similar_name;

use super::{ExitStatus, GlobalArgs, UserError, terminal_output};

/// The name of each schema, what it describes, and its text.
const SCHEMAS: [(&str, &str, &str); 12] = [
    ("account", "`accounts/*.json` of a collected snapshot", include_str!("../../schemas/account.schema.json")),
    ("baseline", "the manifest `baseline.toml`", include_str!("../../schemas/baseline.schema.json")),
    (
        "compare",
        "the output of `iamdrift compare --format json` and `--pairs`",
        include_str!("../../schemas/compare.schema.json"),
    ),
    ("manifest", "`manifest.json` of a collected snapshot", include_str!("../../schemas/manifest.schema.json")),
    ("organization", "`organization.json` of a snapshot", include_str!("../../schemas/organization.schema.json")),
    (
        "principals",
        "the output of `iamdrift principals --format json`",
        include_str!("../../schemas/principals.schema.json"),
    ),
    ("report", "the output of `iamdrift audit --format json`", include_str!("../../schemas/report.schema.json")),
    (
        "report-row",
        "a line of the output of `iamdrift audit --format ndjson`",
        include_str!("../../schemas/report-row.schema.json"),
    ),
    (
        "resource-policies",
        "`resource-policies.json` of a snapshot",
        include_str!("../../schemas/resource-policies.schema.json"),
    ),
    ("service-roles", "`service-roles.json` of a snapshot", include_str!("../../schemas/service-roles.schema.json")),
    ("snapshot", "`snapshot.json` of a snapshot", include_str!("../../schemas/snapshot.schema.json")),
    ("who-can", "the output of `iamdrift who-can --format json`", include_str!("../../schemas/who-can.schema.json")),
];

/// List the JSON Schemas, or print one
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  iamdrift schema compare > compare.schema.json")]
pub struct Args {
    /// The name of the schema; without it, all are listed
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, _: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let text = match &args.name {
        None => SCHEMAS.iter().map(|(name, description, _)| format!("{name:<18} {description}\n")).collect(),
        Some(requested) => match SCHEMAS.iter().find(|(name, _, _)| name == requested) {
            Some((_, _, schema)) => escape_json_text(schema),
            None => return Err(unknown_schema_error(requested).into()),
        },
    };
    terminal_output::write_stdout(&text)?;
    Ok(ExitStatus::Clean)
}

fn unknown_schema_error(requested: &str) -> UserError {
    let help = match find_similar_name(requested, SCHEMAS.iter().map(|(name, _, _)| *name)) {
        Some(suggestion) => format!("did you mean `{suggestion}`?"),
        None => "`iamdrift schema` lists them".to_owned(),
    };
    UserError::new(format!("unknown schema `{requested}`"), help)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_published_schema_is_listed() {
        let mut published: Vec<String> = std::fs::read_dir("schemas")
            .unwrap()
            .map(|file| file.unwrap().file_name().to_string_lossy().replace(".schema.json", ""))
            .collect();
        published.sort();
        assert_eq!(published, SCHEMAS.map(|(name, _, _)| name));
    }
}
