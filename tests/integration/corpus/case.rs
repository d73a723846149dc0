//! One case of the corpus: read from TOML into layers, a request and what is expected.
//!
//! Nothing here knows an engine; the evaluator's and the solver's runs share it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use iamdrift::access::{
    Context, ContextValue, GovernedResources, Layers, OrganizationLevel, PolicyConsent, PolicyOrigin, PolicyRef,
    PrincipalInfo, Request, ResourceControls, ResourcePolicies, ResourcePolicy, TrustPolicyEffect,
    UnknownResourcePolicy,
};
use iamdrift::iam::{AccountId, Ambiguity, ContextKey, DocumentKind, PolicyDocument, Template};
use iamdrift::source::SourceFile;
use serde_json::{Map, Value, json};

/// What a case expects of a decision.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Expected {
    Allowed,
    ImplicitDeny,
    ExplicitDeny,
}

/// What a case asks.
#[derive(Debug)]
pub enum Question {
    /// How a request is decided.
    Decide {
        layers: Box<Layers>,
        request: Request,
        expected: Expected,
        /// Whether the context states only a part of the request: its action and resource settle the rest.
        is_partial: bool,
        /// The choice that the decision hangs on, and the decision under its other reading.
        otherwise: Option<(Ambiguity, Expected)>,
    },
    /// That some document is refused with a message that contains this.
    Refuse {
        /// All messages of the documents that were refused.
        messages: Vec<String>,
        expected: String,
    },
}

/// A case.
#[derive(Debug)]
pub struct Case {
    /// `file.toml`
    pub file: String,
    pub id: String,
    pub why: String,
    pub question: Question,
}

/// All cases of the files of a folder, or all that is wrong with their form.
pub fn load(folder: &Path) -> Result<Vec<Case>, Vec<String>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let (mut cases, mut problems) = (Vec::new(), Vec::new());
    let mut seen = BTreeMap::new();
    for path in files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for (number, fields) in tables(&path, &mut problems).into_iter().enumerate() {
            let id = fields.get("id").and_then(Value::as_str).map_or(format!("case {}", number + 1), str::to_owned);
            if let Some(other) = seen.insert(id.clone(), file.clone()) {
                problems.push(format!("{file} {id}: the id is used in {other} too"));
            }
            match read(&file, &id, fields) {
                Ok(case) => cases.push(case),
                Err(problem) => problems.push(format!("{file} {id}: {problem}")),
            }
        }
    }
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

/// The cases of a file as JSON objects, each with the file's defaults.
fn tables(path: &Path, problems: &mut Vec<String>) -> Vec<Map<String, Value>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut root: Map<String, Value> = match toml::from_str(&text) {
        Ok(root) => root,
        Err(error) => {
            problems.push(format!("{}: {error}", path.display()));
            return Vec::new();
        }
    };
    let defaults = match root.remove("defaults") {
        Some(Value::Object(defaults)) => defaults,
        _ => Map::new(),
    };
    let cases = match root.remove("case") {
        Some(Value::Array(cases)) => cases,
        _ => Vec::new(),
    };
    problems.extend(root.keys().map(|key| format!("{}: unknown table `{key}`", path.display())));
    cases
        .into_iter()
        .filter_map(|case| match case {
            Value::Object(case) => Some(defaults.clone().into_iter().chain(case).collect()),
            _ => None,
        })
        .collect()
}

/// The fields of a case, taken one by one, so that what is left at the end is unknown.
struct Fields {
    map: Map<String, Value>,
    version: String,
    /// What was wrong with documents that were refused.
    refused: Vec<String>,
}

