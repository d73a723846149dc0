//! What whoever takes a role on brings along, as far as its trust policy lets people and agents do so.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::itself::levels_as;
use super::written::Written;
use super::{Asking, Way, instead, speaks_of};
use crate::access::{Known, KnownContext, Layers, PolicyOrigin, PolicyRef, Request};
use crate::audit::ask::{Ask, Founds};
use crate::audit::made;
use crate::audit::sides::both;
use crate::baseline::Glob;
use crate::iam::condition::ConditionValue;
use crate::iam::principal::{AwsPrincipal, PrincipalEntry};
use crate::iam::{Effect, Listing, PolicyDocument, Statement};
use crate::kinds::Who;
use crate::solve::{Access, Undecided};

const ASSUME: &str = "sts:AssumeRole";

impl Asking<'_, '_> {
    /// A tag of the session.
    pub(super) fn brought_tag(&mut self, asked: &Written<'_>, tag: &str) -> Option<Way> {
        const TAG: &str = "sts:TagSession";
        let words = format!("whoever takes it on may bring {} along ({TAG})", asked.condition.key);
        self.brought(TAG, asked.with_tag(tag)?, words)
    }

    /// The source identity.
    pub(super) fn brought_identity(&mut self, asked: &Written<'_>) -> Option<Way> {
        const SET: &str = "sts:SetSourceIdentity";
        if asked.asks_absence() {
            return None;
        }
        let words = format!("whoever takes it on may bring {} along ({SET})", asked.condition.key);
        self.brought(SET, asked.asked_of("sts:SourceIdentity"), words)
    }

    /// The name of the session, which stands behind the role's id in `aws:userid`.
    pub(super) fn named_session(&mut self, asked: &Written<'_>) -> Option<Way> {
        let name = |text: &str| match text.split_once(':') {
            Some((_, name)) => Some(name.to_owned()),
            None => text.starts_with('*').then(|| text.to_owned()),
        };
        let wanted = asked.asked_with("sts:RoleSessionName", name)?;
        self.brought(ASSUME, wanted, "whoever takes it on chooses the session's name".to_owned())
    }

    /// `action` is what the trust policy must allow besides `sts:AssumeRole`, in the same call.
    fn brought(&mut self, action: &str, mut wanted: Value, words: String) -> Option<Way> {
        let trust = self.subject.principal.trust.as_ref()?;
        let document = Arc::clone(&trust.document);
        let named = document.statements.iter().filter(|s| s.effect == Effect::Allow && speaks_of(s, action));
        let mut callers: Vec<&PrincipalEntry> = named.flat_map(|statement| self.people(statement)).collect();
        callers.dedup();
        if callers.is_empty() {
            return None;
        }
        let policy = PolicyRef {
            name: trust.name.clone(),
            origin: PolicyOrigin::Held(trust.holding.clone()),
            document: Arc::clone(&document),
        };
        let programs = self.programs_spoken_of(&document);
        if !programs.is_empty() {
            let others = wanted.as_object_mut()?.entry("ArnNotLike").or_insert_with(|| json!({}));
            others.as_object_mut()?.insert("aws:PrincipalArn".to_owned(), json!(programs));
        }
        let own = [self.subject.principal.arn.as_str().to_owned()];
        let statement = made::allow_under(&[ASSUME.to_owned()], &own, wanted);
        let within = made::declared("brought along", &[statement], None);
        let of_caller =
            |caller: &&PrincipalEntry| self.brought_by(caller, action, (&policy, &within.layers, &within.access));
        let mut open = BTreeSet::new();
        let found = callers.iter().map(of_caller).find(|(founds, why)| {
            open.extend(why.iter().cloned());
            !founds.is_empty()
        });
        let (founds, _) = found.unwrap_or_default();
        self.undecided.extend(open);
        (!founds.is_empty()).then_some(Way { words, founds, policies: vec![policy] })
    }

