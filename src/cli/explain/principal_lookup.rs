//! Finds the principal that an argument identifies.

use iamdrift::access::{PrincipalInfo, SessionScope};
use iamdrift::audit::format_count;
use iamdrift::iam::{AccountId, Arn};
use iamdrift::snapshot::{Account, CollectionGap, Principal, Snapshot};
use iamdrift::source::find_similar_name;

use crate::cli::UserError;

/// The maximum number of candidates to list.
const MAX_LISTED: usize = 10;

/// A principal of a snapshot.
pub struct PrincipalLookup<'s> {
    /// Its account.
    pub account: &'s Account,
    /// The principal.
    pub principal: &'s Principal,
    /// The session that the ARN names. `None` if it names a principal.
    pub sessions: Option<SessionScope>,
}

/// Finds the one principal that `text` identifies: an ARN, the ARN of a session, a name, or the end of an ARN.
///
/// # Errors
/// No principal matches, or more than one does.
pub fn find_principal<'s>(snapshot: &'s Snapshot, text: &str) -> Result<PrincipalLookup<'s>, UserError> {
    let principals: Vec<(&Account, &Principal)> = snapshot.principals().collect();
    if let Some((account, principal)) = principals.iter().find(|(_, principal)| principal.arn.as_str() == text) {
        return Ok(PrincipalLookup { account, principal, sessions: None });
    }
    if let Ok(PrincipalInfo { arn: Some(role), sessions: sessions @ SessionScope::Single(_), .. }) =
        PrincipalInfo::from_arn(text)
    {
        let name = role.resource().rsplit('/').next().unwrap_or_default();
        let is_role = |principal: &Principal| {
            principal.name == name
                && principal.arn.resource().starts_with("role/")
                && (principal.arn.partition(), principal.arn.account()) == (role.partition(), role.account())
        };
        if let Some((account, principal)) = principals.iter().find(|(_, principal)| is_role(principal)) {
            return Ok(PrincipalLookup { account, principal, sessions: Some(sessions) });
        }
    }
    let suffix = format!("/{text}");
    let matches: Vec<&(&Account, &Principal)> = principals
        .iter()
        .filter(|(_, principal)| {
            let resource = principal.arn.resource();
            principal.name == text || resource == text || resource.ends_with(&suffix)
        })
        .collect();
    match matches.as_slice() {
        [(account, principal)] => Ok(PrincipalLookup { account, principal, sessions: None }),
        [] => Err(unread_account_error(snapshot, text).unwrap_or_else(|| unknown_principal_error(&principals, text))),
        several => {
            let arns: Vec<&str> =
                several.iter().take(MAX_LISTED).map(|(_, principal)| principal.arn.as_str()).collect();
            let omitted_count = several.len().saturating_sub(MAX_LISTED);
            let more = if omitted_count > 0 { format!(" and {omitted_count} more") } else { String::new() };
            Err(UserError::new(
                format!("`{text}` matches {} principals", several.len()),
                format!("use the ARN of one: {}{more}", arns.join(", ")),
            ))
        }
    }
}

/// The error if the principal could belong to an account that was not read. `None` otherwise.
fn unread_account_error(snapshot: &Snapshot, text: &str) -> Option<UserError> {
    let account = Arn::parse(text).and_then(|arn| AccountId::parse(arn.account()))?;
    let is_gap_of_account = |gap: &&CollectionGap| gap.may_hide_principals() && gap.account.as_ref() == Some(&account);
    let gap = snapshot.collection_gaps.iter().find(is_gap_of_account)?;
    let message = format!("the snapshot contains no principal `{text}`: {gap} could not be collected");
    Some(UserError::new(message, format!("collect it again; the error was: {}", gap.reason())))
}

fn unknown_principal_error(principals: &[(&Account, &Principal)], text: &str) -> UserError {
    let by_arn = principals.iter().map(|(_, principal)| principal.arn.as_str());
    let by_name = principals.iter().map(|(_, principal)| principal.name.as_str());
    let by_resource = principals.iter().map(|(_, principal)| principal.arn.resource());
    let suggestion = if text.starts_with("arn:") {
        find_similar_name(text, by_arn)
    } else if text.contains('/') {
        find_similar_name(text, by_resource)
    } else {
        find_similar_name(text, by_name)
    };
    let help = match suggestion {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let principal_count = format_count(principals.len(), "principal");
            format!("the snapshot contains {principal_count}; use an ARN, a name, or the end of an ARN")
        }
    };
    UserError::new(format!("the snapshot contains no principal `{text}`"), help)
}
