//! `iamdrift explain`: one request of one principal, decided layer by layer.

mod asked;
mod principal;
mod table;
mod told;
mod words;

use iamdrift::access::{evaluate, gather, known_context, missing};
use iamdrift::iam::Readings;
use iamdrift::snapshot::format::Part;
use iamdrift::snapshot::{LayerKind, MissingDocument};

use super::snapshot::SnapshotArgs;
use super::{ExitStatus, Globals, output};

const AFTER_HELP: &str = concat!(
    "PRINCIPAL is an ARN (also that of a session), a name, or the end of an ARN such as role/agents/lantern, as long as ",
    "one principal of the snapshot is meant. Context keys whose value the snapshot or the resource's ARN tells are ",
    "filled in unless they are given; what is neither given nor told is missing from the request.\n\n",
    "Exit status: 0 the request was decided, whichever way; 2 bad usage or input; 3 a document that decides is not in ",
    "the snapshot, or cannot be read.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift explain lantern-cost-explorer cloudformation:DeleteStack\n",
    "  iamdrift explain role/workloads/billing-export s3:GetObject \\\n",
    "    arn:aws-cn:s3:::bucket/key --context aws:SourceIp=203.0.113.7\n",
    "  iamdrift explain lantern-cost-explorer ec2:CreateTags --format json \\\n",
    "    --context aws:TagKeys=team --context aws:TagKeys=owner",
);

/// Show why a request of a principal is allowed or denied, layer by layer
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Who asks: an ARN, a name, or the end of an ARN
    #[arg(value_name = "PRINCIPAL")]
    principal: String,
    /// What is asked: `service:Action`
    #[arg(value_name = "ACTION")]
    action: String,
    /// On what: an ARN, or `*` for an action that names no resource
    #[arg(value_name = "RESOURCE")]
    resource: Option<String>,
    /// A context key of the request; a key with several values is given again for each
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
    #[command(flatten)]
    snapshot: SnapshotArgs,
    /// Show statements about other services, too
    #[arg(long)]
    all: bool,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    format: Format,
}

/// The formats of an answer.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs: one document.
    Json,
}

/// Runs the command.
pub fn run(args: &Args, globals: &Globals) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let asked = asked::Asked::new(catalog, &args.action, args.resource.as_deref(), &args.context)?;
    let snapshot = globals.step("read the snapshot", || args.snapshot.load())?;
    let found = principal::find(&snapshot, &args.principal)?;
    let mut layers = gather(&snapshot, found.account, found.principal);
    if let Some(sessions) = found.sessions {
        layers.principal.sessions = sessions;
    }
    let known = known_context(&snapshot, found.principal);
    let (request, context) = asked.request(catalog, &layers, &known);
    let rcp_supported = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.rcp_supported(id));
    let evaluation = evaluate(&layers, &request, &rcp_supported, Readings::default());
    let mut absent = missing(&snapshot, found.account, found.principal);
    absent.retain(|document| decides(document, &request.resource));
    let mut explanation = told::Explanation::new(found.principal, &request, &evaluation, args.all);
    explanation.context = context;
    explanation.lacking = asked::lacking(&layers, &request, &known);
    explanation.notes.extend(asked.notes);
    let organization_unread = snapshot.uncollected.iter().any(|one| one.unread.part == Part::Organization);
    if snapshot.organization.is_none() && !organization_unread {
        explanation.notes.push("the snapshot holds no organization: no SCP and no RCP was looked at".to_owned());
    }
    explanation.missing = absent.iter().map(ToString::to_string).collect();
    match args.format {
        Format::Table => output::write(&table::render(&explanation, output::layout(), output::is_terminal())?)?,
        Format::Json => output::write(&(serde_json::to_string_pretty(&explanation)? + "\n"))?,
    }
    Ok(if absent.is_empty() { ExitStatus::Clean } else { ExitStatus::Incomplete })
}

/// Whether a document that is missing could change the decision on this resource. Who becomes the role is
/// another question.
fn decides(document: &MissingDocument, resource: &str) -> bool {
    document.layer != LayerKind::Trust && document.decides_on(resource)
}
