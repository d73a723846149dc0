//! What a principal has, or gives to itself.

use serde_json::Value;

use super::condition_source::{WrittenCondition, build_tag_keys_condition};
use super::{BypassFinder, GuardBypass, replace_action};
use crate::access::{Context, ContextValue, KeyFact, KnownContext, Layers, OrganizationLevel, PolicyRef, Request};
use crate::audit::analysis::analyzer::Query;
use crate::audit::subject::synthetic;
use crate::iam::{ConditionOperator, ContextKey, Interpretation, MissingKeyRule, Quantifier};
use crate::snapshot::IamEntityKind;
use crate::solve::Access;

const FEDERATE: &str = "sts:GetFederationToken";

impl BypassFinder<'_, '_> {
    /// Its own tags satisfy the condition, whoever uses it: nobody has to give it anything.
    pub(crate) fn find_existing_tag(&self, written_condition: &WrittenCondition<'_>, tag: &str) -> Option<GuardBypass> {
        let condition = written_condition.condition;
        // That a tag is not there is what is usual: someone else sets it to stop the principal.
        if condition.operator.is_negated() || written_condition.requires_missing_key() {
            return None;
        }
        let subject = self.subject;
        let mut matching_tags = subject.principal.tags.iter().filter(|(key, _)| key.eq_ignore_ascii_case(tag));
        match (matching_tags.next(), matching_tags.next()) {
            (Some((_, value)), None) => {
                let is_satisfied =
                    condition.operator == ConditionOperator::Null || self.is_satisfied_by(written_condition, value);
                is_satisfied
                    .then(|| GuardBypass::without_request(format!("it has {} = \"{value}\" for good", condition.key)))
            }
            (None, _) => {
                let holds_when_missing = condition.quantifier == Quantifier::ForAllValues
                    || condition.when_missing == MissingKeyRule::Satisfied;
                let is_tag_missing =
                    holds_when_missing && subject.known_context.fact(&condition.key) == KeyFact::Missing;
                is_tag_missing
                    .then(|| GuardBypass::without_request(format!("it has no tag {tag}, and so is not asked for one")))
            }
            (Some(_), Some(_)) => None,
        }
    }

    /// Whether the condition holds where its key has this value, and all else is as it is known.
    fn is_satisfied_by(&self, written_condition: &WrittenCondition<'_>, value: &str) -> bool {
        let mut context = Context::default();
        for (key, known) in self.subject.known_context.facts() {
            match known {
                KeyFact::Value(value) => drop(context.0.insert(key.clone(), ContextValue::Single(value.clone()))),
                KeyFact::Set(values) => drop(context.0.insert(key.clone(), ContextValue::Set(values.clone()))),
                KeyFact::Missing | KeyFact::Present | KeyFact::StartsWith(_) | KeyFact::Free => {}
            }
        }
        context.0.insert(written_condition.condition.key.clone(), ContextValue::Single(value.to_owned()));
        let action = "sts:GetCallerIdentity".to_owned();
        let statement = synthetic::build_conditional_allow(
            std::slice::from_ref(&action),
            &synthetic::all_resources(),
            written_condition.to_json(),
        );
        let guard_ceiling = synthetic::build_ceiling("the guard", &[statement], None);
        let request = Request { action, resource: "*".to_owned(), context };
        self.analyzer.is_allowed(&guard_ceiling.layers, &request, Interpretation::default())
    }

    /// It may set the tag on itself, or take it off where the guard asks that it is not there.
    pub(crate) fn find_self_tagging(
        &mut self,
        written_condition: &WrittenCondition<'_>,
        tag: &str,
    ) -> Option<GuardBypass> {
        let is_met_by_absence =
            written_condition.requires_missing_key() || written_condition.condition.operator.is_negated();
        let untagging = is_met_by_absence
            .then(|| self.find_tag_request(written_condition, "Untag", build_tag_keys_condition(tag)))
            .flatten();
        untagging.or_else(|| self.find_tag_request(written_condition, "Tag", written_condition.to_tag_request(tag)?))
    }

    fn find_tag_request(
        &mut self,
        written_condition: &WrittenCondition<'_>,
        verb: &str,
        request_condition: Value,
    ) -> Option<GuardBypass> {
        let entity_kind = if self.subject.principal.entity_kind == IamEntityKind::User { "User" } else { "Role" };
        let actions = [format!("iam:{verb}{entity_kind}")];
        let (access, policies) = self.analyzer.compute_effective_access(&self.subject.layers);
        if !self.has_grant_for(&access, &actions) {
            return None;
        }
        let own_arns = vec![self.subject.principal.arn.as_str().to_owned()];
        let statement = synthetic::build_conditional_allow(&actions, &own_arns, request_condition);
        let tag_requests = synthetic::build_ceiling("the tag itself", &[statement], None);
        // Where setting the tag needs the tag already, it is not done alone.
        let already_guarded = self.restrict_guard_to_actions(&actions)?;
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
        let known = self.build_own_context(&access);
        let query = Query { known_context: &known, ..Query::new_difference(self.analyzer, self.subject, &confirm) };
        let proof = query.query_existing_actions(
            &access.intersect(&tag_requests.access),
            &already_guarded.access,
            self.undecided,
        );
        let [action] = actions;
        let summary = match verb {
            "Tag" => format!("it may set {} itself ({action})", written_condition.condition.key),
            _ => format!("it may take {} off itself ({action})", written_condition.condition.key),
        };
        (!proof.is_empty()).then_some(GuardBypass { summary: summary, proof: proof, policies })
    }

