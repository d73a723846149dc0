//! Why a principal has its class, and the evidence for it.

use crate::baseline::PrincipalClass;
use crate::classify::{ClassReason, Evidence, EvidenceBasis, EvidenceMatch, TrustMatch};
use crate::trust::TrustGrant;

/// The reason of a class, in one line. If the class is unknown: what is known about the principal.
pub fn render_class_reason(reason: &ClassReason) -> String {
    match reason {
        ClassReason::Declared => "declared in the manifest".to_owned(),
        ClassReason::Evidence(evidence) => render_evidence(evidence),
        ClassReason::MissingTrust(missing) => missing.to_string(),
        ClassReason::NoMatch(grants) => {
            let mut trusted: Vec<String> = grants.iter().map(describe_grant).collect();
            trusted.sort();
            trusted.dedup();
            match trusted.as_slice() {
                [] => "no principal can assume it, and no hint matches it".to_owned(),
                trusted => format!("{}; no hint matches this", trusted.join(", ")),
            }
        }
    }
}

/// What matched and why it suggests the class, in one line.
pub fn render_evidence(evidence: &Evidence) -> String {
    format!("{}: {}", render_match(&evidence.found), render_basis(&evidence.because))
}

/// What matched: `trusts the service lambda.amazonaws.com`. The subject is the principal.
pub fn render_match(found: &EvidenceMatch) -> String {
    match found {
        EvidenceMatch::Trust(trust) => render_trust_match(trust),
        EvidenceMatch::SessionName(name) => format!("requires a session name like \"{name}\""),
        EvidenceMatch::Name(words) => format!("has \"{words}\" in its name"),
        EvidenceMatch::Path(words) => format!("has \"{words}\" in its path"),
        EvidenceMatch::Tags(tags) => {
            let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key} = \"{value}\"")).collect();
            format!("has the tag {}", tags.join(" and "))
        }
        EvidenceMatch::Policy(arn) => format!("has the policy {arn}"),
        EvidenceMatch::Arn(glob) => format!("matches {glob}"),
        EvidenceMatch::User => "is a user".to_owned(),
        EvidenceMatch::Role => "is a role".to_owned(),
        EvidenceMatch::ReservedPath(path) => format!("is under {path}"),
    }
}

/// Why a match suggests a class.
pub fn render_basis(basis: &EvidenceBasis) -> String {
    match basis {
        EvidenceBasis::Hint(reason) => reason.clone(),
        EvidenceBasis::OwnedByAws => "AWS owns it".to_owned(),
        EvidenceBasis::IdentityCenter => "people sign in to the role with IAM Identity Center".to_owned(),
        EvidenceBasis::AssumerClass(class) => {
            let class = match class {
                PrincipalClass::Agent => "an agent",
                PrincipalClass::Operator => "an operator",
                PrincipalClass::Workload => "a workload",
                PrincipalClass::BreakGlass => "for emergencies",
            };
            format!("that is {class}")
        }
    }
}

fn render_trust_match(trust: &TrustMatch) -> String {
    let mut text = trust.grant.as_ref().map(describe_grant).into_iter().collect::<String>();
    if let Some(principal) = &trust.principal {
        text += &format!(" where the principal is {principal}");
    }
    if let Some(name) = &trust.session_name {
        text += &format!(" with a session name like \"{name}\"");
    }
    for (key, value) in &trust.required_values {
        let joint = if text.is_empty() { "requires" } else { " with" };
        text += &format!("{joint} {key} \"{value}\"");
    }
    text
}

/// A grant in words: `trusts the service lambda.amazonaws.com`.
fn describe_grant(grant: &TrustGrant) -> String {
    match grant {
        TrustGrant::Service { name, .. } => format!("trusts the service {name}"),
        TrustGrant::Oidc { host, .. } => format!("trusts the OIDC provider {host}"),
        TrustGrant::Saml { name, .. } => format!("trusts the SAML provider {name}"),
        TrustGrant::Account(account) => format!("trusts account {account}"),
        TrustGrant::Anyone | TrustGrant::AnyoneExcept(_) => "trusts anyone".to_owned(),
        TrustGrant::AnyOidcProvider => "trusts every OIDC provider".to_owned(),
        TrustGrant::AnySamlProvider => "trusts every SAML provider".to_owned(),
        TrustGrant::Principal(_) | TrustGrant::UniqueId(_) | TrustGrant::Other(_) => {
            format!("trusts {}", grant.as_str())
        }
    }
}
