//! Counts, times and names as the reports for people write them.

use jiff::Timestamp;

use crate::audit::{Excess, GrantingStatement, PolicySource, PrincipalStatus, Witness};
pub(super) use crate::audit::{format_count, format_number};

/// `2026-11-20T06:00:00Z` as `2026-11-20 06:00 UTC`; what is no time stays as it is.
pub(super) fn format_time(rfc3339: &str) -> String {
    match rfc3339.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}

/// What became of principals, after their number: `3 broader than declared`.
pub(super) fn describe_status(status: PrincipalStatus) -> &'static str {
    match status {
        PrincipalStatus::Broader => "broader than declared",
        PrincipalStatus::Escalatable => "reaching further",
        PrincipalStatus::UndeclaredTrust => "open to the undeclared",
        PrincipalStatus::Undeclared => "undeclared",
        PrincipalStatus::Ambiguous => "ambiguous",
        PrincipalStatus::RequirementViolated => "in breach of a duty",
        PrincipalStatus::Undecided => "undecided",
        PrincipalStatus::Latent => "latent",
        PrincipalStatus::Accepted => "accepted for now",
        PrincipalStatus::Narrower => "narrower than declared",
        PrincipalStatus::AsDeclared => "as declared",
        PrincipalStatus::Ignored => "left out",
    }
}

/// The part of an ARN that tells principals of one account apart: `role/agents/kiro`.
pub(super) fn shorten_arn(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// `OperatorPower (attached)`.
pub(super) fn describe_granting_statement(granting: &GrantingStatement) -> String {
    let is_aws_managed = granting.arn.as_deref().is_some_and(|arn| arn.contains(":iam::aws:policy/"));
    let origin = match (&granting.origin, is_aws_managed) {
        (origin, true) => format!("AWS managed, {origin}"),
        (PolicySource::ResourcePolicy, false) => match &granting.arn {
            Some(arn) => format!("policy of {arn}"),
            None => granting.origin.to_string(),
        },
        (origin, false) => origin.to_string(),
    };
    format!("{} ({origin})", granting.policy)
}

/// `statement 2 "Deploy"`, from a position that counts from 0.
pub(super) fn describe_statement(index: usize, sid: Option<&str>) -> String {
    match sid {
        Some(sid) => format!("statement {} \"{sid}\"", index + 1),
        None => format!("statement {}", index + 1),
    }
}

/// `214 actions, 57 of them destructive`; none where the actions do not exist yet.
pub(super) fn describe_extent(excess: &Excess) -> Option<String> {
    match (excess.action_count, excess.destructive_count) {
        (0, _) => None,
        (actions, 0) => Some(format_count(actions, "action")),
        (1, _) => Some("1 destructive action".to_owned()),
        (actions, destroy) if actions == destroy => {
            Some(format!("{}, all of them destructive", format_count(actions, "action")))
        }
        (actions, destroy) => {
            Some(format!("{}, {} of them destructive", format_count(actions, "action"), format_number(destroy)))
        }
    }
}

/// `with aws:PrincipalTag/team = "billing"`, a line for each key that the request carries; those that tell who the
/// principal is only where that is asked for.
pub(super) fn describe_context(witness: &Witness, include_principal_keys: bool) -> Vec<String> {
    let quote_values = |values: &[String]| match values {
        [value] => format!("\"{value}\""),
        several => {
            let quoted: Vec<String> = several.iter().map(|value| format!("\"{value}\"")).collect();
            format!("[{}]", quoted.join(", "))
        }
    };
    let shown_context = witness.context.iter().filter(|(key, _)| include_principal_keys || !is_principal_key(key));
    shown_context.map(|(key, values)| format!("with {key} = {}", quote_values(values))).collect()
}

/// Whether a key tells nothing but who the principal is, which the finding says already.
fn is_principal_key(key: &str) -> bool {
    const KEYS: [&str; 8] = [
        "aws:PrincipalArn",
        "aws:PrincipalAccount",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalType",
        "aws:userid",
        "aws:username",
    ];
    KEYS.iter().any(|principal_key| principal_key.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_invalid_times_are_unchanged() {
        assert_eq!(format_time("2026-11-20T07:00:30+01:00"), "2026-11-20 06:00 UTC");
        assert_eq!(format_time("last week"), "last week");
    }

    #[test]
    fn names_of_one_account() {
        assert_eq!(shorten_arn("arn:aws:iam::111122223333:role/a:b"), "role/a:b");
        assert_eq!(shorten_arn("nobody"), "nobody");
    }
}
