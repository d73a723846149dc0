//! `[[persona]]`: the same credentials, used in another way.

use super::ceiling::Ceiling;
use super::condition_block::ConditionBlock;
use super::entry::{PrincipalClass, Spanned};
use crate::baseline::parse::keys;
use crate::baseline::parse::manifest_parser::ManifestParser;
use crate::baseline::parse::reader::ManifestTable;
use crate::baseline::parse::references::References;
use crate::source::Span;

/// One `[[persona]]`.
#[derive(Clone, Debug)]
pub struct Persona {
    /// `name`, unique among the personas.
    pub name: Spanned<String>,
    /// `of`: the entry whose principals it is about.
    pub entry: Spanned<String>,
    /// `when`: the requests that it is about.
    pub when: ConditionBlock,
    /// `kind`.
    pub class: PrincipalClass,
    /// `allow`, `levels` and `resources`: what may be done by such requests.
    pub ceiling: Ceiling,
    /// Where it begins.
    pub span: Span,
}

impl ManifestParser<'_> {
    /// Reads a `[[persona]]`.
    pub(crate) fn parse_persona(&mut self, table: &ManifestTable<'_>, references: &mut References) -> Option<Persona> {
        self.reader.check_keys(table, keys::PERSONA);
        let name = self.reader.read_required_text(table, "name", "a name of its own, for the reports");
        let entry = self.reader.read_required_text(table, "of", "the name of an entry");
        let when = self.parse_condition_block(table, "when");
        let class = self.reader.read_choice(table, "kind", &PrincipalClass::ALL);
        let ceiling = self.parse_ceiling(table);
        references.personas.extend(name.clone());
        references.persona_entries.extend(entry.clone());
        Some(Persona { name: name?, entry: entry?, when: when?, class: class?, ceiling: ceiling?, span: table.span })
    }
}
