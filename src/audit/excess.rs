//! From what the solver found to what a finding tells: by granting statement, the worst first.

use std::collections::BTreeMap;

use super::action_list::ActionPattern;
use super::action_patterns::ActionSet;
use super::ask::{Asker, Found, Founds};
use super::cube_text;
use super::expected::expected;
use super::finding::{Excess, GrantedBy, Origin, Witness};
use super::severity::{self, Severity};
use super::statement_text;
use super::subject::Subject;
use crate::access::{Layers, PolicyOrigin, PolicyRef, Request};
use crate::iam::{Listing, Statement};
use crate::snapshot::{HeldPolicy, Holding};
use crate::source::Place;

/// Excess, and what its fingerprint rests on.
pub(super) struct Told {
    /// By granting statement, the worst first.
    pub excess: Vec<Excess>,
    /// The policy of each, by its index.
    pub policies: Vec<usize>,
    /// The causes, for the fingerprint.
    pub causes: Vec<String>,
    /// How many actions there are in all.
    pub action_count: usize,
    /// How many of them destroy.
    pub destructive_count: usize,
    /// How bad it is.
    pub severity: Severity,
}

impl Told {
    /// Nothing to tell.
    pub fn nothing() -> Told {
        let (excess, policies, causes) = (Vec::new(), Vec::new(), Vec::new());
        Told { excess, policies, causes, action_count: 0, destructive_count: 0, severity: Severity::Low }
    }
}

/// Which side a statement stands on, and what the other side is.
pub(super) struct Telling<'a> {
    /// What the run shares.
    pub asker: &'a Asker<'a>,
    /// The principal.
    pub subject: &'a Subject<'a>,
    /// The policies that the tags speak of.
    pub policies: &'a [PolicyRef],
    /// The other side.
    pub other: &'a Layers,
    /// Whether the actions do not exist yet.
    pub latent: bool,
    /// Whether what may be done may be done by an agent, and so weighs more.
    pub is_agent: bool,
}

