//! Everyone asked, and what they answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use iamdrift::access::{PolicyOrigin, PolicyRef, Request, missing};
use iamdrift::audit::cube_text;
use iamdrift::baseline::Glob;
use iamdrift::catalog::{ActionId, Catalog};
use iamdrift::iam::{ActionPattern, AwsPrincipal, Effect, Listing, PrincipalEntry, Statement};
use iamdrift::reach::{Being, Can, Change, Graph, Link, Met, Thing, Way};
use iamdrift::snapshot::{Holding, LayerKind, Principal, Snapshot};
use iamdrift::solve::{Solver, Undecided};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

/// What is asked.
pub struct Asked<'a> {
    pub action: &'a str,
    pub resource: Option<&'a str>,
    pub direct: bool,
}

/// The answer of `iamdrift who-can`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "WhoCan")]
pub struct Answer {
    /// The version of this form: "1". It changes when a field goes or changes its meaning, not when one is added.
    pub schema_version: &'static str,
    /// The snapshot: a path.
    pub snapshot: String,
    /// The action, or a pattern: then whoever can do one of its actions is told.
    pub action: String,
    /// The resource, or a pattern over ARNs; null where any is meant.
    pub resource: Option<String>,
    /// How many principals were asked.
    pub asked: usize,
    /// Those who can: themselves first, then those who can become one who does, by ARN.
    pub principals: Vec<Who>,
    /// Those who could not be decided.
    pub undecided: Vec<Open>,
    /// What of the snapshot could not be read, a line each.
    pub unread: Vec<String>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// Someone who can.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Who {
    /// The ARN.
    pub arn: String,
    /// The number of the account.
    pub account: String,
    /// Whom it becomes first, a step each; empty where it can itself.
    pub path: Vec<Step>,
    /// Which of the actions, where a pattern was asked; else empty.
    pub actions: Vec<String>,
    /// On what, as patterns; empty where it is any resource.
    pub resources: Vec<String>,
    /// When, a line each; empty where no condition stands in the way.
    pub conditions: Vec<String>,
    /// Whether there is more of it than is told.
    pub more: bool,
    /// The statements that allow it.
    pub granted_by: Vec<GrantedBy>,
    /// A request that is allowed.
    pub witness: Witness,
}

/// One step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Step {
    /// Who takes it.
    pub from: String,
    /// Whom that makes of it; the same where it makes itself broader.
    pub to: String,
    /// What it does.
    pub how: String,
    /// The ids of the paths that it takes.
    pub paths: Vec<String>,
    /// When, a line each; empty where no condition stands in the way.
    pub conditions: Vec<String>,
    /// What it rests on and the snapshot does not tell.
    pub rests_on: Vec<String>,
}

/// A statement.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GrantedBy {
    /// The policy's name.
    pub policy: String,
    /// The ARN of a managed policy, or of the resource whose policy it is.
    pub arn: Option<String>,
    /// The statement's position, from 0. The table counts from 1.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Where it stands: file, line and column.
    pub place: String,
}

/// A request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Witness {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The context keys that it needs, with their values.
    pub context: BTreeMap<String, Vec<String>>,
}

/// Someone who could not be decided.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Open {
    /// The ARN.
    pub arn: String,
    /// Why, a line each.
    pub why: Vec<String>,
}

/// Asks everyone whom `wanted` names.
pub fn answer(
    catalog: &Catalog,
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    wanted: &(dyn Fn(&Principal) -> bool + Sync),
) -> Answer {
    let solver = Solver::new(catalog);
    let today = jiff::Zoned::now().date();
    let graph = Graph::new(&solver, snapshot, today);
    let thing = Thing::new(catalog, asked.action, asked.resource);
    let everyone: Vec<(usize, (&iamdrift::snapshot::Account, &Principal))> =
        snapshot.principals().enumerate().filter(|(_, (_, principal))| wanted(principal)).collect();
    let answers: Vec<(Option<Who>, Option<Open>)> = everyone
        .par_iter()
        .map(|(index, (account, principal))| {
            let gaps: Vec<String> = missing(snapshot, account, principal)
                .iter()
                .filter(|gap| {
                    let one = asked.resource.filter(|resource| !resource.contains(['*', '?']));
                    gap.layer != LayerKind::Trust && one.is_none_or(|on| gap.decides_on(on))
                })
                .map(ToString::to_string)
                .collect();
            let (who, mut why) = one(&graph, *index, &thing, asked.direct);
            let who = who.map(|(can, links)| told(&graph, catalog, asked, *index, account.id.as_str(), &can, &links));
            why.extend(gaps);
            let open = (!why.is_empty()).then(|| Open { arn: principal.arn.as_str().to_owned(), why });
            (who, open)
        })
        .collect();
    let mut answer = Answer {
        schema_version: "1",
        snapshot: snapshot.origin.display().to_string(),
        action: asked.action.to_owned(),
        resource: asked.resource.map(str::to_owned),
        asked: everyone.len(),
        principals: Vec::new(),
        undecided: Vec::new(),
        unread: unread(snapshot),
        notes: [notes(snapshot), outsiders(catalog, snapshot, asked)].concat(),
    };
    for (who, open) in answers {
        answer.principals.extend(who);
        answer.undecided.extend(open);
    }
    answer.principals.sort_by(|a, b| (a.path.len(), &a.arn).cmp(&(b.path.len(), &b.arn)));
    answer
}

