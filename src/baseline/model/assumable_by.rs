//! `assumable_by`: who may assume a role.

use super::condition_block::ConditionBlock;
use super::entry::Spanned;
use crate::base::glob::Glob;
use crate::baseline::parse::keys;
use crate::baseline::parse::manifest_parser::ManifestParser;
use crate::baseline::parse::reader::{ManifestTable, TomlItem, item_span};
use crate::source::Span;
use crate::source::toml::DeValue;

const EXPECTED_ASSUMER: &str = "an ARN glob, an account number or a service such as ec2.amazonaws.com";

/// `assumable_by` of an entry.
#[derive(Clone, Debug)]
pub struct DeclaredAssumers {
    /// Those who are named, in order; nobody else may.
    pub assumers: Vec<DeclaredAssumer>,
    /// Where the key stands.
    pub span: Span,
}

/// One of those who may assume a role.
#[derive(Clone, Debug)]
pub struct DeclaredAssumer {
    /// A glob over the ARN of a user, a role or an identity provider; an account number; a service's name.
    pub pattern: Glob,
    /// `when`: the conditions that the request must satisfy; `None` if every request of these principals is declared.
    pub when: Option<ConditionBlock>,
    /// Where it stands.
    pub span: Span,
}

impl ManifestParser<'_> {
    pub(crate) fn parse_assumable_by(&mut self, table: &ManifestTable<'_>) -> Option<DeclaredAssumers> {
        let (span, item) = table.get("assumable_by")?;
        let assumers = match item.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|element| self.parse_assumer(element)).collect(),
            DeValue::String(_) | DeValue::Table(_) => self.parse_assumer(item).into_iter().collect(),
            _ => {
                self.reader.report_wrong_type("assumable_by", item, "a list of strings and tables");
                return None;
            }
        };
        Some(DeclaredAssumers { assumers: assumers, span })
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
        Some(DeclaredAssumer { pattern: pattern, when, span: table.span })
    }

    fn parse_assumer_pattern(&mut self, text: &Spanned<String>) -> Option<Glob> {
        if is_assumer_pattern(&text.value) {
            return Some(Glob::new(&text.value));
        }
        self.reader.report_error(text.span, format!("`assumable_by` cannot be `{}`", text.value), EXPECTED_ASSUMER);
        None
    }
}

/// Whether a text can name who assumes a role: an ARN glob, an account, a service or an identity provider.
fn is_assumer_pattern(text: &str) -> bool {
    let is_host_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '/' | ':' | '_' | '*' | '?');
    Glob::parse_arn_glob(text).is_some()
        || crate::iam::AccountId::parse(text).is_some()
        || (text.contains('.') && text.chars().all(is_host_char))
}
