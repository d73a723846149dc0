//! Parses the input of a simulation, and reports each error with its position.

use std::sync::Arc;

use crate::access::request_facts::is_sts_action;
use crate::access::{
    Context, ContextValue, GovernedResources, Layers, OrganizationLevel, PolicyConsent, PolicyOrigin, PolicyRef,
    PrincipalInfo, PrincipalType, ResourceControls, ResourcePolicies, ResourcePolicy, SessionProviders, SessionScope,
    TrustPolicyEffect, UnknownResourcePolicy, complete_clock,
};
use crate::iam::template::{VariableScope, WildcardMode};
use crate::iam::{AccountId, Arn, ContextKey, DocumentKind, PolicyDocument, Template};
use crate::source::json_tree::{JsonNode, JsonValue};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const INPUT_FIELDS: [&str; 14] = [
    "PolicyInputList",
    "PermissionsBoundaryPolicyInputList",
    "ActionNames",
    "ResourceArns",
    "ResourcePolicy",
    "ResourceOwner",
    "CallerArn",
    "ContextEntries",
    "ResourceHandlingOption",
    "MaxItems",
    "Marker",
    "SessionPolicyInputList",
    "ServiceControlPolicyInputList",
    "ResourceControlPolicyInputList",
];
const ENTRY_FIELDS: [&str; 3] = ["ContextKeyName", "ContextKeyValues", "ContextKeyType"];
const CONTEXT_KEY_TYPES: [&str; 12] = [
    "string",
    "stringList",
    "numeric",
    "numericList",
    "boolean",
    "booleanList",
    "ip",
    "ipList",
    "binary",
    "binaryList",
    "date",
    "dateList",
];

/// A simulation: every action on every resource, in one context.
#[derive(Clone, Debug)]
pub struct SimulationInput {
    /// The policies and the principal.
    pub layers: Layers,
    /// The actions, in order.
    pub actions: Vec<String>,
    /// The resources, in order. `*` if the input lists none.
    pub resources: Vec<String>,
    /// The complete context. A key that it does not contain is missing.
    pub context: Context,
}

impl SimulationInput {
    /// Parses an input. `ResourceHandlingOption`, `MaxItems` and `Marker` are accepted without effect, since the answer
    /// is never split into pages.
    pub fn read(source: &Arc<SourceFile>, node: &JsonNode) -> Result<SimulationInput, Diagnostics> {
        let mut reader = InputReader { source, problems: Vec::new() };
        let input = reader.read_input(node);
        if reader.problems.is_empty() { Ok(input) } else { Err(Diagnostics(reader.problems)) }
    }
}

struct InputReader<'a> {
    source: &'a Arc<SourceFile>,
    problems: Vec<Diagnostic>,
}

