//! What a principal has, or gives to itself.

use serde_json::Value;

use super::written::{Written, naming_tag};
use super::{Asking, Way, instead};
use crate::access::{Context, ContextValue, Known, KnownContext, Layers, Level, PolicyRef, Request};
use crate::audit::ask::Ask;
use crate::audit::made;
use crate::audit::sides::both;
use crate::iam::{ContextKey, Operator, Quantifier, Readings, WhenMissing};
use crate::snapshot::PrincipalKind;
use crate::solve::{Access, Allowing};

const FEDERATE: &str = "sts:GetFederationToken";

impl Asking<'_, '_> {
    /// Its own tags satisfy the condition, whoever uses it: nobody has to give it anything.
    pub(super) fn standing(&self, asked: &Written<'_>, tag: &str) -> Option<Way> {
        let condition = asked.condition;
        // That a tag is not there is what is usual: someone else sets it to stop the principal.
        if condition.operator.is_negated() || asked.asks_absence() {
            return None;
        }
        let subject = self.subject;
        let mut own = subject.principal.tags.iter().filter(|(key, _)| key.eq_ignore_ascii_case(tag));
        match (own.next(), own.next()) {
            (Some((_, value)), None) => {
                let holds = condition.operator == Operator::Null || self.holds(asked, value);
                holds.then(|| Way::of_itself(format!("it has {} = \"{value}\" for good", condition.key)))
            }
            (None, _) => {
                let missing =
                    condition.quantifier == Quantifier::ForAllValues || condition.when_missing == WhenMissing::Holds;
                let lacks = missing && subject.known.of(&condition.key) == Known::Missing;
                lacks.then(|| Way::of_itself(format!("it has no tag {tag}, and so is not asked for one")))
            }
            (Some(_), Some(_)) => None,
        }
    }

    /// Whether the condition holds where its key has this value, and all else is as it is known.
    fn holds(&self, asked: &Written<'_>, value: &str) -> bool {
        let mut context = Context::default();
        for (key, known) in self.subject.known.named() {
            match known {
                Known::Value(value) => drop(context.0.insert(key.clone(), ContextValue::One(value.clone()))),
                Known::Set(values) => drop(context.0.insert(key.clone(), ContextValue::Set(values.clone()))),
                Known::Missing | Known::Present | Known::StartsWith(_) | Known::Free => {}
            }
        }
        context.0.insert(asked.condition.key.clone(), ContextValue::One(value.to_owned()));
        let action = "sts:GetCallerIdentity".to_owned();
        let statement = made::allow_under(std::slice::from_ref(&action), &made::everywhere(), asked.alone());
        let alone = made::declared("the guard", &[statement], None);
        let request = Request { action, resource: "*".to_owned(), context };
        self.asker.is_allowed(&alone.layers, &request, Readings::default())
    }

    /// It may set the tag on itself, or take it off where the guard asks that it is not there.
    pub(super) fn tagging(&mut self, asked: &Written<'_>, tag: &str) -> Option<Way> {
        let absent = asked.asks_absence() || asked.condition.operator.is_negated();
        let off = absent.then(|| self.tag_itself(asked, "Untag", naming_tag(tag))).flatten();
        off.or_else(|| self.tag_itself(asked, "Tag", asked.with_tag(tag)?))
    }

    fn tag_itself(&mut self, asked: &Written<'_>, verb: &str, wanted: Value) -> Option<Way> {
        let entity = if self.subject.principal.kind == PrincipalKind::User { "User" } else { "Role" };
        let actions = [format!("iam:{verb}{entity}")];
        let (access, policies) = self.asker.effective(&self.subject.layers);
        if !self.grants(&access, &actions) {
            return None;
        }
        let own = vec![self.subject.principal.arn.as_str().to_owned()];
        let statement = made::allow_under(&actions, &own, wanted);
        let within = made::declared("the tag itself", &[statement], None);
        // Where setting the tag needs the tag already, it is not done alone.
        let already = self.already(&actions)?;
        let layers = &self.subject.layers;
        let confirm = |request: &Request, readings| {
            let may = self.asker.is_allowed(layers, request, readings)
                && self.asker.is_allowed(&within.layers, request, readings);
            self.asker.confirm(may, self.asker.is_allowed(&already.layers, request, readings), request)
        };
        let known = self.known_of_itself(&access);
        let ask = Ask { known: &known, ..Ask::difference(self.asker, self.subject, &confirm) };
        let founds = ask.closed(&both(&access, &within.access), &already.access, self.undecided);
        let [action] = actions;
        let words = match verb {
            "Tag" => format!("it may set {} itself ({action})", asked.condition.key),
            _ => format!("it may take {} off itself ({action})", asked.condition.key),
        };
        (!founds.is_empty()).then_some(Way { words, founds, policies })
    }

