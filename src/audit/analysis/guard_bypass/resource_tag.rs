//! Tags of a resource that the principal can set or remove.

use std::collections::BTreeSet;

use super::bypass::GuardBypass;
use super::finder::BypassFinder;
use super::guard_condition::{build_tag_change_conditions, can_be_met_by_removal, requires_missing_key};
use super::tagging::{GuardedResources, Tagging};
use crate::access::PolicyRef;
use crate::audit::actions::by_statement::{ExcessByStatement, StatementExcess};
use crate::audit::analysis::analyzer::{OUTLINE_DETAIL, Query, QueryAnswer, Requester};
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::synthetic::build_ceiling;
use crate::catalog::{TagChange, TagKey};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Condition, ElementKind, Statement};
use crate::solve::{Access, StatementId};

/// Keys of tags that only AWS sets begin with this.
// AWS: Tag naming limits and requirements (Tagging AWS Resources and Tag Editor)
const RESERVED_TAG: &str = "aws:";

/// The access of the principal, and what it refers to.
pub(super) struct PrincipalAccess {
    pub(super) access: Access,
    pub(super) policies: Vec<PolicyRef>,
    /// The guarded requests that satisfy the guard.
    pub(super) guarded: Access,
}

impl BypassFinder<'_> {
    /// The access of the principal.
    pub(super) fn compute_access(&self) -> PrincipalAccess {
        let (access, policies) = self.analyzer.compute_effective_access(&self.subject.layers);
        let guarded = access.intersect(&self.check.expected.access);
        PrincipalAccess { access, policies, guarded }
    }

    /// The principal can tag a resource so that the condition matches, and then perform a guarded action on it.
    pub(crate) fn find_resource_tagging(&mut self, condition: &Condition, tag_key: &TagKey<'_>) -> Option<GuardBypass> {
        if tag_key.tag.get(..RESERVED_TAG.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_TAG)) {
            return None;
        }
        let removal = can_be_met_by_removal(condition)
            .then(|| self.find_resource_tag_request(condition, tag_key, TagChange::Remove))
            .flatten();
        removal.or_else(|| {
            let can_be_set = !requires_missing_key(condition);
            can_be_set.then(|| self.find_resource_tag_request(condition, tag_key, TagChange::Set)).flatten()
        })
    }

    fn find_resource_tag_request(
        &mut self,
        condition: &Condition,
        tag_key: &TagKey<'_>,
        change: TagChange,
    ) -> Option<GuardBypass> {
        let principal = self.compute_access();
        let taggings = self.list_taggings(&principal, tag_key, change);
        if taggings.is_empty() {
            return None;
        }
        let catalog = self.analyzer.catalog();
        let to_request = |tagging: &Tagging| {
            let conditions = build_tag_change_conditions(catalog, &tagging.tag_action, condition, tag_key.tag);
            let action = ActionElement::listing([catalog.full_name(tagging.tag_action.action)]);
            Statement::allow(action, tagging.requested.clone()).under(conditions)
        };
        let tag_requests = build_ceiling("requests that tag resources", taggings.iter().map(to_request).collect());
        let names: Vec<String> = taggings.iter().map(|tagging| catalog.full_name(tagging.tag_action.action)).collect();
        let already_guarded = self.restrict_guard_to_actions(&names);
        let requester = Requester::from_subject(self.subject);
        let QueryAnswer { excess: mut proof, undecided } =
            self.query_unguarded(requester, &principal.access, &tag_requests, &already_guarded);
        proof.retain(|id, statement_excess| {
            let proven = taggings.iter().filter(|tagging| statement_excess.actions.contains(tagging.tag_action.action));
            self.leads_to_guarded_access(&principal, proven, *id, statement_excess)
        });
        // Undecided tagging matters only if no tagging that leads to guarded access is proven.
        if proof.is_empty() {
            self.undecided.extend(undecided);
        }
        let action = find_first_action(&proof)?;
        let key = condition.key.as_written().to_owned();
        let method = match change {
            TagChange::Set => GuardBypassMethod::SetsTag { key, action },
            TagChange::Remove | TagChange::Replace => GuardBypassMethod::RemovesTag { key, action },
        };
        Some(GuardBypass { method, proof, policies: principal.policies })
    }

    /// The actions that change the tag of guarded resources, and that a statement grants.
    fn list_taggings(&mut self, principal: &PrincipalAccess, tag_key: &TagKey<'_>, change: TagChange) -> Vec<Tagging> {
        let catalog = self.analyzer.catalog();
        let mut tag_actions = catalog.list_tag_actions(change);
        tag_actions.retain(|found| self.has_grant_for(&principal.access, &[catalog.full_name(found.action)]));
        if tag_actions.is_empty() {
            return Vec::new();
        }
        let query = Query::new_verdict(self.analyzer, Requester::from_subject(self.subject));
        let answer = query.with_detail(OUTLINE_DETAIL).find_excess(&principal.guarded, &Access::default());
        let guarded = GuardedResources::from_excess(
            catalog,
            &answer.collect_into(&mut self.undecided),
            self.subject.account.partition,
        );
        tag_actions.into_iter().filter_map(|found| Tagging::new(catalog, found, tag_key, &guarded)).collect()
    }

    /// Whether a statement that allows tagging lets the principal perform a guarded action on resources whose tags it can
    /// change. False if that is undecided: then `undecided` has the reasons.
    fn leads_to_guarded_access<'t>(
        &mut self,
        principal: &PrincipalAccess,
        taggings: impl Iterator<Item = &'t Tagging>,
        id: StatementId,
        statement_excess: &StatementExcess,
    ) -> bool {
        // A statement without a witness is not proven; the answer then has an undecided reason.
        if statement_excess.witness.is_none() {
            return false;
        }
        let statement = id.0.find(&principal.policies).and_then(|policy| policy.document.statements.get(id.1)).cloned();
        let requested = statement.as_ref().and_then(|statement| statement.resource.as_ref());
        for tagging in taggings {
            let tagged = tagging.list_tagged_resources(requested);
            if self.may_request(principal, tagging.tagged_requests.clone(), tagged)
                && self.has_required_permission(principal, tagging, requested)
            {
                return true;
            }
        }
        false
    }

    /// Keeps the statements of a proof on whose resources the principal may send a guarded request that is one of these.
    pub(super) fn retain_with_guarded_request(
        &mut self,
        principal: &PrincipalAccess,
        requests: &Statement,
        proof: &mut ExcessByStatement,
    ) {
        proof.retain(|id, _| {
            let policy = id.0.find(&principal.policies);
            let statement = policy.and_then(|policy| policy.document.statements.get(id.1));
            let listed = statement.and_then(|s| s.resource.as_ref()).filter(|r| r.kind == ElementKind::List);
            let resources = listed.cloned().unwrap_or_else(ResourceElement::any);
            self.may_request(principal, vec![requests.clone()], resources)
        });
    }

    /// Whether the principal may send a guarded request that is one of these, on these resources.
    fn may_request(
        &mut self,
        principal: &PrincipalAccess,
        requests: Vec<Statement>,
        resources: ResourceElement,
    ) -> bool {
        let requests = build_ceiling("requests on tagged resources", requests);
        let on_resources = Statement::allow(ActionElement::any(), resources);
        let on_resources = build_ceiling("tagged resources", vec![on_resources]);
        let guarded_access = principal.guarded.intersect(&requests.access).intersect(&on_resources.access);
        let query = Query::new_verdict(self.analyzer, Requester::from_subject(self.subject));
        let answer = query.find_excess(&guarded_access, &Access::default());
        !answer.collect_into(&mut self.undecided).is_empty()
    }

    /// Whether the principal has the other permission that tagging takes, on the resources of a statement.
    fn has_required_permission(
        &mut self,
        principal: &PrincipalAccess,
        tagging: &Tagging,
        requested: Option<&ResourceElement>,
    ) -> bool {
        let actions: Vec<String> =
            tagging.tag_action.required_actions.iter().map(|action| (*action).to_owned()).collect();
        if actions.is_empty() {
            return true;
        }
        let resources = requested.cloned().unwrap_or_else(ResourceElement::any);
        let scope = Statement::allow(ActionElement::listing(&actions), resources);
        let scope = build_ceiling("requests that tagging takes", vec![scope]);
        let already_guarded = self.restrict_guard_to_actions(&actions);
        let requester = Requester::from_subject(self.subject);
        let answer = self.query_unguarded(requester, &principal.access, &scope, &already_guarded);
        !answer.collect_into(&mut self.undecided).is_empty()
    }
}

/// The first action of a proof in alphabetical order.
pub(super) fn find_first_action(proof: &ExcessByStatement) -> Option<String> {
    let witnesses = proof.values().filter_map(|statement_excess| statement_excess.witness.as_ref());
    let actions: BTreeSet<&str> = witnesses.map(|witness| witness.action.as_str()).collect();
    actions.first().map(|action| (*action).to_owned())
}
