//! Guards on a tag of the resource, which the principal may set there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::condition_source::{WrittenCondition, build_tag_keys_condition};
use super::{BypassFinder, GuardBypass};
use crate::access::Request;
use crate::audit::analysis::analyzer::{BUDGET, ExcessByStatement, Query};
use crate::audit::subject::synthetic;
use crate::catalog::{AccessLevel, ActionId};
use crate::iam::ElementKind;
use crate::solve::{Access, AnswerDetail};

impl BypassFinder<'_, '_> {
    /// It may tag, so that the condition holds, something of which it may then do what is guarded. `service` is the
    /// key's prefix: `aws`, or a service whose own key it is.
    pub(crate) fn find_resource_tagging(
        &mut self,
        written_condition: &WrittenCondition<'_>,
        service: &str,
        tag: &str,
    ) -> Option<GuardBypass> {
        let is_met_by_absence =
            written_condition.requires_missing_key() || written_condition.condition.operator.is_negated();
        let untagging =
            is_met_by_absence.then(|| self.find_resource_tag_request(written_condition, service, tag, None)).flatten();
        untagging.or_else(|| {
            self.find_resource_tag_request(
                written_condition,
                service,
                tag,
                Some(written_condition.to_tag_request(tag)?),
            )
        })
    }

    /// `wanted` is what the request must say of the tag; none where the tag is to be taken off.
    fn find_resource_tag_request(
        &mut self,
        written_condition: &WrittenCondition<'_>,
        service: &str,
        tag: &str,
        request_condition: Option<Value>,
    ) -> Option<GuardBypass> {
        let catalog = self.analyzer.catalog();
        let is_untagging = |action: ActionId| {
            let name = catalog.action_lowercase_name(action);
            ["untag", "remove", "delete"].iter().any(|verb| name.starts_with(verb))
        };
        let is_candidate = |action: &ActionId| {
            let prefix = catalog.service_prefix(catalog.action_service(*action));
            catalog.access_level(*action) == AccessLevel::Tagging
                && is_untagging(*action) == request_condition.is_none()
                // A session's tags are its principal's.
                && prefix != "sts"
                && (service.eq_ignore_ascii_case("aws") || prefix.eq_ignore_ascii_case(service))
        };
        let tag_actions: Vec<ActionId> = catalog.actions().filter(is_candidate).collect();
        let names: Vec<String> = tag_actions.iter().map(|action| catalog.full_name(*action)).collect();
        let (access, policies) = self.analyzer.compute_effective_access(&self.subject.layers);
        if !self.has_grant_for(&access, &names) {
            return None;
        }
        // Not every service tells IAM which tag is set.
        let key = format!("aws:RequestTag/{tag}");
        let has_tag_key = |action: &&ActionId| catalog.has_key(catalog.shape(**action), &key);
        let (with_tag_key, without_tag_key): (Vec<&ActionId>, Vec<&ActionId>) =
            tag_actions.iter().partition(has_tag_key);
        let full_names = |actions: &[&ActionId]| actions.iter().map(|a| catalog.full_name(**a)).collect::<Vec<_>>();
        let mut statements = Vec::new();
        if !with_tag_key.is_empty() {
            let condition = request_condition.clone().unwrap_or_else(|| build_tag_keys_condition(tag));
            statements.push(synthetic::build_conditional_allow(
                &full_names(&with_tag_key),
                &synthetic::all_resources(),
                condition,
            ));
        }
        if !without_tag_key.is_empty() {
            statements
                .push(synthetic::build_allow_statement(&full_names(&without_tag_key), &synthetic::all_resources()));
        }
        let tag_requests = synthetic::build_ceiling("the tag of the resource", &statements, None);
        // Where only what bears the tag already may be tagged, nothing is gained.
        let already_guarded = self.restrict_guard_to_actions(&names)?;
        let layers = &self.subject.layers;
        let confirm = |request: &Request, readings| {
            let is_allowed = self.analyzer.is_allowed(layers, request, readings)
                && self.analyzer.is_allowed(&tag_requests.layers, request, readings);
            self.analyzer.check_witness(
                is_allowed,
                self.analyzer.is_allowed(&already_guarded.layers, request, readings),
                request,
            )
        };
        let query = Query::new_difference(self.analyzer, self.subject, &confirm);
        let mut undecided = BTreeSet::new();
        let mut proof = query.query_existing_actions(
            &access.intersect(&tag_requests.access),
            &already_guarded.access,
            &mut undecided,
        );
        proof.retain(|statement_id, statement_excess| {
            let Some(witness) = statement_excess.witness.as_ref() else { return false };
            let statement =
                policies.get(statement_id.0).and_then(|policy| policy.document.statements.get(statement_id.1));
            let resources = statement.and_then(|s| s.resource.as_ref()).filter(|r| r.kind == ElementKind::List);
            let resource_patterns: Vec<String> = match resources {
                Some(element) => element.patterns.iter().map(|pattern| pattern.as_written().to_owned()).collect(),
                None => synthetic::all_resources(),
            };
            let prefix = witness.action.split(':').next().unwrap_or_default();
            self.is_guarded_access_granted_on(&access, prefix, &resource_patterns)
        });
        // What is open of tagging matters only where there is something to tag it for.
        if proof.is_empty() {
            self.undecided.extend(undecided);
        }
        let actions: BTreeSet<&str> =
            proof.values().filter_map(|f| f.witness.as_ref()).map(|w| w.action.as_str()).collect();
        let tag_action = actions.first()?;
        let summary = match request_condition {
            Some(_) => format!("it may set {} itself ({tag_action})", written_condition.condition.key),
            None => format!("it may take {} off itself ({tag_action})", written_condition.condition.key),
        };
        Some(GuardBypass { summary: summary, proof: proof, policies })
    }

    /// Whether something that is guarded, of a service, is allowed on some resources once the guard's condition holds.
    fn is_guarded_access_granted_on(&self, access: &Access, service: &str, resource_patterns: &[String]) -> bool {
        let statement = synthetic::build_allow_statement(&[format!("{service}:*")], resource_patterns);
        let tagged_resources = synthetic::build_ceiling("what is tagged", &[statement], None);
        let guarded_access = access.intersect(&self.check.expected.access).intersect(&tagged_resources.access);
        let (known, budget, detail) = (&self.subject.known_context, BUDGET, AnswerDetail::Verdict);
        let query = Query {
            analyzer: self.analyzer,
            subject: self.subject,
            known_context: known,
            budget,
            detail: detail,
            replay: None,
        };
        let excess: ExcessByStatement =
            query.query_existing_actions(&guarded_access, &Access::default(), &mut BTreeSet::new());
        !excess.is_empty()
    }
}
