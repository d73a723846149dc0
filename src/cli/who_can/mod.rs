//! `iamdrift who-can`: everyone who can do one thing, themselves or by becoming another.

mod who_can_json;
mod who_can_report;
mod who_can_table;

use std::path::PathBuf;

use iamdrift::baseline::Glob;
use iamdrift::catalog::{ActionId, Catalog};
use iamdrift::iam::Arn;
use iamdrift::source::find_similar_name;

use super::snapshot_args::SnapshotArgs;
use super::{ExitStatus, GlobalArgs, UserError, terminal_output};

const AFTER_HELP: &str = concat!(
    "Without RESOURCE the question is who can do it on anything, and each is told with what. Whoever cannot do it is ",
    "asked whom they can become (docs/reach.md): roles that they assume or pass to a service, users that they make ",
    "credentials for, policies that they write. Every answer comes with a request that proves it. Principals of the ",
    "snapshot are asked; whom else a resource's policy names is told in a warning.\n\n",
    "Exit status: 0 everyone was decided; 2 bad usage or input; 3 someone could not be decided, or something of the ",
    "snapshot could not be read.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift who-can cloudformation:DeleteStack\n",
    "  iamdrift who-can s3:GetObject arn:aws-cn:s3:::bucket/key --direct\n",
    "  iamdrift who-can 's3:Delete*' 'arn:aws-cn:s3:::bucket/*'\n",
    "  iamdrift who-can iam:PassRole --format json",
);

/// List everyone who can do something: under which conditions, themselves or by becoming another
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// What: `service:Action`, or a pattern such as `s3:Delete*` for any of them
    #[arg(value_name = "ACTION")]
    action: String,
    /// On what: an ARN, a pattern over ARNs, or `*` for an action that names no resource; without it, on anything
    #[arg(value_name = "RESOURCE")]
    resource: Option<String>,
    #[command(flatten)]
    snapshot: SnapshotArgs,
    /// Only principals whose ARN or name matches
    #[arg(long, value_name = "GLOB")]
    principal: Option<String>,
    /// Only those who can themselves, not by becoming another
    #[arg(long)]
    direct: bool,
    /// How to write the list
    #[arg(long, value_enum, default_value_t = WhoCanFormat::Table, value_name = "FORMAT")]
    format: WhoCanFormat,
    /// Write the list to a file that only you can read
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The formats of the list.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
enum WhoCanFormat {
    /// For people.
    Table,
    /// For programs: one document.
    Json,
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let action = resolve_action(catalog, &args.action)?;
    let resource = args.resource.as_deref();
    if let Some(resource) = resource.filter(|resource| *resource != "*" && Arn::parse(resource).is_none()) {
        let help = "give an ARN, `*` for an action that names no resource, or leave it out";
        return Err(UserError::new(format!("`{resource}` is not a resource"), help).into());
    }
    let snapshot = globals.timed_step("read the snapshot", || args.snapshot.load())?;
    let glob = args.principal.as_deref().map(Glob::new);
    let request = who_can_report::WhoCanRequest { action: &action, resource, direct: args.direct };
    let report = globals.timed_step("asked everyone", || {
        who_can_report::find_who_can(catalog, &snapshot, &request, &|principal| {
            glob.as_ref().is_none_or(|glob| glob.matches(principal.arn.as_str()) || glob.matches(&principal.name))
        })
    });
    if report.asked == 0 {
        return Err(UserError::new("no principal is left to ask", "check the filter").into());
    }
    let text = match args.format {
        WhoCanFormat::Table => {
            let layout = if args.output.is_some() {
                terminal_output::detect_file_layout()
            } else {
                terminal_output::detect_layout()
            };
            who_can_table::render(&report, layout)?
        }
        WhoCanFormat::Json => who_can_json::render(&report)?,
    };
    match &args.output {
        Some(path) => terminal_output::write_private(path, &text, "-o")?,
        None => terminal_output::write_stdout(&text)?,
    }
    let incomplete = !report.undecided.is_empty() || !report.unread.is_empty();
    Ok(if incomplete { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

/// The action as the catalog writes it.
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
        return Err(UserError::new(format!("the service catalog knows no action like `{text}`"), help));
    }
    if service.is_empty() || name.is_empty() {
        let help = "give `service:Action`, such as s3:GetObject or s3:Delete*";
        return Err(UserError::new(format!("`{text}` is not an action"), help));
    }
    let suggestion = match catalog.find_service(service) {
        Some(id) => {
            let names: Vec<String> = catalog.actions_of(id).map(|id| catalog.full_name(ActionId(id))).collect();
            find_similar_name(text, names.iter().map(String::as_str)).map(str::to_owned)
        }
        None => find_similar_name(service, catalog.services().map(|id| catalog.service_prefix(id)))
            .map(|service| format!("{service}:…")),
    };
    let help = match suggestion {
        Some(near) => format!("did you mean `{near}`?"),
        None => "AWS's Service Authorization Reference lists the actions".to_owned(),
    };
    Err(UserError::new(format!("the service catalog knows no action `{text}`"), help))
}
