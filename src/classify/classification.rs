//! What hints say of each principal.

use super::evidence::{Evidence, InferredClass};
use super::propagate;
use super::trusted_party::{TrustPolicyGrant, TrustedParty, list_trust_grants};
use crate::baseline::{
    Baseline, Glob, Hint, HintCondition, HintSelector, IdentityType, Strength, TagSelector, WordSequence,
};
use crate::snapshot::{AttachmentKind, IamEntityKind, LayerKind, Principal, Snapshot};

/// The context keys of the session name and of who assumes a role.
pub(crate) const SESSION_NAME: &str = "sts:rolesessionname";
pub(crate) const PRINCIPAL_ARN: &str = "aws:principalarn";

/// What a principal is taken for.
#[derive(Clone, Debug)]
pub struct Classification {
    /// What it is.
    pub class: InferredClass,
    /// Why, in one line; for what is unknown, what there is to go by.
    pub reason: String,
    /// All that speaks for a kind; that which decides first.
    pub evidence: Vec<Evidence>,
}

/// Says of every principal of a snapshot, in order, what hints take it for: those of the manifest before those that
/// are built in.
pub fn classify_principals(snapshot: &Snapshot, baseline: Option<&Baseline>) -> Vec<Classification> {
    let hints = list_active_hints(baseline);
    let principals: Vec<&Principal> = snapshot.principals().map(|(_, principal)| principal).collect();
    let grants: Vec<Vec<TrustPolicyGrant>> = principals
        .iter()
        .map(|principal| {
            principal.trust_policy.as_ref().map(|trust| list_trust_grants(&trust.document)).unwrap_or_default()
        })
        .collect();
    let mut evidence: Vec<Vec<Evidence>> =
        principals.iter().zip(&grants).map(|(principal, ways)| collect_evidence(&hints, principal, ways)).collect();
    propagate::propagate_classes(&principals, &grants, &mut evidence);
    let decided = principals.iter().zip(&grants).zip(evidence);
    decided.map(|((principal, grants), evidence)| choose_class(principal, grants, evidence)).collect()
}

/// The manifest's hints, then the built-in ones that it does not replace; none of agents where it turns them off.
pub(crate) fn list_active_hints(baseline: Option<&Baseline>) -> Vec<&Hint> {
    let manifest_hints: &[Hint] = baseline.map_or(&[], |baseline| &baseline.hints);
    let includes_agents = baseline.is_none_or(|baseline| baseline.settings.agent_hints);
    let is_replaced =
        |hint: &Hint| manifest_hints.iter().any(|manifest_hint| manifest_hint.name.value == hint.name.value);
    let built_in = Hint::load_built_in().iter().filter(|hint| !is_replaced(hint));
    let all = manifest_hints.iter().chain(built_in);
    all.filter(|hint| includes_agents || InferredClass::from(hint.class) != InferredClass::Agent).collect()
}

/// What speaks for a kind, the strongest first.
fn collect_evidence(hints: &[&Hint], principal: &Principal, grants: &[TrustPolicyGrant]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = find_reserved_path(principal.entity_kind).into_iter().collect();
    let texts = SearchedTexts::from_principal(principal, grants);
    for hint in hints.iter().filter(|hint| applies_to_entity(hint, principal)) {
        evidence.extend(match_hint(hint, hints, principal, grants, &texts).map(|found| Evidence {
            hint: hint.name.value.clone(),
            kind: hint.class.into(),
            strength: found.strength_override.unwrap_or(hint.strength),
            found: found.text,
            because: hint.reason.clone(),
            source: hint.source.clone(),
        }));
    }
    sort_evidence(&mut evidence);
    evidence
}

/// Puts first what decides. The order of the hints is kept among those that tell as much for the same kind.
pub(crate) fn sort_evidence(evidence: &mut [Evidence]) {
    evidence.sort_by_key(Evidence::sort_key);
    // Access for emergencies is people's: a weaker hint at it says more of them, nothing else.
    if evidence.first().is_some_and(|first| first.kind == InferredClass::Operator)
        && let Some(break_glass_index) = evidence.iter().position(|item| item.kind == InferredClass::BreakGlass)
        && let Some(leading) = evidence.get_mut(..=break_glass_index)
    {
        leading.rotate_right(1);
    }
}

