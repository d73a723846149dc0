//! Parses `[[persona]]`.

use super::keys;
use super::manifest_parser::ManifestParser;
use super::reader::ManifestTable;
use super::references::References;
use crate::baseline::model::persona::Persona;
use crate::baseline::model::principal_class::PrincipalClass;

impl ManifestParser<'_> {
    pub(super) fn parse_persona(&mut self, table: &ManifestTable<'_>, references: &mut References) -> Option<Persona> {
        self.reader.check_keys(table, keys::PERSONA);
        let name = self.reader.read_required_text(table, "name", "a unique name, shown in reports");
        let entry = self.reader.read_required_text(table, "of", "the name of an entry");
        let when = self.parse_condition_block(table, "when");
        let class = self.reader.read_choice(table, "kind", &PrincipalClass::ALL);
        let ceiling = self.parse_ceiling(table);
        references.personas.extend(name.clone());
        references.persona_entries.extend(entry.clone());
        Some(Persona { name: name?, entry: entry?, when: when?, class: class?, ceiling: ceiling?, span: table.span })
    }
}
