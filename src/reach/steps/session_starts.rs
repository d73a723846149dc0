//! Services and identity providers with which a state can begin sessions of a role whose trust policy is written for that.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::step_finder::StepFinder;
use super::step_prover::{StepProver, TechniqueProof};
use crate::iam::{Arn, ContextKey};
use crate::reach::model::arn_index::ArnIndex;
use crate::reach::model::search_techniques::find_search_technique;
use crate::reach::model::session_start::SessionStart;
use crate::reach::model::technique::{Technique, TechniqueKind, techniques};
use crate::solve::UndecidedReason;
use crate::trust::{SharedIdp, TrustGrant};

/// The technique of who begins sessions with a provider that serves everyone.
const SHARED: &str = "sts:AssumeRoleWithWebIdentity";

/// Which sessions are worth finding.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum WantedStarts {
    /// Those that policies treat differently from others.
    Distinguished,
    /// Any session.
    Any,
}

/// An identity provider of which a state can begin sessions.
struct OwnProvider {
    arn: String,
    /// How it controls the provider.
    technique: &'static Technique,
    /// Whether nothing that exists has the ARN.
    is_new: bool,
}

impl StepFinder<'_> {
    /// How the state can begin sessions of a role, once the trust policy of the role admits that: by a service to which it
    /// passes the role, or by an identity provider. A request with an identity needs no credentials of AWS, so that no policy of
    /// the principal and no SCP applies to it.
    // AWS: AssumeRoleWithSAML, STS API Reference
    pub(crate) fn find_session_starts(
        &self,
        role: usize,
        wanted: WantedStarts,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<SessionStart> {
        let world = self.world;
        if !self.account_principals.contains(role) {
            return Vec::new();
        }
        let mut starts = Vec::new();
        for service in self.list_distinguished_services(undecided) {
            let mut single = world.principals.empty_set();
            single.insert(role);
            let grant = TrustGrant::from_service(service);
            if !self.filter_passable(service, &single, undecided).is_clear()
                && world.admits_if_rewritten(role, &grant, undecided)
            {
                starts.push(SessionStart::Service(Arc::from(service)));
            }
        }
        let mut providers = self.list_own_providers(undecided);
        if wanted == WantedStarts::Distinguished {
            providers.retain(|provider| world.session_keys.names_provider(&provider.arn));
        }
        for provider in providers {
            let grant = TrustGrant::from_provider(&provider.arn);
            if world.admits_if_rewritten(role, &grant, undecided) {
                starts.push(SessionStart::Provider(Arc::from(provider.arn)));
            }
        }
        starts
    }

    /// The services that run code of the state and whose sessions have a key that a policy names.
    fn list_distinguished_services(&self, undecided: &mut BTreeSet<UndecidedReason>) -> BTreeSet<&'static str> {
        let is_named = |service: &&str| self.world.session_keys.names_service(service);
        let mut running = techniques().iter().filter(|technique| technique.kind == TechniqueKind::NewPassRole);
        if !running.any(|technique| technique.services.iter().map(String::as_str).any(|service| is_named(&service))) {
            return BTreeSet::new();
        }
        let running = self.list_running_techniques(undecided);
        running.into_iter().flat_map(|technique| &technique.services).map(String::as_str).filter(is_named).collect()
    }

    /// The identity providers of its account that the state can create or change, and those that serve everyone.
    fn list_own_providers(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<OwnProvider> {
        let mut found: Vec<OwnProvider> = Vec::new();
        for kind in ["saml", "oidc"] {
            let mut existing: BTreeSet<String> = self.list_named_providers(kind);
            let trusted = self.world.trust_index.list_providers(self.effective.account, kind);
            let trusted: BTreeSet<String> = trusted.into_iter().map(|(arn, _)| arn.to_owned()).collect();
            existing.extend(trusted.iter().cloned());
            let index = ArnIndex::new(existing.into_iter().collect());
            for technique in list_provider_techniques(kind).filter(|technique| self.may_perform(technique)) {
                for at in self.find_allowed_resources(technique, &index, undecided).ones() {
                    let arn = index.arn(at).to_owned();
                    if found.iter().all(|other| other.arn != arn) {
                        found.push(OwnProvider { arn, technique, is_new: false });
                    }
                }
            }
            found.extend(self.find_new_provider(kind, undecided));
            for arn in trusted {
                let host = arn.split_once(":oidc-provider/").map(|(_, host)| host);
                let is_shared = host.is_some_and(|host| SharedIdp::find_by_host(host).is_some());
                if is_shared && found.iter().all(|other| other.arn != arn) {
                    let technique = find_search_technique(SHARED);
                    found.push(OwnProvider { arn, technique, is_new: false });
                }
            }
        }
        found
    }

    /// The identity providers of its account that resource policies name.
    fn list_named_providers(&self, kind: &str) -> BTreeSet<String> {
        let is_own = |arn: &&String| {
            let is_kind = Arn::parse(arn).is_some_and(|parsed| {
                parsed.account() == self.effective.account
                    && parsed.resource().starts_with(&format!("{kind}-provider/"))
            });
            is_kind && !arn.contains("/AWSSSO_")
        };
        self.world.session_keys.providers().iter().filter(is_own).cloned().collect()
    }

    /// An identity provider that the state can create under a name that is free.
    fn find_new_provider(&self, kind: &str, undecided: &mut BTreeSet<UndecidedReason>) -> Option<OwnProvider> {
        let mut creating = list_provider_techniques(kind).filter(|technique| technique.required_actions.len() == 1);
        let technique =
            creating.find(|technique| technique.required_actions.iter().all(|a| a.starts_with("iam:Create")))?;
        if !self.can_perform_required(technique, undecided) {
            return None;
        }
        // The principal has no tokens of a host that policies name, but those of its own.
        let name = if kind == "saml" { "example" } else { "own-issuer.example" };
        let (partition, account) = (self.effective.partition.as_str(), self.effective.account);
        let arn = format!("arn:{partition}:iam::{account}:{kind}-provider/{name}");
        let index = ArnIndex::new(vec![arn.clone()]);
        let is_new = !self.find_allowed_resources(technique, &index, undecided).is_clear();
        Some(OwnProvider { arn, technique, is_new })
    }
}

