//! Guards whose condition a principal can satisfy alone (`docs/rules.md`, IAM004).
//!
//! A guard asks for something that someone else must give: a tag of the principal, a source identity. Where the
//! principal can set the very tag on itself, or whoever takes the role on brings it along, the guard is void.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::ask::{Ask, Asker, Founds};
use super::made;
use super::sides::both;
use super::subject::{Declared, Subject};
use super::topic::Topic;
use crate::access::{KnownContext, Layers, PolicyOrigin, PolicyRef, Request};
use crate::baseline::{Glob, Guard};
use crate::iam::condition::ConditionValue;
use crate::iam::principal::{AwsPrincipal, PrincipalEntry};
use crate::iam::{Condition, Effect, Listing, Operator, PolicyDocument, Statement};
use crate::kinds::Who;
use crate::snapshot::PrincipalKind;
use crate::solve::{Access, Allowing, Branch, Undecided};

const PRINCIPAL_TAG: &str = "aws:principaltag/";

/// One way in which a principal satisfies a condition of a guard by itself.
pub(super) struct Way {
    /// In words: `it may set aws:PrincipalTag/x on itself (iam:TagRole)`.
    pub words: String,
    /// What proves it, by statement; nothing where whoever calls chooses the value.
    pub founds: Founds,
    /// The policies that the statements are of.
    pub policies: Vec<PolicyRef>,
}

/// Whom the snapshot knows by their ARNs.
pub(super) type Kinds<'a> = BTreeMap<&'a str, Who>;

/// How the principal satisfies all conditions of a guard by itself, one way for each; none where it cannot.
pub(super) fn ways(
    asker: &Asker<'_>,
    subject: &Subject<'_>,
    guard: &Guard,
    topic: &Topic,
    kinds: &Kinds<'_>,
    undecided: &mut BTreeSet<Undecided>,
) -> Option<Vec<Way>> {
    let mut asking = Asking { asker, subject, topic, kinds, undecided };
    guard.unless.conditions.iter().map(|condition| asking.way(condition, &guard.unless.json)).collect()
}

struct Asking<'a, 'u> {
    asker: &'a Asker<'a>,
    subject: &'a Subject<'a>,
    topic: &'a Topic,
    kinds: &'a Kinds<'a>,
    undecided: &'u mut BTreeSet<Undecided>,
}

impl Asking<'_, '_> {
    fn way(&mut self, condition: &Condition, block: &Value) -> Option<Way> {
        let key = condition.key.as_written();
        let lower = condition.key.lower();
        if let Some(tag) = key.get(PRINCIPAL_TAG.len()..).filter(|_| lower.starts_with(PRINCIPAL_TAG)) {
            return self.tagging(condition, block, tag).or_else(|| {
                let wanted = with_tag(condition, block, tag)?;
                self.brought(condition, "sts:TagSession", &wanted)
            });
        }
        if lower == "aws:sourceidentity" {
            let wanted = asked_as(condition, block, "sts:SourceIdentity")?;
            return self.brought(condition, "sts:SetSourceIdentity", &wanted);
        }
        let chosen =
            matches!(lower, "aws:useragent" | "aws:referer" | "aws:tagkeys") || lower.starts_with("aws:requesttag/");
        chosen.then(|| Way {
            words: format!("whoever calls chooses {key}"),
            founds: Founds::new(),
            policies: Vec::new(),
        })
    }

    /// It may set the tag on itself, or take it off where the guard asks that it is not there.
    fn tagging(&mut self, condition: &Condition, block: &Value, tag: &str) -> Option<Way> {
        let absent = match condition.operator {
            Operator::Null => block_values(condition, block)?.iter().any(|value| value == "true"),
            operator => operator.is_negated(),
        };
        let off = absent.then(|| self.tag_itself(condition, "Untag", naming_tag(tag))).flatten();
        off.or_else(|| self.tag_itself(condition, "Tag", with_tag(condition, block, tag)?))
    }

