//! A principal's layers as a union of branches (`docs/semantics.md` §4).
//!
//! Without resource policies there is one branch: identity, boundary, session, every SCP level, and no
//! Deny anywhere. A resource policy adds branches for what it grants by itself or together with identity,
//! and takes its resource out of the first branch where its agreement is needed.

use std::sync::{Arc, LazyLock};

use super::question::{Access, Allowing, Branch, Except};
use crate::access::{
    Layers, Naming, PolicyRef, PrincipalType, ResourcePolicy, Sessions, UnknownResourcePolicy, naming, sessions_named,
};
use crate::iam::{Arn, DocumentKind, Effect, PolicyDocument, Template};
use crate::source::SourceFile;

/// What a principal's layers allow together. A statement's tag is its policy's position in the list.
pub fn effective_access(layers: &Layers) -> (Access, Vec<PolicyRef>) {
    let mut gather = Gather { layers, policies: Vec::new() };
    let mut sessions: Vec<Option<&Arn>> = match &layers.principal.sessions {
        Sessions::One(session) => vec![Some(session)],
        Sessions::Any => vec![None],
    };
    if sessions == [None] {
        for policy in &layers.resource_policies {
            let elements = policy.policy.document.statements.iter().filter_map(|s| s.principal.as_ref());
            for session in elements.flat_map(|e| sessions_named(&layers.principal, e)) {
                if !sessions.contains(&Some(session)) {
                    sessions.push(Some(session));
                }
            }
        }
    }
    let layer_lists = gather.layer_lists();
    let branches = sessions.into_iter().flat_map(|session| gather.of_session(session, &layer_lists)).collect();
    (Access { branches }, gather.policies)
}

/// The statements of each layer that binds every request.
struct LayerLists {
    /// None for the root user, who has no policies of its own: what is not denied it, it may.
    identity: Vec<Allowing>,
    boundary: Option<Vec<Allowing>>,
    session: Option<Vec<Allowing>>,
    levels: Vec<Vec<Allowing>>,
    forbid: Vec<Allowing>,
}

struct Gather<'l> {
    layers: &'l Layers,
    policies: Vec<PolicyRef>,
}

