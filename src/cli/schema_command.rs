//! `iamdrift schema`: the JSON Schemas of what is read and written.

use iamdrift::source::find_similar_name;

use super::{ExitStatus, GlobalArgs, UserError, terminal_output};

/// Name, what it describes, and the schema.
const SCHEMAS: [(&str, &str, &str); 10] = [
    ("account", "`accounts/*.json` of a collected snapshot", include_str!("../../schemas/account.schema.json")),
    ("baseline", "the manifest `baseline.toml`", include_str!("../../schemas/baseline.schema.json")),
    (
        "compare",
        "what `iamdrift compare --format json` and `--pairs` write",
        include_str!("../../schemas/compare.schema.json"),
    ),
    ("manifest", "`manifest.json` of a collected snapshot", include_str!("../../schemas/manifest.schema.json")),
    ("organization", "`organization.json` of a snapshot", include_str!("../../schemas/organization.schema.json")),
    (
        "principals",
        "what `iamdrift principals --format json` writes",
        include_str!("../../schemas/principals.schema.json"),
    ),
    ("report", "what `iamdrift audit --format json` writes", include_str!("../../schemas/report.schema.json")),
    (
        "resource-policies",
        "`resource-policies.json` of a snapshot",
        include_str!("../../schemas/resource-policies.schema.json"),
    ),
    ("snapshot", "`snapshot.json` of a snapshot", include_str!("../../schemas/snapshot.schema.json")),
    ("who-can", "what `iamdrift who-can --format json` writes", include_str!("../../schemas/who-can.schema.json")),
];

/// List the JSON Schemas, or print one
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  iamdrift schema compare > compare.schema.json")]
pub struct Args {
    /// Which one; all are listed without it
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, _: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let text = match &args.name {
        None => SCHEMAS.iter().map(|(name, description, _)| format!("{name:<18} {description}\n")).collect(),
        Some(requested) => match SCHEMAS.iter().find(|(name, _, _)| name == requested) {
            Some((_, _, schema)) => (*schema).to_owned(),
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
    UserError::new(format!("there is no schema `{requested}`"), help)
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