/// The techniques that create or change an identity provider of a kind.
fn list_provider_techniques(kind: &str) -> impl Iterator<Item = &'static Technique> {
    let changing = techniques().iter().filter(|technique| technique.kind == TechniqueKind::ChangeProvider);
    changing.filter(move |technique| technique.services.iter().any(|service| service == kind))
}

impl StepProver<'_> {
    /// How the state begins a session of a role that trusts a service or an identity provider. None if that is not proven.
    pub(crate) fn prove_session_start(
        &self,
        role: usize,
        session: &SessionStart,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let finder = self.step_finder;
        let arn = match session {
            SessionStart::Service(service) => {
                let (running, requests) = self.prove_passing(finder.world.arn(role), Some(service), undecided)?;
                return Some(TechniqueProof::new(running, requests));
            }
            SessionStart::Provider(arn) => arn,
            SessionStart::Assumed => return None,
        };
        let providers = finder.list_own_providers(undecided);
        let provider = providers.into_iter().find(|provider| *provider.arn == **arn)?;
        let technique = provider.technique;
        if technique.kind != TechniqueKind::ChangeProvider {
            return Some(TechniqueProof::new(technique, Vec::new()));
        }
        let mut requests = Vec::new();
        for action in &technique.required_actions {
            let facts = |_: usize, key: &ContextKey| technique.context_fact(key);
            let on_provider = self.request_prover.prove_on_resource(action, arn, &facts, undecided);
            requests.push(match on_provider {
                Some(request) => request,
                None => self.request_prover.prove_on_any_resource(action, &facts, undecided)?,
            });
        }
        let mut proof = TechniqueProof::new(technique, requests);
        if provider.is_new {
            // Who chooses the name of the provider, and its issuer, needs nothing more.
            proof.assumptions.clear();
        }
        Some(proof)
    }
}