/// What the path alone tells: AWS reserves it.
fn find_reserved_path(kind: IamEntityKind) -> Option<Evidence> {
    let (kind, found, because, source) = match kind {
        IamEntityKind::ServiceLinkedRole => (
            InferredClass::ServiceLinked,
            "is under /aws-service-role/",
            "AWS owns it",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html",
        ),
        IamEntityKind::SsoRole => (
            InferredClass::Operator,
            "is under /aws-reserved/sso.amazonaws.com/",
            "people sign in to the role with IAM Identity Center",
            "https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html",
        ),
        IamEntityKind::User | IamEntityKind::Role => return None,
    };
    Some(Evidence {
        hint: "path".to_owned(),
        kind,
        strength: Strength::Certain,
        found: found.to_owned(),
        because: because.to_owned(),
        source: Some(source.to_owned()),
    })
}

fn applies_to_entity(hint: &Hint, principal: &Principal) -> bool {
    match hint.identity_type {
        None => true,
        Some(IdentityType::User) => principal.entity_kind == IamEntityKind::User,
        Some(IdentityType::Role) => principal.entity_kind != IamEntityKind::User,
    }
}

/// What a hint found; with a strength where it is not the hint's own.
struct HintMatch {
    text: String,
    strength_override: Option<Strength>,
}

fn match_hint(
    hint: &Hint,
    hints: &[&Hint],
    principal: &Principal,
    grants: &[TrustPolicyGrant],
    texts: &SearchedTexts<'_>,
) -> Option<HintMatch> {
    let text = match &hint.selector {
        HintSelector::Words(words) => return match_words(hint, words, texts),
        HintSelector::Tags(tags) => match_tags(tags, principal)?,
        HintSelector::Policy(globs) => {
            let attached_arns = principal.identity_policies.iter().filter_map(|policy| match &policy.kind {
                AttachmentKind::Attached { arn, .. } => Some(arn.as_str()),
                _ => None,
            });
            // That a policy is attached is known, too, where its document was not collected.
            let missing_arns =
                principal.missing_documents.iter().filter_map(|missing| missing.name.strip_prefix("attached policy "));
            let arn = attached_arns.chain(missing_arns).find(|arn| globs.iter().any(|glob| glob.matches(arn)))?;
            format!("has the policy {arn}")
        }
        HintSelector::Arn(globs) => {
            let arn = principal.arn.as_str();
            let glob = globs.iter().find(|glob| glob.matches(arn))?;
            format!("matches {glob}")
        }
        HintSelector::IdentityType => match principal.entity_kind {
            IamEntityKind::User => "is a user".to_owned(),
            _ => "is a role".to_owned(),
        },
        _ => grants.iter().find_map(|grant| match_grant(hint, hints, grant))?,
    };
    Some(HintMatch { text, strength_override: None })
}

/// A tag whose value says no is no tag of an agent.
const NEGATIVE_VALUES: [&str; 6] = ["", "0", "false", "no", "none", "off"];

fn match_tags(tags: &[TagSelector], principal: &Principal) -> Option<String> {
    let mut matched_tags = Vec::new();
    for selector in tags {
        let is_affirmative = |value: &str| {
            selector.value.as_str() != "*" || !NEGATIVE_VALUES.contains(&value.trim().to_lowercase().as_str())
        };
        let (key, value) =
            principal.tags.iter().find(|(key, value)| selector.matches(key, value) && is_affirmative(value))?;
        matched_tags.push(format!("{key} = \"{value}\""));
    }
    Some(format!("has the tag {}", matched_tags.join(" and ")))
}

/// What words are looked for in.
struct SearchedTexts<'a> {
    name: WordSequence,
    path: WordSequence,
    /// The session names that the trust policy asks for.
    session_names: Vec<(&'a str, WordSequence)>,
}