/// How one principal can, and by which steps; what could not be decided where it cannot.
fn one(graph: &Graph<'_>, from: usize, thing: &Thing, direct: bool) -> (Option<(Can, Vec<Link>)>, Vec<String>) {
    let words = |why: BTreeSet<Undecided>| why.iter().map(ToString::to_string).collect();
    match graph.can(&Being { principal: from, change: Change::default() }, thing) {
        Ok(Some(can)) => return (Some((can, Vec::new())), Vec::new()),
        Err(why) => return (None, words(why)),
        Ok(None) if direct => return (None, Vec::new()),
        Ok(None) => {}
    }
    // Many paths lead to the same.
    let mut asked: HashMap<Being, bool> = HashMap::new();
    let mut goal = |way: &Way<'_>| {
        let last = way.last();
        if asked.get(last) == Some(&false) {
            return Met::No;
        }
        match graph.can(last, thing) {
            Ok(None) => {
                asked.insert(last.clone(), false);
                Met::No
            }
            Err(why) => Met::Undecided(why),
            Ok(Some(can)) => match graph.links(&way.beings()) {
                Ok(links) => Met::Yes((can, links)),
                Err(why) => Met::Undecided(why),
            },
        }
    };
    let search = graph.shortest(from, &mut goal);
    match search.found {
        Some(found) => (Some(found.shown), Vec::new()),
        None => (None, words(search.undecided)),
    }
}

fn told(
    graph: &Graph<'_>,
    catalog: &Catalog,
    asked: &Asked<'_>,
    from: usize,
    account: &str,
    can: &Can,
    links: &[Link],
) -> Who {
    let several = asked.action.contains(['*', '?']);
    let conditions = |link: &Link| {
        let mut all: Vec<String> = Vec::new();
        for line in link.asks.iter().flat_map(|asks| cube_text::conditions(&asks.cubes)) {
            if !all.contains(&line) {
                all.push(line);
            }
        }
        all
    };
    let step = |link: &Link| Step {
        conditions: conditions(link),
        from: graph.arn(link.from.principal).to_owned(),
        to: graph.arn(link.to.principal).to_owned(),
        how: link.says(|being| graph.arn(being.principal).to_owned()),
        paths: link.by.iter().map(|path| path.id.clone()).collect(),
        rests_on: link.rests_on.iter().map(|what| (*what).to_owned()).collect(),
    };
    Who {
        arn: graph.arn(from).to_owned(),
        account: account.to_owned(),
        path: links.iter().map(step).collect(),
        actions: can.actions.iter().filter(|_| several).map(|id| catalog.full_name(*id)).collect(),
        resources: if can.roles.is_empty() { cube_text::resources(&can.cubes) } else { can.roles.clone() },
        conditions: cube_text::conditions(&can.cubes),
        more: can.more,
        granted_by: can.granted_by.iter().filter_map(|(policy, index)| granted_by(policy, *index)).collect(),
        witness: witness(&can.request),
    }
}

fn granted_by(policy: &PolicyRef, index: usize) -> Option<GrantedBy> {
    let statement = policy.document.statements.get(index)?;
    let arn = match &policy.origin {
        PolicyOrigin::Held(Holding::Attached { arn, .. } | Holding::Boundary { arn }) => Some(arn.clone()),
        PolicyOrigin::Resource { arn } => Some(arn.clone()),
        _ => None,
    };
    Some(GrantedBy {
        policy: policy.name.clone(),
        arn,
        statement: index,
        sid: statement.sid.as_deref().map(str::to_owned),
        place: policy.document.statement_place(statement).to_string(),
    })
}