    fn tag_itself(&mut self, condition: &Condition, verb: &str, wanted: Value) -> Option<Way> {
        let entity = if self.subject.principal.kind == PrincipalKind::User { "User" } else { "Role" };
        let action = format!("iam:{verb}{entity}");
        let (access, policies) = self.asker.effective(&self.subject.layers);
        let granting = access.branches.iter().filter_map(|branch| branch.require.first()).flatten();
        // Most principals tag nobody: they need not be asked.
        if !granting.filter_map(|one| one.document.statements.get(one.index)).any(|s| speaks_of(s, &action)) {
            return None;
        }
        let own = vec![self.subject.principal.arn.as_str().to_owned()];
        let mut statement = made::allow(std::slice::from_ref(&action), &own);
        statement.as_object_mut()?.insert("Condition".to_owned(), wanted);
        let within = made::declared("the tag itself", &[statement], None);
        // Where setting the tag needs the tag already, it is not done alone.
        let already = self.already(&action)?;
        let layers = &self.subject.layers;
        let confirm = |request: &Request, readings| {
            let may = self.asker.is_allowed(layers, request, readings)
                && self.asker.is_allowed(&within.layers, request, readings);
            self.asker.confirm(may, self.asker.is_allowed(&already.layers, request, readings), request)
        };
        let ask = Ask::difference(self.asker, self.subject, &confirm);
        let founds = ask.closed(&both(&access, &within.access), &already.access, self.undecided);
        let words = match verb {
            "Tag" => format!("it may set {} itself ({action})", condition.key),
            _ => format!("it may take {} off itself ({action})", condition.key),
        };
        (!founds.is_empty()).then_some(Way { words, founds, policies })
    }

    /// The requests of an action that satisfy the guard already.
    fn already(&self, action: &str) -> Option<Declared> {
        let expected = self.topic.expected.documents.first()?;
        let mut document = PolicyDocument::clone(&expected.document);
        let pattern = crate::iam::ActionPattern::parse(action)?;
        document.statements.iter_mut().for_each(|statement| statement.action.patterns = vec![pattern.clone()]);
        let mut of_action = expected.clone();
        of_action.document = Arc::new(document);
        Some(Declared::of(vec![of_action]))
    }

    /// Whoever takes the role on may bring it along: the trust policy lets people or agents do so.
    fn brought(&mut self, condition: &Condition, action: &str, wanted: &Value) -> Option<Way> {
        let trust = self.subject.principal.trust.as_ref()?;
        let document = &trust.document;
        let counts = |statement: &&Statement| match statement.effect {
            Effect::Allow => self.lets_people(statement),
            Effect::Deny => is_of_anyone(statement),
        };
        let chosen: Vec<&Statement> = document.statements.iter().filter(counts).collect();
        if !chosen.iter().any(|statement| statement.effect == Effect::Allow && speaks_of(statement, action)) {
            return None;
        }
        let list = |effect: Effect| -> Vec<Allowing> {
            let of_effect = chosen.iter().filter(|statement| statement.effect == effect);
            let one = |s: &&Statement| Allowing {
                document: Arc::clone(document),
                index: s.index,
                covers: None,
                rcp_services_only: false,
                tag: 0,
            };
            of_effect.map(one).collect()
        };
        let branch = Branch { require: vec![list(Effect::Allow)], forbid: list(Effect::Deny), except: Vec::new() };
        let access = Access { branches: vec![branch] };
        let mut statement = made::allow(&[action.to_owned()], &[self.subject.principal.arn.as_str().to_owned()]);
        statement.as_object_mut()?.insert("Condition".to_owned(), wanted.clone());
        let within = made::declared("brought along", &[statement], None);
        let policy = PolicyRef {
            name: trust.name.clone(),
            origin: PolicyOrigin::Held(trust.holding.clone()),
            document: Arc::clone(document),
        };
        // The evaluator is asked of the same statements, whoever calls.
        let mut alone = PolicyDocument::clone(document);
        alone.statements.retain(|statement| counts(&statement));
        alone.statements.iter_mut().for_each(|statement| statement.principal = None);
        let layers = Layers::of_identity(vec![PolicyRef { document: Arc::new(alone), ..policy.clone() }]);
        let confirm = |request: &Request, readings| {
            let may = self.asker.is_allowed(&layers, request, readings)
                && self.asker.is_allowed(&within.layers, request, readings);
            self.asker.confirm(may, false, request)
        };
        let known = KnownContext::nothing();
        let ask = Ask { known: &known, ..Ask::difference(self.asker, self.subject, &confirm) };
        let founds = ask.closed(&both(&access, &within.access), &Access::default(), self.undecided);
        let words = format!("whoever takes it on may bring {} along ({action})", condition.key);
        (!founds.is_empty()).then_some(Way { words, founds, policies: vec![policy] })
    }

