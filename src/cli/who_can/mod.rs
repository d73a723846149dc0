//! `iamdrift who-can`: lists the principals that can perform an action, directly or through escalation.
//!
//! - `who_can_request.rs`: the question.
//! - `who_can_report.rs`: the principals and proofs, as data.
//! - `chosen_principals.rs`: the principals that are asked about, and the unread inputs that concern them.
//! - `allowed_requests.rs`: what a principal is allowed, under which conditions.
//! - `external_principals.rs`: principals outside the snapshot that resource policies name.
//! - `who_can_table.rs`, `who_can_json.rs`: the output formats.

mod allowed_requests;
mod chosen_principals;
mod external_principals;
mod who_can_json;
mod who_can_report;
mod who_can_request;
mod who_can_table;

use std::path::PathBuf;

use iamdrift::baseline::Glob;
use iamdrift::catalog::{ActionId, Catalog};
use iamdrift::iam::Arn;

use super::action_argument::suggest_action;
use super::output_format::OutputFormat;
use super::snapshot_args::SnapshotArgs;
use super::{ExitStatus, GlobalArgs, UserError, terminal_output};
use who_can_request::AccessScope;

const AFTER_HELP: &str = concat!(
    "Without RESOURCE, the command lists the principals that can perform the action on any resource, with the resources. ",
    "It also follows escalation paths (docs/reach.md): roles that a principal can assume or pass to a service, users ",
    "for which it can create credentials, policies that it can change. Every result has a request that proves it. Only ",
    "principals of the snapshot are checked; a warning names others that a resource policy allows.\n\n",
    "Exit status: 0 every principal was decided; 2 bad usage or input; 3 a principal is undecided, or part of the ",
    "snapshot could not be read.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift who-can cloudformation:DeleteStack\n",
    "  iamdrift who-can s3:GetObject arn:aws-cn:s3:::bucket/key --direct\n",
    "  iamdrift who-can 's3:Delete*' 'arn:aws-cn:s3:::bucket/*'\n",
    "  iamdrift who-can iam:PassRole --format json",
);

/// List the principals that can perform an action, directly or through escalation, and under which conditions
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The action: `service:Action`, or a pattern such as `s3:Delete*`
    #[arg(value_name = "ACTION")]
    action: String,
    /// The resource: an ARN, a pattern over ARNs, or `*` for an action without resource types [default: any resource]
    #[arg(value_name = "RESOURCE")]
    resource: Option<String>,
    #[command(flatten)]
    snapshot: SnapshotArgs,
    /// Check only principals whose ARN or name matches
    #[arg(long, value_name = "GLOB")]
    principal: Option<String>,
    /// Direct access only, ignore escalation
    #[arg(long)]
    direct: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Table, value_name = "FORMAT")]
    format: OutputFormat,
    /// Write the output to a file that only you can read
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let action = resolve_action(catalog, &args.action)?;
    let resource = args.resource.as_deref();
    if let Some(resource) = resource.filter(|resource| *resource != "*" && Arn::parse(resource).is_none()) {
        let help = "use an ARN, `*` for an action without resource types, or omit it";
        return Err(UserError::new(format!("`{resource}` is not a resource"), help).into());
    }
    let snapshot = globals.timed_step("read the snapshot", || args.snapshot.load())?;
    let glob = args.principal.as_deref().map(Glob::new);
    let access_scope = if args.direct { AccessScope::DirectOnly } else { AccessScope::WithEscalation };
    let request = who_can_request::WhoCanRequest { action: &action, resource, access_scope };
    let report = globals.timed_step("checked all principals", || {
        who_can_report::find_who_can(catalog, &snapshot, &request, glob.as_ref())
    });
    if report.asked == 0 {
        return Err(UserError::new("no principal matches `--principal`", "check the pattern").into());
    }
    let text = match args.format {
        OutputFormat::Table => who_can_table::render(&report, terminal_output::layout_for(args.output.as_deref()))?,
        OutputFormat::Json => who_can_json::render(&report)?,
    };
    terminal_output::write_output(args.output.as_deref(), &text)?;
    let incomplete = !report.undecided.is_empty() || !report.unread.is_empty();
    Ok(if incomplete { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

/// The action in the spelling of the service catalog, or the pattern.
///
/// # Errors
/// Text that is not an action, or matches none.
fn resolve_action(catalog: &Catalog, text: &str) -> Result<String, UserError> {
    if let Some(id) = catalog.find_action(text) {
        return Ok(catalog.full_name(id));
    }
    let (service, name) = text.split_once(':').unwrap_or_default();
    if text.contains(['*', '?']) && !service.is_empty() && !name.is_empty() {
        let glob = Glob::new(&text.to_ascii_lowercase());
        let mut actions = catalog.services().flat_map(|service| catalog.actions_of(service));
        if actions.any(|id| glob.matches(&catalog.full_name(ActionId(id)).to_ascii_lowercase())) {
            return Ok(text.to_owned());
        }
        let help = "AWS's Service Authorization Reference lists the actions";
        return Err(UserError::new(format!("no action matches `{text}`"), help));
    }
    if service.is_empty() || name.is_empty() {
        let help = "use `service:Action`, such as s3:GetObject or s3:Delete*";
        return Err(UserError::new(format!("`{text}` is not an action"), help));
    }
    let help = match suggest_action(catalog, text) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "AWS's Service Authorization Reference lists the actions".to_owned(),
    };
    Err(UserError::new(format!("unknown action `{text}`"), help))
}
