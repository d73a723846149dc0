//! Who can create the sessions of a role, and the context keys that such sessions have (`docs/semantics.md` §3).

use super::known_context::{KeyFact, KnownContext, is_provider_claim};
use super::session_names::find_user_id;
use crate::base::glob::matches_glob;
use crate::iam::principal_element::normalize_service_name;
use crate::iam::{ActionPattern, ContextKey, Effect, ElementKind, PolicyDocument, PrincipalEntry, Statement};
use crate::snapshot::{IamEntityKind, Principal};

/// The action with which the assumer of a role can set session tags. Without it in the trust policy, AWS refuses a request
/// whose SAML assertion or token has tags. AWS: *Pass session tags in AWS STS*, "Things to know about session tags"
const SESSION_TAG_ACTION: &str = "tagsession";

/// Keys that the sessions of a service have, and the service. AWS: *AWS global condition context keys*, "Cross-service
/// condition keys" and "Properties of a role session".
const SERVICE_SESSION_KEYS: [(&str, &str); 12] = [
    ("ec2:SourceInstanceArn", "ec2"),
    ("ec2:RoleDelivery", "ec2"),
    ("aws:Ec2InstanceSourceVpc", "ec2"),
    ("aws:Ec2InstanceSourcePrivateIPv4", "ec2"),
    ("lambda:SourceFunctionArn", "lambda"),
    ("codebuild:BuildArn", "codebuild"),
    ("codebuild:ProjectArn", "codebuild"),
    ("glue:RoleAssumedBy", "glue"),
    ("glue:CredentialIssuingService", "glue"),
    ("ssm:SourceInstanceArn", "ssm"),
    ("aws:ChatbotSourceArn", "chatbot"),
    ("identitystore:UserId", "identitystore"),
];

/// Keys of a session that a SAML provider created.
const SAML_SESSION_KEYS: [&str; 3] = ["saml:sub", "saml:sub_type", "saml:namequalifier"];

/// Claims that stay in a session which an OIDC provider created. AWS: *IAM and AWS STS condition context keys*.
/// `user_id` and `app_id` are those of Login with Amazon. AWS: *Using IAM policy conditions for fine-grained access control*
/// (DynamoDB).
const OIDC_SESSION_CLAIMS: [&str; 6] = ["aud", "sub", "amr", "id", "user_id", "app_id"];

/// Who can create sessions of a principal.
#[derive(Debug, Default)]
pub(super) struct SessionSources {
    /// Whether this is unknown: everything may be.
    is_unknown: bool,
    /// Whether the trust policy is unknown.
    lacks_trust_policy: bool,
    is_sso: bool,
    /// The services, by the first label of their names.
    services: Vec<String>,
    /// The hosts of OIDC providers.
    oidc_hosts: Vec<String>,
    has_saml: bool,
    has_principals: bool,
    /// Whether sessions can have tags of the caller.
    allows_session_tags: bool,
    /// Whether the caller can set a context of its identity.
    allows_set_context: bool,
}

impl SessionSources {
    /// The sources of a principal's sessions. Those of a user are empty.
    pub(super) fn of_principal(principal: &Principal) -> SessionSources {
        if principal.entity_kind == IamEntityKind::User {
            return SessionSources::default();
        }
        let Some(trust) = &principal.trust_policy else {
            return SessionSources { is_unknown: true, lacks_trust_policy: true, ..SessionSources::default() };
        };
        let mut sources =
            SessionSources { is_sso: principal.entity_kind == IamEntityKind::SsoRole, ..SessionSources::default() };
        let allows = trust.document.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        allows.for_each(|statement| sources.add_statement(statement));
        sources.allows_session_tags = allows_any_action(&trust.document, &[SESSION_TAG_ACTION]);
        sources.allows_set_context = allows_any_action(&trust.document, &["setcontext"]);
        sources
    }

    fn add_statement(&mut self, statement: &Statement) {
        let Some(element) = statement.principal.as_ref().filter(|element| element.kind == ElementKind::List) else {
            self.is_unknown = true;
            return;
        };
        element.entries.iter().for_each(|entry| self.add_entry(entry));
    }

    fn add_entry(&mut self, entry: &PrincipalEntry) {
        match entry {
            PrincipalEntry::Anyone => self.is_unknown = true,
            PrincipalEntry::Aws(_) | PrincipalEntry::CanonicalUser(_) => self.has_principals = true,
            PrincipalEntry::Service(name) => {
                let name = normalize_service_name(name);
                self.is_unknown |= name.contains('*');
                self.services.push(name.split('.').next().unwrap_or_default().to_owned());
            }
            PrincipalEntry::Federated(provider) if provider.contains(":saml-provider/") => self.has_saml = true,
            PrincipalEntry::Federated(provider) => match provider.split_once(":oidc-provider/") {
                Some((_, host)) => self.oidc_hosts.push(host.to_ascii_lowercase()),
                None if provider.contains('*') => self.is_unknown = true,
                None => self.oidc_hosts.push(provider.to_ascii_lowercase()),
            },
        }
    }

    /// Whether an OIDC provider can create sessions.
    pub(super) fn has_oidc(&self) -> bool {
        self.is_unknown || !self.oidc_hosts.is_empty()
    }

    /// Whether users, roles or services can create sessions with `sts:AssumeRole`.
    pub(super) fn has_assumers(&self) -> bool {
        self.is_unknown || self.has_principals || !self.services.is_empty()
    }

    /// Whether the tags in a request are exactly the tags of the role. Session tags add to them if the trust policy allows
    /// its callers to set them, also if anyone is a caller. AWS: *Pass session tags in AWS STS*.
    pub(super) fn has_fixed_tags(&self) -> bool {
        !self.lacks_trust_policy && !self.allows_session_tags
    }

