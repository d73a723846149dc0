//! Whether a hint matches a principal, or one grant of its trust policy.

use super::evidence::{EvidenceMatch, TrustMatch};
use crate::base::glob::Glob;
use crate::base::word_match::WordSequence;
use crate::baseline::{
    Baseline, Hint, HintCondition, HintSelector, IdentityType, PrincipalClass, Strength, TagSelector,
};
use crate::snapshot::{AttachmentKind, IamEntityKind, Principal};
use crate::trust::{ConditionalGrant, TrustGrant};

/// The context key of the session name, in lower case.
const SESSION_NAME: &str = "sts:rolesessionname";
/// The context key of the principal that assumes the role, in lower case.
pub(super) const PRINCIPAL_ARN: &str = "aws:principalarn";

/// The hints that apply: those of the manifest, then the built-in hints that the manifest does not replace by name.
/// Hints of agents are left out if the manifest turns them off.
pub(super) fn list_active_hints(baseline: Option<&Baseline>) -> Vec<&Hint> {
    let manifest_hints: &[Hint] = baseline.map_or(&[], |baseline| &baseline.hints);
    let includes_agents = baseline.is_none_or(|baseline| baseline.settings.agent_hints);
    let is_replaced =
        |hint: &Hint| manifest_hints.iter().any(|manifest_hint| manifest_hint.name.value == hint.name.value);
    let built_in = Hint::load_built_in().iter().filter(|hint| !is_replaced(hint));
    let all = manifest_hints.iter().chain(built_in);
    all.filter(|hint| includes_agents || hint.class != PrincipalClass::Agent).collect()
}

/// What a hint matched.
pub(super) struct HintMatch {
    /// The match.
    pub found: EvidenceMatch,
    /// The strength of this match. `None` if it is the strength of the hint.
    pub strength_override: Option<Strength>,
}

/// The match of a hint with a principal and the grants of its trust policy. `None` if the hint does not match.
pub(super) fn match_hint(
    hint: &Hint,
    hints: &[&Hint],
    principal: &Principal,
    grants: &[ConditionalGrant<'_>],
    texts: &SearchedTexts<'_>,
) -> Option<HintMatch> {
    if !applies_to_entity(hint, principal) {
        return None;
    }
    let found = match &hint.selector {
        HintSelector::Words(words) => return match_words(hint, words, texts),
        HintSelector::Tags(tags) => match_tags(tags, principal)?,
        HintSelector::Policy(globs) => {
            let arn = list_attached_policies(principal).find(|arn| globs.iter().any(|glob| glob.matches(arn)))?;
            EvidenceMatch::Policy(arn.to_owned())
        }
        HintSelector::Arn(globs) => {
            let arn = principal.arn.as_str();
            let glob = globs.iter().find(|glob| glob.matches(arn))?;
            EvidenceMatch::Arn(glob.to_string())
        }
        HintSelector::IdentityType => match principal.entity_kind {
            IamEntityKind::User => EvidenceMatch::User,
            _ => EvidenceMatch::Role,
        },
        _ => EvidenceMatch::Trust(grants.iter().find_map(|grant| match_grant(hint, hints, grant))?),
    };
    Some(HintMatch { found, strength_override: None })
}

fn applies_to_entity(hint: &Hint, principal: &Principal) -> bool {
    match hint.identity_type {
        None => true,
        Some(IdentityType::User) => principal.entity_kind == IamEntityKind::User,
        Some(IdentityType::Role) => principal.entity_kind != IamEntityKind::User,
    }
}

/// The ARNs of the attached policies, including those whose documents were not collected.
fn list_attached_policies(principal: &Principal) -> impl Iterator<Item = &str> {
    let collected = principal.identity_policies.iter().filter_map(|policy| match &policy.kind {
        AttachmentKind::Attached { arn, .. } => Some(arn.as_str()),
        _ => None,
    });
    let missing = principal.missing_documents.iter().filter_map(|missing| missing.attached_policy_arn.as_deref());
    collected.chain(missing)
}

/// Values with which a tag denies what its key says: `agent = "false"`.
const NEGATIVE_VALUES: [&str; 6] = ["", "0", "false", "no", "none", "off"];

fn match_tags(tags: &[TagSelector], principal: &Principal) -> Option<EvidenceMatch> {
    let mut matched_tags = Vec::new();
    for selector in tags {
        let is_affirmative = |value: &str| {
            selector.value.as_str() != "*" || !NEGATIVE_VALUES.contains(&value.trim().to_lowercase().as_str())
        };
        let (key, value) =
            principal.tags.iter().find(|(key, value)| selector.matches(key, value) && is_affirmative(value))?;
        matched_tags.push((key.clone(), value.clone()));
    }
    Some(EvidenceMatch::Tags(matched_tags))
}

/// The texts in which hints search for words.
pub(super) struct SearchedTexts<'a> {
    name: WordSequence,
    path: WordSequence,
    /// The session names that the trust policy requires.
    session_names: Vec<(&'a str, WordSequence)>,
}

impl<'a> SearchedTexts<'a> {
    pub(super) fn from_principal(principal: &Principal, grants: &'a [ConditionalGrant<'_>]) -> SearchedTexts<'a> {
        let session_names = grants.iter().flat_map(|grant| grant.required_values(SESSION_NAME));
        SearchedTexts {
            name: WordSequence::parse(&principal.name),
            path: WordSequence::parse(&principal.path),
            session_names: session_names.map(|session| (session, WordSequence::parse(session))).collect(),
        }
    }
}

