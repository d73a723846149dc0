//! Guards on a tag of the resource, which the principal may set there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::written::{Written, naming_tag};
use super::{Asking, Way};
use crate::access::Request;
use crate::audit::ask::{Ask, BUDGET, Founds};
use crate::audit::made;
use crate::audit::sides::both;
use crate::catalog::{AccessLevel, ActionId};
use crate::iam::Listing;
use crate::solve::{Access, Depth};

impl Asking<'_, '_> {
    /// It may tag, so that the condition holds, something of which it may then do what is guarded. `service` is the
    /// key's prefix: `aws`, or a service whose own key it is.
    pub(super) fn tagging_resources(&mut self, asked: &Written<'_>, service: &str, tag: &str) -> Option<Way> {
        let absent = asked.asks_absence() || asked.condition.operator.is_negated();
        let off = absent.then(|| self.tag_those(asked, service, tag, None)).flatten();
        off.or_else(|| self.tag_those(asked, service, tag, Some(asked.with_tag(tag)?)))
    }

    /// `wanted` is what the request must say of the tag; none where the tag is to be taken off.
    fn tag_those(&mut self, asked: &Written<'_>, service: &str, tag: &str, wanted: Option<Value>) -> Option<Way> {
        let catalog = self.asker.catalog();
        let takes_off = |action: ActionId| {
            let name = catalog.action_lowercase_name(action);
            ["untag", "remove", "delete"].iter().any(|verb| name.starts_with(verb))
        };
        let is_of = |action: &ActionId| {
            let prefix = catalog.service_prefix(catalog.action_service(*action));
            catalog.access_level(*action) == AccessLevel::Tagging
                && takes_off(*action) == wanted.is_none()
                // A session's tags are its principal's.
                && prefix != "sts"
                && (service.eq_ignore_ascii_case("aws") || prefix.eq_ignore_ascii_case(service))
        };
        let all: Vec<ActionId> = catalog.actions().filter(is_of).collect();
        let names: Vec<String> = all.iter().map(|action| catalog.full_name(*action)).collect();
        let (access, policies) = self.asker.effective(&self.subject.layers);
        if !self.grants(&access, &names) {
            return None;
        }
        // Not every service tells IAM which tag is set.
        let key = format!("aws:RequestTag/{tag}");
        let tells = |action: &&ActionId| catalog.has_key(catalog.shape(**action), &key);
        let (telling, silent): (Vec<&ActionId>, Vec<&ActionId>) = all.iter().partition(tells);
        let full = |actions: &[&ActionId]| actions.iter().map(|a| catalog.full_name(**a)).collect::<Vec<_>>();
        let mut statements = Vec::new();
        if !telling.is_empty() {
            let asked = wanted.clone().unwrap_or_else(|| naming_tag(tag));
            statements.push(made::allow_under(&full(&telling), &made::everywhere(), asked));
        }
        if !silent.is_empty() {
            statements.push(made::allow(&full(&silent), &made::everywhere()));
        }
        let within = made::declared("the tag of the resource", &statements, None);
        // Where only what bears the tag already may be tagged, nothing is gained.
        let already = self.already(&names)?;
        let layers = &self.subject.layers;
        let confirm = |request: &Request, readings| {
            let may = self.asker.is_allowed(layers, request, readings)
                && self.asker.is_allowed(&within.layers, request, readings);
            self.asker.confirm(may, self.asker.is_allowed(&already.layers, request, readings), request)
        };
        let ask = Ask::difference(self.asker, self.subject, &confirm);
        let mut open = BTreeSet::new();
        let mut founds = ask.closed(&both(&access, &within.access), &already.access, &mut open);
        founds.retain(|tag, found| {
            let Some(witness) = found.witness.as_ref() else { return false };
            let statement = policies.get(tag.0).and_then(|policy| policy.document.statements.get(tag.1));
            let resources = statement.and_then(|s| s.resource.as_ref()).filter(|r| r.listing == Listing::Only);
            let on: Vec<String> = match resources {
                Some(element) => element.patterns.iter().map(|pattern| pattern.as_written().to_owned()).collect(),
                None => made::everywhere(),
            };
            let prefix = witness.action.split(':').next().unwrap_or_default();
            self.may_do_there(&access, prefix, &on)
        });
        // What is open of tagging matters only where there is something to tag it for.
        if founds.is_empty() {
            self.undecided.extend(open);
        }
        let actions: BTreeSet<&str> =
            founds.values().filter_map(|f| f.witness.as_ref()).map(|w| w.action.as_str()).collect();
        let by = actions.first()?;
        let words = match wanted {
            Some(_) => format!("it may set {} itself ({by})", asked.condition.key),
            None => format!("it may take {} off itself ({by})", asked.condition.key),
        };
        Some(Way { words, founds, policies })
    }

    /// Whether something that is guarded, of a service, is allowed on some resources once the guard's condition holds.
    fn may_do_there(&self, access: &Access, service: &str, on: &[String]) -> bool {
        let statement = made::allow(&[format!("{service}:*")], on);
        let there = made::declared("what is tagged", &[statement], None);
        let left = both(&both(access, &self.topic.expected.access), &there.access);
        let (known, budget, depth) = (&self.subject.known, BUDGET, Depth::Verdict);
        let ask = Ask { asker: self.asker, subject: self.subject, known, budget, depth, confirm: None };
        let found: Founds = ask.closed(&left, &Access::default(), &mut BTreeSet::new());
        !found.is_empty()
    }
}