fn read(file: &str, id: &str, map: Map<String, Value>) -> Result<Case, String> {
    let mut fields = Fields { map, version: "2012-10-17".to_owned(), refused: Vec::new() };
    fields.map.remove("id");
    let why = fields.text("why")?.ok_or("no `why`")?;
    fields.text("page")?.ok_or("no `page`")?;
    if let Some(version) = fields.text("version")? {
        fields.version = version;
    }
    let expect = fields.text("expect")?.ok_or("no `expect`")?;
    let message = fields.text("error")?;
    let choice = match fields.text("choice")? {
        Some(name) => Some(
            Ambiguity::ALL
                .into_iter()
                .find(|c| c.name() == name)
                .ok_or_else(|| format!("no choice is called `{name}`"))?,
        ),
        None => None,
    };
    let otherwise = fields.text("otherwise")?;
    let request = Request {
        action: fields.text("action")?.ok_or("no `action`")?,
        resource: fields.text("resource")?.ok_or("no `resource`")?,
        context: fields.context()?,
    };
    let is_partial = match fields.map.remove("partial") {
        None => false,
        Some(Value::Bool(is_partial)) => is_partial,
        Some(_) => return Err("`partial` is not a Boolean".to_owned()),
    };
    let layers = fields.layers(&request)?;
    if let Some(unknown) = fields.map.keys().next() {
        return Err(format!("unknown key `{unknown}`"));
    }
    let question = if expect == "error" {
        Question::Refuse { messages: fields.refused, expected: message.unwrap_or_default() }
    } else {
        if let Some(refused) = fields.refused.first() {
            return Err(format!("a document is refused: {refused}"));
        }
        let expected = decision(&expect)?;
        let otherwise = match (choice, otherwise) {
            (Some(choice), Some(otherwise)) => Some((choice, decision(&otherwise)?)),
            // Such a case says that the choice makes no difference to it.
            (Some(choice), None) => Some((choice, expected)),
            (None, Some(_)) => return Err("`otherwise` without `choice`".to_owned()),
            (None, None) => None,
        };
        Question::Decide { layers: Box::new(layers), request, expected, is_partial, otherwise }
    };
    Ok(Case { file: file.to_owned(), id: id.to_owned(), why, question })
}

fn decision(name: &str) -> Result<Expected, String> {
    match name {
        "allowed" => Ok(Expected::Allowed),
        "implicit-deny" => Ok(Expected::ImplicitDeny),
        "explicit-deny" => Ok(Expected::ExplicitDeny),
        _ => Err(format!("unknown decision `{name}`")),
    }
}