    /// What is known of a request on the principal itself: the resource has its tags.
    fn build_own_context(&self, access: &Access) -> KnownContext {
        let mut known = self.subject.known_context.clone();
        for key in list_context_keys(access) {
            let lower = key.lower();
            let tag = lower.strip_prefix("aws:resourcetag/").or_else(|| lower.strip_prefix("iam:resourcetag/"));
            let Some(tag) = tag else { continue };
            let mut matching_tags =
                self.subject.principal.tags.iter().filter(|(name, _)| name.eq_ignore_ascii_case(tag));
            let value = matching_tags.next().map_or(KeyFact::Missing, |(_, value)| KeyFact::Value(value.clone()));
            known.set(key.as_written(), value);
        }
        known
    }

    /// A user may federate itself, and bring the tag with that session (`sts:GetFederationToken` with
    /// `sts:TagSession`). What that session asks of IAM and STS is refused, whatever its policies say.
    pub(crate) fn find_federation_token(
        &mut self,
        written_condition: &WrittenCondition<'_>,
        tag: &str,
    ) -> Option<GuardBypass> {
        const TAG: &str = "sts:TagSession";
        let subject = self.subject;
        if subject.principal.entity_kind != IamEntityKind::User || self.is_iam_only() {
            return None;
        }
        let (access, policies) = self.analyzer.compute_effective_access(&subject.layers);
        if ![TAG, FEDERATE].iter().all(|action| self.has_grant_for(&access, &[(*action).to_owned()])) {
            return None;
        }
        let statement = synthetic::build_conditional_allow(
            &[FEDERATE.to_owned()],
            &synthetic::all_resources(),
            written_condition.to_tag_request(tag)?,
        );
        let session_requests = synthetic::build_ceiling("a session with the tag", &[statement], None);
        // One call asks for both: what is said of the one is asked as if it were said of the other.
        let tag_layers = replace_action_in_layers(&subject.layers, TAG, FEDERATE);
        let (tag_access, _) = self.analyzer.compute_effective_access(&tag_layers);
        let confirm = |request: &Request, readings| {
            let required_layers = [&subject.layers, &tag_layers, &session_requests.layers];
            self.analyzer.check_witness(
                required_layers.iter().all(|l| self.analyzer.is_allowed(l, request, readings)),
                false,
                request,
            )
        };
        let query = Query::new_difference(self.analyzer, subject, &confirm);
        let session_access = access.intersect(&tag_access).intersect(&session_requests.access);
        let proof = query.query_existing_actions(&session_access, &Access::default(), self.undecided);
        let summary = format!("it may federate itself with {} ({FEDERATE}, {TAG})", written_condition.condition.key);
        (!proof.is_empty()).then_some(GuardBypass { summary: summary, proof: proof, policies })
    }

    fn is_iam_only(&self) -> bool {
        let documents = self.check.scope.documents.iter();
        let mut patterns = documents.flat_map(|d| &d.document.statements).flat_map(|s| &s.action.patterns);
        patterns.all(|pattern| matches!(pattern.service().to_ascii_lowercase().as_str(), "iam" | "sts"))
    }
}

/// The layers with what they say of one action said of another.
pub(crate) fn replace_action_in_layers(layers: &Layers, action: &str, new_action: &str) -> Layers {
    let replace = |policy: &PolicyRef| PolicyRef {
        document: replace_action(&policy.document, action, new_action),
        ..policy.clone()
    };
    let replace_all = |policies: &Vec<PolicyRef>| policies.iter().map(replace).collect::<Vec<_>>();
    Layers {
        identity: replace_all(&layers.identity),
        boundary: layers.boundary.as_ref().map(replace_all),
        scps: replace_action_in_scps(layers, action, new_action),
        ..layers.clone()
    }
}

/// The same of the organization's levels alone.
pub(crate) fn replace_action_in_scps(
    layers: &Layers,
    action: &str,
    new_action: &str,
) -> Option<Vec<OrganizationLevel>> {
    let replace = |policy: &PolicyRef| PolicyRef {
        document: replace_action(&policy.document, action, new_action),
        ..policy.clone()
    };
    let replace_in_level = |level: &OrganizationLevel| OrganizationLevel {
        name: level.name.clone(),
        policies: level.policies.iter().map(replace).collect(),
    };
    layers.scps.as_ref().map(|levels| levels.iter().map(replace_in_level).collect())
}

/// The context keys that an access speaks of.
fn list_context_keys(access: &Access) -> impl Iterator<Item = &ContextKey> {
    access.uses().flat_map(|statement_use| &statement_use.statement().conditions).map(|condition| &condition.key)
}
