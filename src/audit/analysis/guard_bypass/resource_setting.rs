//! Settings of a resource that satisfy a condition, and that the principal can change.

use super::bypass::GuardBypass;
use super::finder::BypassFinder;
use super::guard_condition::requires_missing_key;
use super::resource_tag::find_first_action;
use crate::audit::analysis::analyzer::Requester;
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::synthetic::build_ceiling;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Condition, Statement};

/// Keys, in lower case, that have a setting of the resource, and the action that changes it. Its requests have the new value
/// in the same key.
// AWS: Control access to Lambda function URLs; UpdateFunctionUrlConfig (AWS Lambda API Reference)
const SETTINGS: [(&str, &str); 1] = [("lambda:functionurlauthtype", "lambda:UpdateFunctionUrlConfig")];

impl BypassFinder<'_> {
    /// The principal can change a setting of a resource so that the condition matches, and then perform a guarded action on it.
    pub(crate) fn find_resource_setting(&mut self, condition: &Condition) -> Option<GuardBypass> {
        let (_, action) = SETTINGS.into_iter().find(|(key, _)| *key == condition.key.lower())?;
        let actions = [action.to_owned()];
        let principal = self.compute_access();
        if requires_missing_key(condition) || !self.has_grant_for(&principal.access, &actions) {
            return None;
        }
        let set = Statement::allow(ActionElement::listing(&actions), ResourceElement::any()).under([condition.clone()]);
        let requests = build_ceiling("requests that change the setting", vec![set]);
        // The request has the value that the guard requires, and needs no approval for this.
        let already_guarded = build_ceiling(&self.check.name, Vec::new());
        let requester = Requester::from_subject(self.subject);
        let answer = self.query_unguarded(requester, &principal.access, &requests, &already_guarded);
        let mut proof = answer.collect_into(&mut self.undecided);
        let any_request = Statement::allow(ActionElement::any(), ResourceElement::any());
        self.retain_with_guarded_request(&principal, &any_request, &mut proof);
        let action = find_first_action(&proof)?;
        let method = GuardBypassMethod::SetsTag { key: condition.key.as_written().to_owned(), action };
        Some(GuardBypass { method, proof, policies: principal.policies })
    }
}
