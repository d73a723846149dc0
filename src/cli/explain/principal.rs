//! The principal that a user means.

use iamdrift::access::{PrincipalFacts, Sessions};
use iamdrift::audit::count;
use iamdrift::iam::{AccountId, Arn};
use iamdrift::snapshot::{Account, Principal, Snapshot, Uncollected};
use iamdrift::source::did_you_mean;

use crate::cli::UserError;

/// How many candidates are listed.
const LISTED: usize = 10;

/// A principal of a snapshot.
pub struct Found<'s> {
    /// Its account.
    pub account: &'s Account,
    /// The principal.
    pub principal: &'s Principal,
    /// The session that is meant, where one is.
    pub sessions: Option<Sessions>,
}

/// Finds the one principal that a text names: by its ARN, by a session's ARN, by its name, or by the end of
/// its ARN.
pub fn find<'s>(snapshot: &'s Snapshot, text: &str) -> Result<Found<'s>, UserError> {
    let all: Vec<(&Account, &Principal)> = snapshot.principals().collect();
    if let Some((account, principal)) = all.iter().find(|(_, principal)| principal.arn.as_str() == text) {
        return Ok(Found { account, principal, sessions: None });
    }
    if let Ok(PrincipalFacts { arn: Some(role), sessions: sessions @ Sessions::One(_), .. }) =
        PrincipalFacts::from_arn(text)
    {
        let name = role.resource().rsplit('/').next().unwrap_or_default();
        let is_role = |principal: &Principal| {
            principal.name == name
                && principal.arn.resource().starts_with("role/")
                && (principal.arn.partition(), principal.arn.account()) == (role.partition(), role.account())
        };
        if let Some((account, principal)) = all.iter().find(|(_, principal)| is_role(principal)) {
            return Ok(Found { account, principal, sessions: Some(sessions) });
        }
    }
    let end = format!("/{text}");
    let meant: Vec<&(&Account, &Principal)> = all
        .iter()
        .filter(|(_, principal)| {
            let resource = principal.arn.resource();
            principal.name == text || resource == text || resource.ends_with(&end)
        })
        .collect();
    match meant.as_slice() {
        [(account, principal)] => Ok(Found { account, principal, sessions: None }),
        [] => Err(unread(snapshot, text).unwrap_or_else(|| unknown(&all, text))),
        several => {
            let arns: Vec<&str> = several.iter().take(LISTED).map(|(_, principal)| principal.arn.as_str()).collect();
            let more = several.len().saturating_sub(LISTED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Err(UserError::new(
                format!("`{text}` names {} principals", several.len()),
                format!("give the ARN of one: {}{more}", arns.join(", ")),
            ))
        }
    }
}

/// Where the principal may be of an account that could not be read.
fn unread(snapshot: &Snapshot, text: &str) -> Option<UserError> {
    let account = Arn::parse(text).and_then(|arn| AccountId::parse(arn.account()))?;
    let of_it = |one: &&Uncollected| one.hides_principals() && one.account.as_ref() == Some(&account);
    let unread = snapshot.uncollected.iter().find(of_it)?;
    let message = format!("the snapshot holds no principal `{text}`: {unread} could not be collected");
    Some(UserError::new(message, format!("collect it again; the error was: {}", unread.why())))
}

fn unknown(all: &[(&Account, &Principal)], text: &str) -> UserError {
    let by_arn = all.iter().map(|(_, principal)| principal.arn.as_str());
    let by_name = all.iter().map(|(_, principal)| principal.name.as_str());
    let by_resource = all.iter().map(|(_, principal)| principal.arn.resource());
    let near = if text.starts_with("arn:") {
        did_you_mean(text, by_arn)
    } else if text.contains('/') {
        did_you_mean(text, by_resource)
    } else {
        did_you_mean(text, by_name)
    };
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let held = count(all.len(), "principal");
            format!("the snapshot holds {held}; give an ARN, a name, or the end of an ARN")
        }
    };
    UserError::new(format!("the snapshot holds no principal `{text}`"), help)
}
