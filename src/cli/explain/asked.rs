//! The request that a user asks about: checked, and its context filled in with what is known.

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::access::{Context, ContextValue, Known, KnownContext, Layers, PolicyRef, Request};
use iamdrift::catalog::{ActionId, Catalog, Multiplicity};
use iamdrift::iam::condition::ConditionValue;
use iamdrift::iam::{Arn, ContextKey};
use iamdrift::source::did_you_mean;

use super::told::{ContextEntry, Lacking, Source};
use crate::cli::UserError;

/// What was asked.
pub struct Asked {
    action: String,
    resource: String,
    given: BTreeMap<ContextKey, ContextValue>,
    /// What the user should know about the question.
    pub notes: Vec<String>,
}

impl Asked {
    /// Checks a question.
    pub fn new(
        catalog: &Catalog,
        action: &str,
        resource: Option<&str>,
        context: &[String],
    ) -> Result<Asked, UserError> {
        let mut notes = Vec::new();
        let (service, name) = action.split_once(':').unwrap_or_default();
        if service.is_empty() || name.is_empty() || action.contains(['*', '?']) {
            let help = "give `service:Action` without wildcards, such as s3:GetObject";
            return Err(UserError::new(format!("`{action}` is not an action"), help));
        }
        let known = catalog.find_action(action);
        if known.is_none() {
            notes.push(unknown_action(catalog, action, service));
        }
        if let Some(resource) = resource.filter(|resource| *resource != "*" && Arn::parse(resource).is_none()) {
            let help = "give an ARN, or `*` for an action that names no resource";
            return Err(UserError::new(format!("`{resource}` is not a resource"), help));
        }
        if let (None, Some(id)) = (resource, known) {
            notes.extend(forms(catalog, id));
        }
        Ok(Asked {
            action: known.map_or_else(|| action.to_owned(), |id| catalog.full_name(id)),
            resource: resource.unwrap_or("*").to_owned(),
            given: given(catalog, context)?,
            notes,
        })
    }

    /// The request, and the keys of its context that were given or that the statements name.
    pub fn request(&self, catalog: &Catalog, layers: &Layers, known: &KnownContext) -> (Request, Vec<ContextEntry>) {
        let mut context = Context(self.given.clone());
        let mut entries: Vec<ContextEntry> =
            self.given.iter().map(|(key, value)| ContextEntry::new(key, value, Source::Given)).collect();
        let arn = Arn::parse(&self.resource);
        for key in named(layers) {
            if context.get(&key).is_some() {
                continue;
            }
            let by_arn = arn.as_ref().and_then(|arn| match key.lower() {
                "aws:requestedregion" => Some(arn.region()),
                "aws:resourceaccount" => Some(arn.account()),
                _ => None,
            });
            let (value, source) = match (known.of(&key), by_arn.filter(|text| !text.is_empty())) {
                (Known::Value(value), _) => (ContextValue::One(value), Source::Snapshot),
                (Known::Set(values), _) => (ContextValue::Set(values), Source::Snapshot),
                (_, Some(text)) => (ContextValue::One(text.to_owned()), Source::Resource),
                _ => continue,
            };
            // A single value of a key that holds several is a set of one.
            let value = match value {
                ContextValue::One(one) if is_multi(catalog, &key) => ContextValue::Set(vec![one]),
                other => other,
            };
            entries.push(ContextEntry::new(&key, &value, source));
            context.0.insert(key, value);
        }
        (Request { action: self.action.clone(), resource: self.resource.clone(), context }, entries)
    }
}

/// Keys that statements name and that the request lacks, save those that no request of the principal has.
pub fn lacking(layers: &Layers, request: &Request, known: &KnownContext) -> Vec<Lacking> {
    let lacks = |key: &ContextKey| request.context.get(key).is_none() && known.of(key) != Known::Missing;
    let one = |key: ContextKey| {
        let always = matches!(known.of(&key), Known::Present | Known::StartsWith(_));
        Lacking { key: key.as_written().to_owned(), every_request_has_it: always }
    };
    let speaking = named_by(layers, |statement| super::words::speaks_of_service(statement, &request.action));
    speaking.into_iter().filter(lacks).map(one).collect()
}

