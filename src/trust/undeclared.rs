//! Which ways into a role nobody declared.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::declared_assumers::{allow_named_tenants, build_declared_document};
use super::grant::{TrustGrant, list_grants, restrict_to_grant};
use super::request_case::{RequestCase, list_request_cases};
use super::restrictive_keys::all_require_restricted_value;
use super::shared_idp::SharedIdp;
use crate::access::{Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use crate::baseline::DeclaredAssumer;
use crate::iam::{AccountId, Arn, Interpretation, PolicyDocument};
use crate::snapshot::{Account, Organization, Principal, Snapshot};
use crate::solve::{
    Access, ActionWorld, AnswerDetail, Branch, Cube, Grant, Question, Solver, UndecidedReason, WitnessPolicy,
};

/// Steps that one question may take.
const BUDGET: u64 = 1_000_000;
const DIFFERENCE_DETAIL: AnswerDetail =
    AnswerDetail::Difference { max_cubes: 4, witnesses: WitnessPolicy::PerStatementRequired };

/// Whose requests come in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TrustScope {
    /// Those of principals of any account in the world.
    Anyone,
    /// Those of any customer of a provider that vouches for many.
    AnyTenant(&'static SharedIdp),
    /// Those of principals of any account of an organization.
    Organization(String),
    /// Those of principals of an account.
    Account(AccountId),
    /// Those of one principal.
    Principal(Arn),
    /// Those that an identity provider vouches for.
    Provider,
    /// Those of an AWS service, for a resource of the role's own account.
    Service,
    /// Those of an AWS service, for a resource of another account.
    ServiceForOtherAccount,
}

/// Requests that come into a role and that nobody declared.
#[derive(Clone, Debug)]
pub struct UndeclaredTrust {
    /// Whom the trust policy names.
    pub grant: TrustGrant,
    /// Whose requests of these they are.
    pub scope: TrustScope,
    /// The statement that lets them in, by its position.
    pub statement: usize,
    /// The requests, as disjoint sets.
    pub cubes: Vec<Cube>,
    /// Whether there are more of them.
    pub has_more_cubes: bool,
    /// One of them, which the evaluator confirms.
    pub witness: Request,
}

impl UndeclaredTrust {
    /// Whether each of the requests must bring something that few have: an external id, an address, a network.
    pub fn requires_restricted_value(&self) -> bool {
        !self.has_more_cubes && all_require_restricted_value(&self.cubes)
    }
}

/// What was found of one role.
#[derive(Clone, Debug, Default)]
pub struct TrustAnalysis {
    /// The ways in that nobody declared.
    pub undeclared: Vec<UndeclaredTrust>,
    /// What could not be decided.
    pub undecided: BTreeSet<UndecidedReason>,
}

/// Asks about the trust policies of a snapshot.
pub struct TrustAnalyzer<'a> {
    solver: &'a Solver<'a>,
    organization: Option<&'a Organization>,
    by_unique_id: FxHashMap<&'a str, &'a Arn>,
}

