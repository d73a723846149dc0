//! `assumable_by`: who may assume a role.

use super::entry::Placed;
use super::glob::Glob;
use super::keys;
use super::manifest::Manifest;
use super::read::{Item, Table, span_of};
use crate::source::Span;
use crate::source::toml::DeValue;

const EXPECTED: &str = "an ARN glob, an account number or a service such as ec2.amazonaws.com";

/// `assumable_by` of an entry.
#[derive(Clone, Debug)]
pub struct Assumers {
    /// Those who are named, in order; nobody else may.
    pub of: Vec<Assumer>,
    /// Where the key stands.
    pub span: Span,
}

/// One of those who may assume a role.
#[derive(Clone, Debug)]
pub struct Assumer {
    /// A glob over the ARN of a user, a role or an identity provider; an account number; a service's name.
    pub who: Glob,
    /// `when`: the requests that are meant, as the `Condition` block of a policy; none: all of them.
    pub when: Option<serde_json::Value>,
    /// Where it stands.
    pub span: Span,
}

impl Manifest<'_> {
    pub(super) fn assumable_by(&mut self, table: &Table<'_>) -> Option<Assumers> {
        let (span, item) = table.get("assumable_by")?;
        let of = match item.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|one| self.assumer(one)).collect(),
            DeValue::String(_) | DeValue::Table(_) => self.assumer(item).into_iter().collect(),
            _ => {
                self.reader.wrong_kind("assumable_by", item, "a list of strings and tables");
                return None;
            }
        };
        Some(Assumers { of, span })
    }

    fn assumer(&mut self, item: &Item<'_>) -> Option<Assumer> {
        let DeValue::Table(items) = item.get_ref() else {
            let who = self.reader.string("assumable_by", item)?;
            return Some(Assumer { who: self.trustee(&who)?, when: None, span: who.span });
        };
        let table = Table { items, holder: "`assumable_by`", span: span_of(item) };
        self.reader.check_keys(&table, keys::ASSUMER);
        let who = self.reader.required_text(&table, "principal", EXPECTED)?;
        let who = self.trustee(&who)?;
        let when = match table.get("when") {
            Some(_) => Some(self.condition(&table, "when")?.json),
            None => None,
        };
        Some(Assumer { who, when, span: table.span })
    }

    fn trustee(&mut self, text: &Placed<String>) -> Option<Glob> {
        if is_trustee(&text.value) {
            return Some(Glob::new(&text.value));
        }
        self.reader.error(text.span, format!("`assumable_by` cannot be `{}`", text.value), EXPECTED);
        None
    }
}

/// Whether a text can name who assumes a role: an ARN glob, an account, a service or an identity provider.
fn is_trustee(text: &str) -> bool {
    let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '/' | ':' | '_' | '*' | '?');
    Glob::over_arn(text).is_some()
        || crate::iam::AccountId::parse(text).is_some()
        || (text.contains('.') && text.chars().all(host))
}
