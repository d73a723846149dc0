//! Which context keys a request to assume a role can carry. It depends on how the caller proves who it is.
//!
//! A token carries the claims of its own provider alone. It has no external ID, no MFA and no AWS credentials
//! (`docs/semantics.md` §3).

use super::grant::TrustGrant;
use crate::access::KeyFact;
use crate::iam::{ContextKey, PolicyDocument};

/// The name of the ambiguity whether a request with a token has the keys of an AWS principal (`docs/semantics.md`).
pub(super) const TOKEN_PRINCIPAL_KEYS: &str = "token-principal-keys";

/// The providers that AWS knows without an ARN and that identify users by other claims than `sub` and `aud`.
const PROVIDERS_WITHOUT_SUBJECT: [&str; 2] = ["graph.facebook.com", "www.amazon.com"];
/// The claims of an OIDC provider that a session keeps and can pass on when it assumes another role.
const SESSION_CLAIMS: [&str; 4] = ["aud", "sub", "amr", "id"];
/// The same for SAML.
const SAML_SESSION_KEYS: [&str; 3] = ["saml:sub", "saml:sub_type", "saml:namequalifier"];
/// The keys of an AWS principal that a request without AWS credentials does not have.
const PRINCIPAL_KEYS: [&str; 4] =
    ["aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths"];
const PRINCIPAL_TAG_PREFIX: &str = "aws:principaltag/";
const MFA_KEYS: [&str; 2] = ["aws:multifactorauthpresent", "aws:multifactorauthage"];

/// How a caller proves who it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Caller {
    /// With long-term credentials of a user.
    User,
    /// With any AWS credentials, those of a federated session included.
    AwsPrincipal,
    /// As an AWS service.
    Service,
    /// With a token of an OIDC provider. `None` for any provider.
    WebIdentity(Option<String>),
    /// With an assertion of a SAML provider.
    Saml,
    /// In a way that is not known.
    Unknown,
}

/// Where a context key comes from.
enum KeySource<'k> {
    Aws,
    Sts,
    Saml,
    /// An OIDC provider: its host in lower case, and the claim.
    Claim(&'k str, &'k str),
    /// Another AWS service.
    Service,
}

impl Caller {
    /// The callers that a grant means.
    pub fn from_grant(grant: &TrustGrant) -> Caller {
        match grant {
            TrustGrant::Principal(arn) if arn.resource().starts_with("user/") => Caller::User,
            TrustGrant::Anyone | TrustGrant::AnyoneExcept(_) | TrustGrant::Account(_) | TrustGrant::Principal(_) => {
                Caller::AwsPrincipal
            }
            TrustGrant::Service { .. } => Caller::Service,
            TrustGrant::Oidc { host, .. } => Caller::WebIdentity(Some(host.to_ascii_lowercase())),
            TrustGrant::AnyOidcProvider => Caller::WebIdentity(None),
            TrustGrant::Saml { .. } | TrustGrant::AnySamlProvider => Caller::Saml,
            TrustGrant::UniqueId(_) | TrustGrant::Other(_) => Caller::Unknown,
        }
    }

    /// Whether the caller has a token or an assertion instead of AWS credentials.
    pub fn has_token(&self) -> bool {
        matches!(self, Caller::WebIdentity(_) | Caller::Saml)
    }

    /// What is known about a key in the requests of the caller. `None` if nothing is.
    pub fn find_fact(&self, key: &ContextKey) -> Option<KeyFact> {
        let key = key.lower();
        let is_missing = match (self, find_source(key)) {
            (Caller::WebIdentity(host), KeySource::Claim(key_host, claim)) => {
                return match host {
                    None => None,
                    Some(host) if host != key_host => Some(KeyFact::Missing),
                    // AWS: every token has them.
                    Some(host) => (matches!(claim, "sub" | "aud")
                        && !PROVIDERS_WITHOUT_SUBJECT.contains(&host.as_str()))
                    .then_some(KeyFact::Present),
                };
            }
            (Caller::WebIdentity(_), KeySource::Saml) | (Caller::Saml, KeySource::Claim(..)) => true,
            (Caller::WebIdentity(_) | Caller::Saml, KeySource::Service) => true,
            (Caller::WebIdentity(_) | Caller::Saml, KeySource::Sts) => key == "sts:externalid",
            (Caller::WebIdentity(_) | Caller::Saml, KeySource::Aws) => MFA_KEYS.contains(&key) || key == "aws:username",
            (Caller::Service | Caller::User, KeySource::Claim(..) | KeySource::Saml) => true,
            (Caller::Service, KeySource::Aws) => MFA_KEYS.contains(&key) || key == "aws:username",
            (Caller::AwsPrincipal, KeySource::Claim(_, claim)) => !SESSION_CLAIMS.contains(&claim),
            (Caller::AwsPrincipal, KeySource::Saml) => !SAML_SESSION_KEYS.contains(&key),
            _ => false,
        };
        is_missing.then_some(KeyFact::Missing)
    }
}