impl<'a> SearchedTexts<'a> {
    fn from_principal(principal: &Principal, grants: &'a [TrustPolicyGrant]) -> SearchedTexts<'a> {
        let session_names = grants.iter().flat_map(|grant| grant.values(SESSION_NAME));
        SearchedTexts {
            name: WordSequence::parse(&principal.name),
            path: WordSequence::parse(&principal.path),
            session_names: session_names.map(|session| (session, WordSequence::parse(session))).collect(),
        }
    }
}

/// Words of a session name tell what uses the role; those of its own name anyone may have given it.
fn match_words(hint: &Hint, words: &[WordSequence], texts: &SearchedTexts<'_>) -> Option<HintMatch> {
    let find_words = |text: &WordSequence| words.iter().find(|words| words.is_contained_in(text));
    if let Some((session, _)) = texts.session_names.iter().find(|(_, text)| find_words(text).is_some()) {
        let strength = Some(hint.strength.max(Strength::Strong));
        return Some(HintMatch {
            text: format!("asks for a session name like \"{session}\""),
            strength_override: strength,
        });
    }
    let (place, words) = match find_words(&texts.name) {
        Some(words) => ("name", words),
        None => ("path", find_words(&texts.path)?),
    };
    Some(HintMatch { text: format!("has \"{words}\" in its {place}"), strength_override: None })
}

/// What a hint about trust finds at one way in.
pub(crate) fn match_grant(hint: &Hint, hints: &[&Hint], grant: &TrustPolicyGrant) -> Option<String> {
    let mut text = match_trusted_party(hint, grant)?;
    for condition in &hint.when {
        let value = grant.values(condition.key.lower()).find(|value| accepts_value(condition, value))?;
        let joint = if text.is_empty() { "asks for" } else { " with" };
        text = format!("{text}{joint} {} \"{value}\"", condition.key);
    }
    // A hint that asks for nothing steps back where others, which tell as much, speak for all that is let in.
    let is_superseded =
        hint.when.is_empty() && hints.iter().any(|other_hint| covers_all_values(other_hint, hint, hints, grant));
    (!is_superseded).then_some(text)
}

/// How a way in is told where the hint is about whom it names; empty where it is about what the statement asks.
fn match_trusted_party(hint: &Hint, grant: &TrustPolicyGrant) -> Option<String> {
    let matches_any = |globs: &[Glob], text: &str| globs.iter().any(|glob| glob.matches(text));
    match (&hint.selector, &grant.party) {
        (HintSelector::Service(globs), TrustedParty::Service(name)) => {
            matches_any(globs, name).then(|| grant.party.describe())
        }
        (HintSelector::Oidc(globs), TrustedParty::Oidc(name)) => {
            matches_any(globs, &name.to_ascii_lowercase()).then(|| grant.party.describe())
        }
        (HintSelector::Saml(globs), TrustedParty::Saml(name)) => {
            matches_any(globs, name).then(|| grant.party.describe())
        }
        (HintSelector::TrustedPrincipal(globs), TrustedParty::Principal(arn)) => {
            matches_any(globs, arn).then(|| grant.party.describe())
        }
        (HintSelector::TrustedPrincipal(globs), TrustedParty::Account(_) | TrustedParty::Anyone) => {
            let arn = grant.values(PRINCIPAL_ARN).find(|arn| matches_any(globs, arn))?;
            Some(format!("{} where the principal is {arn}", grant.party.describe()))
        }
        (HintSelector::Condition, _) => Some(String::new()),
        _ => None,
    }
}

fn accepts_value(condition: &HintCondition, value: &str) -> bool {
    condition.values.iter().any(|glob| glob.matches(value))
}

/// Whether hints that ask for the key that `narrow` asks for speak for every value of it that a way in allows.
fn covers_all_values(narrow: &Hint, general: &Hint, hints: &[&Hint], grant: &TrustPolicyGrant) -> bool {
    let [condition] = narrow.when.as_slice() else { return false };
    let is_comparable = |other_hint: &Hint| {
        other_hint.strength >= general.strength
            && other_hint.selector.key() == general.selector.key()
            && match_trusted_party(other_hint, grant).is_some()
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
    let mut values = grant.values(condition.key.lower()).peekable();
    values.peek().is_some() && values.all(is_covered)
}

fn choose_class(principal: &Principal, grants: &[TrustPolicyGrant], evidence: Vec<Evidence>) -> Classification {
    match evidence.first() {
        Some(first) => Classification { class: first.kind, reason: first.reason(), evidence },
        None => Classification { class: InferredClass::Unknown, reason: explain_unknown(principal, grants), evidence },
    }
}

/// What there is to go by of a principal of which no hint speaks.
fn explain_unknown(principal: &Principal, grants: &[TrustPolicyGrant]) -> String {
    if let Some(missing) = principal.missing_documents.iter().find(|missing| missing.layer == LayerKind::Trust) {
        return missing.to_string();
    }
    let mut parties: Vec<String> = grants.iter().map(|grant| grant.party.describe()).collect();
    parties.sort();
    parties.dedup();
    match parties.as_slice() {
        [] => "nobody may assume it, and no hint speaks of it".to_owned(),
        parties => format!("{}; no hint speaks of that", parties.join(", ")),
    }
}
