//! The requests that a trust policy admits and that the baseline does not declare.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use rustc_hash::FxHashMap;

use super::accepted_trust::restrict_accepted;
use super::declared_assumers::{DeclaredRequests, IncludedAssumers, allow_named_tenants};
use super::grant::TrustGrant;
use super::grant_question::{GrantQuestion, build_branch, build_layers};
use super::own_accounts::OwnAccounts;
use super::request_case::{RequestCase, RoleLocation, find_session_role, list_request_cases};
use super::request_keys::TOKEN_PRINCIPAL_KEYS;
use super::restricted_policy::{list_distinct_grants, restrict_to_grant};
use super::restrictive_keys::all_require_restricted_value;
use super::scope::TrustScope;
use super::shared_idp::SharedIdp;
use crate::access::{
    KeyFact, KnownContext, Layers, PolicyRef, Request, ResourceControls, ResourceDirectory, evaluate,
    organization_facts,
};
use crate::baseline::DeclaredAssumer;
use crate::iam::element::ActionElement;
use crate::iam::{Arn, Effect, ElementKind, Interpretation, PolicyDocument};
use crate::snapshot::{Account, IamEntityKind, Principal, Snapshot};
use crate::solve::budget::TRUST_STEPS;
use crate::solve::{Access, ActionWorld, AnswerDetail, Cube, Grant, Question, Solver, UndecidedReason, WitnessPolicy};

/// What a caller needs in addition to the action that assumes the role, if it sets tags, a source identity or a context.
pub(crate) const SESSION_ACTIONS: [&str; 3] = ["sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"];

const DIFFERENCE_DETAIL: AnswerDetail =
    AnswerDetail::Difference { max_cubes: 4, witnesses: WitnessPolicy::PerStatementRequired };

/// Requests that a statement of a trust policy admits and that the baseline does not declare.
#[derive(Clone, Debug)]
pub struct UndeclaredTrust {
    /// The grant that admits them.
    pub grant: TrustGrant,
    /// Whose requests they are.
    pub scope: TrustScope,
    /// The index of the granting statement in the trust policy.
    pub statement: usize,
    /// The requests, as disjoint sets.
    pub cubes: Vec<Cube>,
    /// Whether there are requests in addition to those of `cubes`.
    pub has_more_cubes: bool,
    /// One of the requests. The evaluator confirms that it is admitted and not declared.
    pub witness: Request,
}

impl UndeclaredTrust {
    /// Whether every request needs a value that few callers have: an external ID, an address, a network.
    pub fn requires_restricted_value(&self) -> bool {
        !self.has_more_cubes && all_require_restricted_value(&self.cubes)
    }
}

/// The result for one role.
#[derive(Clone, Debug, Default)]
pub struct TrustAnalysis {
    /// The undeclared trust.
    pub undeclared: Vec<UndeclaredTrust>,
    /// The reasons why trust could not be decided.
    pub undecided: BTreeSet<UndecidedReason>,
}

impl TrustAnalysis {
    pub(super) fn extend(&mut self, other: TrustAnalysis) {
        self.undeclared.extend(other.undeclared);
        self.undecided.extend(other.undecided);
    }

    /// Adds the results for another list of declared assumers. Trust that several lists do not declare counts once.
    pub fn merge(&mut self, other: TrustAnalysis) {
        let identify = |trust: &UndeclaredTrust| (trust.grant.clone(), trust.scope.clone(), trust.statement);
        for trust in other.undeclared {
            if !self.undeclared.iter().any(|existing| identify(existing) == identify(&trust)) {
                self.undeclared.push(trust);
            }
        }
        self.undecided.extend(other.undecided);
    }
}

/// Finds undeclared trust of the roles of a snapshot.
pub struct TrustAnalyzer<'a> {
    solver: &'a Solver<'a>,
    own_accounts: OwnAccounts<'a>,
    rcps: Option<ResourceControls>,
    by_unique_id: FxHashMap<&'a str, &'a Arn>,
    /// (account, name) to the role.
    by_role_name: FxHashMap<(&'a str, &'a str), &'a Arn>,
    directory: Arc<ResourceDirectory>,
    day: Option<Date>,
}

