//! `iamdrift explain`: evaluates one request of one principal, layer by layer.
//!
//! - `principal_lookup.rs`: the principal.
//! - `service_match.rs`, `explain_request.rs`: the request.
//! - `decision_text.rs`, `explanation.rs`: the explanation.
//! - `explanation_table.rs`: the explanation for people.

mod decision_text;
mod explain_request;
mod explanation;
mod explanation_table;
mod principal_lookup;
mod service_match;

use explanation_table::LineMarks;
use iamdrift::access::{ContextBuilder, add_role_trust, collect_layers, evaluate, find_missing_documents};
use iamdrift::base::json_writer::{JsonLayout, render_json};
use iamdrift::iam::Interpretation;
use iamdrift::report::Verbosity;
use iamdrift::snapshot::format::CollectionPart;
use iamdrift::snapshot::{LayerKind, MissingDocument};

use super::output_format::OutputFormat;
use super::snapshot_args::SnapshotArgs;
use super::{ExitStatus, GlobalArgs, terminal_output};

const AFTER_HELP: &str = concat!(
    "PRINCIPAL is the ARN of a principal or session, a name, or the end of an ARN such as role/agents/lantern. It must ",
    "identify one principal of the snapshot. Context keys that the snapshot, the action or the resource determines are set ",
    "unless you set them with --context. All other keys are missing from the request.\n\n",
    "Exit status: 0 the request was decided; 2 bad usage or input; 3 a document that could change the decision is not ",
    "in the snapshot or cannot be read.\n\n",
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
    /// The principal: an ARN, a name, or the end of an ARN
    #[arg(value_name = "PRINCIPAL")]
    principal: String,
    /// The action: `service:Action`
    #[arg(value_name = "ACTION")]
    action: String,
    /// The resource: an ARN, or `*` for an action without resource types
    #[arg(value_name = "RESOURCE")]
    resource: Option<String>,
    /// A context key of the request; repeat it for each value of a multivalued key
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
    #[command(flatten)]
    snapshot: SnapshotArgs,
    /// Also show statements for other services
    #[arg(long)]
    all: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Table, value_name = "FORMAT")]
    format: OutputFormat,
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let request_args =
        explain_request::RequestArgs::new(catalog, &args.action, args.resource.as_deref(), &args.context)?;
    let snapshot = globals.timed_step("read the snapshot", || args.snapshot.load())?;
    let lookup = principal_lookup::find_principal(&snapshot, &args.principal)?;
    let mut layers = collect_layers(&snapshot, lookup.account, lookup.principal);
    if let Some(sessions) = lookup.sessions {
        layers.principal.sessions = sessions;
    }
    // The trust policy of a role decides with the policies of the caller.
    layers.resource_policies = add_role_trust(&snapshot, request_args.resource(), &layers.resource_policies);
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let principal_context = ContextBuilder::new(&snapshot).on_day(today).build(lookup.principal);
    let (request, context) = request_args.to_request(catalog, &layers, &principal_context);
    let rcp_supported = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.supports_rcp(id));
    let evaluation = evaluate(&layers, &request, &rcp_supported, Interpretation::default());
    let mut missing_documents = find_missing_documents(&snapshot, lookup.account, lookup.principal);
    missing_documents.retain(|document| may_affect_decision(document, &request.resource));
    let verbosity = if args.all { Verbosity::All } else { Verbosity::Brief };
    let mut explanation = explanation::Explanation::new(lookup.principal, &request, &evaluation, verbosity);
    explanation.context = context;
    explanation.lacking = request_args.find_missing_keys(catalog, &layers, &request, &principal_context);
    explanation.notes.extend(request_args.notes);
    let organization_unread =
        snapshot.collection_gaps.iter().any(|gap| gap.unread.part == CollectionPart::Organization);
    if snapshot.organization.is_none() && !organization_unread {
        explanation.notes.push("the snapshot contains no organization: SCPs and RCPs were not evaluated".to_owned());
    }
    explanation.missing = missing_documents.iter().map(ToString::to_string).collect();
    explanation.missing.extend(snapshot.unread_files().map(|file| format!("{} was not read", file.subject)));
    match args.format {
        OutputFormat::Table => terminal_output::write_stdout(&explanation_table::render(
            &explanation,
            terminal_output::detect_layout(),
            if terminal_output::is_terminal() { LineMarks::Symbols } else { LineMarks::Words },
        )?)?,
        OutputFormat::Json => terminal_output::write_stdout(&render_json(&explanation, JsonLayout::Indented)?)?,
    }
    Ok(if explanation.missing.is_empty() { ExitStatus::Clean } else { ExitStatus::Incomplete })
}

/// Whether a missing document could change the decision on this resource. A trust policy decides who assumes the role,
/// not what the role can do.
fn may_affect_decision(document: &MissingDocument, resource: &str) -> bool {
    document.layer != LayerKind::Trust && document.may_affect_resource(resource)
}
