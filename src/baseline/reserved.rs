//! Parts of the format that are read and checked for shape, and refused until a later version brings them.

use super::ceiling::Ceiling;
use super::entry::{Kind, Placed};
use super::keys;
use super::manifest::Manifest;
use super::names::Names;
use super::read::{Table, span_of};
use crate::iam::{ActionPattern, Condition, DocumentKind, PolicyDocument};
use crate::source::SourceFile;
use crate::source::toml::DeValue;

/// One `[[persona]]`: the same credentials, used in another way.
#[derive(Clone, Debug)]
pub struct Persona {
    /// `name`, unique among the personas.
    pub name: Placed<String>,
    /// `of`: the entry whose principals it is about.
    pub of: Placed<String>,
    /// `when`: the requests that it is about.
    pub when: Vec<Condition>,
    /// `kind`.
    pub kind: Kind,
    /// `allow`, `levels` and `resources`.
    pub ceiling: Ceiling,
}

/// One `[[guard]]`: actions that are allowed only under a condition.
#[derive(Clone, Debug)]
pub struct Guard {
    /// `name`, unique among the guards.
    pub name: Placed<String>,
    /// `actions`: classes (`class:destructive`) and action globs.
    pub actions: Vec<Placed<String>>,
    /// `unless`: the only requests that may be allowed.
    pub unless: Vec<Condition>,
    /// `severity` of the finding when the guard does not hold.
    pub severity: GuardSeverity,
}

/// `severity` of a guard.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
#[allow(missing_docs)]
pub enum GuardSeverity {
    Low,
    Medium,
    High,
    Critical,
}

impl GuardSeverity {
    /// All severities, with the names that the manifest uses.
    pub const ALL: [(&'static str, GuardSeverity); 4] = [
        ("low", GuardSeverity::Low),
        ("medium", GuardSeverity::Medium),
        ("high", GuardSeverity::High),
        ("critical", GuardSeverity::Critical),
    ];
}

impl Manifest<'_> {
    /// Reads a `[[persona]]`, and refuses it.
    pub(super) fn persona(&mut self, table: &Table<'_>, names: &mut Names) -> Option<Persona> {
        self.reader.check_keys(table, keys::PERSONA);
        let name = self.reader.required_text(table, "name", "a name of its own, for the reports");
        let of = self.reader.required_text(table, "of", "the name of an entry");
        let when = self.condition(table, "when");
        let kind = self.reader.choice(table, "kind", &Kind::ALL);
        let ceiling = self.ceiling(table);
        self.unsupported(table.span, "personas are");
        names.personas.extend(name.clone());
        names.persona_of.extend(of.clone());
        Some(Persona { name: name?, of: of?, when: when?, kind: kind?, ceiling: ceiling? })
    }

    /// Reads a `[[guard]]`, and refuses it.
    pub(super) fn guard(&mut self, table: &Table<'_>, names: &mut Names) -> Option<Guard> {
        const ACTIONS: &str = "action globs such as iam:*, and classes such as class:destructive";
        self.reader.check_keys(table, keys::GUARD);
        let name = self.reader.required_text(table, "name", "a name of its own, for `guards`");
        if table.get("actions").is_none() {
            self.reader.missing(table, "actions", ACTIONS);
        }
        let actions = self.reader.some_texts(table, "actions", ACTIONS).map(|texts| texts.value);
        for action in actions.iter().flatten() {
            let known = match action.value.strip_prefix("class:") {
                Some(class) => !class.is_empty() && class.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                None => ActionPattern::parse(&action.value).is_some(),
            };
            if !known {
                self.reader.error(action.span, format!("`{}` is no action and no class", action.value), ACTIONS);
            }
        }
        let unless = self.condition(table, "unless");
        let severity = self.reader.choice(table, "severity", &GuardSeverity::ALL);
        self.unsupported(table.span, "guards are");
        names.guards.extend(name.clone());
        Some(Guard { name: name?, actions: actions?, unless: unless?, severity: severity? })
    }

    /// An IAM condition block written in TOML; the policy language reads it as the `Condition` of a statement.
    pub(super) fn condition(&mut self, table: &Table<'_>, key: &str) -> Option<Vec<Condition>> {
        const EXPECTED: &str = "an IAM condition block, such as { Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }";
        let Some((_, item)) = table.get(key) else {
            self.reader.missing(table, key, EXPECTED);
            return None;
        };
        match item.get_ref() {
            DeValue::Table(block) if !block.is_empty() => {}
            DeValue::Table(_) => {
                self.reader.error(span_of(item), format!("`{key}` is empty"), EXPECTED);
                return None;
            }
            _ => {
                self.reader.wrong_kind(key, item, EXPECTED);
                return None;
            }
        }
        let statement = serde_json::json!({
            "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": as_json(item.get_ref()),
        });
        let text = serde_json::json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
        let written = SourceFile::embedded(self.reader.source, span_of(item), text);
        match PolicyDocument::parse(&written, DocumentKind::Identity) {
            Ok(document) => document.statements.into_iter().next().map(|statement| statement.conditions),
            Err(mut problems) => {
                self.reader.problems.append(&mut problems.0);
                None
            }
        }
    }
}

/// The JSON that a value of a condition block stands for.
pub(super) fn as_json(value: &DeValue<'_>) -> serde_json::Value {
    use serde_json::Value;
    match value {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(when) => Value::String(when.to_string()),
        DeValue::Integer(number) => number_as_json(number.as_str()),
        DeValue::Float(number) => number_as_json(number.as_str()),
        DeValue::Array(list) => list.iter().map(|element| as_json(element.get_ref())).collect(),
        DeValue::Table(table) => {
            Value::Object(table.iter().map(|(k, v)| (k.get_ref().clone().into_owned(), as_json(v.get_ref()))).collect())
        }
    }
}

fn number_as_json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned()))
}
