//! What a finding found, in one line.

use super::counts::{format_actions, format_are, format_count, format_destructive, format_extent};
use super::names::shorten_arn;
use super::reasons::render_reason;
use crate::audit::{
    ActionCounts, BaselineItem, BoundaryCapability, GuardBypassMethod, StaleCause, Title, TrustedParty,
};
use crate::trust::{TrustGrant, TrustScope};

/// The number of principals that the title of IAM006 names.
const MAX_NAMED_PARTIES: usize = 2;

/// What a finding found: `166 actions beyond its declared ceiling (23 destructive)`.
///
/// ```
/// use iamdrift::audit::{ActionCounts, Title};
/// use iamdrift::report::text::render_title;
///
/// let title = render_title(&Title::BeyondCeiling(ActionCounts { all: 166, destructive: 23 }));
/// assert!(title.contains("166"));
/// ```
// Length: one arm per title.
pub fn render_title(title: &Title) -> String {
    match title {
        Title::BeyondCeiling(actions) => {
            format!("{} beyond its declared ceiling{}", format_actions(*actions), format_destructive(*actions))
        }
        Title::BeyondPersona { persona, actions } => format!(
            "{} beyond the ceiling of persona \"{persona}\"{}",
            format_actions(*actions),
            format_destructive(*actions)
        ),
        Title::FutureActions { patterns } => render_future_actions(patterns),
        Title::SameAsDeclaredOperator { operator, actions } => format!(
            "same {} as its operator {} (must be a strict subset)",
            format_actions(*actions),
            shorten_arn(operator)
        ),
        Title::ExceedsOperator { operator, actions } => {
            format!("{} that its operator {} does not have", format_extent(*actions), shorten_arn(operator))
        }
        Title::SharesDestructiveActions { operator, count } => format!(
            "{} shared with the operator {} and not in the agent's ceiling",
            format_are(*count, "destructive action"),
            shorten_arn(operator)
        ),
        Title::SameAsOperator { operator, actions } => {
            format!("same {} as the operator {}", format_actions(*actions), shorten_arn(operator))
        }
        Title::SharedRole(actions) => {
            format!("assumable by both humans and agents; grants {}", format_extent(*actions))
        }
        Title::GuardNotEnforced { guard, actions, keys } => {
            let verb = if actions.all == 1 { "is" } else { "are" };
            let keys = keys.join(" and ");
            format!("guard \"{guard}\" is not enforced: {} {verb} allowed without {keys}", format_extent(*actions))
        }
        Title::GuardIneffective { guard, methods } => {
            let methods: Vec<String> = methods.iter().map(render_bypass_method).collect();
            format!("guard \"{guard}\" is ineffective: {}", methods.join(", and "))
        }
        Title::UnguardedAgentUse { operators, count } => format!(
            "an agent using the credentials of {} could perform {}; no guard prevents it",
            format_count(*operators, "operator"),
            format_count(*count, "destructive action")
        ),
        Title::Escalation { target, steps, actions, guard } => {
            render_escalation(target.as_deref(), *steps, *actions, guard.as_deref())
        }
        Title::UndeclaredTrust { parties } => render_undeclared_trust(parties),
        Title::Undeclared(actions) if actions.all == 0 => {
            "not declared in the baseline; no access could be proven".to_owned()
        }
        Title::UndeclaredLatent { patterns } => {
            format!("not declared in the baseline; {}", render_future_actions(patterns))
        }
        Title::Undeclared(actions) => format!("not declared in the baseline; has {}", format_extent(*actions)),
        Title::BoundaryMissing { declared } => format!("declared permissions boundary {declared} is not attached"),
        Title::WrongBoundary { attached, declared } => {
            format!("permissions boundary is {attached}, not {declared}")
        }
        Title::BoundaryBypass(capabilities) => {
            format!("can bypass its permissions boundary: can {}", render_capabilities(capabilities))
        }
        Title::AmbiguousEntries { entries, principals } => render_ambiguity(entries, principals),
        Title::StaleItem { item, cause } => render_stale_item(item, *cause),
        Title::ExpiredException { finding, expires } => {
            format!("exception for {finding} expired on {expires}")
        }
        Title::UndecidedBecause(reason) => format!("undecided: {}", render_reason(reason)),
        Title::UndecidedForReasons { count } => format!("undecided ({})", format_count(*count, "reason")),
        Title::NotGranted { count } => format!("{} not granted", format_are(*count, "declared action")),
    }
}

fn render_future_actions(patterns: &[String]) -> String {
    match patterns {
        [] => "will also allow future actions".to_owned(),
        [pattern] => {
            let service = pattern.split_once(':').map(|(service, _)| service).filter(|service| !service.contains('*'));
            let service = service.map_or_else(String::new, |service| format!("{service} "));
            format!("wildcard {pattern} will also allow future {service}actions")
        }
        [pattern, others @ ..] => format!(
            "wildcard {pattern} and {} will also allow future actions",
            format_count(others.len(), "other wildcard")
        ),
    }
}