impl<'a> TrustAnalyzer<'a> {
    /// Of this snapshot.
    pub fn new(solver: &'a Solver<'a>, snapshot: &'a Snapshot) -> TrustAnalyzer<'a> {
        let ids =
            snapshot.principals().filter_map(|(_, principal)| Some((principal.unique_id.as_deref()?, &principal.arn)));
        TrustAnalyzer { solver, organization: snapshot.organization.as_ref(), by_unique_id: ids.collect() }
    }

    /// The ways into a role that are not declared. Where nothing is declared of it, only those that are open to
    /// strangers.
    pub fn find_undeclared(
        &self,
        account: &Account,
        role: &Principal,
        declared_assumers: Option<&[DeclaredAssumer]>,
    ) -> TrustAnalysis {
        let mut analysis = TrustAnalysis::default();
        let Some(trust) = &role.trust_policy else { return analysis };
        let resolve_unique_id = |id: &str| self.by_unique_id.get(id).map(|arn| (*arn).clone());
        for grant in list_grants(&trust.document, &resolve_unique_id) {
            let restricted_policy = restrict_to_grant(&trust.document, &grant, &resolve_unique_id);
            let assumers = declared_assumers.unwrap_or_default();
            if let TrustGrant::Oidc { host, .. } = &grant
                && let Some(idp) = SharedIdp::find_by_host(host)
            {
                // That a shared provider is declared by its name alone does not say whose tokens are meant.
                let allowed =
                    [allow_named_tenants(idp, &restricted_policy), build_declared_document(&grant, assumers, true)];
                for case in list_request_cases(
                    &grant,
                    &restricted_policy,
                    account.partition.as_str(),
                    &account.id,
                    self.organization,
                ) {
                    let case = RequestCase { scope: TrustScope::AnyTenant(idp), ..case };
                    self.analyze_case(&grant, &restricted_policy, &case, &allowed, (account, role), &mut analysis);
                }
                if analysis.undeclared.iter().any(|undeclared_trust| undeclared_trust.grant == grant) {
                    continue;
                }
            }
            let allowed = [build_declared_document(&grant, assumers, false)];
            for case in list_request_cases(
                &grant,
                &restricted_policy,
                account.partition.as_str(),
                &account.id,
                self.organization,
            ) {
                if declared_assumers.is_none() && case.scope != TrustScope::Anyone {
                    continue;
                }
                // Where strangers come in, everybody does; and whom a service lets in for others it lets in here.
                let includes_case = |undeclared_trust: &UndeclaredTrust| match undeclared_trust.scope {
                    TrustScope::Anyone => undeclared_trust.grant == grant,
                    TrustScope::Service => {
                        undeclared_trust.grant == grant && case.scope == TrustScope::ServiceForOtherAccount
                    }
                    _ => false,
                };
                if analysis.undeclared.iter().any(includes_case) {
                    break;
                }
                self.analyze_case(&grant, &restricted_policy, &case, &allowed, (account, role), &mut analysis);
            }
        }
        analysis
    }

    /// Which requests of a case does the trust policy let in that none of some documents allows?
    fn analyze_case(
        &self,
        grant: &TrustGrant,
        restricted_policy: &Arc<PolicyDocument>,
        case: &RequestCase,
        allowed: &[Option<Arc<PolicyDocument>>],
        (account, role): (&Account, &Principal),
        analysis: &mut TrustAnalysis,
    ) {
        let trusted_documents: Vec<&Arc<PolicyDocument>> =
            [Some(restricted_policy), case.excluded.as_ref()].into_iter().flatten().collect();
        let declared_documents: Vec<&Arc<PolicyDocument>> = allowed.iter().flatten().collect();
        let effective = Access { branches: vec![build_branch(&trusted_documents)] };
        let expected = match declared_documents.is_empty() {
            true => Access::default(),
            false => Access { branches: vec![build_branch(&declared_documents)] },
        };
        let (trusted, declared) = (build_layers(&trusted_documents), build_layers(&declared_documents));
        let allows = |layers: &Layers, request: &Request, readings: Interpretation| {
            evaluate(layers, request, &|_| false, readings).is_allowed()
        };
        let confirm = |request: &Request, readings: Interpretation| match allows(&trusted, request, readings)
            && !allows(&declared, request, readings)
        {
            true => Ok(()),
            false => Err(format!("{} on {}", request.action, request.resource)),
        };
        let answer = self.solver.answer(&Question {
            effective: &effective,
            declared: &expected,
            known: &case.known,
            partition: None,
            world: ActionWorld::Existing,
            single_request: Some((grant.assume_action(), role.arn.as_str())),
            budget: BUDGET,
            detail: DIFFERENCE_DETAIL,
            witness_account: Some(account.id.as_str()),
            replay: Some(&confirm),
        });
        analysis.undecided.extend(answer.undecided);
        let to_undeclared_trust = |excess: Grant| {
            let Grant { statement_id: (_, statement), cubes, has_more_cubes: more, witness, .. } = excess;
            Some(UndeclaredTrust {
                grant: grant.clone(),
                scope: case.scope.clone(),
                statement,
                cubes,
                has_more_cubes: more,
                witness: witness?,
            })
        };
        analysis.undeclared.extend(answer.grants.into_iter().filter_map(to_undeclared_trust));
    }
}

fn build_branch(documents: &[&Arc<PolicyDocument>]) -> Branch {
    Branch::from_policies(documents.iter().copied().zip(0..))
}

fn build_layers(documents: &[&Arc<PolicyDocument>]) -> Layers {
    let to_policy_ref = |document: &&Arc<PolicyDocument>| PolicyRef {
        name: String::new(),
        origin: PolicyOrigin::Given,
        document: Arc::clone(document),
    };
    Layers::from_identity(documents.iter().map(to_policy_ref).collect())
}

impl TrustAnalyzer<'_> {
    /// The services that a role lets in for resources of its own account: the name that partition `aws` gives each,
    /// and the name as it is written.
    pub fn find_trusted_services(&self, account: &Account, role: &Principal) -> TrustAnalysis {
        let mut analysis = TrustAnalysis::default();
        let Some(trust) = &role.trust_policy else { return analysis };
        let resolve_unique_id = |_: &str| None;
        for grant in list_grants(&trust.document, &resolve_unique_id)
            .into_iter()
            .filter(|way| matches!(way, TrustGrant::Service(_)))
        {
            let restricted_policy = restrict_to_grant(&trust.document, &grant, &resolve_unique_id);
            let cases = list_request_cases(
                &grant,
                &restricted_policy,
                account.partition.as_str(),
                &account.id,
                self.organization,
            );
            for case in cases.into_iter().filter(|case| case.scope == TrustScope::Service) {
                self.analyze_case(&grant, &restricted_policy, &case, &[None, None], (account, role), &mut analysis);
            }
        }
        analysis
    }
}
