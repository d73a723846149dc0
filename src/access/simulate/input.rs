//! The input of a simulation, read with every mistake reported where it stands.

use std::sync::Arc;

use crate::access::{
    Context, ContextValue, Layers, Level, PolicyOrigin, PolicyRef, PrincipalFacts, PrincipalType, ResourcePolicies,
    ResourcePolicy, Sessions, UnknownResourcePolicy,
};
use crate::iam::template::{Variables, Wildcards};
use crate::iam::{AccountId, Arn, ContextKey, DocumentKind, PolicyDocument, Template};
use crate::source::json::{Node, Value};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const FIELDS: [&str; 14] = [
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
const TYPES: [&str; 12] = [
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

/// What to simulate: every action on every resource, in one context.
#[derive(Clone, Debug)]
pub struct SimulationInput {
    /// The policies that decide, and who asks.
    pub layers: Layers,
    /// The actions, in order.
    pub actions: Vec<String>,
    /// The resources, in order; `*` where none is given.
    pub resources: Vec<String>,
    /// The whole context: what is not in it is missing.
    pub context: Context,
}

impl SimulationInput {
    /// Reads an input. `ResourceHandlingOption`, `MaxItems` and `Marker` are accepted and change nothing:
    /// everything is answered at once.
    pub fn read(source: &Arc<SourceFile>, node: &Node) -> Result<SimulationInput, Diagnostics> {
        let mut reader = Reader { source, problems: Vec::new() };
        let input = reader.input(node);
        if reader.problems.is_empty() { Ok(input) } else { Err(Diagnostics(reader.problems)) }
    }
}

struct Reader<'a> {
    source: &'a Arc<SourceFile>,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Diagnostic::error(self.source, span, message, expected));
    }

    /// Checks that a value is an object with these fields alone.
    fn object(&mut self, node: &Node, what: &str, fields: &[&str]) {
        if !matches!(node.value, Value::Object(_)) {
            self.error(node.span, format!("{what} cannot be {}", node.kind()), "an object");
        }
        for member in node.members().iter().filter(|m| !fields.contains(&&*m.name)) {
            self.problems.push(
                Diagnostic::error(
                    self.source,
                    member.name_span,
                    format!("unknown field `{}` in {what}", member.name),
                    format!("one of {}", fields.join(", ")),
                )
                .with_suggestion(&member.name, fields.iter().copied()),
            );
        }
    }

    fn input(&mut self, node: &Node) -> SimulationInput {
        self.object(node, "a simulation input", &FIELDS);
        if matches!(node.value, Value::Object(_)) && node.get("ActionNames").is_none() {
            self.error(node.span, "the input has no `ActionNames`", "`ActionNames`: a list of actions");
        }
        let actions = self.strings(node, "ActionNames").unwrap_or_default();
        for (action, span) in &actions {
            let names = |text: &str| text.split_once(':').is_some_and(|(s, n)| !s.is_empty() && !n.is_empty());
            if !names(action.trim()) || action.contains(['*', '?']) {
                self.error(*span, format!("`{action}` is not an action"), "\"service:Action\", without wildcards");
            }
        }
        let actions = actions.into_iter().map(|(action, _)| action).collect();
        let resources = match self.strings(node, "ResourceArns") {
            Some(list) if !list.is_empty() => {
                for (resource, span) in &list {
                    if resource != "*" && Arn::parse(resource).is_none() {
                        self.error(*span, format!("`{resource}` is not a resource"), "an ARN or \"*\"");
                    }
                }
                list.into_iter().map(|(resource, _)| resource).collect()
            }
            _ => vec!["*".to_owned()],
        };
        let context = self.context(node);
        let layers = self.layers(node);
        SimulationInput { layers, actions, resources, context }
    }

    fn layers(&mut self, node: &Node) -> Layers {
        let principal = self.text(node, "CallerArn").map(|(arn, span)| match PrincipalFacts::from_arn(&arn) {
            Ok(facts) => Some(facts),
            Err(problem) => {
                self.error(span, problem.to_string(), "for example arn:aws:iam::111122223333:role/app");
                None
            }
        });
        let principal = principal.flatten().unwrap_or(PrincipalFacts {
            arn: None,
            account: None,
            principal_type: PrincipalType::User,
            unique_id: None,
            sessions: Sessions::Any,
        });
        let resource_owner = self.text(node, "ResourceOwner").and_then(|(owner, span)| {
            let account =
                AccountId::parse(&owner).or_else(|| Arn::parse(&owner).and_then(|arn| AccountId::parse(arn.account())));
            if account.is_none() {
                self.error(span, format!("`{owner}` names no account"), "an account number, or an ARN that holds one");
            }
            account
        });
        Layers {
            identity: self.policies(node, "PolicyInputList", DocumentKind::Identity).unwrap_or_default(),
            boundary: self.policies(node, "PermissionsBoundaryPolicyInputList", DocumentKind::Identity),
            session: self.policies(node, "SessionPolicyInputList", DocumentKind::Identity),
            scps: self.levels(node, "ServiceControlPolicyInputList", DocumentKind::ServiceControl),
            rcps: self.levels(node, "ResourceControlPolicyInputList", DocumentKind::ResourceControl),
            resource_policies: self.resource_policy(node, &principal, resource_owner.as_ref()),
            unknown_resource_policy: UnknownResourcePolicy::IsNone,
            resource_owner,
            principal,
        }
    }

    /// The one resource policy, which stands for that of each resource.
    fn resource_policy(
        &mut self,
        node: &Node,
        principal: &PrincipalFacts,
        owner: Option<&AccountId>,
    ) -> ResourcePolicies {
        let Some(document) = node.get("ResourcePolicy") else { return ResourcePolicies::none() };
        // Actions of STS are asked of roles, whose policy is a trust policy.
        let assumes = self.strings(node, "ActionNames").is_some_and(|actions| {
            actions.iter().any(|(a, _)| a.trim().get(..4).is_some_and(|s| s.eq_ignore_ascii_case("sts:")))
        });
        let kind = if assumes { DocumentKind::Trust } else { DocumentKind::Resource };
        let policy = self.policy(document, "ResourcePolicy".to_owned(), kind);
        let Some(owner) = owner.or(principal.account.as_ref()) else {
            if node.get("CallerArn").is_none() {
                self.error(
                    document.span,
                    "`ResourcePolicy` needs `CallerArn`, for its `Principal` to speak of",
                    "an input with `CallerArn`",
                );
            }
            return ResourcePolicies::none();
        };
        let everything = Template::parse("*", Wildcards::Active, Variables::Nowhere);
        policy
            .into_iter()
            .map(|policy| ResourcePolicy { covers: vec![everything.clone()], owner: owner.clone(), policy })
            .collect()
    }

    fn policies(&mut self, node: &Node, field: &str, kind: DocumentKind) -> Option<Vec<PolicyRef>> {
        let documents = self.list(node, field)?;
        Some(
            documents
                .iter()
                .enumerate()
                .filter_map(|(i, document)| self.policy(document, format!("{field}.{}", i + 1), kind))
                .collect(),
        )
    }

    fn levels(&mut self, node: &Node, field: &str, kind: DocumentKind) -> Option<Vec<Level>> {
        let levels = self.list(node, field)?;
        let mut read = Vec::with_capacity(levels.len());
        for (i, level) in levels.iter().enumerate() {
            let name = format!("{field}.{}", i + 1);
            let Some(documents) = level.as_array() else {
                self.error(
                    level.span,
                    format!("a level of `{field}` cannot be {}", level.kind()),
                    "a list of documents",
                );
                continue;
            };
            let policies = documents
                .iter()
                .enumerate()
                .filter_map(|(j, document)| self.policy(document, format!("{name}.{}", j + 1), kind))
                .collect();
            read.push(Level { name, policies });
        }
        Some(read)
    }

    fn policy(&mut self, node: &Node, name: String, kind: DocumentKind) -> Option<PolicyRef> {
        match PolicyDocument::from_node(self.source, node, kind) {
            Ok(document) => Some(PolicyRef { name, origin: PolicyOrigin::Given, document: Arc::new(document) }),
            Err(problems) => {
                self.problems.extend(problems.0);
                None
            }
        }
    }

    fn context(&mut self, node: &Node) -> Context {
        let mut context = Context::default();
        for entry in self.list(node, "ContextEntries").unwrap_or_default() {
            self.object(entry, "a context entry", &ENTRY_FIELDS);
            let Some((key, span)) = self.text(entry, "ContextKeyName") else {
                if entry.get("ContextKeyName").is_none() {
                    self.error(entry.span, "the context entry has no `ContextKeyName`", "`ContextKeyName`");
                }
                continue;
            };
            let kind = match self.text(entry, "ContextKeyType") {
                Some((kind, span)) if !TYPES.contains(&kind.as_str()) => {
                    self.problems.push(
                        Diagnostic::error(
                            self.source,
                            span,
                            format!("unknown `ContextKeyType` `{kind}`"),
                            format!("one of {}", TYPES.join(", ")),
                        )
                        .with_suggestion(&kind, TYPES),
                    );
                    continue;
                }
                Some((kind, _)) => kind,
                None => "string".to_owned(),
            };
            let values = self.scalars(entry, "ContextKeyValues");
            // AWS takes several values of a type that is no list as a set; so does this.
            let value = match (kind.ends_with("List"), <[String; 1]>::try_from(values)) {
                (false, Ok([only])) => ContextValue::One(only),
                (true, Ok(one)) => ContextValue::Set(one.into()),
                (_, Err(values)) => ContextValue::Set(values),
            };
            if context.0.insert(ContextKey::new(&key), value).is_some() {
                self.error(span, format!("the context key `{key}` is given twice"), "each key once");
            }
        }
        context
    }

    fn text(&mut self, node: &Node, field: &str) -> Option<(String, Span)> {
        let value = node.get(field)?;
        match value.as_str() {
            Some(text) => Some((text.to_owned(), value.span)),
            None => {
                self.error(value.span, format!("`{field}` cannot be {}", value.kind()), "a string");
                None
            }
        }
    }

    fn list<'n>(&mut self, node: &'n Node, field: &str) -> Option<&'n [Node]> {
        let value = node.get(field)?;
        let list = value.as_array();
        if list.is_none() {
            self.error(value.span, format!("`{field}` cannot be {}", value.kind()), "a list");
        }
        list
    }

    fn strings(&mut self, node: &Node, field: &str) -> Option<Vec<(String, Span)>> {
        let list = self.list(node, field)?;
        let mut texts = Vec::with_capacity(list.len());
        for element in list {
            match element.as_str() {
                Some(text) => texts.push((text.to_owned(), element.span)),
                None => self.error(element.span, format!("`{field}` cannot hold {}", element.kind()), "a string"),
            }
        }
        Some(texts)
    }

    /// Strings, or what a hand would write without quotes.
    fn scalars(&mut self, node: &Node, field: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.list(node, field).unwrap_or_default() {
            match &element.value {
                Value::String(text) | Value::Number(text) => texts.push(text.to_string()),
                Value::Bool(truth) => texts.push(truth.to_string()),
                _ => self.error(element.span, format!("`{field}` cannot hold {}", element.kind()), "a string"),
            }
        }
        texts
    }
}
