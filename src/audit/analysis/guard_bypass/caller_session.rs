//! What whoever takes a role on brings along, as far as its trust policy lets people and agents do so.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::condition_source::WrittenCondition;
use super::principal_tag::replace_action_in_scps;
use super::{BypassFinder, GuardBypass, lists_action, replace_action};
use crate::access::{KeyFact, KnownContext, Layers, PolicyOrigin, PolicyRef, Request};
use crate::audit::analysis::analyzer::{ExcessByStatement, Query};
use crate::audit::subject::synthetic;
use crate::baseline::Glob;
use crate::classify::InferredClass;
use crate::iam::condition::ConditionValue;
use crate::iam::principal_element::{AwsPrincipal, PrincipalEntry};
use crate::iam::{Effect, ElementKind, PolicyDocument, Statement};
use crate::solve::{Access, UndecidedReason};

const ASSUME: &str = "sts:AssumeRole";

impl BypassFinder<'_, '_> {
    /// A tag of the session.
    pub(crate) fn find_session_tag(
        &mut self,
        written_condition: &WrittenCondition<'_>,
        tag: &str,
    ) -> Option<GuardBypass> {
        const TAG: &str = "sts:TagSession";
        let summary = format!("whoever takes it on may bring {} along ({TAG})", written_condition.condition.key);
        self.find_session_value(TAG, written_condition.to_tag_request(tag)?, summary)
    }

    /// The source identity.
    pub(crate) fn find_source_identity(&mut self, written_condition: &WrittenCondition<'_>) -> Option<GuardBypass> {
        const SET: &str = "sts:SetSourceIdentity";
        if written_condition.requires_missing_key() {
            return None;
        }
        let summary = format!("whoever takes it on may bring {} along ({SET})", written_condition.condition.key);
        self.find_session_value(SET, written_condition.with_key("sts:SourceIdentity"), summary)
    }

    /// The name of the session, which stands behind the role's id in `aws:userid`.
    pub(crate) fn find_session_name(&mut self, written_condition: &WrittenCondition<'_>) -> Option<GuardBypass> {
        let name = |text: &str| match text.split_once(':') {
            Some((_, name)) => Some(name.to_owned()),
            None => text.starts_with('*').then(|| text.to_owned()),
        };
        let request_condition = written_condition.with_key_and_values("sts:RoleSessionName", name)?;
        self.find_session_value(ASSUME, request_condition, "whoever takes it on chooses the session's name".to_owned())
    }

    /// `action` is what the trust policy must allow besides `sts:AssumeRole`, in the same call.
    fn find_session_value(
        &mut self,
        action: &str,
        mut request_condition: Value,
        summary: String,
    ) -> Option<GuardBypass> {
        let trust = self.subject.principal.trust_policy.as_ref()?;
        let document = Arc::clone(&trust.document);
        let allow_statements =
            document.statements.iter().filter(|s| s.effect == Effect::Allow && lists_action(s, action));
        let mut callers: Vec<&PrincipalEntry> =
            allow_statements.flat_map(|statement| self.list_callers(statement)).collect();
        callers.dedup();
        if callers.is_empty() {
            return None;
        }
        let policy = PolicyRef {
            name: trust.name.clone(),
            origin: PolicyOrigin::Identity(trust.kind.clone()),
            document: Arc::clone(&document),
        };
        let workload_patterns = self.list_workload_patterns(&document);
        if !workload_patterns.is_empty() {
            let arn_exclusions = request_condition.as_object_mut()?.entry("ArnNotLike").or_insert_with(|| json!({}));
            arn_exclusions.as_object_mut()?.insert("aws:PrincipalArn".to_owned(), json!(workload_patterns));
        }
        let own_arns = [self.subject.principal.arn.as_str().to_owned()];
        let statement = synthetic::build_conditional_allow(&[ASSUME.to_owned()], &own_arns, request_condition);
        let assume_requests = synthetic::build_ceiling("brought along", &[statement], None);
        let of_caller = |caller: &&PrincipalEntry| {
            self.find_proof_for_caller(caller, action, (&policy, &assume_requests.layers, &assume_requests.access))
        };
        let mut undecided = BTreeSet::new();
        let proven_request = callers.iter().map(of_caller).find(|(proof, reasons)| {
            undecided.extend(reasons.iter().cloned());
            !proof.is_empty()
        });
        let (proof, _) = proven_request.unwrap_or_default();
        self.undecided.extend(undecided);
        (!proof.is_empty()).then_some(GuardBypass { summary: summary, proof: proof, policies: vec![policy] })
    }