    fn brought_by(
        &self,
        caller: &PrincipalEntry,
        action: &str,
        (policy, within, wanted): (&PolicyRef, &Layers, &Access),
    ) -> (Founds, BTreeSet<Undecided>) {
        let mut own = PolicyDocument::clone(&policy.document);
        for statement in &mut own.statements {
            if !self.counts(statement, caller) {
                statement.action.patterns.clear();
                statement.action.listing = Listing::Only;
            }
            // Who calls is settled: the evaluator is asked of the statements alone.
            statement.principal = None;
        }
        let account = account_of(caller);
        let at_home = account.as_deref() == Some(self.subject.account.id.as_str());
        let as_assuming = |action: &str| {
            let document = instead(&own, action, ASSUME);
            let scps = at_home.then(|| levels_as(&self.subject.layers, action, ASSUME)).flatten();
            Layers { scps, ..Layers::of_identity(vec![PolicyRef { document, ..policy.clone() }]) }
        };
        let (bringing, assuming) = (as_assuming(action), as_assuming(ASSUME));
        let (brings, assumes) = (self.asker.effective(&bringing).0, self.asker.effective(&assuming).0);
        let confirm = |request: &Request, readings| {
            let all = [&bringing, &assuming, within];
            self.asker.confirm(all.iter().all(|l| self.asker.is_allowed(l, request, readings)), false, request)
        };
        let mut known = KnownContext::nothing();
        if let Some(account) = account {
            known.set("aws:PrincipalAccount", Known::Value(account));
        }
        if let PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) = caller
            && arn.service() == "iam"
        {
            known.set("aws:PrincipalArn", Known::Value(arn.as_str().to_owned()));
            let user = arn.resource().strip_prefix("user/").and_then(|path| path.rsplit('/').next());
            known.set("aws:username", user.map_or(Known::Missing, |name| Known::Value(name.to_owned())));
        }
        let ask = Ask { known: &known, ..Ask::difference(self.asker, self.subject, &confirm) };
        let mut open = BTreeSet::new();
        let left = both(&both(&brings, &assumes), wanted);
        (ask.closed(&left, &Access::default(), &mut open), open)
    }

    /// Whether a statement of the trust policy is about a caller.
    fn counts(&self, statement: &Statement, caller: &PrincipalEntry) -> bool {
        let Some(element) = statement.principal.as_ref().filter(|p| p.listing == Listing::Only) else { return false };
        let account = account_of(caller);
        element.entries.iter().any(|entry| match entry {
            PrincipalEntry::Anyone => true,
            PrincipalEntry::Aws(AwsPrincipal::Account(_) | AwsPrincipal::Root(_)) => {
                account.is_some() && account_of(entry) == account
            }
            _ => entry == caller,
        })
    }

    /// The AWS principals other than programs whom a statement of the trust policy names: a program that hands the
    /// role out is someone else, as is an identity provider. The role itself is not.
    fn people<'s>(&self, statement: &'s Statement) -> Vec<&'s PrincipalEntry> {
        let Some(element) = statement.principal.as_ref().filter(|p| p.listing == Listing::Only) else {
            return Vec::new();
        };
        let is_people = |entry: &&PrincipalEntry| match entry {
            PrincipalEntry::Anyone => true,
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => !self.is_program(arn.as_str()),
            PrincipalEntry::Aws(_) => true,
            PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_) => false,
        };
        element.entries.iter().filter(is_people).collect()
    }

    /// The patterns of callers that the trust policy or the organization speaks of and that mean programs alone. What
    /// these bring, someone else decides on.
    fn programs_spoken_of(&self, trust: &PolicyDocument) -> BTreeSet<String> {
        let levels = self.subject.layers.scps.iter().flatten().flat_map(|level| &level.policies);
        let documents = levels.map(|policy| &*policy.document).chain([trust]);
        let conditions = documents.flat_map(|document| &document.statements).flat_map(|s| &s.conditions);
        let of_callers = conditions.filter(|condition| condition.key.lower() == "aws:principalarn");
        let text = |value: &ConditionValue| match value {
            ConditionValue::Text(template) => Some(template.as_written().to_owned()),
            ConditionValue::Typed(_) => None,
        };
        let means_programs = |pattern: &String| {
            let glob = Glob::new(pattern);
            let mut meant = self.kinds.keys().filter(|arn| glob.matches(arn)).peekable();
            meant.peek().is_some() && meant.all(|arn| self.is_program(arn))
        };
        of_callers.flat_map(|condition| &condition.values).filter_map(text).filter(means_programs).collect()
    }

    fn is_program(&self, arn: &str) -> bool {
        let is = |arn: &str| arn != self.subject.principal.arn.as_str() && self.kinds.get(arn) == Some(&Who::Workload);
        // A session goes by its role, whose path its ARN does not tell.
        let of_session = || {
            let (head, rest) = arn.split_once(":assumed-role/")?;
            let (role, account) = (rest.split('/').next()?, head.rsplit(':').next()?);
            let mut roles = self.kinds.keys().filter(|known| {
                known.split(':').nth(4) == Some(account)
                    && known.contains(":role/")
                    && known.rsplit('/').next() == Some(role)
            });
            roles.next().copied()
        };
        is(arn) || of_session().is_some_and(is)
    }
}

fn account_of(entry: &PrincipalEntry) -> Option<String> {
    match entry {
        PrincipalEntry::Aws(AwsPrincipal::Account(account)) => Some(account.as_str().to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::Root(arn) | AwsPrincipal::Arn(arn)) => Some(arn.account().to_owned()),
        _ => None,
    }
}