fn named(layers: &Layers) -> BTreeSet<ContextKey> {
    named_by(layers, |_| true)
}

/// The keys that the conditions and variables of some statements name.
fn named_by(layers: &Layers, wanted: impl Fn(&iamdrift::iam::Statement) -> bool) -> BTreeSet<ContextKey> {
    let lists = [&layers.boundary, &layers.session].into_iter().flatten().flatten();
    let levels = [&layers.scps, &layers.rcps].into_iter().flatten().flatten().flat_map(|level| &level.policies);
    let resources = layers.resource_policies.iter().map(|resource| &resource.policy);
    let policies: Vec<&PolicyRef> = layers.identity.iter().chain(lists).chain(levels).chain(resources).collect();
    let mut keys = BTreeSet::new();
    for statement in
        policies.iter().flat_map(|policy| &policy.document.statements).filter(|statement| wanted(statement))
    {
        let patterns = statement.resource.iter().flat_map(|element| &element.patterns);
        keys.extend(patterns.flat_map(|pattern| pattern.variables()).cloned());
        for condition in &statement.conditions {
            keys.insert(condition.key.clone());
            for value in &condition.values {
                if let ConditionValue::Text(template) = value {
                    keys.extend(template.variables().cloned());
                }
            }
        }
    }
    keys
}

fn is_multi(catalog: &Catalog, key: &ContextKey) -> bool {
    catalog.key_facts(key.as_written()).is_some_and(|facts| facts.multiplicity == Multiplicity::Multi)
}

fn given(catalog: &Catalog, context: &[String]) -> Result<BTreeMap<ContextKey, ContextValue>, UserError> {
    let mut values: BTreeMap<ContextKey, Vec<String>> = BTreeMap::new();
    for entry in context {
        let Some((key, value)) = entry.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            let help = "give `--context KEY=VALUE`, such as --context aws:SourceIp=203.0.113.7";
            return Err(UserError::new(format!("`{entry}` is not a context key with its value"), help));
        };
        values.entry(ContextKey::new(key)).or_default().push(value.to_owned());
    }
    let one = |(key, values): (ContextKey, Vec<String>)| {
        let facts = catalog.key_facts(key.as_written());
        let value = match (facts.map(|facts| facts.multiplicity), <[String; 1]>::try_from(values)) {
            (Some(Multiplicity::Multi), Ok(one)) => ContextValue::Set(one.into()),
            (_, Ok([one])) => ContextValue::One(one),
            (Some(Multiplicity::Single), Err(_)) => {
                let help = "give it once; AWS's reference says so";
                return Err(UserError::new(format!("{key} holds one value"), help));
            }
            (_, Err(values)) => ContextValue::Set(values),
        };
        Ok((key, value))
    };
    values.into_iter().map(one).collect()
}

fn unknown_action(catalog: &Catalog, action: &str, service: &str) -> String {
    let near = match catalog.find_service(service) {
        Some(id) => {
            let names: Vec<String> = catalog.actions_of(id).map(|id| catalog.full_name(ActionId(id))).collect();
            did_you_mean(action, names.iter().map(String::as_str)).map(str::to_owned)
        }
        None => did_you_mean(service, catalog.services().map(|id| catalog.service_prefix(id)))
            .map(|service| format!("{service}:…")),
    };
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("the service catalog knows no action `{action}`{near}")
}

/// Which ARNs an action takes.
fn forms(catalog: &Catalog, action: ActionId) -> Option<String> {
    let types = catalog.resource_types(catalog.shape(action));
    let forms: BTreeSet<&str> = types.iter().flat_map(|id| catalog.arn_formats(*id)).map(|form| &**form).collect();
    let listed: Vec<&str> = forms.into_iter().collect();
    let name = catalog.full_name(action);
    (!listed.is_empty()).then(|| format!("{name} was asked on `*`; it is asked on resources: {}", listed.join(", ")))
}
