//! Parses `assumable_by`.

use super::keys;
use super::manifest_parser::ManifestParser;
use super::reader::{ManifestTable, TomlItem, item_span};
use crate::baseline::model::assumable_by::{AssumerPattern, DeclaredAssumer, DeclaredAssumers};
use crate::baseline::model::spanned::Spanned;
use crate::source::toml::DeValue;

const EXPECTED_ASSUMER: &str = "an ARN glob, an account number or a service such as ec2.amazonaws.com";

impl ManifestParser<'_> {
    pub(super) fn parse_assumable_by(&mut self, table: &ManifestTable<'_>) -> Option<DeclaredAssumers> {
        let (span, item) = table.get("assumable_by")?;
        let assumers = match item.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|element| self.parse_assumer(element)).collect(),
            DeValue::String(_) | DeValue::Table(_) => self.parse_assumer(item).into_iter().collect(),
            _ => {
                self.reader.report_wrong_type("assumable_by", item, "a list of strings and tables");
                return None;
            }
        };
        Some(DeclaredAssumers { assumers, span })
    }

    fn parse_assumer(&mut self, item: &TomlItem<'_>) -> Option<DeclaredAssumer> {
        let DeValue::Table(items) = item.get_ref() else {
            let text = self.reader.parse_text("assumable_by", item)?;
            return Some(DeclaredAssumer { pattern: self.parse_assumer_pattern(&text)?, when: None, span: text.span });
        };
        let table = ManifestTable { items, description: "`assumable_by`", span: item_span(item) };
        self.reader.check_keys(&table, keys::ASSUMER);
        let text = self.reader.read_required_text(&table, "principal", EXPECTED_ASSUMER)?;
        let pattern = self.parse_assumer_pattern(&text)?;
        let when = match table.get("when") {
            Some(_) => Some(self.parse_condition_block(&table, "when")?),
            None => None,
        };
        Some(DeclaredAssumer { pattern, when, span: table.span })
    }

    fn parse_assumer_pattern(&mut self, text: &Spanned<String>) -> Option<AssumerPattern> {
        let pattern = AssumerPattern::parse(&text.value);
        match pattern {
            Some(_) => {}
            None if text.value.contains([':', '*', '/']) => {
                self.reader.report_invalid_arn_glob("assumable_by", text, EXPECTED_ASSUMER);
            }
            None => {
                let message = format!("`assumable_by` cannot be `{}`", text.value);
                self.reader.report_error(text.span, message, EXPECTED_ASSUMER);
            }
        }
        pattern
    }
}
