//! `[[persona]]`: the same credentials, used in another way.

use super::block::ConditionBlock;
use super::ceiling::Ceiling;
use super::entry::{Kind, Placed};
use super::keys;
use super::manifest::Manifest;
use super::names::Names;
use super::read::Table;
use crate::source::Span;

/// One `[[persona]]`.
#[derive(Clone, Debug)]
pub struct Persona {
    /// `name`, unique among the personas.
    pub name: Placed<String>,
    /// `of`: the entry whose principals it is about.
    pub of: Placed<String>,
    /// `when`: the requests that it is about.
    pub when: ConditionBlock,
    /// `kind`.
    pub kind: Kind,
    /// `allow`, `levels` and `resources`: what may be done by such requests.
    pub ceiling: Ceiling,
    /// Where it begins.
    pub span: Span,
}

impl Manifest<'_> {
    /// Reads a `[[persona]]`.
    pub(super) fn persona(&mut self, table: &Table<'_>, names: &mut Names) -> Option<Persona> {
        self.reader.check_keys(table, keys::PERSONA);
        let name = self.reader.required_text(table, "name", "a name of its own, for the reports");
        let of = self.reader.required_text(table, "of", "the name of an entry");
        let when = self.condition(table, "when");
        let kind = self.reader.choice(table, "kind", &Kind::ALL);
        let ceiling = self.ceiling(table);
        names.personas.extend(name.clone());
        names.persona_of.extend(of.clone());
        Some(Persona { name: name?, of: of?, when: when?, kind: kind?, ceiling: ceiling?, span: table.span })
    }
}
