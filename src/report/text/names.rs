//! Times, principals, policies, statements and witnesses as the table writes them.

use jiff::Timestamp;

use crate::audit::{GrantingStatement, PolicySource, PrincipalStatus, Witness, is_aws_managed_policy};

/// `2026-11-20T06:00:00Z` as `2026-11-20 06:00 UTC`. A text that is not a time is unchanged.
pub(in crate::report) fn format_time(rfc3339: &str) -> String {
    match rfc3339.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}

/// A status after a number of principals: `3 broader than declared`.
pub(in crate::report) fn describe_status(status: PrincipalStatus) -> &'static str {
    match status {
        PrincipalStatus::Broader => "broader than declared",
        PrincipalStatus::Escalatable => "can escalate",
        PrincipalStatus::UndeclaredTrust => "undeclared trust",
        PrincipalStatus::Undeclared => "undeclared",
        PrincipalStatus::Ambiguous => "ambiguous",
        PrincipalStatus::RequirementViolated => "requirement violated",
        PrincipalStatus::Undecided => "undecided",
        PrincipalStatus::Latent => "latent",
        PrincipalStatus::Accepted => "accepted",
        PrincipalStatus::Narrower => "narrower than declared",
        PrincipalStatus::AsDeclared => "as declared",
        PrincipalStatus::Ignored => "ignored",
    }
}

/// The resource part of an ARN: `role/agents/kiro`. A text that is not an ARN is unchanged.
pub(in crate::report) fn shorten_arn(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// `OperatorPower (attached)`.
pub(in crate::report) fn describe_granting_policy(granting: &GrantingStatement) -> String {
    let is_aws_managed = granting.arn.as_deref().is_some_and(is_aws_managed_policy);
    let origin = match (&granting.origin, &granting.arn) {
        (PolicySource::ResourcePolicy, Some(arn)) => format!("policy of {arn}"),
        (origin, _) if is_aws_managed => format!("AWS managed, {}", describe_source(origin)),
        (origin, _) => describe_source(origin),
    };
    format!("{} ({origin})", granting.policy)
}

fn describe_source(source: &PolicySource) -> String {
    match source {
        PolicySource::Inline => "inline".to_owned(),
        PolicySource::Attached => "attached".to_owned(),
        PolicySource::InlineOfGroup(group) => format!("inline policy of group {group}"),
        PolicySource::AttachedToGroup(group) => format!("attached to group {group}"),
        PolicySource::ResourcePolicy => "resource policy".to_owned(),
        PolicySource::Itself => "self-attached policy".to_owned(),
        PolicySource::Trust => "of the role".to_owned(),
        PolicySource::Boundary => "permissions boundary".to_owned(),
        PolicySource::Organization => "organization".to_owned(),
        PolicySource::Ceiling => "ceiling".to_owned(),
    }
}

/// `statement 2 "Deploy"`, from a position that counts from 0.
pub(in crate::report) fn describe_statement(index: usize, sid: Option<&str>) -> String {
    match sid {
        Some(sid) => format!("statement {} \"{sid}\"", index + 1),
        None => format!("statement {}", index + 1),
    }
}

/// `statement 2 "Deploy" of OperatorPower`.
pub(super) fn describe_granting_statement(granting: &GrantingStatement) -> String {
    let policy = match (&granting.origin, &granting.arn) {
        (PolicySource::ResourcePolicy, Some(arn)) => format!("the resource policy of {arn}"),
        (PolicySource::ResourcePolicy, None) => format!("the resource policy of {}", granting.policy),
        _ => granting.policy.clone(),
    };
    format!("{} of {policy}", describe_statement(granting.statement, granting.sid.as_deref()))
}

/// Which context keys of a witness are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::report) enum ShownKeys {
    /// All keys.
    All,
    /// All keys except those that only identify the principal, which the finding names anyway.
    WithoutPrincipal,
}

/// `with aws:PrincipalTag/team = "billing"`, one line per context key.
pub(in crate::report) fn describe_context(witness: &Witness, shown_keys: ShownKeys) -> Vec<String> {
    let quote_values = |values: &[String]| match values {
        [value] => format!("\"{value}\""),
        several => {
            let quoted: Vec<String> = several.iter().map(|value| format!("\"{value}\"")).collect();
            format!("[{}]", quoted.join(", "))
        }
    };
    let shown_context =
        witness.context.iter().filter(|(key, _)| shown_keys == ShownKeys::All || !is_principal_key(key));
    shown_context.map(|(key, values)| format!("with {key} = {}", quote_values(values))).collect()
}

/// Whether a key only identifies the principal.
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
    fn times_are_utc_and_other_texts_are_unchanged() {
        assert_eq!(format_time("2026-11-20T07:00:30+01:00"), "2026-11-20 06:00 UTC");
        assert_eq!(format_time("last week"), "last week");
    }

    #[test]
    fn an_arn_is_shortened_to_its_resource() {
        assert_eq!(shorten_arn("arn:aws:iam::111122223333:role/a:b"), "role/a:b");
        assert_eq!(shorten_arn("nobody"), "nobody");
    }
}
