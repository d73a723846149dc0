//! Tags of a resource that the principal can set or remove.

use std::collections::BTreeSet;

use super::bypass::GuardBypass;
use super::finder::BypassFinder;
use super::guard_condition::{build_tag_keys_condition, build_tag_request, can_be_met_by_removal};
use crate::access::PolicyRef;
use crate::audit::actions::by_statement::{ExcessByStatement, StatementExcess};
use crate::audit::analysis::analyzer::{Query, QueryAnswer, Requester};
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::resolved_ceiling::ResolvedCeiling;
use crate::audit::subject::synthetic::build_ceiling;
use crate::catalog::{AccessLevel, ActionId};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Condition, ElementKind, Statement};
use crate::solve::{Access, StatementId};

/// The requests that set a tag with these conditions, or that remove it.
enum TagRequest {
    Set(Vec<Condition>),
    Remove,
}

impl BypassFinder<'_> {
    /// The principal can tag a resource so that the condition matches, and then perform a guarded action on it. `service` is
    /// the prefix of the key: `aws`, or the service that defines the key.
    pub(crate) fn find_resource_tagging(
        &mut self,
        condition: &Condition,
        service: &str,
        tag: &str,
    ) -> Option<GuardBypass> {
        let removal = can_be_met_by_removal(condition)
            .then(|| self.find_resource_tag_request(condition, service, tag, &TagRequest::Remove))
            .flatten();
        removal.or_else(|| {
            let request = TagRequest::Set(build_tag_request(condition, tag)?);
            self.find_resource_tag_request(condition, service, tag, &request)
        })
    }

    fn find_resource_tag_request(
        &mut self,
        condition: &Condition,
        service: &str,
        tag: &str,
        request: &TagRequest,
    ) -> Option<GuardBypass> {
        let tag_actions = self.list_tag_actions(service, request);
        let names: Vec<String> = tag_actions.iter().map(|action| self.analyzer.catalog().full_name(*action)).collect();
        let (access, policies) = self.analyzer.compute_effective_access(&self.subject.layers);
        if !self.has_grant_for(&access, &names) {
            return None;
        }
        let tag_requests = self.build_tag_requests(&tag_actions, tag, request);
        let already_guarded = self.restrict_guard_to_actions(&names);
        let requester = Requester::from_subject(self.subject);
        let QueryAnswer { excess: mut proof, undecided } =
            self.query_unguarded(requester, &access, &tag_requests, &already_guarded);
        proof.retain(|id, statement_excess| self.leads_to_guarded_access(&access, &policies, *id, statement_excess));
        // Undecided tagging matters only if no tagging that leads to guarded access is proven.
        if proof.is_empty() {
            self.undecided.extend(undecided);
        }
        let action = find_first_action(&proof)?;
        let key = condition.key.as_written().to_owned();
        let method = match request {
            TagRequest::Set(_) => GuardBypassMethod::SetsTag { key, action },
            TagRequest::Remove => GuardBypassMethod::RemovesTag { key, action },
        };
        Some(GuardBypass { method, proof, policies })
    }

    /// The actions that set, or remove, the tags of resources.
    fn list_tag_actions(&self, service: &str, request: &TagRequest) -> Vec<ActionId> {
        let catalog = self.analyzer.catalog();
        let is_untagging = |action: ActionId| {
            let name = catalog.action_lowercase_name(action);
            ["untag", "remove", "delete"].iter().any(|verb| name.starts_with(verb))
        };
        let is_tag_action = |action: &ActionId| {
            let prefix = catalog.service_prefix(catalog.action_service(*action));
            catalog.access_level(*action) == AccessLevel::Tagging
                && is_untagging(*action) == matches!(request, TagRequest::Remove)
                // Session tags are tags of the principal.
                && prefix != "sts"
                && (service.eq_ignore_ascii_case("aws") || prefix.eq_ignore_ascii_case(service))
        };
        catalog.actions().filter(is_tag_action).collect()
    }

    /// The requests of some actions that change a tag. Some services do not send the tag to IAM: any request of their
    /// actions may change it.
    fn build_tag_requests(&self, tag_actions: &[ActionId], tag: &str, request: &TagRequest) -> ResolvedCeiling {
        let catalog = self.analyzer.catalog();
        let request_key = format!("aws:RequestTag/{tag}");
        let has_request_key = |action: &ActionId| catalog.has_key(catalog.shape(*action), &request_key);
        let (with_key, without_key): (Vec<ActionId>, Vec<ActionId>) =
            tag_actions.iter().copied().partition(has_request_key);
        let allow = |actions: &[ActionId]| {
            let names = actions.iter().map(|action| catalog.full_name(*action));
            Statement::allow(ActionElement::listing(names), ResourceElement::any())
        };
        let conditions = match request {
            TagRequest::Set(conditions) => conditions.clone(),
            TagRequest::Remove => vec![build_tag_keys_condition(tag)],
        };
        build_ceiling("requests that tag resources", vec![allow(&with_key).under(conditions), allow(&without_key)])
    }

    /// Whether a statement that allows tagging lets the principal perform a guarded action of the same service on the
    /// resources of the statement. False if that is undecided: then `undecided` has the reasons.
    fn leads_to_guarded_access(
        &mut self,
        access: &Access,
        policies: &[PolicyRef],
        id: StatementId,
        statement_excess: &StatementExcess,
    ) -> bool {
        // A statement without a witness is not proven; the answer then has an undecided reason.
        let Some(witness) = statement_excess.witness.as_ref() else { return false };
        let statement = id.0.find(policies).and_then(|policy| policy.document.statements.get(id.1));
        let listed = statement.and_then(|s| s.resource.as_ref()).filter(|r| r.kind == ElementKind::List);
        // With `NotResource`, any resource: the question is about more resources, and a bypass is not missed.
        let resources = listed.cloned().unwrap_or_else(ResourceElement::any);
        let service = witness.action.split(':').next().unwrap_or_default();
        let statement = Statement::allow(ActionElement::listing([format!("{service}:*")]), resources);
        let tagged_resources = build_ceiling("tagged resources", vec![statement]);
        let guarded_access = access.intersect(&self.check.expected.access).intersect(&tagged_resources.access);
        let query = Query::new_verdict(self.analyzer, Requester::from_subject(self.subject));
        let answer = query.find_excess(&guarded_access, &Access::default());
        !answer.collect_into(&mut self.undecided).is_empty()
    }
}

/// The first action of a proof in alphabetical order.
fn find_first_action(proof: &ExcessByStatement) -> Option<String> {
    let witnesses = proof.values().filter_map(|statement_excess| statement_excess.witness.as_ref());
    let actions: BTreeSet<&str> = witnesses.map(|witness| witness.action.as_str()).collect();
    actions.first().map(|action| (*action).to_owned())
}
