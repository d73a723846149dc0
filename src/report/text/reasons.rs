//! The facts to judge a finding by, one sentence each.

use super::class_reasons::{render_class_reason, render_match};
use super::counts::{format_are, format_count, format_destructive};
use super::names::shorten_arn;
use crate::audit::{AssumerEvidence, Reason};
use crate::baseline::PrincipalClass;
use crate::classify::InferredClass;
use crate::solve::UndecidedReason;

/// `only external principals are checked: entry "x" has no `assumable_by``.
///
/// ```
/// use iamdrift::audit::Reason;
/// use iamdrift::report::text::render_reason;
///
/// let reason = render_reason(&Reason::NoExternalId { account: "444455556666".to_owned() });
/// assert!(reason.contains("444455556666"));
/// ```
// Length: one arm per reason.
pub fn render_reason(reason: &Reason) -> String {
    match reason {
        Reason::MissingDocument(missing) => missing.to_string(),
        Reason::Undecided(reason) => reason.to_string(),
        Reason::UnprovenExcess(counts) => {
            let (verb, object) = if counts.all == 1 { ("exceeds", "it") } else { ("exceed", "them") };
            format!(
                "{}{} {verb} the ceiling in the policies that were read; a missing policy could deny {object}",
                format_count(counts.all, "action"),
                format_destructive(*counts)
            )
        }
        Reason::Caveat(missing) => format!("{missing}; it could deny some of these actions"),
        Reason::SharesDestructiveActions { count } => format!(
            "{} shared with the operator and not in the agent's ceiling",
            format_are(*count, "destructive action")
        ),
        Reason::SameAsAlso { operator } => format!("{} also has the same access", shorten_arn(operator)),
        Reason::HumansAssume { evidence } => format!("humans: it {}", render_assumer_evidence(evidence)),
        Reason::AgentsAssume { evidence } => format!("agents: it {}", render_assumer_evidence(evidence)),
        Reason::Assumes(assumption) => format!("assumes (not in the snapshot): {assumption}"),
        Reason::FurtherPathsLeftOut => {
            "this path gives everything that policies of the account can allow; further paths of the principal are not listed"
                .to_owned()
        }
        Reason::NoAssumerDeclared { entry } => format!("entry \"{entry}\" declares that nobody can assume it"),
        Reason::DeclaredAssumers { entry, patterns } => {
            format!("`assumable_by` of entry \"{entry}\" lists {}", patterns.join(", "))
        }
        Reason::OnlyExternalChecked { entry: Some(entry) } => {
            format!("entry \"{entry}\" has no `assumable_by`: only external principals are checked")
        }
        Reason::OnlyExternalChecked { entry: None } => {
            "not declared in the baseline: only external principals are checked".to_owned()
        }
        Reason::IgnoredInBaseline => "ignored in the baseline: only external principals are checked".to_owned(),
        Reason::AnyAccountThatSatisfies => {
            "any AWS account that satisfies the condition (external ID, network, …) can assume it".to_owned()
        }
        Reason::AnyIdentityProvider => {
            "a wildcard matches every identity provider, including those that anyone can use".to_owned()
        }
        Reason::NoAccountCondition => "no condition restricts the callers to an account or an organization".to_owned(),
        Reason::SharedProvider { provider, customer } => {
            format!("{provider} is shared by all its customers, and no condition restricts it to one {customer}")
        }
        Reason::AnyGuest { provider, customer } => {
            format!("{provider} gives a token to anyone who knows the id of the {customer}, if it allows guests")
        }
        Reason::NoExternalId { account } => format!(
            "no external ID is required: other customers of account {account} can make it use this role (confused deputy)"
        ),
        Reason::Classified { class: InferredClass::Unknown, reason } => {
            format!("class unknown: {}", render_class_reason(reason))
        }
        Reason::Classified { class, reason } => {
            format!("probably {}: it {}", with_article(*class), render_class_reason(reason))
        }
        Reason::BoundaryDeclared { entry, place } => format!("entry \"{entry}\" declares it: {place}"),
        Reason::CeilingsIntersected { principal } => {
            format!("only what all of these ceilings allow counts as declared for {principal}")
        }
        Reason::BeyondAccepted { expires } => {
            format!("an exception until {expires} accepts the rest: shown is what is beyond it")
        }
        Reason::AcceptanceUndecided { expires, reasons } => render_acceptance(expires, reasons),
        Reason::AcceptedFor(reason) => format!("accepted for: {reason}"),
    }
}

fn render_assumer_evidence(evidence: &AssumerEvidence) -> String {
    match evidence {
        AssumerEvidence::Trusted(found) => render_match(found),
        AssumerEvidence::ByAccount { account, principal } => {
            format!("trusts account {account}, and the policies of {principal} allow it")
        }
    }
}

fn render_acceptance(expires: &str, reasons: &[UndecidedReason]) -> String {
    let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    format!("whether the exception until {expires} accepts it is undecided: {}", reasons.join("; "))
}

fn with_article(class: InferredClass) -> &'static str {
    match class {
        InferredClass::Known(PrincipalClass::Agent) => "an agent",
        InferredClass::Known(PrincipalClass::Operator) => "an operator",
        InferredClass::Known(PrincipalClass::BreakGlass) => "a break-glass principal",
        InferredClass::Known(PrincipalClass::Workload) => "a workload",
        InferredClass::ServiceLinked => "a service-linked role",
        InferredClass::Unknown => "of an unknown class",
    }
}