fn find_source(key: &str) -> KeySource<'_> {
    // The name of a tag can contain colons and dots.
    let Some((service, _)) = key.split_once(':') else { return KeySource::Service };
    match service {
        "aws" => KeySource::Aws,
        "sts" => KeySource::Sts,
        "saml" => KeySource::Saml,
        _ => match key.rsplit_once(':') {
            // The URL of a provider can end with a slash in its context keys.
            Some((host, claim)) if host.contains('.') => KeySource::Claim(host.trim_end_matches('/'), claim),
            _ => KeySource::Service,
        },
    }
}

/// The keys of an AWS principal that documents name.
pub(super) fn list_principal_keys<'d>(documents: impl IntoIterator<Item = &'d PolicyDocument>) -> Vec<ContextKey> {
    let is_principal_key =
        |key: &&ContextKey| PRINCIPAL_KEYS.contains(&key.lower()) || key.lower().starts_with(PRINCIPAL_TAG_PREFIX);
    let statements = documents.into_iter().flat_map(|document| &document.statements);
    let mut keys: Vec<ContextKey> = Vec::new();
    for key in statements.flat_map(|statement| statement.keys()).filter(is_principal_key) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::iam::Arn;

    #[test]
    fn a_token_carries_the_keys_of_its_own_provider() {
        let eks = Caller::WebIdentity(Some("oidc.eks.eu-west-1.amazonaws.com/id/new".to_owned()));
        let facebook = Caller::WebIdentity(Some("graph.facebook.com".to_owned()));
        let any = Caller::WebIdentity(None);
        let user = Caller::from_grant(&TrustGrant::Principal(Arn::parse("arn:aws:iam::111122223333:user/u").unwrap()));
        let (missing, present) = (Some(KeyFact::Missing), Some(KeyFact::Present));
        for (caller, key, expected) in [
            (&eks, "oidc.eks.eu-west-1.amazonaws.com/id/NEW:sub", &present),
            (&eks, "oidc.eks.eu-west-1.amazonaws.com/id/NEW/:aud", &present),
            (&eks, "oidc.eks.eu-west-1.amazonaws.com/id/NEW:amr", &None),
            (&eks, "oidc.eks.eu-west-1.amazonaws.com/id/OLD:sub", &missing),
            (&eks, "saml:aud", &missing),
            (&eks, "sts:ExternalId", &missing),
            (&eks, "sts:RoleSessionName", &None),
            (&eks, "aws:MultiFactorAuthPresent", &missing),
            (&eks, "aws:RequestTag/a.example:sub", &None),
            (&eks, "ec2:SourceInstanceArn", &missing),
            (&eks, "aws:SourceIp", &None),
            (&facebook, "graph.facebook.com:sub", &None),
            (&any, "a.example:sub", &None),
            (&any, "saml:sub", &missing),
            (&Caller::Saml, "saml:aud", &None),
            (&Caller::Saml, "a.example:aud", &missing),
            (&Caller::Saml, "sts:externalid", &missing),
            (&Caller::Service, "a.example:aud", &missing),
            (&Caller::Service, "sts:ExternalId", &None),
            (&user, "a.example:aud", &missing),
            (&Caller::AwsPrincipal, "a.example:aud", &None),
            (&Caller::AwsPrincipal, "a.example:repository", &missing),
            (&Caller::AwsPrincipal, "saml:aud", &missing),
            (&Caller::AwsPrincipal, "sts:ExternalId", &None),
            (&Caller::Unknown, "a.example:aud", &None),
        ] {
            assert_eq!(&caller.find_fact(&ContextKey::new(key)), expected, "{caller:?} {key}");
        }
    }
}