    /// What is known of a request on the principal itself: the resource has its tags.
    fn known_of_itself(&self, access: &Access) -> KnownContext {
        let mut known = self.subject.known.clone();
        for key in keys(access) {
            let lower = key.lower();
            let tag = lower.strip_prefix("aws:resourcetag/").or_else(|| lower.strip_prefix("iam:resourcetag/"));
            let Some(tag) = tag else { continue };
            let mut own = self.subject.principal.tags.iter().filter(|(name, _)| name.eq_ignore_ascii_case(tag));
            let value = own.next().map_or(Known::Missing, |(_, value)| Known::Value(value.clone()));
            known.set(key.as_written(), value);
        }
        known
    }

    /// A user may federate itself, and bring the tag with that session (`sts:GetFederationToken` with
    /// `sts:TagSession`). What that session asks of IAM and STS is refused, whatever its policies say.
    pub(super) fn federated(&mut self, asked: &Written<'_>, tag: &str) -> Option<Way> {
        const TAG: &str = "sts:TagSession";
        let subject = self.subject;
        if subject.principal.kind != PrincipalKind::User || self.is_about_iam_alone() {
            return None;
        }
        let (access, policies) = self.asker.effective(&subject.layers);
        if ![TAG, FEDERATE].iter().all(|action| self.grants(&access, &[(*action).to_owned()])) {
            return None;
        }
        let statement = made::allow_under(&[FEDERATE.to_owned()], &made::everywhere(), asked.with_tag(tag)?);
        let within = made::declared("a session with the tag", &[statement], None);
        // One call asks for both: what is said of the one is asked as if it were said of the other.
        let tagging = tagging_as(&subject.layers, TAG, FEDERATE);
        let (tags, _) = self.asker.effective(&tagging);
        let confirm = |request: &Request, readings| {
            let all = [&subject.layers, &tagging, &within.layers];
            self.asker.confirm(all.iter().all(|l| self.asker.is_allowed(l, request, readings)), false, request)
        };
        let ask = Ask::difference(self.asker, subject, &confirm);
        let left = both(&both(&access, &tags), &within.access);
        let founds = ask.closed(&left, &Access::default(), self.undecided);
        let words = format!("it may federate itself with {} ({FEDERATE}, {TAG})", asked.condition.key);
        (!founds.is_empty()).then_some(Way { words, founds, policies })
    }

    fn is_about_iam_alone(&self) -> bool {
        let documents = self.topic.within.documents.iter();
        let mut patterns = documents.flat_map(|d| &d.document.statements).flat_map(|s| &s.action.patterns);
        patterns.all(|pattern| matches!(pattern.service().to_ascii_lowercase().as_str(), "iam" | "sts"))
    }
}

/// The layers with what they say of one action said of another.
pub(super) fn tagging_as(layers: &Layers, action: &str, other: &str) -> Layers {
    let of = |policy: &PolicyRef| PolicyRef { document: instead(&policy.document, action, other), ..policy.clone() };
    let all = |policies: &Vec<PolicyRef>| policies.iter().map(of).collect::<Vec<_>>();
    Layers {
        identity: all(&layers.identity),
        boundary: layers.boundary.as_ref().map(all),
        scps: levels_as(layers, action, other),
        ..layers.clone()
    }
}

/// The same of the organization's levels alone.
pub(super) fn levels_as(layers: &Layers, action: &str, other: &str) -> Option<Vec<Level>> {
    let of = |policy: &PolicyRef| PolicyRef { document: instead(&policy.document, action, other), ..policy.clone() };
    let level = |level: &Level| Level { name: level.name.clone(), policies: level.policies.iter().map(of).collect() };
    layers.scps.as_ref().map(|levels| levels.iter().map(level).collect())
}

/// The context keys that an access speaks of.
fn keys(access: &Access) -> impl Iterator<Item = &ContextKey> {
    access
        .uses()
        .filter_map(Allowing::statement)
        .flat_map(|statement| &statement.conditions)
        .map(|condition| &condition.key)
}