impl InputReader<'_> {
    fn report(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    /// Checks that a value is an object and has no other fields than these.
    fn check_object(&mut self, node: &JsonNode, description: &str, fields: &[&str]) {
        if !matches!(node.value, JsonValue::Object(_)) {
            self.report(node.span, format!("{description} cannot be {}", node.describe_type()), "an object");
        }
        for member in node.members().iter().filter(|m| !fields.contains(&&*m.name)) {
            self.problems.push(
                Diagnostic::error(
                    self.source,
                    member.name_span,
                    format!("unknown field `{}` in {description}", member.name),
                    format!("one of {}", fields.join(", ")),
                )
                .with_suggestion(&member.name, fields.iter().copied()),
            );
        }
    }

    fn read_input(&mut self, node: &JsonNode) -> SimulationInput {
        self.check_object(node, "a simulation input", &INPUT_FIELDS);
        if matches!(node.value, JsonValue::Object(_)) && node.get("ActionNames").is_none() {
            self.report(node.span, "the input has no `ActionNames`", "`ActionNames`: a list of actions");
        }
        // A missing list was reported above. The input is not used if there is a problem.
        let actions = self.read_strings(node, "ActionNames").unwrap_or_default();
        for (action, span) in &actions {
            let is_action_name = |text: &str| text.split_once(':').is_some_and(|(s, n)| !s.is_empty() && !n.is_empty());
            if !is_action_name(action.trim()) || action.contains(['*', '?']) {
                self.report(*span, format!("`{action}` is not an action"), "\"service:Action\", without wildcards");
            }
        }
        let actions = actions.into_iter().map(|(action, _)| action).collect();
        let resources = match self.read_strings(node, "ResourceArns") {
            Some(list) if !list.is_empty() => {
                for (resource, span) in &list {
                    if resource != "*" && Arn::parse(resource).is_none() {
                        self.report(*span, format!("`{resource}` is not a resource"), "an ARN or \"*\"");
                    }
                }
                list.into_iter().map(|(resource, _)| resource).collect()
            }
            _ => vec!["*".to_owned()],
        };
        let context = self.read_context(node);
        let layers = self.read_layers(node);
        SimulationInput { layers, actions, resources, context }
    }

    fn read_layers(&mut self, node: &JsonNode) -> Layers {
        let principal = self.read_text(node, "CallerArn").map(|(arn, span)| match PrincipalInfo::from_arn(&arn) {
            Ok(info) => Some(info),
            Err(problem) => {
                self.report(span, problem.to_string(), "for example arn:aws:iam::111122223333:role/app");
                None
            }
        });
        // AWS: *SimulateCustomPolicy*. `CallerArn` is optional. An invalid one was reported.
        let principal = principal.flatten().unwrap_or(PrincipalInfo {
            arn: None,
            account: None,
            principal_type: PrincipalType::User,
            unique_id: None,
            sessions: SessionScope::Any,
            providers: SessionProviders::default(),
        });
        let resource_owner = self.read_text(node, "ResourceOwner").and_then(|(owner, span)| {
            let account =
                AccountId::parse(&owner).or_else(|| Arn::parse(&owner).and_then(|arn| AccountId::parse(arn.account())));
            if account.is_none() {
                self.report(
                    span,
                    format!("`{owner}` contains no account number"),
                    "an account number, or an ARN with one",
                );
            }
            account
        });
        Layers {
            identity: self.read_policies(node, "PolicyInputList", DocumentKind::Identity).unwrap_or_default(),
            boundary: self.read_policies(node, "PermissionsBoundaryPolicyInputList", DocumentKind::Identity),
            session: self.read_policies(node, "SessionPolicyInputList", DocumentKind::Identity),
            scps: self.read_levels(node, "ServiceControlPolicyInputList", DocumentKind::ServiceControl),
            rcps: self
                .read_levels(node, "ResourceControlPolicyInputList", DocumentKind::ResourceControl)
                .map(ResourceControls::on_every_resource),
            resource_policies: self.read_resource_policy(node, &principal, resource_owner.as_ref()),
            trust_policy_effect: TrustPolicyEffect::GrantAndRestrict,
            unknown_resource_policy: UnknownResourcePolicy::IsNone,
            resource_owner,
            principal,
        }
    }

    /// `ResourcePolicy`, which applies to every resource of the input.
    fn read_resource_policy(
        &mut self,
        node: &JsonNode,
        principal: &PrincipalInfo,
        owner: Option<&AccountId>,
    ) -> ResourcePolicies {
        let Some(document) = node.get("ResourcePolicy") else { return ResourcePolicies::none() };
        // The resource of an STS action is a role, and the policy of a role is a trust policy.
        let is_sts = self
            .read_strings(node, "ActionNames")
            .is_some_and(|actions| actions.iter().any(|(action, _)| is_sts_action(action)));
        let kind = if is_sts { DocumentKind::Trust } else { DocumentKind::Resource };
        let policy = self.read_policy(document, "ResourcePolicy".to_owned(), kind);
        let Some(owner) = owner.or(principal.account.as_ref()) else {
            if node.get("CallerArn").is_none() {
                self.report(
                    document.span,
                    "`ResourcePolicy` requires `CallerArn`, which its `Principal` is matched with",
                    "an input with `CallerArn`",
                );
            }
            return ResourcePolicies::none();
        };
        let everything = Template::parse("*", WildcardMode::Active, VariableScope::Nowhere);
        policy
            .into_iter()
            .map(|policy| ResourcePolicy {
                resources: GovernedResources::alone(vec![everything.clone()]),
                owner: owner.clone(),
                policy,
                consent: PolicyConsent::Required,
                unread_grants: None,
            })
            .collect()
    }

    fn read_policies(&mut self, node: &JsonNode, field: &str, kind: DocumentKind) -> Option<Vec<PolicyRef>> {
        let documents = self.read_list(node, field)?;
        Some(
            documents
                .iter()
                .enumerate()
                .filter_map(|(i, document)| self.read_policy(document, format!("{field}.{}", i + 1), kind))
                .collect(),
        )
    }

    fn read_levels(&mut self, node: &JsonNode, field: &str, kind: DocumentKind) -> Option<Vec<OrganizationLevel>> {
        let levels = self.read_list(node, field)?;
        let mut read = Vec::with_capacity(levels.len());
        for (i, level) in levels.iter().enumerate() {
            let name = format!("{field}.{}", i + 1);
            let Some(documents) = level.as_array() else {
                self.report(
                    level.span,
                    format!("a level of `{field}` cannot be {}", level.describe_type()),
                    "a list of documents",
                );
                continue;
            };
            let policies = documents
                .iter()
                .enumerate()
                .filter_map(|(j, document)| self.read_policy(document, format!("{name}.{}", j + 1), kind))
                .collect();
            read.push(OrganizationLevel { name, policies });
        }
        Some(read)
    }

    fn read_policy(&mut self, node: &JsonNode, name: String, kind: DocumentKind) -> Option<PolicyRef> {
        match PolicyDocument::from_node(self.source, node, kind) {
            Ok(document) => Some(PolicyRef::new(name, PolicyOrigin::Given, Arc::new(document))),
            Err(problems) => {
                self.problems.extend(problems.0);
                None
            }
        }
    }

    fn read_context(&mut self, node: &JsonNode) -> Context {
        let mut context = Context::default();
        for entry in self.read_list(node, "ContextEntries").unwrap_or_default() {
            self.check_object(entry, "a context entry", &ENTRY_FIELDS);
            let Some((key, span)) = self.read_text(entry, "ContextKeyName") else {
                if entry.get("ContextKeyName").is_none() {
                    self.report(entry.span, "the context entry has no `ContextKeyName`", "`ContextKeyName`");
                }
                continue;
            };
            let kind = match self.read_text(entry, "ContextKeyType") {
                Some((kind, span)) if !CONTEXT_KEY_TYPES.contains(&kind.as_str()) => {
                    self.problems.push(
                        Diagnostic::error(
                            self.source,
                            span,
                            format!("unknown `ContextKeyType` `{kind}`"),
                            format!("one of {}", CONTEXT_KEY_TYPES.join(", ")),
                        )
                        .with_suggestion(&kind, CONTEXT_KEY_TYPES),
                    );
                    continue;
                }
                Some((kind, _)) => kind,
                None => "string".to_owned(),
            };
            let values = self.read_scalars(entry, "ContextKeyValues");
            // Like AWS, this accepts several values for a type that is not a list, as a set.
            let value = match (kind.ends_with("List"), <[String; 1]>::try_from(values)) {
                (false, Ok([only])) => ContextValue::Single(only),
                (true, Ok(one)) => ContextValue::Set(one.into()),
                (_, Err(values)) => ContextValue::Set(values),
            };
            if context.0.insert(ContextKey::new(&key), value).is_some() {
                self.report(span, format!("duplicate context key `{key}`"), "each key once");
            }
        }
        complete_clock(&mut context);
        context
    }

    fn read_text(&mut self, node: &JsonNode, field: &str) -> Option<(String, Span)> {
        let value = node.get(field)?;
        match value.as_str() {
            Some(text) => Some((text.to_owned(), value.span)),
            None => {
                self.report(value.span, format!("`{field}` cannot be {}", value.describe_type()), "a string");
                None
            }
        }
    }

    fn read_list<'n>(&mut self, node: &'n JsonNode, field: &str) -> Option<&'n [JsonNode]> {
        let value = node.get(field)?;
        let list = value.as_array();
        if list.is_none() {
            self.report(value.span, format!("`{field}` cannot be {}", value.describe_type()), "a list");
        }
        list
    }

    fn read_strings(&mut self, node: &JsonNode, field: &str) -> Option<Vec<(String, Span)>> {
        let list = self.read_list(node, field)?;
        let mut texts = Vec::with_capacity(list.len());
        for element in list {
            match element.as_str() {
                Some(text) => texts.push((text.to_owned(), element.span)),
                None => {
                    self.report(element.span, format!("`{field}` cannot hold {}", element.describe_type()), "a string")
                }
            }
        }
        Some(texts)
    }

    /// Strings; also numbers and booleans without quotes.
    fn read_scalars(&mut self, node: &JsonNode, field: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.read_list(node, field).unwrap_or_default() {
            match &element.value {
                JsonValue::String(text) | JsonValue::Number(text) => texts.push(text.to_string()),
                JsonValue::Bool(truth) => texts.push(truth.to_string()),
                _ => {
                    self.report(element.span, format!("`{field}` cannot hold {}", element.describe_type()), "a string")
                }
            }
        }
        texts
    }
}
