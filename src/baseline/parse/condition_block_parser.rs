//! Parses an IAM condition block written in TOML.

use super::manifest_parser::ManifestParser;
use super::reader::{ManifestReader, ManifestTable, TomlItem, item_span};
use crate::baseline::model::condition_block::ConditionBlock;
use crate::iam::parse_condition_element;
use crate::source::json_tree::{JsonMember, JsonNode, JsonValue};
use crate::source::toml::DeValue;

impl ManifestParser<'_> {
    /// Parses the block under a required key, as the `Condition` element of a statement.
    pub(super) fn parse_condition_block(&mut self, table: &ManifestTable<'_>, key: &str) -> Option<ConditionBlock> {
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
        let node = self.reader.toml_to_json(item)?;
        match parse_condition_element(self.reader.source, &node) {
            Ok(conditions) => Some(ConditionBlock { conditions, json: node.to_value(), span: node.span }),
            Err(mut problems) => {
                self.reader.problems.append(&mut problems.0);
                None
            }
        }
    }
}

impl ManifestReader<'_> {
    /// The JSON form of a TOML value, with the positions of the TOML text. `None` if a number has no JSON form;
    /// that error is reported.
    fn toml_to_json(&mut self, item: &TomlItem<'_>) -> Option<JsonNode> {
        let value = match item.get_ref() {
            DeValue::String(text) => JsonValue::String(text.as_ref().into()),
            DeValue::Boolean(flag) => JsonValue::Bool(*flag),
            DeValue::Datetime(when) => JsonValue::String(when.to_string().into()),
            DeValue::Integer(number) if number.radix() == 10 => self.parse_json_number(item, number.as_str())?,
            DeValue::Integer(number) => {
                let message = format!("`{}` is not written in decimal", self.source.slice(item_span(item)));
                self.report_error(item_span(item), message, format!("a decimal number, or a string: \"{number}\""));
                return None;
            }
            DeValue::Float(number) => self.parse_json_number(item, number.as_str())?,
            DeValue::Array(list) => {
                JsonValue::Array(list.iter().map(|element| self.toml_to_json(element)).collect::<Option<_>>()?)
            }
            DeValue::Table(table) => JsonValue::Object(
                table
                    .iter()
                    .map(|(key, value)| {
                        let name = key.get_ref().as_ref().into();
                        Some(JsonMember { name, name_span: item_span(key), value: self.toml_to_json(value)? })
                    })
                    .collect::<Option<_>>()?,
            ),
        };
        Some(JsonNode { span: item_span(item), value })
    }

    fn parse_json_number(&mut self, item: &TomlItem<'_>, text: &str) -> Option<JsonValue> {
        let text = text.strip_prefix('+').unwrap_or(text);
        if serde_json::from_str::<serde_json::Number>(text).is_err() {
            self.report_error(item_span(item), format!("`{text}` is not a number of JSON"), "a finite decimal number");
            return None;
        }
        Some(JsonValue::Number(text.into()))
    }
}
