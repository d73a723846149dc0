//! Whether a role that the tool finds as declared can be assumed by a caller that `assumable_by` does not cover.

use super::evaluator::condition::Condition;
use super::evaluator::decision::is_role_assumption;
use super::evaluator::pattern::matches_glob;
use super::evaluator::principal_element::{Caller, Naming};
use super::evaluator::world::{Principal, PrincipalKind, World};
use super::evaluator::{Reading, Request};
use super::generator::conditions::Areas;
use super::generator::random::Dice;
use super::generator::services::{MEMBER, OUTSIDE, OWN, find_action};
use super::manifest::{Entry, Manifest, Requirement};
use super::sampler::{Pool, Sampler};

/// A principal that no snapshot has, of a role or a user.
fn build_visitor(account: &str, kind: PrincipalKind) -> Principal {
    let (word, id) = if kind == PrincipalKind::User { ("user", "AIDAVISIT0001") } else { ("role", "AROAVISIT0001") };
    Principal {
        kind,
        arn: format!("arn:aws:iam::{account}:{word}/visitor"),
        account: account.to_owned(),
        name: "visitor".to_owned(),
        unique_id: id.to_owned(),
        tags: Vec::new(),
        identity: Vec::new(),
        boundary: None,
        trust: None,
        lacks_document: false,
    }
}

fn split_arn(text: &str) -> Vec<&str> {
    text.splitn(6, ':').collect()
}

/// Whether a declared assumer covers a caller, as far as its name says.
fn covers(pattern: &str, caller: &Caller<'_>) -> bool {
    let principal = caller.principal;
    let matches_arn = |arn: &str| {
        let (globs, texts) = (split_arn(pattern), split_arn(arn));
        globs.len() == texts.len() && globs.iter().zip(&texts).all(|(glob, text)| matches_glob(glob, text))
    };
    pattern == "*"
        || pattern == principal.account
        || pattern == format!("arn:aws:iam::{}:root", principal.account)
        || matches_arn(&principal.arn)
}

/// Whether an assumer includes the account of a caller. A wildcard means the accounts of the snapshot and of its
/// organization, and the accounts and organizations that `when` names in full.
fn knows_account(
    world: &World,
    (pattern, when): &(String, Requirement),
    caller: &Caller<'_>,
    request: &Request,
) -> bool {
    let has_wildcard = split_arn(pattern).get(4).is_some_and(|account| account.contains(['*', '?']));
    let text = |key: &str| request.context.get(key).map(|value| value.list().concat()).unwrap_or_default();
    let (account, organization) = (text("aws:principalaccount"), text("aws:principalorgid"));
    let names_caller = |condition: &Condition| {
        let names = |value: &String| match condition.key.as_str() {
            "aws:principalaccount" => *value == account,
            "aws:principalarn" => split_arn(value).get(4) == Some(&account.as_str()),
            "aws:principalorgid" => *value == organization,
            "aws:principalorgpaths" => value.split_once('/').is_some_and(|(id, _)| id == organization),
            _ => false,
        };
        !condition.operator.contains("Not") && condition.values.iter().any(names)
    };
    !has_wildcard || world.has_account(&caller.principal.account) || when.conditions.iter().any(names_caller)
}

fn is_declared(world: &World, assumers: &[(String, Requirement)], caller: &Caller<'_>, request: &Request) -> bool {
    assumers.iter().any(|assumer| {
        let (pattern, when) = assumer;
        covers(pattern, caller)
            && when.is_met(request, Reading::default())
            && knows_account(world, assumer, caller, request)
    })
}

/// Whether the entry of a role declares a request of a caller that the trust policy of the role names.
pub fn is_declared_with_role(world: &World, manifest: &Manifest, caller: &Caller<'_>, request: &Request) -> bool {
    let Some(role) = world.find_principal(&request.resource).filter(|_| is_role_assumption(request)) else {
        return false;
    };
    let trust = role.trust.iter().flat_map(|trust| &trust.statements).filter(|statement| statement.allows);
    let mut namings = trust.filter_map(|statement| caller.find_naming_if(statement, Naming::Account));
    let assumers = manifest.find_entry(&role.arn).map(|entry| entry.assumers).unwrap_or_default();
    namings.any(|naming| naming != Naming::Account)
        && role.account == caller.principal.account
        && !assumers.is_empty()
        && assumers.iter().all(|one| is_declared(world, one, caller, request))
}

/// Whether the trust policy of a role and the RCPs of its account admit a request.
fn is_admitted(world: &World, role: &Principal, caller: &Caller<'_>, request: &Request) -> bool {
    let mut admitted = false;
    for statement in role.trust.iter().flat_map(|trust| &trust.statements) {
        if caller.find_naming(statement).is_some() && statement.matches(request, Reading::default()) {
            if !statement.allows {
                return false;
            }
            admitted = true;
        }
    }
    let controls = world.organization.as_ref().map(|org| org.list_resource_controls(&role.account).concat());
    let mut controls = controls.into_iter().flatten().flat_map(|policy| &policy.statements);
    admitted && !controls.any(|statement| !statement.allows && statement.matches(request, Reading::default()))
}

/// Draws requests to assume a role. Returns one that is admitted and not declared.
pub fn find_undeclared_request(
    world: &World,
    pool: &Pool<'_>,
    (role, entry): (&Principal, Option<&Entry>),
    dice: &mut Dice,
    areas: Areas<'_>,
) -> Option<String> {
    let action = find_action("sts:AssumeRole").unwrap();
    let assumers: &[_] = entry.map_or(&[], |entry| &entry.assumers);
    let visitors = [OWN, MEMBER, OUTSIDE]
        .map(|account| [PrincipalKind::User, PrincipalKind::Role].map(|kind| build_visitor(account, kind)));
    let visitors = visitors.iter().flatten();
    let is_outside = |principal: &&Principal| principal.account == OUTSIDE;
    let candidates: Vec<&Principal> = match assumers.is_empty() {
        false => visitors.chain(&world.principals).collect(),
        // Without a declaration only external principals are checked.
        true => visitors.filter(is_outside).collect(),
    };
    for _ in 0..40 {
        let principal: &Principal = candidates[dice.below(candidates.len())];
        let caller = Caller { principal, session: *dice.pick(&["ci", "zz"]) };
        let sampler = Sampler::new(world, pool, &caller, areas);
        let mut request =
            Request { action: action.name.to_owned(), resource: role.arn.clone(), context: Default::default() };
        sampler.draw_context(dice, &caller, action, &mut request, &Some(role.account.clone()));
        // Each entry that declares assumers must declare the request.
        let declared = !assumers.is_empty() && assumers.iter().all(|one| is_declared(world, one, &caller, &request));
        if !declared && is_admitted(world, role, &caller, &request) {
            return Some(format!("{} assumes {}: {:?}", caller.principal.arn, role.arn, request.context));
        }
    }
    None
}
