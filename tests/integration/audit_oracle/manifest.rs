//! The baseline as plain data, read from the JSON that the manifest is rendered from.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::evaluator::condition::Condition;
use super::evaluator::decision::is_allowed_by;
use super::evaluator::pattern::{matches_action, matches_glob};
use super::evaluator::policy::{Policy, list_texts, parse_conditions};
use super::evaluator::{Reading, Request};
use super::generator::services::ACTIONS;

/// A declared ceiling.
#[derive(Clone, Debug)]
pub struct Ceiling {
    pub policies: Vec<Policy>,
    /// Whether a part names access levels: the oracle knows those of the generated services only.
    has_levels: bool,
}

impl Ceiling {
    fn read(item: &Json, documents: &BTreeMap<String, Json>) -> Ceiling {
        let mut policies: Vec<Policy> =
            list_texts(&item["allow"]).iter().map(|path| Policy::parse(&documents[path])).collect();
        for (service, levels) in item["levels"].as_object().into_iter().flatten() {
            let levels = list_texts(levels);
            let is_listed = |level: &str| levels.iter().any(|listed| listed == level);
            let actions = ACTIONS.iter().filter(|action| action.service() == service && is_listed(action.level));
            let resources = match item.get("resources") {
                Some(resources) => resources.clone(),
                None => serde_json::json!("*"),
            };
            policies.push(Policy::parse(&serde_json::json!({
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow", "Action": actions.map(|action| action.name).collect::<Vec<_>>(),
                    "Resource": resources,
                },
            })));
        }
        Ceiling { policies, has_levels: item.get("levels").is_some() }
    }

    /// Whether the ceiling allows a request. `None` if the oracle does not know.
    pub fn allows(&self, request: &Request, reading: Reading) -> Option<bool> {
        let is_known = ACTIONS.iter().any(|action| action.name.eq_ignore_ascii_case(&request.action));
        let allowed = is_allowed_by(&self.policies, request, reading);
        (allowed || is_known || !self.has_levels).then_some(allowed)
    }
}

/// Requests that need a condition, or requests with a ceiling of their own.
#[derive(Clone, Debug)]
pub struct Requirement {
    pub name: String,
    pub conditions: Vec<Condition>,
}

impl Requirement {
    fn read(item: &Json, block: &str) -> Requirement {
        Requirement { name: list_texts(&item["name"]).concat(), conditions: parse_conditions(&item[block], true) }
    }

    pub fn is_met(&self, request: &Request, reading: Reading) -> bool {
        self.conditions.iter().all(|condition| condition.holds(&request.context, reading))
    }
}

/// An entry of the manifest, or several that match one principal.
#[derive(Clone, Debug)]
pub struct Entry {
    selectors: Vec<String>,
    /// Every one must allow a request.
    ceilings: Vec<Ceiling>,
    /// What an exception accepts beyond the ceilings. Empty until the entry is found for a principal.
    accepted: Vec<Policy>,
    /// The guards, with the actions of each.
    pub guards: Vec<(Requirement, Vec<String>)>,
    pub personas: Vec<(Requirement, Ceiling)>,
    /// Who may assume the role, by each entry that declares it: a pattern and a condition.
    pub assumers: Vec<Vec<(String, Requirement)>>,
}

impl Entry {
    /// Whether the ceilings allow a request. `None` if the oracle does not know.
    pub fn allows(&self, request: &Request, reading: Reading) -> Option<bool> {
        let answers: Vec<Option<bool>> = self.ceilings.iter().map(|ceiling| ceiling.allows(request, reading)).collect();
        match answers.contains(&Some(false)) {
            true => Some(false),
            false => answers.iter().all(|answer| *answer == Some(true)).then_some(true),
        }
    }

    /// Whether a ceiling has the ARN of a resource in full.
    pub fn names_resource(&self, arn: &str) -> bool {
        let personas = self.personas.iter().map(|(_, ceiling)| ceiling);
        self.ceilings
            .iter()
            .chain(personas)
            .flat_map(|ceiling| &ceiling.policies)
            .any(|policy| policy.names_resource(arn))
    }

    /// The same entry without an exception.
    pub fn without_exception(self) -> Entry {
        Entry { accepted: Vec::new(), ..self }
    }

    /// Whether an exception accepts a request beyond the ceilings.
    pub fn accepts(&self, request: &Request, reading: Reading) -> bool {
        is_allowed_by(&self.accepted, request, reading)
    }
}

/// A baseline.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub entries: Vec<Entry>,
    /// The policies that each exception accepts, by the key of the finding.
    exceptions: BTreeMap<String, Vec<Policy>>,
    ignored: Vec<String>,
}

