//! One audit: every principal against its entry.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::ask::Asker;
use super::finding::{Accepted, Finding, PrincipalBrief, Sort};
use super::judge::Judge;
use super::notes::notes;
use super::outcome::{Audit, BaselineFacts, CatalogFacts, PrincipalReport, SnapshotFacts, Status, Summary, Unread};
use super::peers::Peers;
use super::rank::Ranks;
use super::reaching::Reaching;
use super::rules::{RULES, RuleId, Whole};
use super::severity::Severity;
use super::shared::Sharing;
use super::subject::{Ceilings, Declared, Subject};
use super::topic::Topics;
use super::void::Kinds;
use crate::access::Gatherer;
use crate::baseline::{Assignment, Baseline, Glob, IgnoredBy, PrincipalView};
use crate::catalog::Catalog;
use crate::kinds::{Recognised, Who, comers, recognise};
use crate::reach::Graph;
use crate::snapshot::Snapshot;
use crate::solve::Solver;
use crate::source::Diagnostics;

/// What of an audit is wanted.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only principals whose ARN, or name, this matches.
    pub principal: Option<Glob>,
    /// Only principals of these sorts; none: all.
    pub kinds: Vec<Sort>,
    /// Only these rules; none: those that are on by default.
    pub rules: Vec<RuleId>,
    /// Only findings at or above this severity. IAM010 is always told.
    pub severity: Option<Severity>,
    /// The day on which exceptions must hold.
    pub today: Date,
}

impl Options {
    /// Everything, on that day.
    pub fn on(today: Date) -> Options {
        Options { principal: None, kinds: Vec::new(), rules: Vec::new(), severity: None, today }
    }

    pub(super) fn wants(&self, rule: RuleId) -> bool {
        match self.rules.as_slice() {
            [] => RULES.iter().any(|r| r.about().id == rule && r.about().on_by_default),
            listed => listed.contains(&rule),
        }
    }

    fn selects(&self, brief: &PrincipalBrief) -> bool {
        let named = |glob: &Glob| glob.matches(&brief.arn) || glob.matches(&brief.name);
        self.principal.as_ref().is_none_or(named) && (self.kinds.is_empty() || self.kinds.contains(&brief.kind))
    }

    fn is_whole(&self) -> bool {
        self.principal.is_none() && self.kinds.is_empty() && self.rules.is_empty()
    }
}

