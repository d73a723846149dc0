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
use super::through_agent::through_agent;
use super::void::speaks_of;
use crate::baseline::{Baseline, CeilingDocument, Entry, Guard, GuardedActions};
use crate::catalog::Catalog;
use crate::iam::Effect;
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
    boundaries: BTreeMap<BoundaryKey, Arc<Topic>>,
    personas: BTreeMap<(usize, usize), Arc<Topic>>,
    through: BTreeMap<Option<usize>, Option<Arc<Topic>>>,
}

/// What a question about a boundary depends on: the entry, and the policies there.
type BoundaryKey = (usize, Vec<String>, Vec<String>, Option<String>);

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
                topics.extend(self.boundary(index, entry, (account, principal)));
            }
            if self.wanted.personas {
                topics.extend(self.personas(entry, account, ceilings)?);
            }
        }
        let asked = self.wanted.guards && self.baseline.settings.through_agents && who == Who::Operator;
        if asked {
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

    fn boundary(
        &mut self,
        index: usize,
        entry: &Entry,
        (account, principal): (&Account, &Principal),
    ) -> Option<Arc<Topic>> {
        let baseline = self.baseline;
        let duty = entry.boundary.as_ref()?;
        let glob = duty.globs.first()?;
        let attached = principal.boundary.as_ref().map(|boundary| &boundary.arn);
        let there: BTreeSet<&String> =
            attached.into_iter().chain(account.policies.keys()).filter(|arn| glob.matches(arn)).collect();
        // Who sets a boundary of its own making is not bound by it.
        let sets = principal.identity.iter().flat_map(|policy| &policy.document.statements).any(|statement| {
            statement.effect == Effect::Allow && SETTING.iter().any(|action| speaks_of(statement, action))
        });
        let boundaries = Boundaries {
            glob: glob.as_str(),
            // Nobody but AWS rewrites its own policies.
            rewritten: there
                .iter()
                .filter(|arn| (sets || attached == Some(**arn)) && !arn.contains(":iam::aws:"))
                .map(|arn| (*arn).clone())
                .collect(),
            made: free_names(glob.as_str(), account).filter(|_| sets),
            there: there.into_iter().cloned().collect(),
        };
        let key = (index, boundaries.there.clone(), boundaries.rewritten.clone(), boundaries.made.clone());
        let of_entry = || Arc::new(bounding(baseline, &boundaries, duty.span));
        Some(Arc::clone(self.boundaries.entry(key).or_insert_with(of_entry)))
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
    let actions = actions(catalog, guard);
    let allowed = made::allow(&actions, &made::everywhere());
    let expected = made::allow_under(&actions, &made::everywhere(), guard.unless.json.clone());
    let name = format!("the guard \"{}\"", guard.name.value);
    let at = Some((baseline.source(), guard.unless.span));
    let expected = Arc::new(made::declared(&name, &[expected], at));
    Topic { about: About::Guard(index), within: made::declared(&name, &[allowed], None), expected, name }
}

/// The policies that are a declared boundary.
struct Boundaries<'a> {
    glob: &'a str,
    /// Those that there are.
    there: Vec<String>,
    /// Those of which it matters whether the principal gives them another content.
    rewritten: Vec<String>,
    /// Those that it must not make.
    made: Option<String>,
}

/// Can the boundary be taken off, replaced or rewritten, or a principal be made without it?
fn bounding(baseline: &Baseline, boundaries: &Boundaries<'_>, span: Span) -> Topic {
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let under = |actions: &[&str], operator: &str, boundary: Value| {
        let condition = json!({ operator: { "iam:PermissionsBoundary": boundary } });
        made::allow_under(&names(actions), &made::everywhere(), condition)
    };
    // In a request that takes a boundary off, the key is the boundary that is attached.
    let detaching = match boundaries.there.as_slice() {
        [] => under(&DETACHING, "StringLike", json!(boundaries.glob)),
        there => under(&DETACHING, "StringEquals", json!(there)),
    };
    let mut within = vec![made::allow(&names(&SETTING), &made::everywhere()), detaching];
    if !boundaries.rewritten.is_empty() {
        within.push(made::allow(&names(&REWRITING), &boundaries.rewritten));
    }
    within.extend(boundaries.made.iter().map(|arn| made::allow(&names(&[MAKING]), std::slice::from_ref(arn))));
    let expected = under(&SETTING, "StringLike", json!(boundaries.glob));
    let name = "the declared boundary".to_owned();
    let expected = Arc::new(made::declared(&name, &[expected], Some((baseline.source(), span))));
    Topic { about: About::Boundary, within: made::declared(&name, &within, None), expected, name }
}

/// The policies of an account that an ARN glob leaves room to make; none where it is about one policy, or AWS's.
fn free_names(glob: &str, account: &Account) -> Option<String> {
    let name = glob.rsplit_once(":policy/").map_or(glob, |(_, name)| name);
    let free = name.contains(['*', '?']) && !glob.contains(":iam::aws:");
    free.then(|| format!("arn:{}:iam::{}:policy/{name}", account.partition.as_str(), account.id.as_str()))
}

/// By what a boundary is taken off.
pub(super) const DETACHING: [&str; 2] = ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"];
/// By what another is set in its place, or a principal is made.
pub(super) const SETTING: [&str; 4] =
    ["iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary", "iam:CreateRole", "iam:CreateUser"];
/// By what its policy gets another content.
pub(super) const REWRITING: [&str; 2] = ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];
/// By what another policy comes to be that the glob matches.
pub(super) const MAKING: &str = "iam:CreatePolicy";