impl<'a> TrustAnalyzer<'a> {
    /// An analyzer of the roles of a snapshot.
    pub fn new(solver: &'a Solver<'a>, snapshot: &'a Snapshot) -> TrustAnalyzer<'a> {
        let ids =
            snapshot.principals().filter_map(|(_, principal)| Some((principal.unique_id.as_deref()?, &principal.arn)));
        let directory = Arc::new(ResourceDirectory::from_snapshot(snapshot));
        let roles = snapshot.principals().filter(|(_, principal)| principal.entity_kind != IamEntityKind::User);
        let names = roles.map(|(_, role)| ((role.arn.account(), role.name.as_str()), &role.arn));
        TrustAnalyzer {
            solver,
            own_accounts: OwnAccounts::from_snapshot(snapshot),
            rcps: ResourceControls::from_snapshot(snapshot, &directory),
            by_unique_id: ids.collect(),
            by_role_name: names.collect(),
            directory,
            day: None,
        }
    }

    /// The same analyzer, for requests on a day. Without it, they are made at any time.
    pub fn on_day(self, day: Date) -> TrustAnalyzer<'a> {
        TrustAnalyzer { day: Some(day), ..self }
    }

    /// The ARN of the principal with a unique ID. `None` if no principal of the snapshot has it.
    pub(super) fn resolve_unique_id(&self, id: &str) -> Option<Arn> {
        self.by_unique_id.get(id).map(|arn| (*arn).clone())
    }

    /// The undeclared trust of a role, of every scope of each grant. If `declared_assumers` is `None`, the baseline
    /// declares nothing about the role, and only trust in external principals is returned: those of accounts that are neither in the snapshot nor in its
    /// organization.
    pub fn find_undeclared(
        &self,
        account: &Account,
        role: &Principal,
        declared_assumers: Option<&[DeclaredAssumer]>,
    ) -> TrustAnalysis {
        self.find_unaccepted(account, role, declared_assumers, &[])
    }

    /// The undeclared trust of a role that none of some accepted trust policies admits.
    pub fn find_unaccepted(
        &self,
        account: &Account,
        role: &Principal,
        declared_assumers: Option<&[DeclaredAssumer]>,
        accepted: &[Arc<PolicyDocument>],
    ) -> TrustAnalysis {
        let mut analysis = TrustAnalysis::default();
        // A missing trust policy is a missing document of the role, and reported as that.
        let Some(trust) = &role.trust_policy else { return analysis };
        let resolve_unique_id = |id: &str| self.resolve_unique_id(id);
        for grant in list_distinct_grants(&trust.document, &resolve_unique_id) {
            let restricted_policy = &restrict_to_grant(&trust.document, &grant, &resolve_unique_id);
            let accepted: Vec<Arc<PolicyDocument>> = accepted
                .iter()
                .filter_map(|document| restrict_accepted(document, &trust.document, &grant, &resolve_unique_id))
                .collect();
            let rcps = &self.find_rcp_denies(account, role, &grant);
            let question = GrantQuestion { account, role, grant: &grant, restricted_policy, rcps, accepted: &accepted };
            let shared_idp = match &grant {
                TrustGrant::Oidc { host, .. } => SharedIdp::find_by_host(host),
                _ => None,
            };
            // A provider that is not shared has no customers.
            if let Some(idp) = shared_idp {
                analysis.extend(self.find_undeclared_tenants(&question, idp, declared_assumers));
                analysis.extend(self.find_undeclared_guests(&question, idp, declared_assumers));
            }
            analysis.extend(self.find_undeclared_callers(&question, declared_assumers));
        }
        analysis
    }

    /// The requests of customers of a shared provider that neither the trust policy nor the baseline names. A declared
    /// assumer that names only the provider does not declare a customer.
    fn find_undeclared_tenants(
        &self,
        question: &GrantQuestion<'_>,
        idp: &'static SharedIdp,
        declared_assumers: Option<&[DeclaredAssumer]>,
    ) -> TrustAnalysis {
        // Without `assumable_by`, nothing is declared.
        let assumers = declared_assumers.unwrap_or_default();
        let named_tenants = allow_named_tenants(idp, &question.join_documents());
        let mut analysis = TrustAnalysis::default();
        for case in self.list_cases(question) {
            let case = RequestCase { scope: TrustScope::AnyTenant(idp), ..case };
            let declared =
                self.build_declared(question, &case.scope, assumers).build_document(IncludedAssumers::WithCondition);
            let allowed = [named_tenants.clone(), declared];
            analysis.extend(self.analyze_case(question, &case, &allowed));
        }
        analysis
    }

    /// The requests that the baseline does not declare, for each case of a grant.
    fn find_undeclared_callers(
        &self,
        question: &GrantQuestion<'_>,
        declared_assumers: Option<&[DeclaredAssumer]>,
    ) -> TrustAnalysis {
        // Without `assumable_by`, nothing is declared.
        let assumers = declared_assumers.unwrap_or_default();
        let mut analysis = TrustAnalysis::default();
        for case in self.list_cases(question) {
            if declared_assumers.is_none() && !self.own_accounts.is_external(question.grant, &case.scope) {
                continue;
            }
            let allowed = [self.build_declared(question, &case.scope, assumers).build_document(IncludedAssumers::All)];
            analysis.extend(self.analyze_case(question, &case, &allowed));
        }
        analysis
    }