fn list<'a>(value: &'a Json, field: &str) -> Vec<&'a Json> {
    value[field].as_array().into_iter().flatten().collect()
}

impl Manifest {
    pub fn read(files: &BTreeMap<String, Json>) -> Manifest {
        let manifest = &files["baseline.json"];
        let read_entry = |entry: &&Json| {
            let guards = list_texts(&entry["guards"]);
            let guards = list(manifest, "guard")
                .into_iter()
                .filter(|guard| guards.contains(&list_texts(&guard["name"]).concat()));
            let personas = list(manifest, "persona").into_iter().filter(|persona| persona["of"] == entry["name"]);
            let assumers = entry.get("assumable_by").and_then(Json::as_array);
            let read_assumer = |assumer: &Json| match assumer.as_str() {
                Some(pattern) => (pattern.to_owned(), Requirement::read(assumer, "when")),
                None => (list_texts(&assumer["principal"]).concat(), Requirement::read(assumer, "when")),
            };
            Entry {
                selectors: list_texts(&entry["match"]),
                ceilings: vec![Ceiling::read(entry, files)],
                accepted: Vec::new(),
                guards: guards.map(|g| (Requirement::read(g, "unless"), list_texts(&g["actions"]))).collect(),
                assumers: assumers.into_iter().map(|assumers| assumers.iter().map(read_assumer).collect()).collect(),
                personas: personas.map(|p| (Requirement::read(p, "when"), Ceiling::read(p, files))).collect(),
            }
        };
        let read_exception = |exception: &&Json| {
            let documents = list_texts(&exception["accepts"]);
            let policies = documents.iter().map(|path| Policy::parse(&files[path])).collect();
            (list_texts(&exception["finding"]).concat(), policies)
        };
        Manifest {
            entries: list(manifest, "principal").iter().map(read_entry).collect(),
            exceptions: list(manifest, "exception").iter().map(read_exception).collect(),
            ignored: list(manifest, "ignore").iter().map(|ignore| list_texts(&ignore["match"]).concat()).collect(),
        }
    }

    /// Whether an `[[ignore]]` excludes a principal. Generated ones name one ARN.
    pub fn ignores(&self, arn: &str) -> bool {
        self.ignored.iter().any(|ignored| ignored == arn)
    }

    /// The entry of a principal; several as one. `None` if none matches.
    pub fn find_entry(&self, arn: &str) -> Option<Entry> {
        let fields = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
        let fits = |selector: &String| {
            let (globs, texts) = (fields(selector), fields(arn));
            selector == "*"
                || globs.len() == texts.len() && globs.iter().zip(&texts).all(|(glob, text)| matches_glob(glob, text))
        };
        let mut entries = self.entries.iter().filter(|entry| entry.selectors.iter().any(fits));
        let mut found = entries.next()?.clone();
        for other in entries {
            found.ceilings.extend(other.ceilings.iter().cloned());
            found.personas.extend(other.personas.iter().cloned());
            found.assumers.extend(other.assumers.iter().cloned());
            let is_new = |guard: &&(Requirement, Vec<String>)| found.guards.iter().all(|(g, _)| g.name != guard.0.name);
            let new: Vec<_> = other.guards.iter().filter(is_new).cloned().collect();
            found.guards.extend(new);
        }
        let (account, resource) = (fields(arn)[4].clone(), fields(arn)[5].clone());
        found.accepted = self.exceptions.get(&format!("iam001/{account}/{resource}")).cloned().unwrap_or_default();
        Some(found)
    }

    /// All conditions and policies: where the interesting values are.
    pub fn list_conditions(&self) -> Vec<&Condition> {
        let mut conditions = Vec::new();
        for entry in &self.entries {
            let guards = entry.guards.iter().map(|(requirement, _)| requirement);
            let requirements = guards.chain(entry.personas.iter().map(|(requirement, _)| requirement));
            conditions.extend(requirements.flat_map(|requirement| &requirement.conditions));
        }
        conditions
            .extend(self.list_policies().iter().flat_map(|policy| &policy.statements).flat_map(|s| &s.conditions));
        conditions
    }

    /// All policies.
    pub fn list_policies(&self) -> Vec<&Policy> {
        let personas = self.entries.iter().flat_map(|entry| entry.personas.iter().map(|(_, ceiling)| ceiling));
        let ceilings = self.entries.iter().flat_map(|entry| &entry.ceilings).chain(personas);
        ceilings.flat_map(|ceiling| &ceiling.policies).chain(self.exceptions.values().flatten()).collect()
    }
}

/// Whether a guard covers an action.
pub fn covers_action(actions: &[String], action: &str) -> bool {
    actions.iter().any(|pattern| matches_action(pattern, action))
}