/// Holds a snapshot against a baseline.
///
/// # Errors
/// A ceiling that cannot be resolved: an AWS managed policy that the snapshot does not hold, a service or level
/// that the catalog does not know.
pub fn audit(
    snapshot: &Snapshot,
    baseline: &Baseline,
    catalog: &Catalog,
    options: &Options,
) -> Result<Audit, Diagnostics> {
    let principals: Vec<_> = snapshot.principals().collect();
    let views: Vec<PrincipalView<'_>> = principals.iter().map(|(_, principal)| PrincipalView::of(principal)).collect();
    let assignments = baseline.assign(&views);
    let recognised = recognise(snapshot, Some(baseline));
    let kinds: Vec<Who> = recognised.iter().zip(&assignments.of).map(|(r, a)| who(baseline, a, r)).collect();
    let comers = comers(snapshot, Some(baseline), &kinds);
    let mut ceilings = Ceilings::new(snapshot, baseline, catalog);
    let mut topics = Topics::new(baseline, catalog, options);
    let nothing = Arc::new(Declared::of(Vec::new()));
    let mut reports = Vec::new();
    let gatherer = Gatherer::new(snapshot);
    let mut subjects = Vec::new();
    // Those whom nobody asked for, and whom an agent may be held against.
    let mut others = Vec::new();
    let mut selected = Vec::with_capacity(principals.len());
    for (index, ((account, principal), assignment)) in principals.iter().zip(&assignments.of).enumerate() {
        let (Some(recognised), Some(comers)) = (recognised.get(index), comers.get(index)) else { continue };
        let entry = match assignment {
            Assignment::Declared(index) => baseline.entries.get(*index),
            _ => None,
        };
        let (kind, status) = match assignment {
            Assignment::Declared(_) => (entry.map_or(Sort::Undeclared, |e| e.kind.into()), Status::AsDeclared),
            Assignment::Ignored(IgnoredBy::Ignore(_)) => (Sort::Ignored, Status::Ignored),
            Assignment::Ignored(IgnoredBy::ServiceLinked) => (Sort::ServiceLinked, Status::Ignored),
            Assignment::Undeclared => (Sort::Undeclared, Status::Undeclared),
            Assignment::Ambiguous(_) => (Sort::Ambiguous, Status::Ambiguous),
        };
        let brief = PrincipalBrief {
            arn: principal.arn.as_str().to_owned(),
            name: principal.name.clone(),
            kind,
            owner: entry.and_then(|e| e.owner.clone()),
            account: account.id.as_str().to_owned(),
        };
        let wanted = options.selects(&brief);
        selected.push(wanted);
        let of = (*account, *principal);
        let hints = (recognised, comers.as_slice());
        if !wanted {
            if matches!(assignment, Assignment::Declared(_) | Assignment::Undeclared) {
                others.push(Subject::gather(
                    snapshot,
                    &gatherer,
                    of,
                    brief,
                    hints,
                    entry,
                    (Arc::clone(&nothing), Vec::new()),
                ));
            }
            continue;
        }
        reports.push(PrincipalReport {
            arn: brief.arn.clone(),
            kind,
            owner: brief.owner.clone(),
            entry: entry.map(|e| e.name.value.clone()),
            account: brief.account.clone(),
            status,
        });
        let declared = match assignment {
            Assignment::Declared(index) => ceilings.of(*index, account)?,
            Assignment::Undeclared => Arc::clone(&nothing),
            Assignment::Ignored(_) | Assignment::Ambiguous(_) => continue,
        };
        let index = match assignment {
            Assignment::Declared(index) => Some(*index),
            _ => None,
        };
        let topics = topics.of(index, who(baseline, assignment, recognised), of, &mut ceilings)?;
        subjects.push(Subject::gather(snapshot, &gatherer, of, brief, hints, entry, (declared, topics)));
    }
    let ranks = Ranks::new(catalog);
    let solver = Solver::with_ranks(catalog, ranks.order());
    let wants = |rule| options.wants(rule);
    let asker = Asker::new(&solver, snapshot, ranks, wants(RuleId::Latent), wants(RuleId::Narrower));
    let everyone = subjects.iter().chain(&others);
    let peers = wants(RuleId::NotNarrower).then(|| Peers::new(&asker, baseline, everyone));
    let graph = || Graph::new(&solver, snapshot, options.today);
    let reaching = wants(RuleId::Reach).then(|| Reaching::new(graph(), snapshot, baseline, &assignments));
    let own_graph = (peers.is_some() && reaching.is_none()).then(graph);
    let sharing = reaching.as_ref().map(|reaching| &reaching.graph).or(own_graph.as_ref());
    let sharing = sharing.filter(|_| peers.is_some()).map(|graph| Sharing::new(graph, snapshot, &kinds));
    let known: Kinds<'_> = views.iter().map(|view| view.arn).zip(kinds.iter().copied()).collect();
    let (peers, reaching) = (peers.as_ref(), reaching.as_ref());
    let judge = Judge { asker: &asker, baseline, kinds: &known, peers, reaching, sharing: sharing.as_ref() };
    let mut findings = judge.decide(&subjects);
    let fingerprints: Vec<String> = findings.iter().map(|finding| finding.fingerprint.clone()).collect();
    let arns: Vec<&str> = views.iter().map(|view| view.arn).collect();
    let whole = Whole {
        baseline,
        assignments: &assignments,
        arns: &arns,
        selected: &selected,
        everyone: !snapshot.lacks_principals(),
        found: (options.is_whole() && !snapshot.lacks_principals()).then_some(fingerprints.as_slice()),
        today: options.today,
    };
    if options.principal.is_none() && options.kinds.is_empty() {
        findings.extend(RULES.iter().flat_map(|rule| rule.of_baseline(&whole)));
    } else {
        // What of the baseline is idle is no matter of these principals; that they are ambiguous is.
        let about_them = |finding: &Finding| finding.severity >= Severity::High;
        findings.extend(RULES.iter().flat_map(|rule| rule.of_baseline(&whole)).filter(about_them));
    }
    for finding in &mut findings {
        finding.accepted = accepted(baseline, finding, options.today);
    }
    set_statuses(&mut reports, &findings);
    let service_linked = reports.iter().filter(|report| report.kind == Sort::ServiceLinked).count();
    let documents = subjects.iter().flat_map(|subject| {
        let layers = &subject.layers;
        let own = layers.identity.iter().chain(layers.boundary.iter().flatten()).map(|policy| &*policy.document);
        own.chain(subject.declared.documents.iter().map(|d| &*d.document))
    });
    let notes = notes(snapshot, catalog, documents);
    let undecided = findings.iter().filter(|f| f.rule == RuleId::Undecided && f.accepted.is_none()).count();
    findings.retain(|finding| {
        let severe = options.severity.is_none_or(|least| finding.severity >= least);
        options.wants(finding.rule) && (severe || finding.rule == RuleId::Undecided)
    });
    findings.sort_by(|a, b| {
        let name = |finding: &Finding| finding.principal.as_ref().map(|principal| principal.arn.clone());
        b.severity.cmp(&a.severity).then_with(|| (name(a), a.rule).cmp(&(name(b), b.rule)))
    });
    Ok(Audit {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalog: CatalogFacts { version: catalog.version().to_owned(), updated_at: catalog.updated_at().to_owned() },
        snapshot: snapshot_facts(snapshot),
        baseline: BaselineFacts {
            path: baseline.source().name().to_owned(),
            content_id: baseline.content_id().to_owned(),
        },
        notes,
        summary: summary(&reports, &findings, undecided, service_linked),
        principals: reports,
        findings,
        unread: unread(snapshot),
    })
}

