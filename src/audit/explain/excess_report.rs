//! From the answer of the solver to the excess of a finding: by granting statement, the worst first.

use std::collections::{BTreeMap, BTreeSet};

use super::find_nearest_declared::find_nearest_declared;
use super::statement_text;
use crate::access::{Layers, PolicyOrigin, PolicyRef, Request};
use crate::audit::actions::action_severity::rate_future_name;
use crate::audit::actions::by_statement::{ExcessByStatement, StatementExcess};
use crate::audit::actions::named_action_set::NamedActionSet;
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::analysis::own_credentials::OwnCredentials;
use crate::audit::model::action_list::PatternCount;
use crate::audit::model::excess::{ActionCounts, Excess, Witness};
use crate::audit::model::granting_statement::{GrantingStatement, PolicySource};
use crate::audit::model::severity::Severity;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::iam::{ActionPattern, ElementKind, Statement};
use crate::snapshot::AttachmentKind;

/// The excess of a finding, and what its fingerprint depends on.
pub(crate) struct ExcessReport {
    /// By granting statement, the worst first.
    pub excess: Vec<Excess>,
    /// The policy of each granting statement, by its index.
    pub policies: Vec<usize>,
    /// What identifies each granting statement, for the fingerprint. Empty if something else does.
    pub causes: Vec<String>,
    /// The number of actions of all statements together.
    pub counts: ActionCounts,
    /// The severity of the worst statement.
    pub severity: Severity,
}

impl ExcessReport {
    /// A report without excess.
    pub fn empty() -> ExcessReport {
        ExcessReport {
            excess: Vec::new(),
            policies: Vec::new(),
            causes: Vec::new(),
            counts: ActionCounts::default(),
            severity: Severity::Low,
        }
    }

    /// The action patterns of all statements, sorted.
    pub fn list_patterns(&self) -> Vec<String> {
        let patterns: BTreeSet<&str> =
            self.excess.iter().flat_map(|excess| excess.actions.iter()).map(|action| action.pattern.as_str()).collect();
        patterns.into_iter().map(str::to_owned).collect()
    }
}

/// Whether the actions of an excess exist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ReportedActions {
    /// Actions of the catalog.
    Existing,
    /// Actions that AWS has not released.
    Future,
}

/// Who performs the actions of an excess.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Actor {
    /// An agent: the severity is one step higher.
    Agent,
    /// Anyone else.
    Other,
}

impl Actor {
    /// The actor that uses the credentials of a principal.
    pub fn of_principal(subject: &AuditedPrincipal<'_>) -> Actor {
        if subject.is_agent() { Actor::Agent } else { Actor::Other }
    }
}

/// What a policy without an attachment is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UnattachedPolicy {
    /// A document of the declared ceiling.
    Ceiling,
    /// A policy that the principal can attach to itself.
    SelfAttached,
}

/// Makes a report of excess.
pub(crate) struct ExcessRenderer<'a> {
    /// What all questions of the run share.
    pub analyzer: &'a Analyzer<'a>,
    /// The principal.
    pub subject: &'a AuditedPrincipal<'a>,
    /// The policies that the statement ids of the excess refer to.
    pub policies: &'a [PolicyRef],
    /// What the excess exceeds.
    pub expected_layers: &'a Layers,
    /// Whether the actions exist.
    pub reported_actions: ReportedActions,
    /// Who performs the actions.
    pub actor: Actor,
    /// The actions that reach only the credentials of the principal's own user.
    pub own_credentials: &'a OwnCredentials,
    /// What a policy without an attachment is.
    pub unattached_policy: UnattachedPolicy,
    /// Whether the fingerprint depends on the granting statements.
    pub has_statement_causes: bool,
}

