//! The request to explain: validated arguments, and context keys whose values are known.

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::access::{
    Context, ContextValue, KeyFact, KnownContext, Layers, PolicyRef, Request, RequestFacts, find_time, to_clock_value,
};
use iamdrift::catalog::{ActionId, Catalog, Multiplicity};
use iamdrift::iam::condition::ConditionValue;
use iamdrift::iam::value::Instant;
use iamdrift::iam::{Arn, ContextKey, Partition};

use super::explanation::{ContextEntry, ContextValueSource, MissingContextKey};
use super::service_match::may_list_service;
use crate::cli::UserError;
use crate::cli::action_argument::suggest_action;

/// The validated arguments of a request.
pub struct RequestArgs {
    action: String,
    resource: String,
    context: BTreeMap<ContextKey, ContextValue>,
    /// Notes for the user about the request.
    pub notes: Vec<String>,
}

impl RequestArgs {
    /// Validates the arguments.
    pub fn new(
        catalog: &Catalog,
        action: &str,
        resource: Option<&str>,
        context: &[String],
    ) -> Result<RequestArgs, UserError> {
        let mut notes = Vec::new();
        let (service, name) = action.split_once(':').unwrap_or_default();
        if service.is_empty() || name.is_empty() || action.contains(['*', '?']) {
            let help = "use `service:Action` without wildcards, such as s3:GetObject";
            return Err(UserError::new(format!("`{action}` is not an action"), help));
        }
        let action_id = catalog.find_action(action);
        if action_id.is_none() {
            notes.push(describe_unknown_action(catalog, action));
        }
        if let Some(resource) = resource.filter(|resource| *resource != "*" && Arn::parse(resource).is_none()) {
            let help = "use an ARN, or `*` for an action without resource types";
            return Err(UserError::new(format!("`{resource}` is not a resource"), help));
        }
        if let (None, Some(id)) = (resource, action_id) {
            notes.extend(describe_arn_formats(catalog, id));
        }
        let context = parse_context(catalog, context)?;
        Ok(RequestArgs {
            action: action_id.map_or_else(|| action.to_owned(), |id| catalog.full_name(id)),
            resource: resource.unwrap_or("*").to_owned(),
            context,
            notes,
        })
    }

    /// The resource: an ARN, or `*`.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The request, and its context keys: those that the user set, and those that statements name and whose value is known.
    pub fn to_request(
        &self,
        catalog: &Catalog,
        layers: &Layers,
        known_context: &KnownContext,
    ) -> (Request, Vec<ContextEntry>) {
        let mut context = Context(self.context.clone());
        let mut entries: Vec<ContextEntry> =
            self.context.iter().map(|(key, value)| ContextEntry::new(key, value, ContextValueSource::Given)).collect();
        let arn = Arn::parse(&self.resource);
        // The request is made now, unless the user sets a time.
        let now = || Instant(i128::from(jiff::Timestamp::now().as_second()) * 1_000_000_000);
        let time = find_time(&context).unwrap_or_else(now);
        let facts = self.request_facts(catalog, layers, known_context);
        for key in context_keys(layers) {
            if context.get(&key).is_some() {
                continue;
            }
            let is_in_arn =
                |value: &str| arn.as_ref().is_some_and(|arn| [arn.region(), arn.account()].contains(&value));
            let (value, source) = match (known_context.fact(&key), facts.key_fact(&key)) {
                (KeyFact::Value(value), _) => (ContextValue::Single(value), ContextValueSource::Snapshot),
                (KeyFact::Set(values), _) => (ContextValue::Set(values), ContextValueSource::Snapshot),
                (KeyFact::NotBefore(_), _) => {
                    let value = to_clock_value(&key, time);
                    (ContextValue::Single(value), ContextValueSource::Request)
                }
                (_, Some(KeyFact::Value(value))) if is_in_arn(&value) => {
                    (ContextValue::Single(value), ContextValueSource::Resource)
                }
                (_, Some(KeyFact::Value(value))) => (ContextValue::Single(value), ContextValueSource::Request),
                (_, Some(KeyFact::Set(values))) => (ContextValue::Set(values), ContextValueSource::Request),
                _ => continue,
            };
            // A single value of a multivalued key is a set with one element.
            let value = match value {
                ContextValue::Single(single) if is_multivalued(catalog, &key) => ContextValue::Set(vec![single]),
                other => other,
            };
            entries.push(ContextEntry::new(&key, &value, source));
            context.0.insert(key, value);
        }
        (Request { action: self.action.clone(), resource: self.resource.clone(), context }, entries)
    }

