//! The JSON report: all of an audit, in a fixed order. The same audit gives the same bytes.
//!
//! Strings are exact: the writer escapes characters that could harm a terminal, and a program reads the same content.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::action_tables::{ActionListJson, ActionTables};
use super::escalation_group_json::EscalationGroupJson;
use super::finding_json::FindingJson;
use super::json_stream::JsonStream;
use super::relative_places::PlaceRoots;
use crate::audit::{
    AccountReport, Audit, AuditHead, BaselineInfo, CatalogInfo, DeclaredClass, FindingClass, FindingSink, NotExamined,
    Note, PatternCount, PrincipalReport, PrincipalStatus, RuleId, Severity, SnapshotInfo, UnreadInput, fold_in_order,
};
use crate::base::json_writer::JsonLayout;
use crate::report::render_options::RenderOptions;
use crate::report::reporter::{ReportSink, Reporter};

/// The version of the format. It changes if a field is removed or changes its meaning, not if a field is added.
pub const SCHEMA_VERSION: &str = "3";

/// The JSON format.
pub(in crate::report) struct JsonReporter;

impl Reporter for JsonReporter {
    fn write(&self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = ReportWriter::new(out, options.json_layout);
        writer.write_head(&audit.head)?;
        writer.write_classes(fold_in_order(&audit.findings))?;
        writer.finish(audit, options)
    }
}

/// A report of `iamdrift audit`, as its schema describes it. It is written in parts.
#[cfg(test)]
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "Report")]
pub struct JsonReport<'a> {
    /// What was audited.
    #[serde(flatten)]
    head: ReportHead<'a>,
    /// The findings. Accepted findings are among them.
    findings: Vec<FindingJson<'a>>,
    /// What is known at the end.
    #[serde(flatten)]
    end: ReportEnd<'a>,
}

/// What is known before the first finding.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct ReportHead<'a> {
    /// The version of this format: "3".
    schema_version: &'static str,
    /// Sixteen hexadecimal digits that identify the audit: its inputs, its options and its time.
    run_id: &'a str,
    /// When the audit was made: RFC 3339.
    generated_at: &'a str,
    /// The program that wrote the report.
    tool: ReportTool<'a>,
    /// What was audited.
    snapshot: &'a SnapshotInfo,
    /// What it was compared with.
    baseline: &'a BaselineInfo,
}

/// The program that wrote a report.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct ReportTool<'a> {
    /// `iamdrift`.
    name: &'static str,
    /// Its version.
    version: &'a str,
    /// The service catalog that was used.
    catalog: &'a CatalogInfo,
}

/// What is known after the last finding.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct ReportEnd<'a> {
    /// The lists of actions that the excess of findings refers to by position, each once.
    action_lists: &'a [ActionListJson],
    /// The action patterns that these lists refer to by position, each once.
    action_patterns: &'a [PatternCount],
    /// The escalation paths that no exception accepts (IAM005), by what ends most of them, the largest group first. Each is
    /// also a finding.
    escalation_groups: Vec<EscalationGroupJson<'a>>,
    /// Every principal of the snapshot, by ARN.
    principals: Vec<&'a PrincipalReport>,
    /// The inputs that could not be read and concern the chosen principals and rules. If there are any, the audit is
    /// incomplete.
    unread: Vec<UnreadInput>,
    /// What the options of the audit left out: the exit status says nothing about it.
    not_examined: NotExamined,
    /// What a reader must know to judge the findings.
    notes: Vec<Note>,
    /// The counts. A report without them was not written to its end.
    summary: Counts<'a>,
}

/// The counts of a report. Accepted findings are counted in `accepted` only. A finding counts once for each of its principals,
/// or once if it is about several principals of an entry, or about the baseline.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct Counts<'a> {
    /// Whether everything was read and decided.
    complete: bool,
    /// The exit status: 0 no finding at or above `fail_on`, 1 drift, 3 incomplete audit.
    exit_status: u8,
    /// The lowest severity that affects the exit status. None if no severity does.
    fail_on: Option<Severity>,
    /// The number of findings of each severity, without IAM010.
    by_severity: BTreeMap<Severity, usize>,
    /// The number of findings of each rule.
    by_rule: BTreeMap<RuleId, usize>,
    /// The number of findings about principals of each class, without findings about the baseline.
    by_kind: &'a BTreeMap<DeclaredClass, usize>,
    /// The number of principals with each status.
    by_status: &'a BTreeMap<PrincipalStatus, usize>,
    /// Each account, by id: those of the snapshot, and those that could not be read.
    accounts: &'a [AccountReport],
    /// The number of IAM010 findings. If there are any, the audit is incomplete.
    undecided: usize,
    /// The number of findings that an exception accepts.
    accepted: usize,
    /// The number of service-linked roles, which are skipped.
    service_linked: usize,
}