impl ExcessRenderer<'_> {
    /// The report of an excess.
    pub fn render(&self, excess_by_statement: &ExcessByStatement) -> ExcessReport {
        let catalog = self.analyzer.solver.catalog;
        let mut all_actions = NamedActionSet::default();
        let mut rendered: Vec<(usize, Excess, Option<String>)> = Vec::new();
        for ((policy_index, statement_index), statement_excess) in excess_by_statement {
            // INVARIANT: a statement id refers to `policies`, and the analysis records excess only with a witness.
            let policy = policy_index.find(self.policies).expect("the policy of a statement id exists");
            let position = policy_index.position().expect("the policy of a statement id exists");
            let statement =
                policy.document.statements.get(*statement_index).expect("the statement of a statement id exists");
            let witness = statement_excess.witness.as_ref().expect("excess has a witness");
            all_actions.extend(&statement_excess.actions);
            let cause = self.has_statement_causes.then(|| {
                let contributes = |pattern: &ActionPattern| statement_excess.actions.matches_pattern(catalog, pattern);
                statement_text::normalize_statement(statement, contributes)
            });
            rendered.push((position, self.render_statement(policy, statement, statement_excess, witness), cause));
        }
        rendered.sort_by(|(_, a, _), (_, b, _)| {
            (b.severity, b.destructive_count, b.action_count).cmp(&(a.severity, a.destructive_count, a.action_count))
        });
        let mut report = ExcessReport {
            counts: match self.reported_actions {
                ReportedActions::Future => ActionCounts::default(),
                ReportedActions::Existing => ActionCounts {
                    all: all_actions.len(),
                    destructive: all_actions.count_destructive(&self.analyzer.ranking),
                },
            },
            // A report without excess is no finding: its severity does not matter.
            severity: rendered.iter().map(|(_, excess, _)| excess.severity).max().unwrap_or(Severity::Low),
            ..ExcessReport::empty()
        };
        for (policy, excess, cause) in rendered {
            report.policies.push(policy);
            report.excess.push(excess);
            report.causes.extend(cause);
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
        if let Some(severity) = self.own_credentials.rate(&self.analyzer.ranking, &statement_excess.actions) {
            summary.severity = severity;
        }
        if self.reported_actions == ReportedActions::Future {
            summary.patterns = find_future_patterns(statement, witness).into();
            let severities = summary.patterns.iter().map(|p| rate_future_name(&p.pattern));
            summary.severity = severities.max().unwrap_or(Severity::Medium);
            (summary.action_count, summary.destructive_count) = (0, 0);
            summary.levels = BTreeMap::new();
        }
        let severity = match self.actor {
            Actor::Agent => summary.severity.raise_one_step(),
            Actor::Other => summary.severity,
        };
        Excess {
            granted_by: self.to_granting_statement(policy, statement),
            severity,
            actions: summary.patterns,
            action_count: summary.action_count,
            destructive_count: summary.destructive_count,
            levels: summary.levels,
            cubes: statement_excess.cubes.clone(),
            more: statement_excess.has_more_cubes,
            expected: find_nearest_declared(self.expected_layers, witness),
            witness: to_witness(witness),
        }
    }

    fn to_granting_statement(&self, policy: &PolicyRef, statement: &Statement) -> GrantingStatement {
        // In an escalation the policy belongs to the principal at the end of the path.
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
            PolicyOrigin::Given => match self.unattached_policy {
                UnattachedPolicy::Ceiling => (PolicySource::Ceiling, None),
                UnattachedPolicy::SelfAttached => (PolicySource::Itself, None),
            },
        };
        GrantingStatement {
            policy: policy.name.clone(),
            arn,
            origin,
            statement: statement.index,
            sid: statement.sid.as_deref().map(str::to_owned),
            // A policy that the principal can attach is not written anywhere yet.
            place: match self.is_self_attached(policy) {
                true => self.subject.principal.place.clone(),
                false => policy.statement_place(statement),
            },
        }
    }

    fn is_self_attached(&self, policy: &PolicyRef) -> bool {
        policy.origin == PolicyOrigin::Given && self.unattached_policy == UnattachedPolicy::SelfAttached
    }
}

/// Whether an ARN is the ARN of a group.
pub(crate) fn is_group_arn(arn: &str) -> bool {
    arn.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("group/"))
}

/// The name at the end of an ARN.
pub(crate) fn last_path_segment(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

pub(crate) fn to_witness(request: &Request) -> Witness {
    let context = request.context.0.iter().map(|(key, value)| (key.as_written().to_owned(), value.values().to_vec()));
    Witness { action: request.action.clone(), resource: request.resource.clone(), context: context.collect() }
}

/// The patterns of a statement that match future actions.
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