/// Words in a required session name identify the caller, so they are strong evidence. Anyone can choose the name of a
/// role.
fn match_words(hint: &Hint, words: &[WordSequence], texts: &SearchedTexts<'_>) -> Option<HintMatch> {
    let find_words = |text: &WordSequence| words.iter().find(|words| words.is_contained_in(text));
    if let Some((session, _)) = texts.session_names.iter().find(|(_, text)| find_words(text).is_some()) {
        return Some(HintMatch {
            found: EvidenceMatch::SessionName((*session).to_owned()),
            strength_override: Some(hint.strength.max(Strength::Strong)),
        });
    }
    let found = match find_words(&texts.name) {
        Some(words) => EvidenceMatch::Name(words.to_string()),
        None => EvidenceMatch::Path(find_words(&texts.path)?.to_string()),
    };
    Some(HintMatch { found, strength_override: None })
}

/// The match of words with a session name that a grant requires. `None` if it requires no such name.
pub(super) fn match_session_name(words: &[WordSequence], grant: &ConditionalGrant<'_>) -> Option<TrustMatch> {
    let matches_words = |text: &str| words.iter().any(|words| words.is_contained_in(&WordSequence::parse(text)));
    let name = grant.required_values(SESSION_NAME).find(|name| matches_words(name))?;
    Some(TrustMatch { session_name: Some(name.to_owned()), ..TrustMatch::from_grant(grant.grant.clone()) })
}

/// The match of a hint about trust with one grant. `None` if the hint does not match.
pub(super) fn match_grant(hint: &Hint, hints: &[&Hint], grant: &ConditionalGrant<'_>) -> Option<TrustMatch> {
    let mut found = match_trusted_principal(hint, grant)?;
    for condition in &hint.when {
        let value = grant.required_values(condition.key.lower()).find(|value| accepts_value(condition, value))?;
        found.required_values.push((condition.key.to_string(), value.to_owned()));
    }
    // A hint without a condition does not apply if hints with conditions match every request of the grant.
    let is_superseded =
        hint.when.is_empty() && hints.iter().any(|other_hint| covers_all_values(other_hint, hint, hints, grant));
    (!is_superseded).then_some(found)
}

/// The match of a hint with the principal of a grant. `None` if the hint does not match.
fn match_trusted_principal(hint: &Hint, conditional: &ConditionalGrant<'_>) -> Option<TrustMatch> {
    let matches_any = |globs: &[Glob], text: &str| globs.iter().any(|glob| glob.matches(text));
    let grant = &conditional.grant;
    let is_match = match (&hint.selector, grant) {
        (HintSelector::Service(globs), TrustGrant::Service { name, .. }) => matches_any(globs, name),
        (HintSelector::Oidc(globs), TrustGrant::Oidc { host, .. }) => matches_any(globs, &host.to_ascii_lowercase()),
        (HintSelector::Saml(globs), TrustGrant::Saml { name, .. }) => matches_any(globs, name),
        (HintSelector::TrustedPrincipal(globs), TrustGrant::Principal(arn)) => {
            globs.iter().any(|glob| glob.matches(arn.as_str()))
        }
        (HintSelector::TrustedPrincipal(globs), TrustGrant::Account(_) | TrustGrant::Anyone) => {
            let mut required = conditional.required_values(PRINCIPAL_ARN);
            let arn = required.find(|arn| globs.iter().any(|glob| glob.matches(arn)))?;
            return Some(TrustMatch { principal: Some(arn.to_owned()), ..TrustMatch::from_grant(grant.clone()) });
        }
        (HintSelector::Condition, _) => return Some(TrustMatch::default()),
        _ => false,
    };
    is_match.then(|| TrustMatch::from_grant(grant.clone()))
}

fn accepts_value(condition: &HintCondition, value: &str) -> bool {
    condition.values.iter().any(|glob| glob.matches(value))
}

/// Whether hints with a condition on the same key as `narrow` match every value that a grant allows. These hints
/// must be at least as strong as `general`, and about the same principal.
fn covers_all_values(narrow: &Hint, general: &Hint, hints: &[&Hint], grant: &ConditionalGrant<'_>) -> bool {
    let [condition] = narrow.when.as_slice() else { return false };
    let is_comparable = |other_hint: &Hint| {
        other_hint.strength >= general.strength
            && other_hint.selector.key() == general.selector.key()
            && match_trusted_principal(other_hint, grant).is_some()
    };
    let is_covered = |value: &str| {
        hints.iter().any(|other_hint| match other_hint.when.as_slice() {
            [other_condition] => {
                other_condition.key == condition.key
                    && is_comparable(other_hint)
                    && accepts_value(other_condition, value)
            }
            _ => false,
        })
    };
    let mut values = grant.required_values(condition.key.lower()).peekable();
    values.peek().is_some() && values.all(is_covered)
}