    /// Whether a statement of the trust policy names AWS principals other than programs: a program that hands the role
    /// out is someone else, as is an identity provider.
    fn lets_people(&self, statement: &Statement) -> bool {
        let Some(element) = statement.principal.as_ref().filter(|p| p.listing == Listing::Only) else { return false };
        let is_program = |arn: &str| self.kinds.get(arn) == Some(&Who::Workload);
        // A condition on the caller's ARN may leave programs alone.
        let callers = statement
            .conditions
            .iter()
            .filter(|condition| condition.key.lower() == "aws:principalarn" && !condition.operator.is_negated());
        let text = |value: &ConditionValue| match value {
            ConditionValue::Text(template) => template.as_literal().map(str::to_owned),
            ConditionValue::Typed(_) => None,
        };
        let programs_alone =
            |condition: &Condition| condition.values.iter().all(|v| text(v).is_some_and(|arn| is_program(&arn)));
        if callers.into_iter().any(programs_alone) {
            return false;
        }
        element.entries.iter().any(|entry| match entry {
            PrincipalEntry::Anyone | PrincipalEntry::Aws(AwsPrincipal::Account(_) | AwsPrincipal::Root(_)) => true,
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => !is_program(arn.as_str()),
            PrincipalEntry::Aws(AwsPrincipal::UniqueId(_)) => true,
            PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_) => false,
        })
    }
}

/// Whether a statement lists an action.
fn speaks_of(statement: &Statement, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let matches = |written: &str| Glob::new(&written.to_ascii_lowercase()).matches(&action);
    let listed = statement.action.patterns.iter().any(|pattern| matches(pattern.as_written()));
    // Everything alone is written without a colon.
    let all = statement.action.patterns.iter().any(|pattern| (pattern.service(), pattern.name()) == ("*", "*"));
    (listed || all) == (statement.action.listing == Listing::Only)
}

fn is_of_anyone(statement: &Statement) -> bool {
    let entries = statement.principal.iter().filter(|p| p.listing == Listing::Only).flat_map(|p| &p.entries);
    entries.into_iter().any(|entry| *entry == PrincipalEntry::Anyone)
}

/// The condition as it is asked of another key.
fn asked_as(condition: &Condition, block: &Value, key: &str) -> Option<Value> {
    let (operator, _, values) = written(condition, block)?;
    Some(json!({ operator: { key: values } }))
}

/// A request that gives a tag a value of which the condition holds.
fn with_tag(condition: &Condition, block: &Value, tag: &str) -> Option<Value> {
    let mut wanted = asked_as(condition, block, &format!("aws:RequestTag/{tag}"))?;
    let naming = naming_tag(tag);
    wanted.as_object_mut()?.extend(naming.as_object()?.clone());
    Some(wanted)
}

/// A request that names a tag: the keys of tags are the same in any case, and a Deny may know only one.
fn naming_tag(tag: &str) -> Value {
    json!({ "ForAnyValue:StringEqualsIgnoreCase": { "aws:TagKeys": [tag] } })
}

/// The values of a condition, as texts.
fn block_values(condition: &Condition, block: &Value) -> Option<Vec<String>> {
    let (_, _, values) = written(condition, block)?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Some(match values {
        Value::Array(list) => list.iter().map(text).collect(),
        one => vec![text(one)],
    })
}

/// How a condition is written in its block: operator, key and values.
fn written<'b>(condition: &Condition, block: &'b Value) -> Option<(&'b str, &'b str, &'b Value)> {
    let operators = block.as_object()?;
    let (operator, keys) =
        operators.iter().find(|(operator, _)| operator.eq_ignore_ascii_case(&condition.operator_name()))?;
    let (key, values) =
        keys.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(condition.key.as_written()))?;
    Some((operator, key, values))
}
