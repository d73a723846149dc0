//! What hints say of each principal.

use super::assumers;
use super::evidence::{Evidence, Who};
use super::trust::{Trusted, WayIn, ways_in};
use crate::baseline::{Asked, Baseline, Clue, Entity, Glob, Hint, Strength, TagSelector, Words};
use crate::snapshot::{Holding, LayerKind, Principal, PrincipalKind, Snapshot};

/// The context keys of the session name and of who assumes a role.
pub(super) const SESSION_NAME: &str = "sts:rolesessionname";
pub(super) const PRINCIPAL_ARN: &str = "aws:principalarn";

/// What a principal is taken for.
#[derive(Clone, Debug)]
pub struct Recognised {
    /// What it is.
    pub who: Who,
    /// Why, in one line; for what is unknown, what there is to go by.
    pub reason: String,
    /// All that speaks for a kind; that which decides first.
    pub evidence: Vec<Evidence>,
}

/// Says of every principal of a snapshot, in order, what hints take it for: those of the manifest before those that
/// are built in.
pub fn recognise(snapshot: &Snapshot, baseline: Option<&Baseline>) -> Vec<Recognised> {
    let hints = in_force(baseline);
    let principals: Vec<&Principal> = snapshot.principals().map(|(_, principal)| principal).collect();
    let ways: Vec<Vec<WayIn>> = principals
        .iter()
        .map(|principal| principal.trust.as_ref().map(|trust| ways_in(&trust.document)).unwrap_or_default())
        .collect();
    let mut evidence: Vec<Vec<Evidence>> =
        principals.iter().zip(&ways).map(|(principal, ways)| of_principal(&hints, principal, ways)).collect();
    assumers::spread(&principals, &ways, &mut evidence);
    let decided = principals.iter().zip(&ways).zip(evidence);
    decided.map(|((principal, ways), evidence)| decide(principal, ways, evidence)).collect()
}

/// The manifest's hints, then the built-in ones that it does not replace; none of agents where it turns them off.
pub(super) fn in_force(baseline: Option<&Baseline>) -> Vec<&Hint> {
    let own: &[Hint] = baseline.map_or(&[], |baseline| &baseline.hints);
    let with_agents = baseline.is_none_or(|baseline| baseline.settings.agent_hints);
    let replaced = |hint: &Hint| own.iter().any(|other| other.name.value == hint.name.value);
    let built_in = Hint::built_in().iter().filter(|hint| !replaced(hint));
    let all = own.iter().chain(built_in);
    all.filter(|hint| with_agents || Who::from(hint.kind) != Who::Agent).collect()
}

/// What speaks for a kind, the strongest first.
fn of_principal(hints: &[&Hint], principal: &Principal, ways: &[WayIn]) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = reserved(principal.kind).into_iter().collect();
    let texts = Texts::of(principal, ways);
    for hint in hints.iter().filter(|hint| is_of(hint, principal)) {
        all.extend(found(hint, hints, principal, ways, &texts).map(|found| Evidence {
            hint: hint.name.value.clone(),
            kind: hint.kind.into(),
            strength: found.strength.unwrap_or(hint.strength),
            found: found.text,
            because: hint.because.clone(),
            source: hint.source.clone(),
        }));
    }
    sort(&mut all);
    all
}

/// Puts first what decides. The order of the hints is kept among those that tell as much for the same kind.
pub(super) fn sort(evidence: &mut [Evidence]) {
    evidence.sort_by_key(Evidence::rank);
    // Access for emergencies is people's: a weaker hint at it says more of them, nothing else.
    if evidence.first().is_some_and(|first| first.kind == Who::Operator)
        && let Some(at) = evidence.iter().position(|one| one.kind == Who::BreakGlass)
        && let Some(until) = evidence.get_mut(..=at)
    {
        until.rotate_right(1);
    }
}