impl Gather<'_> {
    fn of_effect(&mut self, policies: &[PolicyRef], rcp: bool) -> (Vec<Allowing>, Vec<Allowing>) {
        let (mut allows, mut denies) = (Vec::new(), Vec::new());
        for policy in policies {
            let tag = self.policies.len();
            self.policies.push(policy.clone());
            for statement in &policy.document.statements {
                let one = Allowing {
                    document: Arc::clone(&policy.document),
                    index: statement.index,
                    covers: None,
                    rcp_services_only: rcp,
                    tag,
                };
                match statement.effect {
                    Effect::Allow => allows.push(one),
                    Effect::Deny => denies.push(one),
                }
            }
        }
        (allows, denies)
    }

    fn layer_lists(&mut self) -> LayerLists {
        let layers = self.layers;
        let kind = layers.principal.principal_type;
        let mut lists =
            LayerLists { identity: Vec::new(), boundary: None, session: None, levels: Vec::new(), forbid: Vec::new() };
        if kind == PrincipalType::Root {
            lists.identity = everything();
        } else {
            let (allows, denies) = self.of_effect(&layers.identity, false);
            lists.identity = allows;
            lists.forbid.extend(denies);
            if let Some(boundary) = &layers.boundary {
                let (allows, denies) = self.of_effect(boundary, false);
                lists.boundary = Some(allows);
                lists.forbid.extend(denies);
            }
            let session = match &layers.session {
                Some(policies) => Some(policies.as_slice()),
                // A federated user has what the session policies given to it say, and without any nothing.
                None => (kind == PrincipalType::FederatedUser).then_some(&[][..]),
            };
            if let Some(session) = session {
                let (allows, denies) = self.of_effect(session, false);
                lists.session = Some(allows);
                lists.forbid.extend(denies);
            }
        }
        if kind != PrincipalType::ServiceLinkedRole {
            for level in layers.scps.iter().flatten() {
                let (allows, denies) = self.of_effect(&level.policies, false);
                lists.levels.push(allows);
                lists.forbid.extend(denies);
            }
            for level in layers.rcps.iter().flatten() {
                lists.forbid.extend(self.of_effect(&level.policies, true).1);
            }
        }
        lists
    }

    /// The branches of one session, or of a principal without a session that matters.
    fn of_session(&mut self, session: Option<&Arn>, lists: &LayerLists) -> Vec<Branch> {
        let layers = self.layers;
        let has_boundary = layers.boundary.is_some();
        let mut forbid = lists.forbid.clone();
        let mut granted: Vec<(&ResourcePolicy, Naming, Vec<Allowing>)> = Vec::new();
        for policy in &layers.resource_policies {
            let tag = self.policies.len();
            self.policies.push(policy.policy.clone());
            let covers = Arc::new(Except { service: service(policy), resources: policy.covers.clone().into() });
            for statement in &policy.policy.document.statements {
                let element = statement.principal.as_ref();
                let Some(named) = element.and_then(|e| naming(&layers.principal, session, has_boundary, e)) else {
                    continue;
                };
                let one = Allowing {
                    document: Arc::clone(&policy.policy.document),
                    index: statement.index,
                    covers: Some(Arc::clone(&covers)),
                    rcp_services_only: false,
                    tag,
                };
                match (statement.effect, granted.iter_mut().find(|(p, n, _)| std::ptr::eq(*p, policy) && *n == named)) {
                    (Effect::Deny, _) => forbid.push(one),
                    (Effect::Allow, Some((_, _, list))) => list.push(one),
                    (Effect::Allow, None) => granted.push((policy, named, vec![one])),
                }
            }
        }
        let mut identity =
            self.branch(lists, &forbid, vec![lists.identity.clone()], &[Layer::Boundary, Layer::Session]);
        for policy in &layers.resource_policies {
            if self.is_elsewhere(policy) || must_agree(policy) {
                let resources = policy.covers.clone().into();
                identity.except.push(Except { service: service(policy), resources });
            }
        }
        if layers.unknown_resource_policy == UnknownResourcePolicy::IsNone {
            identity.forbid.extend(self.other_accounts());
        }
        let mut branches = vec![identity];
        for (policy, named, list) in granted {
            branches.extend(self.granted(policy, named, list, lists, &forbid));
        }
        branches
    }

    /// What a resource policy's grant is worth.
    fn granted(
        &self,
        policy: &ResourcePolicy,
        named: Naming,
        list: Vec<Allowing>,
        lists: &LayerLists,
        forbid: &[Allowing],
    ) -> Option<Branch> {
        let is_user = self.layers.principal.principal_type == PrincipalType::User;
        let both = vec![lists.identity.clone(), list.clone()];
        let limits: &[Layer] = match named {
            _ if self.is_elsewhere(policy) => {
                return Some(self.branch(lists, forbid, both, &[Layer::Boundary, Layer::Session]));
            }
            // The account delegates to identity policies: that adds nothing where identity suffices.
            Naming::Account if !must_agree(policy) => return None,
            Naming::Account => return Some(self.branch(lists, forbid, both, &[Layer::Boundary, Layer::Session])),
            // A user's boundary limits which roles it assumes, even if they name it.
            Naming::Itself if is_user && is_trust(policy) => &[Layer::Boundary, Layer::Session],
            Naming::Itself if is_user => &[Layer::Session],
            Naming::Itself => &[],
            Naming::Entity => &[Layer::Boundary, Layer::Session],
        };
        Some(self.branch(lists, forbid, vec![list], limits))
    }

    fn branch(&self, lists: &LayerLists, forbid: &[Allowing], first: Vec<Vec<Allowing>>, limits: &[Layer]) -> Branch {
        let mut require = first;
        for limit in limits {
            require.extend(match limit {
                Layer::Boundary => lists.boundary.clone(),
                Layer::Session => lists.session.clone(),
            });
        }
        require.extend(lists.levels.iter().cloned());
        Branch { require, forbid: forbid.to_vec(), except: Vec::new() }
    }

    /// Whether the resource belongs to another account.
    fn is_elsewhere(&self, policy: &ResourcePolicy) -> bool {
        let told = arn(policy).map(|a| a.account().to_owned()).filter(|a| !a.is_empty());
        let owner = told.unwrap_or_else(|| policy.owner.as_str().to_owned());
        self.layers.principal.account.as_ref().is_some_and(|own| own.as_str() != owner)
    }

    /// Denies what lies in other accounts.
    fn other_accounts(&self) -> Vec<Allowing> {
        let Some(own) = &self.layers.principal.account else { return Vec::new() };
        let elsewhere = self.layers.resource_owner.as_ref().is_some_and(|owner| owner != own);
        let untold = if elsewhere { "" } else { ",\"arn:*:*:*::*\"" };
        let text = format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Deny\",\"Action\":\"*\",\
             \"NotResource\":[\"arn:*:*:*:{own}:*\"{untold}]}}]}}"
        );
        let source = SourceFile::new("resources of other accounts", text);
        match PolicyDocument::parse(&source, DocumentKind::Identity) {
            Ok(mut document) => {
                if !elsewhere {
                    // What is asked on no resource: the text `*`, which no pattern stands for alone.
                    let elements = document.statements.iter_mut().filter_map(|s| s.resource.as_mut());
                    elements.for_each(|element| element.patterns.push(Template::literal("*")));
                }
                Allowing::all_of(&Arc::new(document)).collect()
            }
            Err(_) => Vec::new(),
        }
    }
}

/// Layers that may limit what a resource policy grants.
enum Layer {
    Boundary,
    Session,
}

static EVERYTHING: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| {
    let source = SourceFile::new("everything", r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#);
    Arc::new(PolicyDocument::parse(&source, DocumentKind::Identity).expect("a valid document"))
});

/// A list of statements that allows everything.
pub fn everything() -> Vec<Allowing> {
    Allowing::all_of(&EVERYTHING).collect()
}

/// The ARN that a resource policy speaks for first.
fn arn(policy: &ResourcePolicy) -> Option<Arn> {
    policy.covers.first().map(Template::as_written).and_then(Arn::parse)
}

fn is_trust(policy: &ResourcePolicy) -> bool {
    arn(policy).is_some_and(|arn| arn.service() == "iam" && arn.resource().starts_with("role/"))
}

/// Whether identity alone does not suffice even in the same account: KMS keys and role trust.
fn must_agree(policy: &ResourcePolicy) -> bool {
    is_trust(policy) || arn(policy).is_some_and(|arn| arn.service() == "kms" && arn.resource().starts_with("key/"))
}

/// A trust policy speaks of `sts` actions only; another policy of whatever is asked of its resource.
fn service(policy: &ResourcePolicy) -> Option<String> {
    is_trust(policy).then(|| "sts".to_owned())
}