    /// Sets the keys that no session of the principal has.
    pub(super) fn set_session_keys(&self, known: &mut KnownContext) {
        if self.is_unknown {
            return;
        }
        for (key, service) in SERVICE_SESSION_KEYS {
            let is_source = match service {
                "identitystore" => self.is_sso || self.allows_set_context,
                service => self.services.iter().any(|other| other == service),
            };
            if !is_source {
                known.set(key, KeyFact::Missing);
            }
        }
        known.set_provider_claims(KeyFact::Missing);
        if self.has_saml || self.is_sso {
            SAML_SESSION_KEYS.iter().for_each(|key| known.set(key, KeyFact::Free));
        }
        for host in &self.oidc_hosts {
            for claim in OIDC_SESSION_CLAIMS {
                // The host of a provider can end in a slash or not.
                let host = host.trim_end_matches('/');
                known.set(&format!("{host}:{claim}"), KeyFact::Free);
                known.set(&format!("{host}/:{claim}"), KeyFact::Free);
            }
        }
    }
}

/// Sets the keys of a session that a service or an identity provider began.
pub fn set_started_session(known: &mut KnownContext, starter: &PrincipalEntry) {
    let mut sources = SessionSources::default();
    sources.add_entry(starter);
    for (key, service) in SERVICE_SESSION_KEYS {
        if sources.services.iter().any(|other| other == service) {
            known.set(key, KeyFact::Free);
        }
    }
    sources.set_session_keys(known);
    let provider = match starter {
        PrincipalEntry::Federated(provider) if sources.has_oidc() => KeyFact::Value(provider.to_string()),
        _ => KeyFact::Missing,
    };
    known.set("aws:FederatedProvider", provider);
    for key in ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"] {
        known.set(key, KeyFact::Missing);
    }
}

/// Sets the keys of a role's sessions that begin with `sts:AssumeRole`, by a user, role or session that its trust
/// policy names. The request must be allowed to set tags and a source identity, or to keep those of the caller's session.
// AWS: Pass session tags in AWS STS, "Permissions required to add session tags"; Monitor and control actions taken with assumed
// roles, "Permissions required to set source identity"
pub fn set_assumed_session(known: &mut KnownContext, role: &Principal) {
    let Some(trust) = &role.trust_policy else { return };
    let may_name_callers = |statement: &&Statement| {
        let is_caller = |entry: &PrincipalEntry| {
            !matches!(
                entry,
                PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_)
            )
        };
        let element = statement.principal.as_ref();
        element.is_none_or(|element| element.kind == ElementKind::NotList || element.entries.iter().any(is_caller))
    };
    let allows = |action: &str| {
        let mut statements = trust.document.statements.iter().filter(may_name_callers);
        statements.any(|statement| statement.effect == Effect::Allow && lists_any_action(statement, &[action]))
    };
    let sources = SessionSources {
        has_principals: true,
        is_sso: role.entity_kind == IamEntityKind::SsoRole,
        allows_set_context: allows("setcontext"),
        ..SessionSources::default()
    };
    sources.set_session_keys(known);
    known.set_provider_claims(KeyFact::Missing);
    known.set("aws:FederatedProvider", KeyFact::Missing);
    let assuming = trust.document.statements.iter().filter(may_name_callers);
    let assuming = assuming.filter(|statement| statement.effect == Effect::Allow);
    let assuming = assuming.filter(|statement| lists_any_action(statement, &["assumerole"]));
    if let Some(user_id) = role.unique_id.as_deref().and_then(|id| find_user_id(id, assuming)) {
        known.set("aws:userid", user_id);
    }
    if !allows("setsourceidentity") {
        known.set("aws:SourceIdentity", KeyFact::Missing);
    }
    if !allows(SESSION_TAG_ACTION) {
        known.set_principal_tags(role.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
}

/// Which sessions alone have a key.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum SessionKeySource {
    /// Those of a service, by the first label of its name.
    Service(&'static str),
    /// Those that a SAML provider began.
    Saml,
    /// Those that an OIDC provider began.
    Oidc,
}

impl SessionKeySource {
    /// The sessions that alone have a key. None for keys of other sessions.
    pub fn of_key(key: &ContextKey) -> Option<SessionKeySource> {
        let lower = key.lower();
        match SERVICE_SESSION_KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(lower)) {
            Some((_, service)) => Some(SessionKeySource::Service(service)),
            None if lower.starts_with("saml:") => Some(SessionKeySource::Saml),
            None if is_provider_claim(key) || lower == "aws:federatedprovider" => Some(SessionKeySource::Oidc),
            None => None,
        }
    }
}

/// Whether only some sessions have a key: a key of a service's sessions, or a claim of an identity provider.
pub(super) fn is_session_key(key: &ContextKey) -> bool {
    is_provider_claim(key) || SERVICE_SESSION_KEYS.iter().any(|(name, _)| name.eq_ignore_ascii_case(key.lower()))
}

/// Whether a trust policy may allow one of these STS actions, in lower case.
fn allows_any_action(trust: &PolicyDocument, actions: &[&str]) -> bool {
    let mut allowing = trust.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    allowing.any(|statement| lists_any_action(statement, actions))
}

fn lists_any_action(statement: &Statement, actions: &[&str]) -> bool {
    let element = &statement.action;
    actions.iter().any(|name| {
        let is_listed = element.patterns.iter().any(|pattern| matches_sts_action(pattern, name));
        is_listed == (element.kind == ElementKind::List)
    })
}

fn matches_sts_action(pattern: &ActionPattern, sts_action: &str) -> bool {
    matches_glob(pattern.service(), "sts") && matches_glob(pattern.name(), sts_action)
}
