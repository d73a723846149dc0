//! Guards whose condition a principal can satisfy alone (`docs/rules.md`, IAM004).
//!
//! A guard asks for something that someone else must give: a tag of the principal, a source identity. Where the
//! principal has it anyway or can give it to itself, or whoever takes the role on brings it along, the guard is void.

mod caller_session;
mod condition_source;
mod principal_tag;
mod resource_tag;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use condition_source::WrittenCondition;

use super::analyzer::{Analyzer, BUDGET, ExcessByStatement, Query};
use crate::access::{KeyFact, PolicyRef};
use crate::audit::checks::planner::Check;
use crate::audit::subject::audited_principal::{AuditedPrincipal, ResolvedCeiling};
use crate::baseline::{Glob, Guard};
use crate::classify::InferredClass;
use crate::iam::{ActionPattern, Condition, ElementKind, PolicyDocument, Statement};
use crate::solve::{Access, AnswerDetail, StatementUse, UndecidedReason};

const PRINCIPAL_TAG: &str = "aws:principaltag/";

/// One way in which a principal satisfies a condition of a guard by itself.
pub(crate) struct GuardBypass {
    /// In words: `it may set aws:PrincipalTag/x on itself (iam:TagRole)`.
    pub summary: String,
    /// What proves it, by statement; nothing where no request is needed.
    pub proof: ExcessByStatement,
    /// The policies that the statements are of.
    pub policies: Vec<PolicyRef>,
}

impl GuardBypass {
    /// A way that takes no request.
    fn without_request(summary: String) -> GuardBypass {
        GuardBypass { summary: summary, proof: ExcessByStatement::new(), policies: Vec::new() }
    }
}

/// Whom the snapshot knows by their ARNs.
pub(crate) type ClassByArn<'a> = BTreeMap<&'a str, InferredClass>;

/// How the principal satisfies all conditions of a guard by itself, one way for each; none where it cannot, or where
/// nothing of what is guarded is allowed even then.
pub(crate) fn find_bypasses(
    analyzer: &Analyzer<'_>,
    subject: &AuditedPrincipal<'_>,
    guard: &Guard,
    check: &Check,
    classes: &ClassByArn<'_>,
    undecided: &mut BTreeSet<UndecidedReason>,
) -> Option<Vec<GuardBypass>> {
    let mut finder = BypassFinder { analyzer: analyzer, subject, guard, check: check, classes: classes, undecided };
    let mut bypasses = Vec::new();
    for condition in &guard.unless.conditions {
        let undecided_before = finder.undecided.len();
        match finder.find_bypass(condition) {
            Some(bypass) => bypasses.push(bypass),
            // One that it certainly cannot satisfy is enough, whatever is open of others.
            None if finder.undecided.len() == undecided_before => {
                finder.undecided.clear();
                return None;
            }
            None => {}
        }
    }
    if !finder.is_guarded_access_granted() {
        finder.undecided.clear();
        return None;
    }
    (bypasses.len() == guard.unless.conditions.len()).then_some(bypasses)
}

struct BypassFinder<'a, 'u> {
    analyzer: &'a Analyzer<'a>,
    subject: &'a AuditedPrincipal<'a>,
    guard: &'a Guard,
    check: &'a Check,
    classes: &'a ClassByArn<'a>,
    undecided: &'u mut BTreeSet<UndecidedReason>,
}

