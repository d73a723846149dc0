//! `iamdrift baseline accept`: accepts findings to the extent that they have now, until a date.

use std::path::PathBuf;

use iamdrift::audit::{Audit, Extent, ExtentMode, ExtentRefusal, Finding};
use iamdrift::baseline::{Baseline, is_same_person};
use iamdrift::report::text::{render_extent, render_refusal, render_title};
use iamdrift::report::{Layout, Paragraph};
use jiff::civil::Date;

use super::acceptance::{Acceptance, SortedFindings};
use super::manifest_edit::Approval;
use crate::cli::snapshot_args::SnapshotArgs;
use crate::cli::{ExitStatus, GlobalArgs, UserError, terminal_output};

const AFTER_HELP: &str = concat!(
    "An exception accepts what a finding consists of now, written as policy documents beside the manifest or as facts in ",
    "it. Until its last day the solver decides what is left: more access, another trusted party, a dropped condition or ",
    "another path is reported at once, and what shrinks stays accepted. An accepted finding does not affect the exit ",
    "status.\n\n",
    "Two different people must request and approve it. The control is the review of the repository with the baseline: ",
    "this command only compares the two names.\n\n",
    "Exit status: 0 everything was accepted; 2 bad usage or input; 3 with --all, some findings cannot be accepted.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift baseline accept --all --baseline baseline --snapshot snapshot \\\n",
    "    --reason \"migration, ticket 7\" --requested-by a.operator --approved-by s.security \\\n",
    "    --expires 2027-03-31",
);

/// Accept findings to the extent that they have now, until a date
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The keys of the findings, as the report prints them
    #[arg(value_name = "KEY", required_unless_present = "all", conflicts_with = "all")]
    keys: Vec<String>,
    /// Accept everything that an audit finds, also what it finds when the rest is accepted
    #[arg(long)]
    all: bool,
    /// The baseline: a directory with `baseline.toml`, or the manifest
    #[arg(long, value_name = "PATH", default_value = "policies")]
    baseline: PathBuf,
    #[command(flatten)]
    snapshot: SnapshotArgs,
    /// Why the findings are accepted
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    reason: String,
    /// The person who requests the exception
    #[arg(long, value_name = "NAME", value_parser = parse_text)]
    requested_by: String,
    /// The person who approves it: another one
    #[arg(long, value_name = "NAME", value_parser = parse_text)]
    approved_by: String,
    /// The last day on which the exception is valid: 2027-03-31
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    expires: Date,
}

fn parse_text(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("some text is required".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

fn parse_date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "a date such as 2027-03-31 is required".to_owned())
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    if is_same_person(&args.requested_by, &args.approved_by) {
        let message = format!("`{}` cannot approve their own request", args.approved_by);
        return Err(UserError::new(message, "use the name of another person for `--approved-by`").into());
    }
    if args.expires < today {
        return Err(UserError::new(format!("{} is in the past", args.expires), "choose a later last day").into());
    }
    let catalog = globals.catalog()?;
    let baseline = Baseline::load_with_catalog(&args.baseline, catalog)?;
    let snapshot = args.snapshot.load()?;
    let acceptance = Acceptance {
        globals,
        catalog,
        snapshot: &snapshot,
        today,
        approval: Approval {
            reason: &args.reason,
            requested_by: &args.requested_by,
            approved_by: &args.approved_by,
            expires: args.expires,
        },
    };
    let audit = acceptance.audit(&baseline, ExtentMode::Offered)?;
    let mut findings = SortedFindings::sort(select_findings(args, &audit)?.into_iter().cloned());
    if let (false, Some((finding, refusal))) = (args.all, findings.refused.first()) {
        let message = format!("{} cannot be accepted: {}", finding.key, render_refusal(refusal));
        return Err(UserError::new(message, "fix the finding, or declare what is intended").into());
    }
    if !findings.offered.is_empty() {
        let is_chosen = |finding: &Finding| args.all || args.keys.contains(&finding.key);
        let extents = if args.all { ExtentMode::Offered } else { ExtentMode::Without };
        acceptance.write(&args.baseline, &baseline, &mut findings, &is_chosen, extents)?;
    }
    let SortedFindings { offered, refused } = findings;
    let mut out = AcceptOutput { text: Vec::new(), layout: terminal_output::detect_layout() };
    out.write_accepted(&offered, args.expires)?;
    out.write_refused(&refused)?;
    terminal_output::write_stdout(&String::from_utf8_lossy(&out.text))?;
    Ok(if refused.is_empty() { ExitStatus::Clean } else { ExitStatus::Incomplete })
}

/// The findings with the requested keys, or all that no exception accepts yet.
fn select_findings<'a>(args: &Args, audit: &'a Audit) -> anyhow::Result<Vec<&'a Finding>> {
    if args.all {
        return Ok(audit.findings.iter().filter(|finding| finding.accepted.is_none()).collect());
    }
    let mut selected: Vec<&Finding> = Vec::new();
    for key in &args.keys {
        let Some(finding) = audit.findings.iter().find(|finding| finding.key == *key) else {
            let known = audit.findings.iter().map(|finding| finding.key.as_str());
            let help = match iamdrift::source::find_similar_name(key, known) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => "`iamdrift audit` with the same snapshot and baseline prints the keys".to_owned(),
            };
            return Err(UserError::new(format!("the audit has no finding with the key `{key}`"), help).into());
        };
        if let Some(accepted) = &finding.accepted {
            let message = format!("`{key}` is accepted already, until {}", accepted.expires);
            let help = "to accept it for longer, have `expires` in the manifest changed";
            return Err(UserError::new(message, help).into());
        }
        if !selected.iter().any(|other| other.key == *key) {
            selected.push(finding);
        }
    }
    Ok(selected)
}

/// The output of the command.
struct AcceptOutput {
    text: Vec<u8>,
    layout: Layout,
}

impl AcceptOutput {
    fn write_line(&mut self, indent: usize, words: &str) -> std::io::Result<()> {
        Paragraph::new(indent, indent + 2).add_words(words).write(self.layout, &mut self.text)
    }

    fn write_accepted(&mut self, offered: &[(Finding, Extent)], expires: Date) -> std::io::Result<()> {
        let count = iamdrift::audit::format_count(offered.len(), "finding");
        self.write_line(0, &format!("accepted {count} until {expires}"))?;
        for (finding, extent) in offered {
            self.write_line(2, &finding.key)?;
            self.write_line(4, &format!("{} {}: {}", finding.rule, finding.severity, render_title(&finding.title)))?;
            for principal in finding.all_principals() {
                self.write_line(4, &principal.arn)?;
            }
            self.write_line(4, &format!("accepts {}", render_extent(extent)))?;
        }
        if !offered.is_empty() {
            self.write_line(
                0,
                "Not accepted: whatever exceeds this from now on. Have the change of the baseline reviewed and committed.",
            )?;
        }
        Ok(())
    }

    fn write_refused(&mut self, refused: &[(Finding, ExtentRefusal)]) -> std::io::Result<()> {
        for (finding, refusal) in refused {
            self.write_line(0, &format!("not accepted: {}: {}", finding.key, render_refusal(refusal)))?;
        }
        Ok(())
    }
}
