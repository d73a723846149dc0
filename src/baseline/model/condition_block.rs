//! An IAM condition block written in TOML.

use crate::baseline::parse::manifest_parser::ManifestParser;
use crate::baseline::parse::reader::{ManifestTable, item_span};
use crate::iam::{Condition, DocumentKind, PolicyDocument};
use crate::source::toml::DeValue;
use crate::source::{SourceFile, Span};

/// A condition block: all of it must hold.
#[derive(Clone, Debug)]
pub struct ConditionBlock {
    /// What it says.
    pub conditions: Vec<Condition>,
    /// The same as a policy writes it.
    pub json: serde_json::Value,
    /// Where it stands.
    pub span: Span,
}

impl ManifestParser<'_> {
    /// Reads a block; the policy language reads it as the `Condition` of a statement.
    pub(crate) fn parse_condition_block(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<ConditionBlock> {
        const EXPECTED: &str = "an IAM condition block, such as { Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }";
        let Some((_, item)) = table.get(key) else {
            self.reader.report_missing_key(table, key, EXPECTED);
            return None;
        };
        match item.get_ref() {
            DeValue::Table(block) if !block.is_empty() => {}
            DeValue::Table(_) => {
                self.reader.report_error(item_span(item), format!("`{key}` is empty"), EXPECTED);
                return None;
            }
            _ => {
                self.reader.report_wrong_type(key, item, EXPECTED);
                return None;
            }
        }
        let span = item_span(item);
        let json = toml_to_json(item.get_ref());
        let statement = serde_json::json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": json });
        let text = serde_json::json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
        let source = SourceFile::from_embedded(self.reader.source, span, text);
        match PolicyDocument::parse(&source, DocumentKind::Identity) {
            Ok(document) => {
                let conditions = document.statements.into_iter().next()?.conditions;
                Some(ConditionBlock { conditions, json, span })
            }
            Err(mut problems) => {
                self.reader.problems.append(&mut problems.0);
                None
            }
        }
    }
}
/// The JSON that a value of a condition block stands for.
fn toml_to_json(value: &DeValue<'_>) -> serde_json::Value {
    use serde_json::Value;
    match value {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(when) => Value::String(when.to_string()),
        DeValue::Integer(number) => number_to_json(number.as_str()),
        DeValue::Float(number) => number_to_json(number.as_str()),
        DeValue::Array(list) => list.iter().map(|element| toml_to_json(element.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(
            table.iter().map(|(k, v)| (k.get_ref().clone().into_owned(), toml_to_json(v.get_ref()))).collect(),
        ),
    }
}

fn number_to_json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned()))
}