impl Telling<'_> {
    /// Tells what was found.
    pub fn tell(&self, founds: &Founds) -> Told {
        let catalog = self.asker.solver.catalog;
        let mut all = ActionSet::default();
        let mut told: Vec<(usize, Excess, String)> = Vec::new();
        for ((policy_index, statement_index), found) in founds {
            let Some(policy) = self.policies.get(*policy_index) else { continue };
            let Some(statement) = policy.document.statements.get(*statement_index) else { continue };
            let Some(witness) = &found.witness else { continue };
            all.extend(&found.actions);
            let cause = statement_text::normalised(statement, |pattern| found.actions.meets(catalog, pattern));
            told.push((*policy_index, self.excess(policy, statement, found, witness), cause));
        }
        told.sort_by(|(_, a, _), (_, b, _)| {
            (b.severity, b.destructive_count, b.action_count).cmp(&(a.severity, a.destructive_count, a.action_count))
        });
        let worst = told.iter().map(|(_, excess, _)| excess.severity).max().unwrap_or(Severity::Low);
        let mut out = Told {
            excess: Vec::with_capacity(told.len()),
            policies: Vec::with_capacity(told.len()),
            causes: Vec::with_capacity(told.len()),
            action_count: if self.latent { 0 } else { all.len() },
            destructive_count: if self.latent { 0 } else { all.destructive(&self.asker.ranks) },
            severity: worst,
        };
        for (policy, excess, cause) in told {
            out.policies.push(policy);
            out.excess.push(excess);
            out.causes.push(cause);
        }
        out
    }

    fn excess(&self, policy: &PolicyRef, statement: &Statement, found: &Found, witness: &Request) -> Excess {
        let mut summary = self.asker.summaries.of(&self.asker.ranks, &found.actions);
        if self.latent {
            summary.patterns = latent_patterns(statement, witness).into();
            summary.severity =
                summary.patterns.iter().map(|p| severity::of_future_name(&p.pattern)).max().unwrap_or(Severity::Medium);
            (summary.count, summary.destructive) = (0, 0);
            summary.levels = BTreeMap::new();
        }
        let severity = if self.is_agent { summary.severity.raised() } else { summary.severity };
        Excess {
            granted_by: self.granted_by(policy, statement),
            severity,
            actions: summary.patterns,
            action_count: summary.count,
            destructive_count: summary.destructive,
            levels: summary.levels,
            resources: cube_text::resources(&found.cubes),
            conditions: cube_text::conditions(&found.cubes),
            cubes: found.cubes.clone(),
            more: found.more,
            expected: expected(self.other, witness),
            witness: shown(witness),
        }
    }

    fn granted_by(&self, policy: &PolicyRef, statement: &Statement) -> GrantedBy {
        // The policy of another principal is that of one that this one becomes: the path tells whose.
        let group = |holder: &str| is_group(holder).then(|| name_of(holder));
        let (origin, arn) = match &policy.origin {
            PolicyOrigin::Held(Holding::Inline { holder }) => {
                (group(holder).map_or(Origin::Inline, Origin::InlineOfGroup), None)
            }
            PolicyOrigin::Held(Holding::Attached { arn, holder }) => {
                (group(holder).map_or(Origin::Attached, Origin::AttachedToGroup), Some(arn.clone()))
            }
            PolicyOrigin::Held(Holding::Boundary { arn }) => (Origin::Boundary, Some(arn.clone())),
            PolicyOrigin::Organization { id, .. } => (Origin::Organization, Some(id.clone())),
            PolicyOrigin::Held(Holding::Trust { holder: arn }) | PolicyOrigin::Resource { arn } => {
                (Origin::ResourcePolicy, Some(arn.clone()))
            }
            PolicyOrigin::Given => (Origin::Ceiling, None),
        };
        GrantedBy {
            policy: policy.name.clone(),
            arn,
            origin,
            statement: statement.index,
            sid: statement.sid.as_deref().map(str::to_owned),
            place: self.place(policy, statement),
        }
    }

    /// Where the statement stands. Equal documents are kept once: where the kept one is another holder's, the
    /// place is that of this holder's whole document.
    fn place(&self, policy: &PolicyRef, statement: &Statement) -> Place {
        let same = |held: &&HeldPolicy| {
            held.name == policy.name
                && matches!(&policy.origin, PolicyOrigin::Held(holding) if *holding == held.holding)
        };
        let held = self.subject.principal.identity.iter().find(same);
        match held {
            Some(held) if held.place != policy.document.place() => held.place.clone(),
            _ => policy.document.statement_place(statement),
        }
    }
}

/// Whether an ARN is a group's.
pub(super) fn is_group(arn: &str) -> bool {
    arn.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("group/"))
}

/// The last part of an ARN's path.
pub(super) fn name_of(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

pub(super) fn shown(request: &Request) -> Witness {
    let context = request.context.0.iter().map(|(key, value)| (key.as_written().to_owned(), value.values().to_vec()));
    Witness { action: request.action.clone(), resource: request.resource.clone(), context: context.collect() }
}

/// The patterns by which a statement lets in actions that do not exist yet.
fn latent_patterns(statement: &Statement, witness: &Request) -> Vec<ActionPattern> {
    let service = witness.action.split_once(':').map_or("", |(service, _)| service).to_ascii_lowercase();
    let wild = statement.action.patterns.iter().filter(|pattern| !pattern.is_literal());
    let mut patterns: Vec<String> = match statement.action.listing {
        Listing::AllBut => vec!["*".to_owned()],
        Listing::Only => wild
            .filter(|p| p.service_has_wildcards() || p.service() == service)
            .map(|p| p.as_written().to_owned())
            .collect(),
    };
    patterns.sort();
    patterns.dedup();
    patterns.into_iter().map(|pattern| ActionPattern { pattern, count: 0, levels: BTreeMap::new() }).collect()
}
