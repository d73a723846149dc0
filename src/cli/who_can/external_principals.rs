//! Warns of principals outside the snapshot that resource policies and trust policies allow.

use std::collections::BTreeSet;

use iamdrift::baseline::Glob;
use iamdrift::catalog::{ActionId, Catalog};
use iamdrift::iam::{ActionPattern, Effect, ElementKind, Statement};
use iamdrift::snapshot::Snapshot;
use iamdrift::trust::{TrustGrant, parse_principal_element};

/// A warning for each resource policy and trust policy that allows the action to principals outside the snapshot.
pub fn warn_of_external_principals(
    catalog: &Catalog,
    snapshot: &Snapshot,
    action: &str,
    resource: Option<&str>,
) -> Vec<String> {
    let action = action.to_ascii_lowercase();
    let requested_actions: Vec<String> = (0..catalog.action_count())
        .filter_map(|id| Some(catalog.full_name(ActionId(u32::try_from(id).ok()?)).to_ascii_lowercase()))
        .filter(|name| Glob::new(&action).matches(name))
        .collect();
    let may_grant_action = |statement: &Statement| {
        let lists_action = |name: &String| {
            let matches = |pattern: &ActionPattern| Glob::new(&pattern.as_written().to_ascii_lowercase()).matches(name);
            statement.action.patterns.iter().any(matches) == (statement.action.kind == ElementKind::List)
        };
        statement.effect == Effect::Allow && requested_actions.iter().any(lists_action)
    };
    let may_match_resource = |arn: &str| match resource {
        None => true,
        Some(requested) => {
            requested.starts_with(arn)
                || Glob::new(requested).matches(arn)
                || literal_prefix(requested).is_some_and(|prefix| arn.starts_with(prefix))
        }
    };
    let roles = snapshot
        .principals()
        .filter_map(|(_, role)| Some((role.arn.as_str(), "trust policy", &role.trust_policy.as_ref()?.document)));
    // A resource policy that cannot be read has a problem of its own in the report.
    let resources = snapshot.resource_policies.iter().filter_map(|resource| {
        Some((resource.arn.as_str(), "resource policy", resource.policy.document.as_ref().ok()?))
    });
    let mut lines = Vec::new();
    for (arn, policy_label, document) in roles.chain(resources).filter(|(arn, ..)| may_match_resource(arn)) {
        let elements = document
            .statements
            .iter()
            .filter(|statement| may_grant_action(statement))
            .filter_map(|statement| statement.principal.as_ref());
        let external_names: BTreeSet<String> = elements
            .flat_map(parse_principal_element)
            .filter_map(|grant| external_principal_name(snapshot, &grant))
            .collect();
        if !external_names.is_empty() {
            let names: Vec<String> = external_names.into_iter().collect();
            lines.push(format!(
                "the {policy_label} of {arn} names {}, which is outside the snapshot and was not checked",
                names.join(", ")
            ));
        }
    }
    lines
}

/// The text before the first wildcard. `None` without a wildcard.
fn literal_prefix(glob: &str) -> Option<&str> {
    glob.find(['*', '?']).and_then(|wildcard| glob.get(..wildcard))
}

/// The name of a principal outside the snapshot. `None` if it is in the snapshot, or is an AWS service.
fn external_principal_name(snapshot: &Snapshot, grant: &TrustGrant) -> Option<String> {
    let account = match grant {
        TrustGrant::Anyone | TrustGrant::AnyoneExcept(_) => return Some("anyone".to_owned()),
        TrustGrant::Account(account) => account.as_str(),
        TrustGrant::Principal(arn) => arn.account(),
        TrustGrant::AnyOidcProvider
        | TrustGrant::AnySamlProvider
        | TrustGrant::Saml { .. }
        | TrustGrant::Oidc { .. }
        | TrustGrant::Other(_) => return Some(grant.as_str().to_owned()),
        TrustGrant::Service { .. } | TrustGrant::UniqueId(_) => return None,
    };
    let known = snapshot.accounts.iter().any(|known| known.id.as_str() == account);
    (!known).then(|| format!("account {account}"))
}
