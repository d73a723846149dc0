//! Questions about a part of what a principal may do: guards, personas, the boundary's duties.
//!
//! Each asks whether a request is allowed that lies within some part and not within what is expected of that part.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::made;
use super::rules::RuleId;
use super::run::Options;
use super::subject::{Ceilings, Declared};
use crate::baseline::{Baseline, CeilingDocument, Entry, Glob, Guard, GuardedActions, Kind, Persona};
use crate::catalog::{ActionClass, Catalog};
use crate::kinds::Who;
use crate::snapshot::{Account, Principal};
use crate::source::{Diagnostics, Span};

/// What a question is about. The indices are those of the baseline.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum About {
    /// A guard.
    Guard(usize),
    /// A persona.
    Persona(usize),
    /// What an agent could destroy with the credentials of this operator.
    ThroughAgent,
    /// Whether the declared boundary can be got rid of.
    Boundary,
}

/// One question.
pub(super) struct Topic {
    /// What it is about.
    pub about: About,
    /// How it is called where it is undecided.
    pub name: String,
    /// The part.
    pub within: Declared,
    /// What of it is expected.
    pub expected: Arc<Declared>,
}

impl Topic {
    /// The documents of both sides.
    pub fn documents(&self) -> impl Iterator<Item = &CeilingDocument> {
        self.within.documents.iter().chain(&self.expected.documents)
    }
}

/// The questions of a baseline, each made once.
pub(super) struct Topics<'a> {
    baseline: &'a Baseline,
    catalog: &'a Catalog,
    wanted: Wanted,
    guards: BTreeMap<usize, Arc<Topic>>,
    boundaries: BTreeMap<(usize, Option<String>), Arc<Topic>>,
    personas: BTreeMap<(usize, usize), Arc<Topic>>,
    through: BTreeMap<Option<usize>, Option<Arc<Topic>>>,
}

/// Which rules are asked for.
struct Wanted {
    guards: bool,
    boundaries: bool,
    personas: bool,
}

impl<'a> Topics<'a> {
    /// The questions of a baseline, none of them made yet.
    pub fn new(baseline: &'a Baseline, catalog: &'a Catalog, options: &Options) -> Topics<'a> {
        let wanted = Wanted {
            guards: options.wants(RuleId::Unguarded),
            boundaries: options.wants(RuleId::Boundary),
            personas: options.wants(RuleId::Broader),
        };
        Topics {
            baseline,
            catalog,
            wanted,
            guards: BTreeMap::new(),
            boundaries: BTreeMap::new(),
            personas: BTreeMap::new(),
            through: BTreeMap::new(),
        }
    }

    /// Those of a principal; `index` is that of the entry that binds it.
    ///
    /// # Errors
    /// The ceiling of a persona that cannot be resolved.
    pub fn of(
        &mut self,
        index: Option<usize>,
        who: Who,
        (account, principal): (&Account, &Principal),
        ceilings: &mut Ceilings<'_>,
    ) -> Result<Vec<Arc<Topic>>, Diagnostics> {
        let mut topics = Vec::new();
        let entry = index.and_then(|index| self.baseline.entries.get(index));
        if let (Some(index), Some(entry)) = (index, entry) {
            if self.wanted.guards {
                topics.extend(self.guards(entry));
            }
            if self.wanted.boundaries {
                topics.extend(self.boundary(index, entry, principal));
            }
            if self.wanted.personas {
                topics.extend(self.personas(entry, account, ceilings)?);
            }
        }
        let asked = self.wanted.guards && self.baseline.settings.through_agents && who == Who::Operator;
        if asked && !self.has_agent_persona(entry) {
            let (baseline, catalog) = (self.baseline, self.catalog);
            let made = self.through.entry(index).or_insert_with(|| through_agent(baseline, catalog, entry));
            topics.extend(made.clone());
        }
        Ok(topics)
    }

    fn guards(&mut self, entry: &Entry) -> Vec<Arc<Topic>> {
        let (baseline, catalog) = (self.baseline, self.catalog);
        let named = |(_, guard): &(usize, &Guard)| entry.guards.iter().any(|name| name.value == guard.name.value);
        let guards = baseline.guards.iter().enumerate().filter(named);
        let made = guards.map(|(index, guard)| {
            let made = self.guards.entry(index).or_insert_with(|| Arc::new(guarding(baseline, catalog, index, guard)));
            Arc::clone(made)
        });
        made.collect()
    }

    fn boundary(&mut self, index: usize, entry: &Entry, principal: &Principal) -> Option<Arc<Topic>> {
        let baseline = self.baseline;
        let duty = entry.boundary.as_ref()?;
        let glob = duty.globs.first()?;
        let attached = principal.boundary.as_ref().map(|boundary| boundary.arn.clone());
        // Nobody but AWS rewrites its own policies; one that is not attached is missing, which is told.
        let own = attached.filter(|arn| glob.matches(arn) && !arn.contains(":iam::aws:"));
        let made = self
            .boundaries
            .entry((index, own.clone()))
            .or_insert_with(|| Arc::new(bounding(baseline, glob.as_str(), own.as_deref(), duty.span)));
        Some(Arc::clone(made))
    }

    fn personas(
        &mut self,
        entry: &Entry,
        account: &Account,
        ceilings: &mut Ceilings<'_>,
    ) -> Result<Vec<Arc<Topic>>, Diagnostics> {
        let mut topics = Vec::new();
        for (index, persona) in self.baseline.personas.iter().enumerate() {
            if persona.of.value != entry.name.value {
                continue;
            }
            let expected = ceilings.of_persona(index, account)?;
            let key = (index, Arc::as_ptr(&expected) as usize);
            let made = self.personas.entry(key).or_insert_with(|| {
                let within =
                    json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": persona.when.json }]);
                let within = made::declared("when", as_list(&within), None);
                let name = format!("as the persona \"{}\"", persona.name.value);
                Arc::new(Topic { about: About::Persona(index), name, within, expected })
            });
            topics.push(Arc::clone(made));
        }
        Ok(topics)
    }

    /// Whether the manifest says itself what agents may do with these credentials.
    fn has_agent_persona(&self, entry: Option<&Entry>) -> bool {
        let is_of = |persona: &&Persona| entry.is_some_and(|entry| entry.name.value == persona.of.value);
        self.baseline.personas.iter().filter(is_of).any(|persona| persona.kind == Kind::Agent)
    }
}

