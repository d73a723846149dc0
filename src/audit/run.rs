//! One audit: every principal against its entry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::civil::Date;
use rayon::prelude::*;

use super::ask::{Answer, Asker};
use super::finding::{Accepted, Finding, PrincipalBrief, Sort};
use super::memo::Key;
use super::notes::notes;
use super::outcome::{Audit, BaselineFacts, CatalogFacts, PrincipalReport, SnapshotFacts, Status, Summary, Unread};
use super::peers::{Comparison, Narrowness, Peers};
use super::rank::Ranks;
use super::reaching::Reaching;
use super::rules::{Judged, RULES, RuleId, Whole};
use super::severity::Severity;
use super::shared::Sharing;
use super::subject::{Ceilings, Declared, Subject};
use super::topic::{self, Topics};
use super::void::{self, Kinds, Way};
use crate::access::{Gatherer, Layers, Request};
use crate::baseline::{Assignment, Baseline, Glob, IgnoredBy, PrincipalView};
use crate::catalog::Catalog;
use crate::iam::Readings;
use crate::kinds::{Recognised, Who, comers, recognise};
use crate::reach::Graph;
use crate::snapshot::Snapshot;
use crate::solve::{Solver, Undecided};
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

/// What decides, and what is told of it.
struct Judge<'a> {
    asker: &'a Asker<'a>,
    baseline: &'a Baseline,
    kinds: &'a Kinds<'a>,
    peers: Option<&'a Peers<'a>>,
    reaching: Option<&'a Reaching<'a>>,
    sharing: Option<&'a Sharing<'a>>,
}

impl Judge<'_> {
    /// Decides all principals, those that are alike once, and tells what the rules find.
    fn decide(&self, subjects: &[Subject<'_>]) -> Vec<Finding> {
        let mut alike: IndexMap<Key, Vec<usize>> = IndexMap::new();
        for (index, subject) in subjects.iter().enumerate() {
            alike.entry(Key::of(subject)).or_default().push(index);
        }
        let groups: Vec<Vec<usize>> = alike.into_values().collect();
        let by_group = groups.par_iter().map(|members| {
            let mut members = members.iter().filter_map(|index| subjects.get(*index));
            let Some(first) = members.next() else { return Vec::new() };
            let answer = self.asker.answer(first);
            let mut findings = self.judge(first, answer.clone());
            for subject in members {
                let own = moved(self.asker, first, subject, &answer).unwrap_or_else(|| self.asker.answer(subject));
                findings.extend(self.judge(subject, own));
            }
            findings
        });
        by_group.flatten_iter().collect()
    }

    fn judge(&self, subject: &Subject<'_>, mut answer: Answer) -> Vec<Finding> {
        let (_, policies) = self.asker.effective(&subject.layers);
        let comparison = self.peers.and_then(|peers| peers.compare(self.asker, subject, &answer));
        if let Some(Narrowness::Unknown(why)) = comparison.as_ref().map(Comparison::narrowness) {
            answer.undecided.extend(why.into_iter().map(Undecided::Unread));
        }
        let comparison = comparison.as_ref();
        let voids = self.voids(subject, &mut answer);
        let trust = &self.asker.openings(subject);
        let reached = &self.reaching.map(|reaching| reaching.reached(self.asker, subject)).unwrap_or_default();
        let shared = &self.sharing.and_then(|sharing| sharing.of(subject));
        let Judge { asker, baseline, reaching, .. } = *self;
        let (policies, answer, voids) = (policies.as_slice(), &answer, voids.as_slice());
        let shared = shared.as_ref();
        let judged =
            Judged { asker, subject, policies, answer, baseline, voids, comparison, shared, trust, reached, reaching };
        RULES.iter().flat_map(|rule| rule.all_of_principal(&judged)).collect()
    }

    /// The guards that a principal satisfies alone, and how.
    fn voids(&self, subject: &Subject<'_>, answer: &mut Answer) -> Vec<(usize, Vec<Way>)> {
        let mut voids = Vec::new();
        for topic in &subject.topics {
            let topic::About::Guard(index) = topic.about else { continue };
            let Some(guard) = self.baseline.guards.get(index) else { continue };
            let mut open = BTreeSet::new();
            let ways = void::ways(self.asker, subject, guard, topic, self.kinds, &mut open);
            match ways {
                Some(ways) => voids.push((index, ways)),
                None => {
                    let told = |why| Undecided::Unread(format!("whether {} is void: {why}", topic.name));
                    answer.undecided.extend(open.iter().map(told));
                }
            }
        }
        voids
    }
}

/// The answer for a principal that is like another, its witnesses in its own account; none where one of them
/// proves nothing there.
fn moved(asker: &Asker<'_>, from: &Subject<'_>, to: &Subject<'_>, answer: &Answer) -> Option<Answer> {
    let mut moved = answer.clone();
    let (old, new) = (format!(":{}:", from.account.id.as_str()), format!(":{}:", to.account.id.as_str()));
    let declared = &to.declared.layers;
    let allows = |layers: &Layers, request: &Request| asker.is_allowed(layers, request, Readings::default());
    for (founds, topic) in moved.topics.iter_mut().zip(&to.topics) {
        for request in founds.values_mut().filter_map(|found| found.witness.as_mut()) {
            request.resource = request.resource.replace(&old, &new);
            let within = allows(&to.layers, request) && allows(&topic.within.layers, request);
            if !within || allows(&topic.expected.layers, request) {
                return None;
            }
        }
    }
    for (founds, effective_first) in
        [(&mut moved.excess, true), (&mut moved.latent, true), (&mut moved.narrower, false)]
    {
        for request in founds.values_mut().filter_map(|found| found.witness.as_mut()) {
            request.resource = request.resource.replace(&old, &new);
            let sides = |request: &Request| (allows(&to.layers, request), allows(declared, request));
            if sides(request) != (effective_first, !effective_first) {
                return None;
            }
        }
    }
    Some(moved)
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
