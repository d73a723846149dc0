//! The known context of a principal's requests, from a snapshot (`docs/semantics.md` §3).

use std::sync::Arc;

use jiff::civil::Date;

use super::federated_sessions::set_federated_facts;
use super::known_context::{KeyFact, KnownContext};
use super::request_facts::organization_facts;
use super::resource_directory::ResourceDirectory;
use super::session_sources::{SessionSources, is_session_key};
use crate::iam::{Ambiguity, ContextKey};
use crate::snapshot::{IamEntityKind, Principal, Snapshot};

/// Builds the known contexts of the principals of one snapshot. They share what the snapshot knows about resources.
pub struct ContextBuilder {
    directory: Arc<ResourceDirectory>,
    day: Option<Date>,
}

/// The known context of every direct request of a principal, in any of its sessions; see [`ContextBuilder`].
pub fn build_known_context(snapshot: &Snapshot, principal: &Principal) -> KnownContext {
    ContextBuilder::new(snapshot).build(principal)
}

impl ContextBuilder {
    /// A builder for a snapshot.
    pub fn new(snapshot: &Snapshot) -> ContextBuilder {
        ContextBuilder { directory: Arc::new(ResourceDirectory::from_snapshot(snapshot)), day: None }
    }

    /// The same builder, for requests on a day. Without it, they are made at any time.
    pub fn on_day(self, day: Date) -> ContextBuilder {
        ContextBuilder { day: Some(day), ..self }
    }

    /// The owners of resources.
    pub fn directory(&self) -> &Arc<ResourceDirectory> {
        &self.directory
    }

    /// The known context of every direct request of a principal, in any of its sessions.
    pub fn build(&self, principal: &Principal) -> KnownContext {
        let mut known = KnownContext::unconstrained().with_directory(&self.directory);
        known.set("aws:PrincipalArn", to_value(principal.arn.as_str()));
        known.set("aws:PrincipalAccount", to_value(principal.arn.account()));
        if let Some(day) = self.day {
            known.set_day(day);
        }
        let sources = SessionSources::of_principal(principal);
        if principal.entity_kind == IamEntityKind::User {
            set_user_facts(&mut known, principal);
            set_federated_facts(&mut known, principal);
        } else {
            set_role_facts(&mut known, principal, &sources);
        }
        // Only credentials of `sts:AssumeRoot` have it.
        known.set("aws:AssumedRoot", KeyFact::Missing);
        sources.set_session_keys(&mut known);
        // Whether the key is missing or false on a request that no MCP server makes is ambiguous. It is true otherwise.
        known.set_ambiguous(
            "aws:ViaAWSMCPService",
            KeyFact::NoneLike("false".to_owned()),
            Ambiguity::DirectCallMcpKey,
            KeyFact::Present,
        );
        if let Some((id, paths)) = organization_facts(self.directory.membership(principal.arn.account())) {
            known.set("aws:PrincipalOrgID", id);
            known.set("aws:PrincipalOrgPaths", paths);
        }
        if principal.entity_kind == IamEntityKind::User || sources.has_fixed_tags() {
            known.set_principal_tags(principal.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        }
        known
    }
}

fn to_value(text: &str) -> KeyFact {
    KeyFact::Value(text.to_owned())
}

fn set_user_facts(known: &mut KnownContext, principal: &Principal) {
    known.set("aws:PrincipalType", to_value("User"));
    known.set("aws:username", to_value(&principal.name));
    known.set("aws:userid", principal.unique_id.as_deref().map_or(KeyFact::Present, to_value));
    for key in ["aws:FederatedProvider", "aws:SourceIdentity"] {
        known.set(key, KeyFact::Missing);
    }
}

fn set_role_facts(known: &mut KnownContext, principal: &Principal, sources: &SessionSources) {
    known.set("aws:PrincipalType", to_value("AssumedRole"));
    known.set("aws:username", KeyFact::Missing);
    let id = principal.unique_id.as_deref();
    known.set("aws:userid", id.map_or(KeyFact::Present, |id| KeyFact::StartsWith(format!("{id}:"))));
    known.set("aws:TokenIssueTime", KeyFact::Present);
    if !sources.has_oidc() {
        known.set("aws:FederatedProvider", KeyFact::Missing);
    }
    let (present, age) = ("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge");
    if !sources.has_assumers() {
        // Sessions of identity providers lack the keys.
        known.set(present, KeyFact::Missing);
        known.set(age, KeyFact::Missing);
        return;
    }
    // INVARIANT: principals with equal facts have equal alternatives, because the facts are cache keys.
    known.set_ambiguous(present, KeyFact::Free, Ambiguity::RoleSessionMfa, KeyFact::NoneLike("true".to_owned()));
    known.set_ambiguous(age, KeyFact::Free, Ambiguity::RoleSessionMfa, KeyFact::Missing);
}

/// Whether the value of a key depends on the principal that makes the request.
pub fn is_principal_specific(key: &ContextKey) -> bool {
    let lower = key.lower();
    lower.starts_with("aws:principal")
        || is_session_key(key)
        || matches!(
            lower,
            "aws:userid"
                | "aws:username"
                | "aws:tokenissuetime"
                | "aws:federatedprovider"
                | "aws:sourceidentity"
                | "aws:multifactorauthpresent"
                | "aws:multifactorauthage"
        )
}
