//! Roles that both people and agents can take on (`docs/rules.md`, IAM003).

use super::subject::Subject;
use super::void::speaks_of;
use crate::baseline::Glob;
use crate::iam::principal::{AwsPrincipal, PrincipalEntry};
use crate::iam::{Effect, Listing, Statement};
use crate::kinds::{Comer, Who};
use crate::reach::{Being, Change, Graph, Thing};
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
    /// The statements that allow it.
    statements: Vec<&'a Statement>,
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
            let statements = principal.identity.iter().flat_map(|policy| &policy.document.statements);
            let statements: Vec<&Statement> =
                statements.filter(|s| s.effect == Effect::Allow && speaks_of(s, ASSUME)).collect();
            let wanted = !statements.is_empty() && (who == Who::Agent || is_people(who));
            let (arn, account) = (principal.arn.as_str(), account.id.as_str());
            wanted.then_some(Taker { principal: index, who, arn, account, statements })
        };
        Sharing { graph, takers: snapshot.principals().enumerate().filter_map(taker).collect() }
    }

    /// Who shares a role; none where it is not both people and agents.
    pub fn of(&self, subject: &Subject<'_>) -> Option<Shared> {
        let role = self.graph.find(subject.principal.arn.as_str())?;
        let agents = self.way(subject, role, |who| who == Who::Agent)?;
        let people = self.way(subject, role, is_people)?;
        Some(Shared { people, agents })
    }

    fn way(&self, subject: &Subject<'_>, role: usize, wanted: fn(Who) -> bool) -> Option<String> {
        let arn = subject.principal.arn.as_str();
        let thing = Thing::new(ASSUME, Some(arn));
        let can = |principal: usize| self.graph.can(&Being { principal, change: Change::default() }, &thing);
        // Whom the trust policy names may be denied it, there or by its own policies.
        let comes = |comer: &&Comer| comer.principal.is_none_or(|principal| !matches!(can(principal), Ok(None)));
        let named = subject.comers.iter().filter(|comer| wanted(comer.who)).find(comes);
        if let Some(comer) = named {
            return Some(comer.found.clone());
        }
        let accounts = trusted_accounts(subject);
        let may = |taker: &&Taker<'_>| {
            taker.principal != role
                && wanted(taker.who)
                && accounts.contains(&taker.account)
                && taker.statements.iter().any(|statement| is_meant(statement, arn, taker.who))
        };
        let taker = self.takers.iter().filter(may).find(|taker| matches!(can(taker.principal), Ok(Some(_))))?;
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

/// Whether a statement can be about a role. Of people it must be about this one or its like: administrators, who may
/// assume whatever there is, share every role and are no news.
fn is_meant(statement: &Statement, role: &str, who: Who) -> bool {
    let Some(element) = statement.resource.as_ref() else { return false };
    if element.listing != Listing::Only {
        return who == Who::Agent;
    }
    element.patterns.iter().map(|pattern| pattern.as_written()).any(|written| {
        let everything = written.rsplit_once(":role/").map_or(written, |(_, name)| name).trim_matches('*').is_empty();
        // A variable stands for something.
        let glob: String = written.split("${").enumerate().fold(String::new(), |glob, (at, part)| match at {
            0 => part.to_owned(),
            _ => glob + "*" + part.split_once('}').map_or("", |(_, rest)| rest),
        });
        (who == Who::Agent || !everything) && Glob::new(&glob).matches(role)
    })
}
