//! Tags that a user sets in a federated session of its own.

use super::bypass::GuardBypass;
use super::finder::BypassFinder;
use super::guard_condition::build_tag_request;
use super::replaced_action::replace_action_in_layers;
use crate::access::Request;
use crate::audit::analysis::analyzer::{Query, Requester};
use crate::audit::analysis::replay_decisions::ReplayDecisions;
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::synthetic::build_ceiling;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Condition, Statement};
use crate::snapshot::IamEntityKind;
use crate::solve::Access;

const FEDERATE: &str = "sts:GetFederationToken";
const TAG_SESSION: &str = "sts:TagSession";

impl BypassFinder<'_> {
    /// A user can start a federated session with the tag. AWS denies such a session the actions of IAM and STS, even
    /// if its policies allow them.
    // AWS: Requesting temporary security credentials (GetFederationToken)
    pub(crate) fn find_federation_token(&mut self, condition: &Condition, tag: &str) -> Option<GuardBypass> {
        let subject = self.subject;
        if subject.principal.entity_kind != IamEntityKind::User || self.is_iam_only() {
            return None;
        }
        let (access, policies) = self.analyzer.compute_effective_access(&subject.layers);
        if ![TAG_SESSION, FEDERATE].iter().all(|action| self.has_grant_for(&access, &[(*action).to_owned()])) {
            return None;
        }
        let statement = Statement::allow(ActionElement::listing([FEDERATE]), ResourceElement::any());
        let statement = statement.under(build_tag_request(condition, tag)?);
        let session_requests = build_ceiling("requests for a tagged session", vec![statement]);
        // The call needs permission for both actions.
        let tag_layers = replace_action_in_layers(&subject.layers, TAG_SESSION, FEDERATE);
        let (tag_access, _) = self.analyzer.compute_effective_access(&tag_layers);
        let replay = |request: &Request, interpretation| {
            let required_layers = [&subject.layers, &tag_layers, &session_requests.layers];
            let mut decisions =
                required_layers.iter().map(|layers| self.analyzer.is_allowed(layers, request, interpretation));
            ReplayDecisions { allowed: decisions.all(|allowed| allowed), expected: false }.check_excess(request)
        };
        let session_access = access.intersect(&tag_access).intersect(&session_requests.access);
        let query = Query::new_difference(self.analyzer, Requester::from_subject(subject), &replay);
        let proof = query.find_excess(&session_access, &Access::default()).collect_into(&mut self.undecided);
        let method = GuardBypassMethod::FederatesWithTag {
            key: condition.key.as_written().to_owned(),
            actions: [FEDERATE, TAG_SESSION],
        };
        (!proof.is_empty()).then_some(GuardBypass { method, proof, policies })
    }

    /// Whether the guard is about actions of IAM and STS only.
    fn is_iam_only(&self) -> bool {
        let documents = self.check.scope.documents.iter();
        let mut patterns = documents.flat_map(|d| &d.document.statements).flat_map(|s| &s.action.patterns);
        patterns.all(|pattern| matches!(pattern.service(), "iam" | "sts"))
    }
}
