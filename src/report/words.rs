//! Counts, times and names as the reports for people write them.

use jiff::Timestamp;

use crate::audit::{Excess, GrantedBy, Origin, Status, Witness};
pub(super) use crate::audit::{count, number};

/// `2026-11-20T06:00:00Z` as `2026-11-20 06:00 UTC`; what is no time stays as it is.
pub(super) fn time(rfc3339: &str) -> String {
    match rfc3339.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}

/// What became of principals, after their number: `3 broader than declared`.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Broader => "broader than declared",
        Status::Reaching => "reaching further",
        Status::Exposed => "open to the undeclared",
        Status::Undeclared => "undeclared",
        Status::Ambiguous => "ambiguous",
        Status::DutyBroken => "in breach of a duty",
        Status::Undecided => "undecided",
        Status::Latent => "latent",
        Status::Accepted => "accepted for now",
        Status::Narrower => "narrower than declared",
        Status::AsDeclared => "as declared",
        Status::Ignored => "left out",
    }
}

/// The part of an ARN that tells principals of one account apart: `role/agents/kiro`.
pub(super) fn short_name(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// `OperatorPower (attached)`.
pub(super) fn granted_by(by: &GrantedBy) -> String {
    let is_aws_managed = by.arn.as_deref().is_some_and(|arn| arn.contains(":iam::aws:policy/"));
    let origin = match (&by.origin, is_aws_managed) {
        (origin, true) => format!("AWS managed, {origin}"),
        (Origin::ResourcePolicy, false) => match &by.arn {
            Some(arn) => format!("policy of {arn}"),
            None => by.origin.to_string(),
        },
        (origin, false) => origin.to_string(),
    };
    format!("{} ({origin})", by.policy)
}

/// `statement 2 "Deploy"`, from a position that counts from 0.
pub(super) fn statement(index: usize, sid: Option<&str>) -> String {
    match sid {
        Some(sid) => format!("statement {} \"{sid}\"", index + 1),
        None => format!("statement {}", index + 1),
    }
}

/// `214 actions, 57 of them destructive`; none where the actions do not exist yet.
pub(super) fn extent(excess: &Excess) -> Option<String> {
    match (excess.action_count, excess.destructive_count) {
        (0, _) => None,
        (actions, 0) => Some(count(actions, "action")),
        (1, _) => Some("1 destructive action".to_owned()),
        (actions, destroy) if actions == destroy => {
            Some(format!("{}, all of them destructive", count(actions, "action")))
        }
        (actions, destroy) => Some(format!("{}, {} of them destructive", count(actions, "action"), number(destroy))),
    }
}

/// `with aws:PrincipalTag/team = "billing"`, a line for each key that the request carries; those that tell who the
/// principal is only where that is asked for.
pub(super) fn context(witness: &Witness, tell_principal: bool) -> Vec<String> {
    let shown = |values: &[String]| match values {
        [one] => format!("\"{one}\""),
        several => {
            let quoted: Vec<String> = several.iter().map(|value| format!("\"{value}\"")).collect();
            format!("[{}]", quoted.join(", "))
        }
    };
    let telling = witness.context.iter().filter(|(key, _)| tell_principal || !of_the_principal(key));
    telling.map(|(key, values)| format!("with {key} = {}", shown(values))).collect()
}

/// Whether a key tells nothing but who the principal is, which the finding says already.
fn of_the_principal(key: &str) -> bool {
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
    KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_utc_and_nonsense_stays() {
        assert_eq!(time("2026-11-20T07:00:30+01:00"), "2026-11-20 06:00 UTC");
        assert_eq!(time("last week"), "last week");
    }

    #[test]
    fn names_of_one_account() {
        assert_eq!(short_name("arn:aws:iam::111122223333:role/a:b"), "role/a:b");
        assert_eq!(short_name("nobody"), "nobody");
    }
}
