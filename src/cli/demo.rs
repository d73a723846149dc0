//! `iamdrift demo`: audits the example account `examples/incident`, which is embedded in the program, before and after
//! remediation.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use iamdrift::baseline::Baseline;
use iamdrift::report::{Paragraph, ReportFormat};
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;

use super::audit_args::{Filters, ReportOptions};
use super::audit_run::{AuditRun, write_report};
use super::{ExitStatus, GlobalArgs, snapshot_args};

const AFTER_HELP: &str = concat!(
    "The account is fictional: it shows the state after an agent deleted and recreated an environment. The table shows ",
    "two audits with the same baseline: the incident and, without the filters, the same account a week later, after ",
    "the suggested fixes. Other formats show one audit: the incident or, with --fixed, the fixed account. The command ",
    "reads no files and does not call AWS.\n\n",
    "To run the same audits from files, use the folder examples/incident of the repository: `iamdrift audit --snapshot ",
    "snapshot --baseline baseline`, then with `--snapshot fixed/snapshot`.\n\n",
    "Exit status: 0, regardless of the findings; 2 bad usage.\n\n",
    "Examples:\n  iamdrift demo\n  iamdrift demo --kind agent --all\n  iamdrift demo --fixed --format json",
);

/// Audit an embedded example account before and after remediation; needs no AWS access and no files
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Audit only the account after remediation
    #[arg(long)]
    fixed: bool,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    report_options: ReportOptions,
}

/// The text between the two audits.
const AFTER_REMEDIATION: &str =
    "AFTER REMEDIATION, a week later, with the fixes of this report (examples/incident/README.md explains each):";
/// The text after the second audit.
const NEXT_STEPS: &str = "To audit your own account: `iamdrift audit --profile NAME --baseline DIRECTORY`. The folder policies \
                    of the repository contains a baseline to start from.";

/// A folder of `examples/incident` and its files.
struct EmbeddedFolder {
    path: &'static str,
    files: &'static [(&'static str, &'static str)],
}

impl EmbeddedFolder {
    /// The files, with their paths in the repository.
    fn source_files(&self) -> impl Iterator<Item = (&'static str, Arc<SourceFile>)> {
        let full_name = |path: &str| format!("examples/incident/{}/{path}", self.path);
        self.files.iter().map(move |(path, text)| (*path, SourceFile::new(full_name(path), *text)))
    }
}

/// A folder of `examples/incident` with the named files.
macro_rules! embedded {
    ($folder:literal: $($path:literal,)*) => {
        EmbeddedFolder {
            path: $folder,
            files: &[$(($path, include_str!(concat!("../../examples/incident/", $folder, "/", $path))),)*],
        }
    };
}

const INCIDENT: EmbeddedFolder = embedded!("snapshot":
    "account.json",
    "organization.json",
    "resource-policies.json",
    "snapshot.json",
);
const FIXED: EmbeddedFolder = embedded!("fixed/snapshot":
    "account.json",
    "organization.json",
    "resource-policies.json",
    "snapshot.json",
);
const BASELINE: EmbeddedFolder = embedded!("baseline":
    "agents/cost-explorer-readonly.json",
    "agents/observability-readonly.json",
    "baseline.toml",
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
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let (manifest, documents): (Vec<_>, Vec<_>) =
        BASELINE.source_files().partition(|(path, _)| *path == "baseline.toml");
    let manifest =
        manifest.into_iter().next().map(|(_, source)| source).context("the embedded baseline has no manifest")?;
    let documents = documents.into_iter().map(|(path, source)| (path.to_owned(), source));
    let baseline = Baseline::from_texts(&manifest, documents, catalog)?;
    let render_report = |folder: &EmbeddedFolder, filters: &Filters| -> anyhow::Result<String> {
        let path = format!("examples/incident/{}", folder.path);
        let origin = Path::new(&path);
        let texts: Vec<Arc<SourceFile>> = folder.source_files().map(|(_, source)| source).collect();
        let snapshot =
            Snapshot::from_texts(origin, &texts).map_err(|error| snapshot_args::to_user_error(error, origin))?;
        let run = AuditRun { snapshot: &snapshot, baseline: &baseline, catalog, filters };
        run.audit_and_render(&args.report_options).map(|(text, _)| text)
    };
    let report_options = &args.report_options;
    let mut text = render_report(if args.fixed { &FIXED } else { &INCIDENT }, &args.filters)?;
    if report_options.format == ReportFormat::Table && !args.fixed {
        let render_paragraph = |text: &str| -> anyhow::Result<String> {
            let mut line = b"\n".to_vec();
            Paragraph::new(0, 0).add_words(text).write(report_options.layout(), &mut line)?;
            Ok(String::from_utf8_lossy(&line).into_owned())
        };
        text = [
            text,
            render_paragraph(AFTER_REMEDIATION)?,
            "\n".to_owned(),
            render_report(&FIXED, &Filters::unfiltered())?,
            render_paragraph(NEXT_STEPS)?,
        ]
        .concat();
    }
    write_report(&text, report_options)?;
    Ok(ExitStatus::Clean)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn collect_files(folder: &Path, path: &Path, files: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder.join(path)).unwrap() {
            let entry = entry.unwrap();
            let path = path.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => collect_files(folder, &path, files),
                false => drop(files.insert(path.display().to_string())),
            }
        }
    }

    #[test]
    fn every_example_file_is_embedded() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
        let mut example_files = BTreeSet::new();
        collect_files(&examples, Path::new(""), &mut example_files);
        let file_names = |folder: &EmbeddedFolder| {
            folder.source_files().map(|(_, source)| source.name().to_owned()).collect::<Vec<_>>()
        };
        let mut embedded: BTreeSet<String> = [INCIDENT, FIXED, BASELINE].iter().flat_map(file_names).collect();
        embedded.insert("examples/incident/README.md".to_owned());
        let here: BTreeSet<String> =
            example_files.into_iter().map(|path| format!("examples/incident/{path}")).collect();
        assert_eq!(embedded, here);
    }
}