/// What a principal is: as its entry says, else as hints have it.
fn who(baseline: &Baseline, assignment: &Assignment, recognised: &Recognised) -> Who {
    match assignment {
        Assignment::Declared(index) => baseline.entries.get(*index).map_or(recognised.who, |e| e.kind.into()),
        _ => recognised.who,
    }
}

fn accepted(baseline: &Baseline, finding: &Finding, today: Date) -> Option<Accepted> {
    let exception = baseline.exception_for(&finding.fingerprint).filter(|exception| !exception.is_expired(today))?;
    Some(Accepted {
        reason: exception.reason.clone(),
        requested_by: exception.requested_by.clone(),
        approved_by: exception.approved_by.clone(),
        expires: exception.expires.value.to_string(),
        place: baseline.place(exception.span),
    })
}

/// What became of each principal, by the worst that was found.
fn set_statuses(reports: &mut [PrincipalReport], findings: &[Finding]) {
    let mut worst: BTreeMap<&str, Status> = BTreeMap::new();
    for finding in findings {
        let Some(principal) = &finding.principal else { continue };
        let status = match finding.rule {
            _ if finding.accepted.is_some() => Status::Accepted,
            RuleId::Broader => Status::Broader,
            RuleId::Latent => Status::Latent,
            RuleId::Reach => Status::Reaching,
            RuleId::Trust => Status::Exposed,
            RuleId::Undeclared => Status::Undeclared,
            RuleId::NotNarrower | RuleId::Unguarded | RuleId::Boundary => Status::DutyBroken,
            RuleId::Undecided => Status::Undecided,
            RuleId::Narrower => Status::Narrower,
            RuleId::Baseline => continue,
        };
        let known = worst.entry(&principal.arn).or_insert(status);
        *known = (*known).min(status);
    }
    for report in reports {
        if let Some(status) = worst.get(report.arn.as_str()) {
            report.status = *status;
        }
    }
}

fn summary(reports: &[PrincipalReport], findings: &[Finding], undecided: usize, service_linked: usize) -> Summary {
    let mut summary = Summary { undecided, service_linked, ..Summary::default() };
    for report in reports {
        *summary.principals.entry(report.status).or_insert(0) += 1;
    }
    for finding in findings {
        match (&finding.accepted, finding.rule) {
            (Some(_), _) => summary.accepted += 1,
            (None, RuleId::Undecided) => {}
            (None, _) => *summary.findings.entry(finding.severity).or_insert(0) += 1,
        }
    }
    summary
}

fn snapshot_facts(snapshot: &Snapshot) -> SnapshotFacts {
    let mut partitions: Vec<String> = snapshot.accounts.iter().map(|a| a.partition.as_str().to_owned()).collect();
    partitions.sort();
    partitions.dedup();
    SnapshotFacts {
        origin: snapshot.origin.display().to_string(),
        taken_at: snapshot.taken_at.clone(),
        accounts: snapshot.accounts.iter().map(|account| account.id.as_str().to_owned()).collect(),
        partitions,
        organization: snapshot.organization.is_some(),
    }
}

fn unread(snapshot: &Snapshot) -> Vec<Unread> {
    let one = |problem: &crate::snapshot::Problem| {
        let first = problem.diagnostics.0.first();
        Unread {
            what: problem.what.clone(),
            place: first.map(|d| d.place()),
            why: first.map(|d| d.message.clone()).unwrap_or_default(),
            account: None,
            permission: None,
        }
    };
    let uncollected = snapshot.uncollected.iter().map(|one| Unread {
        what: one.to_string(),
        place: Some(one.place.clone()),
        why: one.why(),
        account: one.account.as_ref().map(|account| account.as_str().to_owned()),
        permission: one.unread.permission.clone(),
    });
    uncollected.chain(snapshot.problems.iter().map(one)).collect()
}

impl Audit {
    /// Whether something could not be read or decided.
    pub fn is_incomplete(&self) -> bool {
        self.summary.undecided > 0 || !self.unread.is_empty()
    }

    /// Whether there is a finding at or above a severity that no exception accepts.
    pub fn has_drift(&self, at_least: Severity) -> bool {
        self.findings.iter().any(|finding| finding.accepted.is_none() && finding.severity >= at_least)
    }
}
