//! From what the solver found to what a finding tells: by granting statement, the worst first.

use std::collections::BTreeMap;

use super::condition_text;
use super::nearest_declared::find_nearest_declared;
use super::statement_text;
use crate::access::{Layers, PolicyOrigin, PolicyRef, Request};
use crate::audit::actions::by_statement::{ExcessByStatement, StatementExcess};
use crate::audit::actions::named_action_set::NamedActionSet;
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::model::action_list::PatternCount;
use crate::audit::model::finding::{Excess, GrantingStatement, PolicySource, Witness};
use crate::audit::model::severity::{self, Severity};
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::iam::{ElementKind, Statement};
use crate::snapshot::{AttachmentKind, PolicyAttachment};
use crate::source::Place;

/// Excess, and what its fingerprint rests on.
pub(crate) struct ExcessReport {
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

impl ExcessReport {
    /// Nothing to tell.
    pub fn empty() -> ExcessReport {
        let (excess, policies, causes) = (Vec::new(), Vec::new(), Vec::new());
        ExcessReport { excess, policies, causes, action_count: 0, destructive_count: 0, severity: Severity::Low }
    }
}

/// Which side a statement stands on, and what the other side is.
pub(crate) struct ExcessRenderer<'a> {
    /// What the run shares.
    pub analyzer: &'a Analyzer<'a>,
    /// The principal.
    pub subject: &'a AuditedPrincipal<'a>,
    /// The policies that the tags speak of.
    pub policies: &'a [PolicyRef],
    /// The other side.
    pub expected_layers: &'a Layers,
    /// Whether the actions do not exist yet.
    pub is_future: bool,
    /// Whether what may be done may be done by an agent, and so weighs more.
    pub is_agent: bool,
}