fn as_list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The actions of a guard, in the patterns of a policy.
pub(super) fn actions(catalog: &Catalog, guard: &Guard) -> Vec<String> {
    let of = |actions: &GuardedActions| match actions {
        GuardedActions::Class(class) => made::class(catalog, *class),
        GuardedActions::Pattern(pattern) => vec![pattern.clone()],
    };
    guard.actions.iter().flat_map(of).collect()
}

/// Is an action of the guard allowed outside of what it says?
fn guarding(baseline: &Baseline, catalog: &Catalog, index: usize, guard: &Guard) -> Topic {
    let allowed = made::allow(&actions(catalog, guard), &made::everywhere());
    let mut expected = allowed.clone();
    if let Some(statement) = expected.as_object_mut() {
        statement.insert("Condition".to_owned(), guard.unless.json.clone());
    }
    let name = format!("the guard \"{}\"", guard.name.value);
    let at = Some((baseline.source(), guard.unless.span));
    let expected = Arc::new(made::declared(&name, &[expected], at));
    Topic { about: About::Guard(index), within: made::declared(&name, &[allowed], None), expected, name }
}

/// Can the boundary be taken off, replaced or rewritten, or a principal be made without it?
fn bounding(baseline: &Baseline, glob: &str, attached: Option<&str>, span: Span) -> Topic {
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let conditional = names(&SETTING);
    let all: Vec<String> = names(&DETACHING).into_iter().chain(conditional.clone()).collect();
    let mut within = vec![made::allow(&all, &made::everywhere())];
    within.extend(attached.map(|arn| made::allow(&names(&REWRITING), &[arn.to_owned()])));
    let mut expected = made::allow(&conditional, &made::everywhere());
    if let Some(statement) = expected.as_object_mut() {
        statement.insert("Condition".to_owned(), json!({ "StringLike": { "iam:PermissionsBoundary": glob } }));
    }
    let name = "the declared boundary".to_owned();
    let expected = Arc::new(made::declared(&name, &[expected], Some((baseline.source(), span))));
    Topic { about: About::Boundary, within: made::declared(&name, &within, None), expected, name }
}

/// By what a boundary is taken off.
pub(super) const DETACHING: [&str; 2] = ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"];
/// By what another is set in its place, or a principal is made.
pub(super) const SETTING: [&str; 4] =
    ["iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary", "iam:CreateRole", "iam:CreateUser"];
/// By what its policy gets another content.
pub(super) const REWRITING: [&str; 2] = ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];

/// What could an agent destroy that runs with these credentials? None where a guard stands before everything.
fn through_agent(baseline: &Baseline, catalog: &Catalog, entry: Option<&Entry>) -> Option<Arc<Topic>> {
    let guards = entry.into_iter().flat_map(|entry| &entry.guards).filter_map(|name| baseline.guard(&name.value));
    let guarded: Vec<String> = guards.filter(|guard| stands_between(guard)).flat_map(|g| actions(catalog, g)).collect();
    let lower = guarded.iter().map(|text| text.to_ascii_lowercase());
    let (wild, names): (BTreeSet<String>, BTreeSet<String>) = lower.partition(|text| text.contains(['*', '?']));
    let globs: Vec<Glob> = wild.iter().map(|text| Glob::new(text)).collect();
    let mut destroys = made::class(catalog, ActionClass::Destructive);
    destroys.retain(|name| {
        let name = name.to_ascii_lowercase();
        !names.contains(&name) && !globs.iter().any(|glob| glob.matches(&name))
    });
    if destroys.is_empty() {
        return None;
    }
    let mut statement = made::allow(&destroys, &made::everywhere());
    // An MCP server of AWS's puts both keys into the requests that it passes on.
    let when = json!({ "Bool": { "aws:ViaAWSMCPService": "true" }, "Null": { "aws:CalledViaAWSMCP": "false" } });
    if let Some(statement) = statement.as_object_mut() {
        statement.insert("Condition".to_owned(), when);
    }
    let name = "what an agent could do with its credentials".to_owned();
    let expected = Arc::new(Declared::of(Vec::new()));
    let within = made::declared(&name, &[statement], None);
    Some(Arc::new(Topic { about: About::ThroughAgent, name, within, expected }))
}

/// Whether a guard asks for something that comes from someone else, or that an agent's requests cannot have: then
/// its own finding tells where it does not hold.
fn stands_between(guard: &Guard) -> bool {
    guard.unless.conditions.iter().any(|condition| {
        let key = condition.key.lower();
        key.starts_with("aws:principaltag/")
            || matches!(key, "aws:sourceidentity" | "aws:viaawsmcpservice" | "aws:calledviaawsmcp")
    })
}
