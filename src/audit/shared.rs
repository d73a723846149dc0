//! Roles that both people and agents can take on (`docs/rules.md`, IAM003).

use super::subject::Subject;
use super::void::speaks_of;
use crate::baseline::Glob;
use crate::iam::principal::{AwsPrincipal, PrincipalEntry};
use crate::iam::{Effect, Listing, Statement};
use crate::kinds::{Comer, Who};
use crate::reach::Graph;
use crate::snapshot::Snapshot;

const ASSUME: &str = "sts:AssumeRole";

/// Who of a snapshot takes on which role.
pub(super) struct Sharing<'a> {
    graph: &'a Graph<'a>,
    /// People and agents whose own policies let them assume roles.
    takers: Vec<Taker<'a>>,
}

struct Taker<'a> {
    principal: usize,
    who: Who,
    arn: &'a str,
    account: &'a str,
    /// The roles that its policies speak of.
    roles: Vec<Glob>,
}

/// One of the people and one of the agents who can take a role on.
pub(super) struct Shared {
    /// How people do.
    pub people: String,
    /// How agents do.
    pub agents: String,
}

impl<'a> Sharing<'a> {
    /// `kinds` are what the principals of the snapshot are, in its order.
    pub fn new(graph: &'a Graph<'a>, snapshot: &'a Snapshot, kinds: &[Who]) -> Sharing<'a> {
        let taker = |(index, (account, principal)): (usize, (&'a crate::snapshot::Account, &'a _))| {
            let principal: &'a crate::snapshot::Principal = principal;
            let who = *kinds.get(index)?;
            if who != Who::Agent && !is_people(who) {
                return None;
            }
            let statements = principal.identity.iter().flat_map(|policy| &policy.document.statements);
            let statements = statements.filter(|s| s.effect == Effect::Allow && speaks_of(s, ASSUME));
            let roles: Vec<Glob> = statements.flat_map(|statement| spoken_of(statement, who)).collect();
            let (arn, account) = (principal.arn.as_str(), account.id.as_str());
            (!roles.is_empty()).then_some(Taker { principal: index, who, arn, account, roles })
        };
        Sharing { graph, takers: snapshot.principals().enumerate().filter_map(taker).collect() }
    }

    /// Who shares a role; none where it is not both people and agents.
    pub fn of(&self, subject: &Subject<'_>) -> Option<Shared> {
        let role = self.graph.find(subject.principal.arn.as_str())?;
        let of_agents = subject.comers.iter().any(|comer| comer.who == Who::Agent);
        if subject.principal.trust.is_none() || !of_agents && self.takers.iter().all(|taker| taker.who != Who::Agent) {
            return None;
        }
        let agents = self.way(subject, role, |who| who == Who::Agent)?;
        let people = self.way(subject, role, is_people)?;
        Some(Shared { people, agents })
    }

    fn way(&self, subject: &Subject<'_>, role: usize, wanted: fn(Who) -> bool) -> Option<String> {
        let arn = subject.principal.arn.as_str();
        // Whom the trust policy names may be denied it, there or by its own policies.
        let comes =
            |comer: &&Comer| comer.principal.is_none_or(|principal| self.graph.assumes(principal, role) != Ok(false));
        let named = subject.comers.iter().filter(|comer| wanted(comer.who)).find(comes);
        if let Some(comer) = named {
            return Some(comer.found.clone());
        }
        let accounts = trusted_accounts(subject);
        let may = |taker: &&Taker<'_>| {
            taker.principal != role
                && wanted(taker.who)
                && accounts.contains(&taker.account)
                && taker.roles.iter().any(|roles| roles.matches(arn))
        };
        let taker =
            self.takers.iter().filter(may).find(|taker| self.graph.assumes(taker.principal, role) == Ok(true))?;
        Some(format!("trusts account {}, whose {} may assume it", taker.account, taker.arn))
    }
}

fn is_people(who: Who) -> bool {
    matches!(who, Who::Operator | Who::BreakGlass)
}

/// The accounts that the trust policy leaves it to.
fn trusted_accounts<'s>(subject: &Subject<'s>) -> Vec<&'s str> {
    let Some(trust) = subject.principal.trust.as_ref() else { return Vec::new() };
    let statements = trust.document.statements.iter().filter(|s| s.effect == Effect::Allow && speaks_of(s, ASSUME));
    let elements = statements.filter_map(|s| s.principal.as_ref()).filter(|p| p.listing == Listing::Only);
    let account = |entry: &'s PrincipalEntry| match entry {
        PrincipalEntry::Aws(AwsPrincipal::Account(account)) => Some(account.as_str()),
        PrincipalEntry::Aws(AwsPrincipal::Root(arn)) => Some(arn.account()),
        _ => None,
    };
    elements.flat_map(|element| &element.entries).filter_map(account).collect()
}

/// The roles that a statement speaks of. Of people these must be some: administrators, who may assume whatever there is,
/// share every role and are no news.
fn spoken_of(statement: &Statement, who: Who) -> Vec<Glob> {
    let Some(element) = statement.resource.as_ref() else { return Vec::new() };
    if element.listing != Listing::Only {
        return if who == Who::Agent { vec![Glob::new("*")] } else { Vec::new() };
    }
    let means_all =
        |written: &str| written.rsplit_once(":role/").map_or(written, |(_, name)| name).trim_matches('*').is_empty();
    let written = element.patterns.iter().map(|pattern| pattern.as_written());
    let meant = written.filter(|written| who == Who::Agent || !means_all(written));
    // A variable stands for something.
    let glob = |written: &str| {
        let mut parts = written.split("${");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |glob, part| glob + "*" + part.split_once('}').map_or("", |(_, rest)| rest))
    };
    meant.map(|written| Glob::new(&glob(written))).collect()
}