impl ExcessRenderer<'_> {
    /// Tells what was found.
    pub fn render(&self, excess_by_statement: &ExcessByStatement) -> ExcessReport {
        let catalog = self.analyzer.solver.catalog;
        let mut all_actions = NamedActionSet::default();
        let mut rendered: Vec<(usize, Excess, String)> = Vec::new();
        for ((policy_index, statement_index), statement_excess) in excess_by_statement {
            let Some(policy) = self.policies.get(*policy_index) else { continue };
            let Some(statement) = policy.document.statements.get(*statement_index) else { continue };
            let Some(witness) = &statement_excess.witness else { continue };
            all_actions.extend(&statement_excess.actions);
            let cause = statement_text::normalize_statement(statement, |pattern| {
                statement_excess.actions.matches_pattern(catalog, pattern)
            });
            rendered.push((*policy_index, self.render_statement(policy, statement, statement_excess, witness), cause));
        }
        rendered.sort_by(|(_, a, _), (_, b, _)| {
            (b.severity, b.destructive_count, b.action_count).cmp(&(a.severity, a.destructive_count, a.action_count))
        });
        let worst = rendered.iter().map(|(_, excess, _)| excess.severity).max().unwrap_or(Severity::Low);
        let mut report = ExcessReport {
            excess: Vec::with_capacity(rendered.len()),
            policies: Vec::with_capacity(rendered.len()),
            causes: Vec::with_capacity(rendered.len()),
            action_count: if self.is_future { 0 } else { all_actions.len() },
            destructive_count: if self.is_future { 0 } else { all_actions.count_destructive(&self.analyzer.ranking) },
            severity: worst,
        };
        for (policy, excess, cause) in rendered {
            report.policies.push(policy);
            report.excess.push(excess);
            report.causes.push(cause);
        }
        report
    }

    fn render_statement(
        &self,
        policy: &PolicyRef,
        statement: &Statement,
        statement_excess: &StatementExcess,
        witness: &Request,
    ) -> Excess {
        let mut summary =
            self.analyzer.summary_cache.get_or_summarize(&self.analyzer.ranking, &statement_excess.actions);
        if self.is_future {
            summary.patterns = find_future_patterns(statement, witness).into();
            summary.severity = summary
                .patterns
                .iter()
                .map(|p| severity::rate_future_name(&p.pattern))
                .max()
                .unwrap_or(Severity::Medium);
            (summary.action_count, summary.destructive_count) = (0, 0);
            summary.levels = BTreeMap::new();
        }
        let severity = if self.is_agent { summary.severity.raise_one_step() } else { summary.severity };
        Excess {
            granted_by: self.to_granting_statement(policy, statement),
            severity,
            actions: summary.patterns,
            action_count: summary.action_count,
            destructive_count: summary.destructive_count,
            levels: summary.levels,
            resources: condition_text::render_resources(&statement_excess.cubes),
            conditions: condition_text::render_conditions(&statement_excess.cubes),
            cubes: statement_excess.cubes.clone(),
            more: statement_excess.has_more_cubes,
            expected: find_nearest_declared(self.expected_layers, witness),
            witness: to_witness(witness),
        }
    }

    fn to_granting_statement(&self, policy: &PolicyRef, statement: &Statement) -> GrantingStatement {
        // The policy of another principal is that of one that this one becomes: the path tells whose.
        let group = |holder: &str| is_group_arn(holder).then(|| last_path_segment(holder));
        let (origin, arn) = match &policy.origin {
            PolicyOrigin::Identity(AttachmentKind::Inline { holder }) => {
                (group(holder).map_or(PolicySource::Inline, PolicySource::InlineOfGroup), None)
            }
            PolicyOrigin::Identity(AttachmentKind::Attached { arn, holder }) => {
                (group(holder).map_or(PolicySource::Attached, PolicySource::AttachedToGroup), Some(arn.clone()))
            }
            PolicyOrigin::Identity(AttachmentKind::Boundary { arn }) => (PolicySource::Boundary, Some(arn.clone())),
            PolicyOrigin::Organization { id, .. } => (PolicySource::Organization, Some(id.clone())),
            PolicyOrigin::Identity(AttachmentKind::Trust { holder: arn }) | PolicyOrigin::Resource { arn } => {
                (PolicySource::ResourcePolicy, Some(arn.clone()))
            }
            PolicyOrigin::Given => (PolicySource::Ceiling, None),
        };
        GrantingStatement {
            policy: policy.name.clone(),
            arn,
            origin,
            statement: statement.index,
            sid: statement.sid.as_deref().map(str::to_owned),
            place: self.find_place(policy, statement),
        }
    }

    /// Where the statement stands. Equal documents are kept once: where the kept one is another holder's, the
    /// place is that of this holder's whole document.
    fn find_place(&self, policy: &PolicyRef, statement: &Statement) -> Place {
        let is_same_policy = |attachment: &&PolicyAttachment| {
            attachment.name == policy.name
                && matches!(&policy.origin, PolicyOrigin::Identity(holding) if *holding == attachment.kind)
        };
        let attachment = self.subject.principal.identity_policies.iter().find(is_same_policy);
        match attachment {
            Some(attachment) if attachment.place != policy.document.place() => attachment.place.clone(),
            _ => policy.document.statement_place(statement),
        }
    }
}

/// Whether an ARN is a group's.
pub(crate) fn is_group_arn(arn: &str) -> bool {
    arn.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("group/"))
}

/// The last part of an ARN's path.
pub(crate) fn last_path_segment(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

pub(crate) fn to_witness(request: &Request) -> Witness {
    let context = request.context.0.iter().map(|(key, value)| (key.as_written().to_owned(), value.values().to_vec()));
    Witness { action: request.action.clone(), resource: request.resource.clone(), context: context.collect() }
}

/// The patterns by which a statement lets in actions that do not exist yet.
fn find_future_patterns(statement: &Statement, witness: &Request) -> Vec<PatternCount> {
    let service = witness.action.split_once(':').map_or("", |(service, _)| service).to_ascii_lowercase();
    let wildcard_patterns = statement.action.patterns.iter().filter(|pattern| !pattern.is_literal());
    let mut patterns: Vec<String> = match statement.action.kind {
        ElementKind::NotList => vec!["*".to_owned()],
        ElementKind::List => wildcard_patterns
            .filter(|p| p.service_has_wildcards() || p.service() == service)
            .map(|p| p.as_written().to_owned())
            .collect(),
    };
    patterns.sort();
    patterns.dedup();
    patterns.into_iter().map(|pattern| PatternCount { pattern, count: 0, levels: BTreeMap::new() }).collect()
}
