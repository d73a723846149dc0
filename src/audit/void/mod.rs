//! Guards whose condition a principal can satisfy alone (`docs/rules.md`, IAM004).
//!
//! A guard asks for something that someone else must give: a tag of the principal, a source identity. Where the
//! principal has it anyway or can give it to itself, or whoever takes the role on brings it along, the guard is void.

mod brought;
mod itself;
mod resource;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use written::Written;

use super::ask::{Ask, Asker, BUDGET, Founds};
use super::sides::both;
use super::subject::{Declared, Subject};
use super::topic::Topic;
use crate::access::{Known, PolicyRef};
use crate::baseline::{Glob, Guard};
use crate::iam::{ActionPattern, Condition, Listing, PolicyDocument, Statement};
use crate::kinds::Who;
use crate::solve::{Access, Allowing, Depth, Undecided};

const PRINCIPAL_TAG: &str = "aws:principaltag/";

/// One way in which a principal satisfies a condition of a guard by itself.
pub(super) struct Way {
    /// In words: `it may set aws:PrincipalTag/x on itself (iam:TagRole)`.
    pub words: String,
    /// What proves it, by statement; nothing where no request is needed.
    pub founds: Founds,
    /// The policies that the statements are of.
    pub policies: Vec<PolicyRef>,
}

impl Way {
    /// A way that takes no request.
    fn of_itself(words: String) -> Way {
        Way { words, founds: Founds::new(), policies: Vec::new() }
    }
}

/// Whom the snapshot knows by their ARNs.
pub(super) type Kinds<'a> = BTreeMap<&'a str, Who>;

/// How the principal satisfies all conditions of a guard by itself, one way for each; none where it cannot, or where
/// nothing of what is guarded is allowed even then.
pub(super) fn ways(
    asker: &Asker<'_>,
    subject: &Subject<'_>,
    guard: &Guard,
    topic: &Topic,
    kinds: &Kinds<'_>,
    undecided: &mut BTreeSet<Undecided>,
) -> Option<Vec<Way>> {
    let mut asking = Asking { asker, subject, guard, topic, kinds, undecided };
    let mut ways = Vec::new();
    for condition in &guard.unless.conditions {
        let open = asking.undecided.len();
        match asking.way(condition) {
            Some(way) => ways.push(way),
            // One that it certainly cannot satisfy is enough, whatever is open of others.
            None if asking.undecided.len() == open => {
                asking.undecided.clear();
                return None;
            }
            None => {}
        }
    }
    if !asking.is_of_use() {
        asking.undecided.clear();
        return None;
    }
    (ways.len() == guard.unless.conditions.len()).then_some(ways)
}

struct Asking<'a, 'u> {
    asker: &'a Asker<'a>,
    subject: &'a Subject<'a>,
    guard: &'a Guard,
    topic: &'a Topic,
    kinds: &'a Kinds<'a>,
    undecided: &'u mut BTreeSet<Undecided>,
}

impl Asking<'_, '_> {
    fn way(&mut self, condition: &Condition) -> Option<Way> {
        let guard = self.guard;
        let asked = Written::of(condition, &guard.unless.json)?;
        let key = condition.key.as_written();
        let lower = condition.key.lower();
        if let Some(tag) = key.get(PRINCIPAL_TAG.len()..).filter(|_| lower.starts_with(PRINCIPAL_TAG)) {
            return self
                .standing(&asked, tag)
                .or_else(|| self.tagging(&asked, tag))
                .or_else(|| self.brought_tag(&asked, tag))
                .or_else(|| self.federated(&asked, tag));
        }
        if lower == "aws:sourceidentity" {
            return self.brought_identity(&asked);
        }
        if lower == "aws:userid" {
            return self.named_session(&asked);
        }
        if let Some((service, tag)) = key.split_once(':')
            && let Some(tag) = tag.get("resourcetag/".len()..).filter(|_| written::is_resource_tag(tag))
        {
            return self.tagging_resources(&asked, service, tag);
        }
        let chosen = matches!(
            lower,
            "aws:useragent" | "aws:referer" | "aws:tagkeys" | "sts:rolesessionname" | "sts:sourceidentity"
        ) || lower.starts_with("aws:requesttag/");
        chosen.then(|| Way::of_itself(format!("whoever calls chooses {key}")))
    }

    /// Whether anything of what is guarded is allowed once the condition is met: else it is no matter who meets it.
    fn is_of_use(&mut self) -> bool {
        let mut known = self.subject.known.clone();
        for condition in &self.guard.unless.conditions {
            known.set(condition.key.as_written(), Known::Free);
        }
        let (access, _) = self.asker.effective(&self.subject.layers);
        let (budget, depth) = (BUDGET, Depth::Verdict);
        let ask = Ask { asker: self.asker, subject: self.subject, known: &known, budget, depth, confirm: None };
        let mut open = BTreeSet::new();
        let left = both(&access, &self.topic.expected.access);
        !ask.closed(&left, &Access::default(), &mut open).is_empty() || !open.is_empty()
    }

    /// The requests of some actions that satisfy the guard already.
    fn already(&self, actions: &[String]) -> Option<Declared> {
        let expected = self.topic.expected.documents.first()?;
        let mut document = PolicyDocument::clone(&expected.document);
        let patterns: Option<Vec<ActionPattern>> = actions.iter().map(|action| ActionPattern::parse(action)).collect();
        let patterns = patterns?;
        document.statements.iter_mut().for_each(|statement| statement.action.patterns.clone_from(&patterns));
        let mut of_actions = expected.clone();
        of_actions.document = Arc::new(document);
        Some(Declared::of(vec![of_actions]))
    }

    /// Whether some statement that grants lists one of these actions: most principals tag nothing, and need not be
    /// asked.
    fn grants(&self, access: &Access, actions: &[String]) -> bool {
        let granting = access.branches.iter().filter_map(|branch| branch.require.first()).flatten();
        let mut statements = granting.filter_map(Allowing::statement);
        statements.any(|statement| actions.iter().any(|action| speaks_of(statement, action)))
    }
}

/// Whether a statement lists an action.
pub(super) fn speaks_of(statement: &Statement, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let matches = |written: &str| Glob::new(&written.to_ascii_lowercase()).matches(&action);
    let listed = statement.action.patterns.iter().any(|pattern| matches(pattern.as_written()));
    // Everything alone is written without a colon.
    let all = statement.action.patterns.iter().any(|pattern| (pattern.service(), pattern.name()) == ("*", "*"));
    (listed || all) == (statement.action.listing == Listing::Only)
}

/// The document with every statement that speaks of one action speaking of another instead, and no other statement
/// speaking of anything. What is asked of two actions by one call (`sts:AssumeRole` and `sts:TagSession`) can so be
/// asked as one request.
fn instead(document: &PolicyDocument, action: &str, other: &str) -> Arc<PolicyDocument> {
    let mut document = PolicyDocument::clone(document);
    let patterns: Vec<ActionPattern> = ActionPattern::parse(other).into_iter().collect();
    for statement in &mut document.statements {
        // The statements stay where they are: findings tell them by their positions.
        statement.action.patterns = if speaks_of(statement, action) { patterns.clone() } else { Vec::new() };
        statement.action.listing = Listing::Only;
    }
    Arc::new(document)
}