fn render_bypass_method(method: &GuardBypassMethod) -> String {
    match method {
        GuardBypassMethod::HasTag { key, value } => format!("the principal always has {key} = \"{value}\""),
        GuardBypassMethod::LacksTag { tag } => {
            format!("the principal does not have the tag {tag}, and the condition does not require it")
        }
        GuardBypassMethod::SetsTag { key, action } => format!("the principal can set {key} itself ({action})"),
        GuardBypassMethod::RemovesTag { key, action } => format!("the principal can remove {key} itself ({action})"),
        GuardBypassMethod::FederatesWithTag { key, actions } => {
            format!("the principal can federate itself with {key} ({})", actions.join(", "))
        }
        GuardBypassMethod::SetWhenAssumed { key, action } => {
            format!("callers that assume the role can set {key} themselves ({action})")
        }
        GuardBypassMethod::RewritesTrust { key, action } => {
            format!("the role can rewrite its own trust policy ({action}), so that callers can set {key}")
        }
        GuardBypassMethod::ReplacesProvider { key, action } => {
            format!(
                "the role can change an identity provider of its trust policy ({action}), so that its sessions have {key}"
            )
        }
        GuardBypassMethod::ChosenByCaller { key } => format!("the caller chooses {key}"),
        GuardBypassMethod::SessionNameChosen { key } => {
            format!("callers that assume the role choose the session name in {key}")
        }
    }
}

fn render_escalation(target: Option<&str>, steps: usize, actions: ActionCounts, guard: Option<&str>) -> String {
    let distance = if steps == 1 { String::new() } else { format!(" in {}", format_count(steps, "step")) };
    let limit = guard.map_or_else(|| "beyond its ceiling".to_owned(), |guard| format!("without {guard}"));
    let gain = format!("{} {limit}{}", format_actions(actions), format_destructive(actions));
    match target {
        None => format!("can escalate its own privileges{distance} to {gain}"),
        Some(arn) => format!("can escalate to {}{distance}, gaining {gain}", shorten_arn(arn)),
    }
}

fn render_undeclared_trust(parties: &[TrustedParty]) -> String {
    let named: Vec<String> = parties.iter().take(MAX_NAMED_PARTIES).map(render_party).collect();
    let others = match parties.len().saturating_sub(MAX_NAMED_PARTIES) {
        0 => String::new(),
        n => format!(" and {}", format_count(n, "other")),
    };
    let suffix = if parties.iter().any(TrustedParty::is_anyone) { "" } else { " (undeclared)" };
    format!("can be assumed by {}{others}{suffix}", named.join(" and by "))
}

fn render_party(party: &TrustedParty) -> String {
    let grant = party.grant.as_str();
    match &party.scope {
        TrustScope::Anyone => match party.grant {
            TrustGrant::AnyOidcProvider => "anyone with a token of any OIDC provider".to_owned(),
            TrustGrant::AnySamlProvider => "anyone with an assertion of any SAML provider".to_owned(),
            _ => "anyone in any AWS account".to_owned(),
        },
        TrustScope::AnyTenant(idp) => format!("any {} of {}", idp.tenant, idp.name),
        TrustScope::Guests(idp) => {
            format!("any guest of the {} of {} that it names, without sign-in", idp.tenant, idp.name)
        }
        TrustScope::Organization(id) => format!("any principal of the organization {id}"),
        TrustScope::Account(account) => format!("principals of account {account}"),
        TrustScope::Principal(arn) => arn.as_str().to_owned(),
        TrustScope::Provider => format!("identities from provider {grant}"),
        TrustScope::Service if party.grant.is_wildcard() => "any AWS service".to_owned(),
        TrustScope::Service => format!("the service {grant}"),
        TrustScope::ServiceForOtherAccount if party.grant.is_wildcard() => {
            "any AWS service for another account".to_owned()
        }
        TrustScope::ServiceForOtherAccount => format!("the service {grant} for another account"),
    }
}

fn render_capabilities(capabilities: &[BoundaryCapability]) -> String {
    if capabilities == [BoundaryCapability::Remove, BoundaryCapability::Replace] {
        return "remove or replace it".to_owned();
    }
    let phrases: Vec<&str> = capabilities
        .iter()
        .map(|capability| match capability {
            BoundaryCapability::Remove => "remove it",
            BoundaryCapability::Replace => "replace it",
            BoundaryCapability::RewritePolicy => "rewrite its policy",
            BoundaryCapability::CreateMatchingPolicy => "create another policy with a matching name",
            BoundaryCapability::CreatePrincipal => "create a principal without it",
        })
        .collect();
    join_with(&phrases, "or")
}

fn render_ambiguity(entries: &[String], principals: &[String]) -> String {
    let quoted: Vec<String> = entries.iter().map(|entry| format!("\"{entry}\"")).collect();
    let quantifier = if entries.len() == 2 { "both" } else { "all" };
    let matched = match principals {
        [arn] => shorten_arn(arn).to_owned(),
        several => format!("the same {}", format_count(several.len(), "principal")),
    };
    format!(
        "entries {} {quantifier} match {matched}; only what {quantifier} ceilings allow counts as declared",
        join_with(&quoted, "and")
    )
}

fn render_stale_item(item: &BaselineItem, cause: StaleCause) -> String {
    let name = match item {
        BaselineItem::Entry(name) => format!("entry \"{name}\""),
        BaselineItem::Ignore { globs, reason } => format!("ignore of {} ({reason})", globs.join(", ")),
        BaselineItem::Exception(finding) => format!("exception for {finding}"),
        BaselineItem::Guard(name) => format!("guard \"{name}\""),
    };
    match cause {
        StaleCause::MatchesNothing => format!("{name} matches nothing"),
        StaleCause::Overridden => format!("{name} never applies: other entries override it"),
        StaleCause::Unused => format!("{name} is not used by any entry"),
    }
}

/// `a, b and c`.
fn join_with<S: AsRef<str>>(items: &[S], conjunction: &str) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
    }
}