impl<'a> ReportHead<'a> {
    fn new(head: &'a AuditHead) -> ReportHead<'a> {
        ReportHead {
            schema_version: SCHEMA_VERSION,
            run_id: &head.run_id,
            generated_at: &head.generated_at,
            tool: ReportTool { name: "iamdrift", version: &head.version, catalog: &head.catalog },
            snapshot: &head.snapshot,
            baseline: &head.baseline,
        }
    }
}

impl<'a> ReportEnd<'a> {
    fn new(audit: &'a Audit, tables: &'a ActionTables, roots: &PlaceRoots, options: &RenderOptions) -> ReportEnd<'a> {
        let mut principals: Vec<&PrincipalReport> = audit.principals.iter().collect();
        principals.sort_by_key(|principal| &principal.arn);
        let (mut unread, mut not_examined, mut notes) =
            (audit.unread.clone(), audit.not_examined.clone(), audit.notes.clone());
        let of_inputs = unread.iter_mut().chain(&mut not_examined.unread).filter_map(|input| input.place.as_mut());
        let places = of_inputs.chain(notes.iter_mut().filter_map(|note| note.place.as_mut()));
        places.for_each(|place| roots.make_relative(place));
        ReportEnd {
            action_lists: tables.lists(),
            action_patterns: tables.patterns(),
            escalation_groups: audit.escalation_groups.iter().map(EscalationGroupJson::from).collect(),
            principals,
            unread,
            not_examined,
            notes,
            summary: Counts::new(audit, options),
        }
    }
}

impl<'a> Counts<'a> {
    fn new(audit: &'a Audit, options: &RenderOptions) -> Counts<'a> {
        let summary = &audit.summary;
        let severities = Severity::ALL.iter().map(|(_, severity)| *severity);
        let rules = RuleId::ALL.iter().map(|(_, rule)| *rule);
        Counts {
            complete: !audit.is_incomplete(),
            exit_status: options.exit_info.exit_status,
            fail_on: options.exit_info.fail_on,
            by_severity: severities.map(|s| (s, summary.findings.get(&s).copied().unwrap_or_default())).collect(),
            by_rule: rules.map(|rule| (rule, summary.by_rule.get(&rule).copied().unwrap_or_default())).collect(),
            by_kind: &summary.by_kind,
            by_status: &summary.principals,
            accounts: &audit.accounts,
            undecided: summary.undecided,
            accepted: summary.accepted,
            service_linked: summary.service_linked,
        }
    }
}

/// A report that is being written.
pub(in crate::report) struct ReportWriter<W> {
    stream: JsonStream<W>,
    tables: ActionTables,
    /// What paths are relative to. `None` before the head is written.
    roots: Option<PlaceRoots>,
}

impl<W: Write> ReportWriter<W> {
    /// A report of which nothing is written yet.
    pub fn new(out: W, layout: JsonLayout) -> ReportWriter<W> {
        ReportWriter { stream: JsonStream::new(out, layout), tables: ActionTables::default(), roots: None }
    }

    fn write_head(&mut self, head: &AuditHead) -> io::Result<()> {
        self.roots = Some(PlaceRoots::new(&head.snapshot, &head.baseline));
        let (head, stream) = (ReportHead::new(head), &mut self.stream);
        stream.begin_document()?;
        stream.write_member("schema_version", &head.schema_version)?;
        stream.write_member("run_id", &head.run_id)?;
        stream.write_member("generated_at", &head.generated_at)?;
        stream.write_member("tool", &head.tool)?;
        stream.write_member("snapshot", &head.snapshot)?;
        stream.write_member("baseline", &head.baseline)?;
        stream.begin_list("findings")
    }

    fn write_classes(&mut self, classes: Vec<FindingClass>) -> io::Result<()> {
        for mut class in classes {
            if let Some(roots) = &self.roots {
                class.change_places(&mut |place| roots.make_relative(place));
            }
            self.stream.write_element(&FindingJson::new(&class, &mut self.tables))?;
        }
        Ok(())
    }
}

impl<W: Write + Send> FindingSink for ReportWriter<W> {
    fn begin(&mut self, head: &AuditHead, _: &[PrincipalReport]) -> io::Result<()> {
        self.write_head(head)
    }

    fn write(&mut self, classes: Vec<FindingClass>) -> io::Result<()> {
        self.write_classes(classes)
    }
}

impl<W: Write + Send> ReportSink for ReportWriter<W> {
    fn end(&mut self, audit: &Audit, options: &RenderOptions) -> io::Result<()> {
        self.finish(audit, options)
    }
}

impl<W: Write> ReportWriter<W> {
    /// Writes what is known after the last finding.
    fn finish(&mut self, audit: &Audit, options: &RenderOptions) -> io::Result<()> {
        let roots = PlaceRoots::new(&audit.head.snapshot, &audit.head.baseline);
        let end = ReportEnd::new(audit, &self.tables, &roots, options);
        let stream = &mut self.stream;
        stream.end_list()?;
        stream.write_member("action_lists", &end.action_lists)?;
        stream.write_member("action_patterns", &end.action_patterns)?;
        stream.write_member("escalation_groups", &end.escalation_groups)?;
        stream.write_member("principals", &end.principals)?;
        stream.write_member("unread", &end.unread)?;
        stream.write_member("not_examined", &end.not_examined)?;
        stream.write_member("notes", &end.notes)?;
        stream.write_member("summary", &end.summary)?;
        stream.end_document()
    }
}