fn witness(request: &Request) -> Witness {
    let context = request.context.0.iter().map(|(key, value)| (key.as_written().to_owned(), value.values().to_vec()));
    Witness { action: request.action.clone(), resource: request.resource.clone(), context: context.collect() }
}

fn unread(snapshot: &Snapshot) -> Vec<String> {
    let why = |problem: &iamdrift::snapshot::Problem| problem.diagnostics.0.first().map(ToString::to_string);
    let read = snapshot.problems.iter().map(|p| format!("{}: {}", p.what, why(p).unwrap_or_default()));
    snapshot.uncollected.iter().map(|one| format!("{one}: {}", one.why())).chain(read).collect()
}

/// Those outside the snapshot whom the policies of resources let do it: they were not asked.
fn outsiders(catalog: &Catalog, snapshot: &Snapshot, asked: &Asked<'_>) -> Vec<String> {
    let action = asked.action.to_ascii_lowercase();
    let meant: Vec<String> = (0..catalog.action_count())
        .filter_map(|id| Some(catalog.full_name(ActionId(u32::try_from(id).ok()?)).to_ascii_lowercase()))
        .filter(|name| Glob::new(&action).matches(name))
        .collect();
    let is_meant = |statement: &Statement| {
        let listed = |name: &String| {
            let matches = |pattern: &ActionPattern| Glob::new(&pattern.as_written().to_ascii_lowercase()).matches(name);
            statement.action.patterns.iter().any(matches) == (statement.action.listing == Listing::Only)
        };
        statement.effect == Effect::Allow && meant.iter().any(listed)
    };
    let is_on = |arn: &str| {
        asked.resource.is_none_or(|on| on.starts_with(arn) || Glob::new(on).matches(arn) || arn.starts_with(fixed(on)))
    };
    let roles = snapshot
        .principals()
        .filter_map(|(_, role)| Some((role.arn.as_str(), "trust policy", &role.trust.as_ref()?.document)));
    let resources = snapshot
        .resource_policies
        .iter()
        .filter_map(|resource| Some((resource.arn.as_str(), "policy", resource.policy.document.as_ref().ok()?)));
    let mut lines = Vec::new();
    for (arn, what, document) in roles.chain(resources).filter(|(arn, ..)| is_on(arn)) {
        let elements = document.statements.iter().filter(|one| is_meant(one)).filter_map(|one| one.principal.as_ref());
        let strangers: BTreeSet<String> =
            elements.flat_map(|element| &element.entries).filter_map(|entry| stranger(snapshot, entry)).collect();
        if !strangers.is_empty() {
            let who: Vec<String> = strangers.into_iter().collect();
            lines.push(format!(
                "the {what} of {arn} names {}: whoever that is outside the snapshot was not asked",
                who.join(", ")
            ));
        }
    }
    lines
}

/// What stands before the first wildcard.
fn fixed(glob: &str) -> &str {
    glob.split(['*', '?']).next().filter(|_| glob.contains(['*', '?'])).unwrap_or("no ARN begins so")
}

/// The name of someone who is not in the snapshot.
fn stranger(snapshot: &Snapshot, entry: &PrincipalEntry) -> Option<String> {
    let account = match entry {
        PrincipalEntry::Anyone => return Some("anyone".to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::Account(account)) => account.as_str().to_owned(),
        PrincipalEntry::Aws(AwsPrincipal::Root(arn) | AwsPrincipal::Arn(arn)) => arn.account().to_owned(),
        PrincipalEntry::Federated(provider) => return Some(provider.to_string()),
        PrincipalEntry::CanonicalUser(id) => return Some(format!("canonical user {id}")),
        PrincipalEntry::Service(_) | PrincipalEntry::Aws(AwsPrincipal::UniqueId(_)) => return None,
    };
    let known = snapshot.accounts.iter().any(|known| known.id.as_str() == account);
    (!known).then(|| format!("account {account}"))
}

fn notes(snapshot: &Snapshot) -> Vec<String> {
    let mut notes = Vec::new();
    if snapshot.organization.is_none() {
        notes.push("the snapshot holds no organization: no SCP and no RCP was looked at".to_owned());
    }
    if snapshot.resource_policies.is_empty() {
        notes.push("the snapshot holds no policies of resources: what they allow or deny was not looked at".to_owned());
    }
    notes
}