impl Fields {
    fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.map.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{key}` is not a string")),
        }
    }

    fn context(&mut self) -> Result<Context, String> {
        let mut context = Context::default();
        match self.map.remove("context") {
            None => {}
            Some(Value::Object(entries)) => {
                for (key, value) in entries {
                    let value = match value {
                        Value::Array(values) => {
                            ContextValue::Set(values.into_iter().map(scalar).collect::<Result<_, _>>()?)
                        }
                        single => ContextValue::Single(scalar(single)?),
                    };
                    context.0.insert(ContextKey::new(&key), value);
                }
            }
            Some(_) => return Err("`context` is not a table".to_owned()),
        }
        Ok(context)
    }

    fn layers(&mut self, request: &Request) -> Result<Layers, String> {
        let principal = self.text("principal")?.ok_or("no `principal`")?;
        let principal = PrincipalInfo::from_arn(&principal).map_err(|e| e.to_string())?;
        let owner = match self.text("resource_owner")? {
            Some(owner) => Some(AccountId::parse(&owner).ok_or("`resource_owner` is not an account number")?),
            None => None,
        };
        let mut layers = Layers {
            identity: Vec::new(),
            boundary: None,
            scps: None,
            rcps: None,
            resource_policies: ResourcePolicies::none(),
            trust_policy_effect: TrustPolicyEffect::GrantAndRestrict,
            unknown_resource_policy: UnknownResourcePolicy::IsNone,
            resource_owner: owner.clone(),
            session: None,
            principal,
        };
        if let Some(value) = self.map.remove("identity") {
            layers.identity = self.documents("identity", value, DocumentKind::Identity)?;
        }
        if let Some(value) = self.map.remove("boundary") {
            layers.boundary = Some(self.documents("boundary", value, DocumentKind::Identity)?);
        }
        if let Some(value) = self.map.remove("session") {
            layers.session = Some(self.documents("session", value, DocumentKind::Identity)?);
        }
        if let Some(value) = self.map.remove("scps") {
            layers.scps = Some(self.levels("scps", value, DocumentKind::ServiceControl)?);
        }
        if let Some(value) = self.map.remove("rcps") {
            let levels = self.levels("rcps", value, DocumentKind::ResourceControl)?;
            layers.rcps = Some(ResourceControls::on_every_resource(levels));
        }
        if let Some(value) = self.map.remove("resource_policy") {
            let trust = request.action.to_ascii_lowercase().starts_with("sts:");
            let kind = if trust { DocumentKind::Trust } else { DocumentKind::Resource };
            let owner = owner.or_else(|| layers.principal.account.clone()).unwrap();
            layers.resource_policies = self
                .documents("resource_policy", value, kind)?
                .into_iter()
                .map(|policy| ResourcePolicy {
                    resources: GovernedResources::alone(vec![Template::from_literal(&request.resource)]),
                    owner: owner.clone(),
                    policy,
                    consent: PolicyConsent::Required,
                    unread_grants: None,
                })
                .collect();
        }
        Ok(layers)
    }

    /// A list of statements is one document; a string is one document; a list of strings is several.
    fn documents(&mut self, key: &str, value: Value, kind: DocumentKind) -> Result<Vec<PolicyRef>, String> {
        let texts = match value {
            Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_string) => {
                list.into_iter().map(|text| self.document(text)).collect::<Result<_, _>>()?
            }
            one => vec![self.document(one)?],
        };
        Ok(texts
            .into_iter()
            .enumerate()
            .filter_map(|(i, text)| self.policy(&format!("{key}.{}", i + 1), text, kind))
            .collect())
    }

    fn levels(&mut self, key: &str, value: Value, kind: DocumentKind) -> Result<Vec<OrganizationLevel>, String> {
        let Value::Array(levels) = value else { return Err(format!("`{key}` is not a list of levels")) };
        let mut read = Vec::new();
        for (number, level) in levels.into_iter().enumerate() {
            let Value::Array(documents) = level else { return Err(format!("a level of `{key}` is not a list")) };
            let name = format!("{key}.{}", number + 1);
            let mut policies = Vec::new();
            for (i, document) in documents.into_iter().enumerate() {
                let text = self.document(document)?;
                policies.extend(self.policy(&format!("{name}.{}", i + 1), text, kind));
            }
            read.push(OrganizationLevel { name, policies });
        }
        Ok(read)
    }

    /// The text of a document.
    fn document(&self, value: Value) -> Result<String, String> {
        let everything = |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        match value {
            Value::String(name) if name == "FullAWSAccess" => {
                Ok(everything(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })))
            }
            Value::String(name) if name == "RCPFullAWSAccess" => {
                Ok(everything(json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" })))
            }
            Value::String(text) => Ok(text),
            Value::Array(statements) => Ok(json!({ "Version": self.version, "Statement": statements }).to_string()),
            Value::Object(statement) => Ok(json!({ "Version": self.version, "Statement": [statement] }).to_string()),
            other => Err(format!("`{other}` is no document")),
        }
    }

    fn policy(&mut self, name: &str, text: String, kind: DocumentKind) -> Option<PolicyRef> {
        match PolicyDocument::parse(&SourceFile::new(name, text), kind) {
            Ok(document) => Some(PolicyRef::new(name, PolicyOrigin::Given, Arc::new(document))),
            Err(problems) => {
                self.refused.push(problems.to_string());
                None
            }
        }
    }
}

fn scalar(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        other => Err(format!("`{other}` is no value of a context key")),
    }
}