    fn request_facts<'a>(
        &'a self,
        catalog: &'a Catalog,
        layers: &Layers,
        known_context: &'a KnownContext,
    ) -> RequestFacts<'a> {
        let partition = layers.principal.arn.as_ref().and_then(|arn| Partition::parse(arn.partition()));
        RequestFacts::new(catalog, known_context.directory(), &self.action, &self.resource, partition)
    }

    /// Context keys that statements name and that the request lacks, except keys that no such request of the principal
    /// contains.
    pub fn find_missing_keys(
        &self,
        catalog: &Catalog,
        layers: &Layers,
        request: &Request,
        known_context: &KnownContext,
    ) -> Vec<MissingContextKey> {
        let facts = self.request_facts(catalog, layers, known_context);
        let is_missing = |key: &ContextKey| {
            request.context.get(key).is_none()
                && known_context.fact(key) != KeyFact::Missing
                && facts.key_fact(key) != Some(KeyFact::Missing)
        };
        let to_missing_key = |key: ContextKey| {
            let is_always_present =
                matches!(known_context.fact(&key), KeyFact::Present | KeyFact::StartsWith(_) | KeyFact::NotBefore(_));
            MissingContextKey { key: key.as_written().to_owned(), every_request_has_it: is_always_present }
        };
        let service_keys = context_keys_of_statements(layers, |statement| may_list_service(statement, &request.action));
        service_keys.into_iter().filter(is_missing).map(to_missing_key).collect()
    }
}

fn context_keys(layers: &Layers) -> BTreeSet<ContextKey> {
    context_keys_of_statements(layers, |_| true)
}

/// The context keys that the conditions and policy variables of the selected statements name.
fn context_keys_of_statements(
    layers: &Layers,
    is_selected: impl Fn(&iamdrift::iam::Statement) -> bool,
) -> BTreeSet<ContextKey> {
    let optional_policies = [&layers.boundary, &layers.session].into_iter().flatten().flatten();
    let rcps = layers.rcps.iter().flat_map(|rcps| rcps.levels()).map(|control| &control.level);
    let levels = layers.scps.iter().flatten().chain(rcps).flat_map(|level| &level.policies);
    let resources = layers.resource_policies.iter().map(|resource| &resource.policy);
    let policies: Vec<&PolicyRef> =
        layers.identity.iter().chain(optional_policies).chain(levels).chain(resources).collect();
    let mut keys = BTreeSet::new();
    for statement in
        policies.iter().flat_map(|policy| &policy.document.statements).filter(|statement| is_selected(statement))
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

fn is_multivalued(catalog: &Catalog, key: &ContextKey) -> bool {
    catalog.key_definition(key.as_written()).is_some_and(|facts| facts.multiplicity == Multiplicity::Multi)
}

fn parse_context(catalog: &Catalog, context: &[String]) -> Result<BTreeMap<ContextKey, ContextValue>, UserError> {
    let mut values: BTreeMap<ContextKey, Vec<String>> = BTreeMap::new();
    for entry in context {
        let Some((key, value)) = entry.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            let help = "use `--context KEY=VALUE`, such as --context aws:SourceIp=203.0.113.7";
            return Err(UserError::new(format!("`{entry}` is not KEY=VALUE"), help));
        };
        values.entry(ContextKey::new(key)).or_default().push(value.to_owned());
    }
    let to_context_value = |(key, values): (ContextKey, Vec<String>)| {
        let facts = catalog.key_definition(key.as_written());
        let value = match (facts.map(|facts| facts.multiplicity), <[String; 1]>::try_from(values)) {
            (Some(Multiplicity::Multi), Ok(single)) => ContextValue::Set(single.into()),
            (_, Ok([single])) => ContextValue::Single(single),
            (Some(Multiplicity::Single), Err(_)) => {
                let help = "set it once: AWS defines it as single-valued";
                return Err(UserError::new(format!("{key} takes one value"), help));
            }
            (_, Err(values)) => ContextValue::Set(values),
        };
        Ok((key, value))
    };
    values.into_iter().map(to_context_value).collect()
}

fn describe_unknown_action(catalog: &Catalog, action: &str) -> String {
    let suggestion =
        suggest_action(catalog, action).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("unknown action `{action}`{suggestion}")
}

/// A note about the resources that an action takes. `None` if it takes no resource.
fn describe_arn_formats(catalog: &Catalog, action: ActionId) -> Option<String> {
    if catalog.can_lack_resource(catalog.shape(action)) {
        return None;
    }
    let types = catalog.resource_types(catalog.shape(action));
    let arn_formats: BTreeSet<&str> =
        types.iter().flat_map(|id| catalog.arn_formats(*id)).map(|format| &**format).collect();
    let format_list: Vec<&str> = arn_formats.into_iter().collect();
    let name = catalog.full_name(action);
    (!format_list.is_empty())
        .then(|| format!("{name} was evaluated on `*`, but it takes a resource: {}", format_list.join(", ")))
}