    fn build_declared<'q>(
        &'q self,
        question: &GrantQuestion<'q>,
        scope: &'q TrustScope,
        assumers: &'q [DeclaredAssumer],
    ) -> DeclaredRequests<'q> {
        let (grant, role_account) = (question.grant, &question.account.id);
        DeclaredRequests { grant, scope, role_account, own_accounts: &self.own_accounts, assumers }
    }

    /// The services that can assume a role for resources of its own account, and the identity providers whose identities
    /// can assume it, of those that `is_wanted`. Each is the grant of an [`UndeclaredTrust`], as if the baseline declared
    /// nothing. `services`: the services to examine if the trust policy names `*`, which includes every service.
    pub fn find_trusted_issuers(
        &self,
        account: &Account,
        role: &Principal,
        services: &BTreeSet<&str>,
        is_wanted: &dyn Fn(&TrustGrant) -> bool,
    ) -> TrustAnalysis {
        let mut analysis = TrustAnalysis::default();
        let Some(trust) = &role.trust_policy else { return analysis };
        // A service does not have a unique ID.
        let resolve_unique_id = |_: &str| None;
        let grants = list_distinct_grants(&trust.document, &resolve_unique_id);
        // AWS: AWS JSON policy elements: Principal. `*` includes AWS services.
        let of_star = services.iter().filter(|_| grants.contains(&TrustGrant::Anyone));
        let of_star = of_star.map(|name| (TrustGrant::from_service(name), TrustGrant::Anyone));
        let named = grants.iter().map(|grant| (grant.clone(), grant.clone()));
        for (grant, policy_grant) in named.chain(of_star).filter(|(grant, _)| is_wanted(grant)) {
            let restricted_policy = &restrict_to_grant(&trust.document, &policy_grant, &resolve_unique_id);
            let rcps = &self.find_rcp_denies(account, role, &grant);
            let question = GrantQuestion { account, role, grant: &grant, restricted_policy, rcps, accepted: &[] };
            let is_own = |case: &RequestCase| matches!(case.scope, TrustScope::Service | TrustScope::Provider);
            for case in self.list_cases(&question).into_iter().filter(is_own) {
                analysis.extend(self.analyze_case(&question, &case, &[]));
            }
        }
        analysis
    }

    /// The Deny statements of the RCPs on a role, as they apply to a grant. RCPs apply to every caller: outsiders, services
    /// and identities with a token included. Calls by service-linked roles are exempt; services alone assume those.
    pub(super) fn find_rcp_denies(
        &self,
        account: &Account,
        role: &Principal,
        grant: &TrustGrant,
    ) -> Vec<Arc<PolicyDocument>> {
        let is_exempt = role.entity_kind.is_service_linked();
        let rcps = self.rcps.as_ref().filter(|_| !is_exempt).map(|rcps| rcps.of_account(&account.id));
        let levels = rcps.iter().flat_map(ResourceControls::denying_levels).map(|control| &control.level);
        let policies = levels.flat_map(|level| &level.policies).filter(|policy| policy.has_effect(Effect::Deny));
        let resolve_unique_id = |id: &str| self.resolve_unique_id(id);
        let restrict = |policy: &PolicyRef| {
            let mut denies = PolicyDocument::clone(&policy.document);
            // `RCPFullAWSAccess` grants nothing. The positions of the statements stay.
            for statement in denies.statements.iter_mut().filter(|statement| statement.effect == Effect::Allow) {
                statement.action = ActionElement { kind: ElementKind::List, patterns: Vec::new() };
            }
            restrict_to_grant(&denies, grant, &resolve_unique_id)
        };
        policies.map(restrict).collect()
    }

    pub(super) fn list_cases(&self, question: &GrantQuestion<'_>) -> Vec<RequestCase> {
        let role = RoleLocation { account: question.account, organization: self.own_accounts.organization };
        let mut cases = list_request_cases(question.grant, &question.join_documents(), role);
        let organization = organization_facts(self.directory.membership(question.account.id.as_str()));
        let session_role = match question.grant {
            TrustGrant::Principal(arn) => {
                find_session_role(arn).and_then(|name| self.by_role_name.get(&(arn.account(), name)))
            }
            _ => None,
        };
        for case in &mut cases {
            if let Some(role) = session_role {
                case.known.set("aws:PrincipalArn", KeyFact::Value(role.as_str().to_owned()));
            }
            case.known = case.known.clone().with_directory(&self.directory);
            if let Some((id, paths)) = &organization {
                case.known.set("aws:ResourceOrgID", id.clone());
                case.known.set("aws:ResourceOrgPaths", paths.clone());
            }
            if let Some(day) = self.day {
                case.known.set_day(day);
            }
        }
        cases
    }

    /// The requests of a case that the trust policy admits and that none of the `allowed` documents allows. Undecided if
    /// that depends on whether a request with a token has the keys of an AWS principal.
    pub(super) fn analyze_case(
        &self,
        question: &GrantQuestion<'_>,
        case: &RequestCase,
        allowed: &[Option<Arc<PolicyDocument>>],
    ) -> TrustAnalysis {
        let trusted_documents: Vec<&Arc<PolicyDocument>> = [Some(question.restricted_policy), case.excluded.as_ref()]
            .into_iter()
            .flatten()
            .chain(question.rcps)
            .collect();
        let declared_documents: Vec<&Arc<PolicyDocument>> = allowed.iter().flatten().collect();
        let all_documents = || {
            let accepted = question.accepted.iter().map(|document| &**document);
            trusted_documents.iter().chain(&declared_documents).map(|document| &***document).chain(accepted)
        };
        let decide = |known: &KnownContext| {
            let decide_action = |action: &str| {
                let documents = (trusted_documents.as_slice(), declared_documents.as_slice());
                self.decide_case(question, (&case.scope, action), known, documents)
            };
            let analysis = decide_action(question.grant.assume_action());
            // What a caller can do with a session of an accepted grant is a part of what was accepted.
            let is_compared = !question.accepted.is_empty() && analysis.undeclared.is_empty();
            let session_actions = SESSION_ACTIONS.iter().filter(|_| is_compared);
            session_actions.fold(analysis, |mut analysis, action| {
                analysis.merge(decide_action(action));
                analysis
            })
        };
        let analysis = decide(&case.build_context(all_documents()));
        let Some(alternative) = case.build_alternative_context(all_documents()).map(|known| decide(&known)) else {
            return analysis;
        };
        if analysis.undeclared.is_empty() == alternative.undeclared.is_empty() {
            return analysis;
        }
        let undecided = UndecidedReason::Ambiguity(TOKEN_PRINCIPAL_KEYS);
        TrustAnalysis { undeclared: Vec::new(), undecided: [undecided].into_iter().chain(analysis.undecided).collect() }
    }

    /// The requests with a context that the trusted documents admit and the declared documents do not allow.
    fn decide_case(
        &self,
        question: &GrantQuestion<'_>,
        (scope, action): (&TrustScope, &str),
        known: &KnownContext,
        (trusted_documents, declared_documents): (&[&Arc<PolicyDocument>], &[&Arc<PolicyDocument>]),
    ) -> TrustAnalysis {
        let GrantQuestion { account, role, grant, accepted, .. } = *question;
        let effective = Access { branches: vec![build_branch(trusted_documents)] };
        let accepted_branches = accepted.iter().map(|document| build_branch(&[document]));
        let declared_branch = (!declared_documents.is_empty()).then(|| build_branch(declared_documents));
        let expected = Access { branches: declared_branch.into_iter().chain(accepted_branches).collect() };
        let (trusted, declared) = (build_layers(trusted_documents), build_layers(declared_documents));
        let accepted_layers: Vec<Layers> = accepted.iter().map(|document| build_layers(&[document])).collect();
        let allows = |layers: &Layers, request: &Request, readings: Interpretation| {
            evaluate(layers, request, &|_| false, readings).is_allowed()
        };
        let replay = |request: &Request, readings: Interpretation| match allows(&trusted, request, readings)
            && !allows(&declared, request, readings)
            && !accepted_layers.iter().any(|layers| allows(layers, request, readings))
        {
            true => Ok(()),
            false => Err(format!("{} on {}", request.action, request.resource)),
        };
        let answer = self.solver.answer(&Question {
            effective: &effective,
            declared: &expected,
            known,
            partition: None,
            world: ActionWorld::Existing,
            single_request: Some((action, role.arn.as_str())),
            budget: TRUST_STEPS,
            detail: DIFFERENCE_DETAIL,
            witness_account: Some(account.id.as_str()),
            replay: Some(&replay),
        });
        let to_undeclared_trust = |excess: Grant| {
            let Grant { statement_id: (_, statement), cubes, has_more_cubes, witness, .. } = excess;
            // With `PerStatementRequired`, a grant without a witness is one that the evaluator does not confirm. The
            // reason is in `answer.undecided`.
            let witness = witness?;
            let (grant, scope) = (grant.clone(), scope.clone());
            Some(UndeclaredTrust { grant, scope, statement, cubes, has_more_cubes, witness })
        };
        TrustAnalysis {
            undeclared: answer.grants.into_iter().filter_map(to_undeclared_trust).collect(),
            undecided: answer.undecided.into_iter().collect(),
        }
    }
}