impl BypassFinder<'_, '_> {
    fn find_bypass(&mut self, condition: &Condition) -> Option<GuardBypass> {
        let guard = self.guard;
        let written_condition = WrittenCondition::find_in_block(condition, &guard.unless.json)?;
        let key = condition.key.as_written();
        let lower = condition.key.lower();
        if let Some(tag) = key.get(PRINCIPAL_TAG.len()..).filter(|_| lower.starts_with(PRINCIPAL_TAG)) {
            return self
                .find_existing_tag(&written_condition, tag)
                .or_else(|| self.find_self_tagging(&written_condition, tag))
                .or_else(|| self.find_session_tag(&written_condition, tag))
                .or_else(|| self.find_federation_token(&written_condition, tag));
        }
        if lower == "aws:sourceidentity" {
            return self.find_source_identity(&written_condition);
        }
        if lower == "aws:userid" {
            return self.find_session_name(&written_condition);
        }
        if let Some((service, tag)) = key.split_once(':')
            && let Some(tag) = tag.get("resourcetag/".len()..).filter(|_| condition_source::is_resource_tag(tag))
        {
            return self.find_resource_tagging(&written_condition, service, tag);
        }
        let is_caller_chosen = matches!(
            lower,
            "aws:useragent" | "aws:referer" | "aws:tagkeys" | "sts:rolesessionname" | "sts:sourceidentity"
        ) || lower.starts_with("aws:requesttag/");
        is_caller_chosen.then(|| GuardBypass::without_request(format!("whoever calls chooses {key}")))
    }

    /// Whether anything of what is guarded is allowed once the condition is met: else it is no matter who meets it.
    fn is_guarded_access_granted(&mut self) -> bool {
        let mut known = self.subject.known_context.clone();
        for condition in &self.guard.unless.conditions {
            known.set(condition.key.as_written(), KeyFact::Free);
        }
        let (access, _) = self.analyzer.compute_effective_access(&self.subject.layers);
        let (budget, detail) = (BUDGET, AnswerDetail::Verdict);
        let query = Query {
            analyzer: self.analyzer,
            subject: self.subject,
            known_context: &known,
            budget,
            detail: detail,
            replay: None,
        };
        let mut undecided = BTreeSet::new();
        let guarded_access = access.intersect(&self.check.expected.access);
        !query.query_existing_actions(&guarded_access, &Access::default(), &mut undecided).is_empty()
            || !undecided.is_empty()
    }

    /// The requests of some actions that satisfy the guard already.
    fn restrict_guard_to_actions(&self, actions: &[String]) -> Option<ResolvedCeiling> {
        let expected = self.check.expected.documents.first()?;
        let mut document = PolicyDocument::clone(&expected.document);
        let patterns: Option<Vec<ActionPattern>> = actions.iter().map(|action| ActionPattern::parse(action)).collect();
        let patterns = patterns?;
        document.statements.iter_mut().for_each(|statement| statement.action.patterns.clone_from(&patterns));
        let mut restricted = expected.clone();
        restricted.document = Arc::new(document);
        Some(ResolvedCeiling::from_documents(vec![restricted]))
    }

    /// Whether some statement that grants lists one of these actions: most principals tag nothing, and need not be
    /// asked.
    fn has_grant_for(&self, access: &Access, actions: &[String]) -> bool {
        let granting_statements = access.branches.iter().filter_map(|branch| branch.allow_layers.first()).flatten();
        let mut statements = granting_statements.map(StatementUse::statement);
        statements.any(|statement| actions.iter().any(|action| lists_action(statement, action)))
    }
}

/// Whether a statement lists an action.
pub(crate) fn lists_action(statement: &Statement, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let matches = |written: &str| Glob::new(&written.to_ascii_lowercase()).matches(&action);
    let is_listed = statement.action.patterns.iter().any(|pattern| matches(pattern.as_written()));
    // Everything alone is written without a colon.
    let is_wildcard = statement.action.patterns.iter().any(|pattern| (pattern.service(), pattern.name()) == ("*", "*"));
    (is_listed || is_wildcard) == (statement.action.kind == ElementKind::List)
}

/// The document with every statement that speaks of one action speaking of another instead, and no other statement
/// speaking of anything. What is asked of two actions by one call (`sts:AssumeRole` and `sts:TagSession`) can so be
/// asked as one request.
fn replace_action(document: &PolicyDocument, action: &str, new_action: &str) -> Arc<PolicyDocument> {
    let mut document = PolicyDocument::clone(document);
    let patterns: Vec<ActionPattern> = ActionPattern::parse(new_action).into_iter().collect();
    for statement in &mut document.statements {
        // The statements stay where they are: findings tell them by their positions.
        statement.action.patterns = if lists_action(statement, action) { patterns.clone() } else { Vec::new() };
        statement.action.kind = ElementKind::List;
    }
    Arc::new(document)
}
