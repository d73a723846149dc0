//! `iamdrift demo`: the audit of an account that is embedded in the program (`examples/incident`).

use std::path::Path;
use std::sync::Arc;

use iamdrift::baseline::Baseline;
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;

use super::audit::{self, Filters, Telling};
use super::{ExitStatus, Globals, snapshot};

const AFTER_HELP: &str = concat!(
    "The account is invented: the morning after an agent deleted and recreated an environment. Nothing is read and ",
    "AWS is not called. The same with files of your own: `iamdrift audit`.\n\n",
    "Exit status: 0, whatever the audit finds, since it is a demonstration; 2 for bad usage.\n\n",
    "Example:\n  iamdrift demo",
);

/// Audit an embedded example account: no AWS, no files
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    telling: Telling,
}

/// The files of `examples/incident` by their paths in it.
macro_rules! embedded {
    ($folder:literal: $($path:literal,)*) => {
        [$(($path, include_str!(concat!("../../examples/incident/", $folder, $path))),)*]
    };
}

const SNAPSHOT: [(&str, &str); 3] = embedded!("snapshot/": "account.json", "organization.json", "snapshot.json",);
const MANIFEST: &str = include_str!("../../examples/incident/baseline/baseline.toml");
const DOCUMENTS: [(&str, &str); 11] = embedded!("baseline/":
    "agents/cost-explorer-readonly.json",
    "agents/observability-readonly.json",
    "deploy/pipeline.json",
    "operators/cost-explorer.json",
    "operators/databases.json",
    "people/auditors.json",
    "people/cost-analysts.json",
    "workloads/billing-export.json",
    "workloads/cost-explorer-api.json",
    "workloads/etl.json",
    "workloads/export-backup.json",
);

/// Runs the command.
pub fn run(args: &Args, globals: &Globals) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let origin = Path::new("examples/incident/snapshot");
    let texts = SNAPSHOT.map(|(path, text)| SourceFile::new(format!("examples/incident/snapshot/{path}"), text));
    let snapshot = Snapshot::from_texts(origin, &texts).map_err(|error| snapshot::explained(error, origin))?;
    let document = |(path, text): &(&str, &str)| -> (String, Arc<SourceFile>) {
        ((*path).to_owned(), SourceFile::new(format!("examples/incident/baseline/{path}"), *text))
    };
    let manifest = SourceFile::new("examples/incident/baseline/baseline.toml", MANIFEST);
    let baseline = Baseline::from_texts(&manifest, DOCUMENTS.iter().map(document), catalog)?;
    audit::tell(&snapshot, &baseline, catalog, &args.filters, &args.telling)?;
    Ok(ExitStatus::Clean)
}