    fn find_proof_for_caller(
        &self,
        caller: &PrincipalEntry,
        action: &str,
        (policy, request_layers, request_access): (&PolicyRef, &Layers, &Access),
    ) -> (ExcessByStatement, BTreeSet<UndecidedReason>) {
        let mut caller_document = PolicyDocument::clone(&policy.document);
        for statement in &mut caller_document.statements {
            if !self.applies_to_caller(statement, caller) {
                statement.action.patterns.clear();
                statement.action.kind = ElementKind::List;
            }
            // Who calls is settled: the evaluator is asked of the statements alone.
            statement.principal = None;
        }
        let account = caller_account(caller);
        let is_same_account = account.as_deref() == Some(self.subject.account.id.as_str());
        let build_assume_layers = |action: &str| {
            let document = replace_action(&caller_document, action, ASSUME);
            let scps = is_same_account.then(|| replace_action_in_scps(&self.subject.layers, action, ASSUME)).flatten();
            Layers { scps, ..Layers::from_identity(vec![PolicyRef { document, ..policy.clone() }]) }
        };
        let (value_layers, assume_layers) = (build_assume_layers(action), build_assume_layers(ASSUME));
        let (value_access, assume_access) = (
            self.analyzer.compute_effective_access(&value_layers).0,
            self.analyzer.compute_effective_access(&assume_layers).0,
        );
        let confirm = |request: &Request, readings| {
            let required_layers = [&value_layers, &assume_layers, request_layers];
            self.analyzer.check_witness(
                required_layers.iter().all(|l| self.analyzer.is_allowed(l, request, readings)),
                false,
                request,
            )
        };
        let mut known = KnownContext::unconstrained();
        if let Some(account) = account {
            known.set("aws:PrincipalAccount", KeyFact::Value(account));
        }
        if let PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) = caller
            && arn.service() == "iam"
        {
            known.set("aws:PrincipalArn", KeyFact::Value(arn.as_str().to_owned()));
            let user = arn.resource().strip_prefix("user/").and_then(|path| path.rsplit('/').next());
            known.set("aws:username", user.map_or(KeyFact::Missing, |name| KeyFact::Value(name.to_owned())));
        }
        let query = Query { known_context: &known, ..Query::new_difference(self.analyzer, self.subject, &confirm) };
        let mut undecided = BTreeSet::new();
        let session_access = value_access.intersect(&assume_access).intersect(request_access);
        (query.query_existing_actions(&session_access, &Access::default(), &mut undecided), undecided)
    }

    /// Whether a statement of the trust policy is about a caller.
    fn applies_to_caller(&self, statement: &Statement, caller: &PrincipalEntry) -> bool {
        let Some(element) = statement.principal.as_ref().filter(|p| p.kind == ElementKind::List) else { return false };
        let account = caller_account(caller);
        element.entries.iter().any(|entry| match entry {
            PrincipalEntry::Anyone => true,
            PrincipalEntry::Aws(AwsPrincipal::Account(_) | AwsPrincipal::Root(_)) => {
                account.is_some() && caller_account(entry) == account
            }
            _ => entry == caller,
        })
    }

    /// The AWS principals other than programs whom a statement of the trust policy names: a program that hands the
    /// role out is someone else, as is an identity provider. The role itself is not.
    fn list_callers<'s>(&self, statement: &'s Statement) -> Vec<&'s PrincipalEntry> {
        let Some(element) = statement.principal.as_ref().filter(|p| p.kind == ElementKind::List) else {
            return Vec::new();
        };
        let is_caller = |entry: &&PrincipalEntry| match entry {
            PrincipalEntry::Anyone => true,
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => !self.is_workload(arn.as_str()),
            PrincipalEntry::Aws(_) => true,
            PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_) => false,
        };
        element.entries.iter().filter(is_caller).collect()
    }

    /// The patterns of callers that the trust policy or the organization speaks of and that mean programs alone. What
    /// these bring, someone else decides on.
    fn list_workload_patterns(&self, trust: &PolicyDocument) -> BTreeSet<String> {
        let levels = self.subject.layers.scps.iter().flatten().flat_map(|level| &level.policies);
        let documents = levels.map(|policy| &*policy.document).chain([trust]);
        let conditions = documents.flat_map(|document| &document.statements).flat_map(|s| &s.conditions);
        let caller_conditions = conditions.filter(|condition| condition.key.lower() == "aws:principalarn");
        let as_text = |value: &ConditionValue| match value {
            ConditionValue::Text(template) => Some(template.as_written().to_owned()),
            ConditionValue::Typed(_) => None,
        };
        let matches_only_workloads = |pattern: &String| {
            let glob = Glob::new(pattern);
            let mut matching_arns = self.classes.keys().filter(|arn| glob.matches(arn)).peekable();
            matching_arns.peek().is_some() && matching_arns.all(|arn| self.is_workload(arn))
        };
        caller_conditions
            .flat_map(|condition| &condition.values)
            .filter_map(as_text)
            .filter(matches_only_workloads)
            .collect()
    }

    fn is_workload(&self, arn: &str) -> bool {
        let is_known_workload = |arn: &str| {
            arn != self.subject.principal.arn.as_str() && self.classes.get(arn) == Some(&InferredClass::Workload)
        };
        // A session goes by its role, whose path its ARN does not tell.
        let find_session_role = || {
            let (head, session_path) = arn.split_once(":assumed-role/")?;
            let (role, account) = (session_path.split('/').next()?, head.rsplit(':').next()?);
            let mut roles = self.classes.keys().filter(|role_arn| {
                role_arn.split(':').nth(4) == Some(account)
                    && role_arn.contains(":role/")
                    && role_arn.rsplit('/').next() == Some(role)
            });
            roles.next().copied()
        };
        is_known_workload(arn) || find_session_role().is_some_and(is_known_workload)
    }
}

fn caller_account(entry: &PrincipalEntry) -> Option<String> {
    match entry {
        PrincipalEntry::Aws(AwsPrincipal::Account(account)) => Some(account.as_str().to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::Root(arn) | AwsPrincipal::Arn(arn)) => Some(arn.account().to_owned()),
        _ => None,
    }
}