/// What the path alone tells: AWS reserves it.
fn reserved(kind: PrincipalKind) -> Option<Evidence> {
    let (kind, found, because, source) = match kind {
        PrincipalKind::ServiceLinkedRole => (
            Who::ServiceLinked,
            "is under /aws-service-role/",
            "AWS owns it",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html",
        ),
        PrincipalKind::SsoRole => (
            Who::Operator,
            "is under /aws-reserved/sso.amazonaws.com/",
            "people sign in to it through IAM Identity Center",
            "https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html",
        ),
        PrincipalKind::User | PrincipalKind::Role => return None,
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

fn is_of(hint: &Hint, principal: &Principal) -> bool {
    match hint.of {
        None => true,
        Some(Entity::User) => principal.kind == PrincipalKind::User,
        Some(Entity::Role) => principal.kind != PrincipalKind::User,
    }
}

/// What a hint found; with a strength where it is not the hint's own.
struct Found {
    text: String,
    strength: Option<Strength>,
}

fn found(hint: &Hint, hints: &[&Hint], principal: &Principal, ways: &[WayIn], texts: &Texts<'_>) -> Option<Found> {
    let text = match &hint.clue {
        Clue::Words(words) => return words_found(hint, words, texts),
        Clue::Tags(tags) => tags_found(tags, principal)?,
        Clue::Policy(globs) => {
            let held = principal.identity.iter().filter_map(|policy| match &policy.holding {
                Holding::Attached { arn, .. } => Some(arn.as_str()),
                _ => None,
            });
            // That a policy is attached is known, too, where its document was not collected.
            let missing = principal.missing.iter().filter_map(|missing| missing.name.strip_prefix("attached policy "));
            let arn = held.chain(missing).find(|arn| globs.iter().any(|glob| glob.matches(arn)))?;
            format!("has the policy {arn}")
        }
        Clue::Arn(globs) => {
            let arn = principal.arn.as_str();
            let glob = globs.iter().find(|glob| glob.matches(arn))?;
            format!("matches {glob}")
        }
        Clue::Entity => match principal.kind {
            PrincipalKind::User => "is a user".to_owned(),
            _ => "is a role".to_owned(),
        },
        _ => ways.iter().find_map(|way| way_found(hint, hints, way))?,
    };
    Some(Found { text, strength: None })
}

/// A tag whose value says no is no tag of an agent.
const NO: [&str; 6] = ["", "0", "false", "no", "none", "off"];

fn tags_found(tags: &[TagSelector], principal: &Principal) -> Option<String> {
    let mut told = Vec::new();
    for wanted in tags {
        let says_yes =
            |value: &str| wanted.value.as_str() != "*" || !NO.contains(&value.trim().to_lowercase().as_str());
        let (key, value) = principal.tags.iter().find(|(key, value)| wanted.matches(key, value) && says_yes(value))?;
        told.push(format!("{key} = \"{value}\""));
    }
    Some(format!("has the tag {}", told.join(" and ")))
}

/// What words are looked for in.
struct Texts<'a> {
    name: Words,
    path: Words,
    /// The session names that the trust policy asks for.
    sessions: Vec<(&'a str, Words)>,
}

impl<'a> Texts<'a> {
    fn of(principal: &Principal, ways: &'a [WayIn]) -> Texts<'a> {
        let sessions = ways.iter().flat_map(|way| way.values(SESSION_NAME));
        Texts {
            name: Words::of(&principal.name),
            path: Words::of(&principal.path),
            sessions: sessions.map(|session| (session, Words::of(session))).collect(),
        }
    }
}

/// Words of a session name tell what uses the role; those of its own name anyone may have given it.
fn words_found(hint: &Hint, words: &[Words], texts: &Texts<'_>) -> Option<Found> {
    let stand_in = |text: &Words| words.iter().find(|words| words.stand_in(text));
    if let Some((session, _)) = texts.sessions.iter().find(|(_, text)| stand_in(text).is_some()) {
        let strength = Some(hint.strength.max(Strength::Strong));
        return Some(Found { text: format!("asks for a session name like \"{session}\""), strength });
    }
    let (place, words) = match stand_in(&texts.name) {
        Some(words) => ("name", words),
        None => ("path", stand_in(&texts.path)?),
    };
    Some(Found { text: format!("has \"{words}\" in its {place}"), strength: None })
}

/// What a hint about trust finds at one way in.
pub(super) fn way_found(hint: &Hint, hints: &[&Hint], way: &WayIn) -> Option<String> {
    let mut text = named(hint, way)?;
    for asked in &hint.when {
        let value = way.values(asked.key.lower()).find(|value| accepts(asked, value))?;
        let joint = if text.is_empty() { "asks for" } else { " with" };
        text = format!("{text}{joint} {} \"{value}\"", asked.key);
    }
    // A hint that asks for nothing steps back where others, which tell as much, speak for all that is let in.
    let steps_back = hint.when.is_empty() && hints.iter().any(|other| speaks_for_all(other, hint, hints, way));
    (!steps_back).then_some(text)
}

/// How a way in is told where the hint is about whom it names; empty where it is about what the statement asks.
fn named(hint: &Hint, way: &WayIn) -> Option<String> {
    let any = |globs: &[Glob], text: &str| globs.iter().any(|glob| glob.matches(text));
    match (&hint.clue, &way.trusted) {
        (Clue::Service(globs), Trusted::Service(name)) => any(globs, name).then(|| way.trusted.words()),
        (Clue::Oidc(globs), Trusted::Oidc(name)) => any(globs, &name.to_ascii_lowercase()).then(|| way.trusted.words()),
        (Clue::Saml(globs), Trusted::Saml(name)) => any(globs, name).then(|| way.trusted.words()),
        (Clue::Trusted(globs), Trusted::Principal(arn)) => any(globs, arn).then(|| way.trusted.words()),
        (Clue::Trusted(globs), Trusted::Account(_) | Trusted::Anyone) => {
            let arn = way.values(PRINCIPAL_ARN).find(|arn| any(globs, arn))?;
            Some(format!("{} where the principal is {arn}", way.trusted.words()))
        }
        (Clue::Condition, _) => Some(String::new()),
        _ => None,
    }
}

fn accepts(asked: &Asked, value: &str) -> bool {
    asked.values.iter().any(|glob| glob.matches(value))
}

/// Whether hints that ask for the key that `narrow` asks for speak for every value of it that a way in allows.
fn speaks_for_all(narrow: &Hint, plain: &Hint, hints: &[&Hint], way: &WayIn) -> bool {
    let [asked] = narrow.when.as_slice() else { return false };
    let alike = |other: &Hint| {
        other.strength >= plain.strength && other.clue.key() == plain.clue.key() && named(other, way).is_some()
    };
    let spoken_for = |value: &str| {
        hints.iter().any(|other| match other.when.as_slice() {
            [one] => one.key == asked.key && alike(other) && accepts(one, value),
            _ => false,
        })
    };
    let mut values = way.values(asked.key.lower()).peekable();
    values.peek().is_some() && values.all(spoken_for)
}

fn decide(principal: &Principal, ways: &[WayIn], evidence: Vec<Evidence>) -> Recognised {
    match evidence.first() {
        Some(first) => Recognised { who: first.kind, reason: first.reason(), evidence },
        None => Recognised { who: Who::Unknown, reason: unknown(principal, ways), evidence },
    }
}

/// What there is to go by of a principal of which no hint speaks.
fn unknown(principal: &Principal, ways: &[WayIn]) -> String {
    if let Some(missing) = principal.missing.iter().find(|missing| missing.layer == LayerKind::Trust) {
        return missing.to_string();
    }
    let mut named: Vec<String> = ways.iter().map(|way| way.trusted.words()).collect();
    named.sort();
    named.dedup();
    match named.as_slice() {
        [] => "nobody may assume it, and no hint speaks of it".to_owned(),
        some => format!("{}; no hint speaks of that", some.join(", ")),
    }
}
