//! Checks that names in a manifest are unique, and that references resolve.

use super::reader::ManifestReader;
use crate::baseline::model::spanned::Spanned;
use crate::source::Diagnostic;

/// The names of a manifest and the references to them, including those of entries with other errors.
#[derive(Default)]
pub(in crate::baseline) struct References {
    entries: Vec<EntryReferences>,
    pub(super) personas: Vec<Spanned<String>>,
    pub(super) persona_entries: Vec<Spanned<String>>,
    pub(super) guards: Vec<Spanned<String>>,
    pub(super) exceptions: Vec<Spanned<String>>,
    pub(super) hints: Vec<Spanned<String>>,
}

struct EntryReferences {
    name: Spanned<String>,
    overrides: Vec<Spanned<String>>,
    narrower_than: Option<Spanned<String>>,
    guards: Vec<Spanned<String>>,
}

impl References {
    /// Adds the name and the references of an entry. An entry without a name has been reported, and is skipped.
    pub(super) fn add_entry(
        &mut self,
        name: &Option<Spanned<String>>,
        overrides: &[Spanned<String>],
        narrower_than: &Option<Spanned<String>>,
        guards: Vec<Spanned<String>>,
    ) {
        let Some(name) = name.clone() else { return };
        let (overrides, narrower_than) = (overrides.to_vec(), narrower_than.clone());
        self.entries.push(EntryReferences { name, overrides, narrower_than, guards });
    }
}

/// Reports duplicate names, references that do not resolve, and cycles of `overrides`.
pub(super) fn check_references(reader: &mut ManifestReader<'_>, references: &References) {
    check_unique(reader, "entries have the name", references.entries.iter().map(|entry| &entry.name));
    check_unique(reader, "personas have the name", &references.personas);
    check_unique(reader, "guards have the name", &references.guards);
    check_unique(reader, "hints have the name", &references.hints);
    check_unique(reader, "exceptions have the finding", &references.exceptions);
    let entries = || references.entries.iter().map(|entry| entry.name.value.as_str());
    for entry in &references.entries {
        for name in entry.overrides.iter().chain(&entry.narrower_than) {
            check_reference(reader, "entry", name, entries());
        }
        for name in &entry.guards {
            check_reference(reader, "guard", name, references.guards.iter().map(|guard| guard.value.as_str()));
        }
        if let Some(name) = &entry.narrower_than
            && name.value == entry.name.value
        {
            reader.report_error(name.span, "an entry cannot be narrower than itself", "the name of another entry");
        }
    }
    for name in &references.persona_entries {
        check_reference(reader, "entry", name, entries());
    }
    check_override_cycles(reader, &references.entries);
}

fn check_unique<'n>(
    reader: &mut ManifestReader<'_>,
    description: &str,
    names: impl IntoIterator<Item = &'n Spanned<String>>,
) {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if seen.contains(&name.value.as_str()) {
            reader.report_error(name.span, format!("two {description} `{}`", name.value), "a unique one");
        }
        seen.push(&name.value);
    }
}

fn check_reference<'n>(
    reader: &mut ManifestReader<'_>,
    description: &str,
    name: &Spanned<String>,
    known: impl Iterator<Item = &'n str>,
) {
    let known: Vec<&str> = known.collect();
    let found = name.value.as_str();
    if !known.contains(&found) {
        let message = format!("unknown {description} `{found}`");
        let problem =
            Diagnostic::error(reader.source, name.span, message, format!("the name of a declared {description}"));
        reader.problems.push(problem.with_suggestion(found, known));
    }
}

/// Reports each cycle once, at the reference that closes it.
fn check_override_cycles(reader: &mut ManifestReader<'_>, entries: &[EntryReferences]) {
    let mut visited: Vec<&str> = Vec::new();
    for entry in entries {
        find_cycles(reader, entries, entry, &mut Vec::new(), &mut visited);
    }
}

fn find_cycles<'n>(
    reader: &mut ManifestReader<'_>,
    entries: &'n [EntryReferences],
    entry: &'n EntryReferences,
    path: &mut Vec<&'n str>,
    visited: &mut Vec<&'n str>,
) {
    let name = entry.name.value.as_str();
    if visited.contains(&name) {
        return;
    }
    path.push(name);
    for overridden in &entry.overrides {
        if let Some(start) = path.iter().position(|ancestor| *ancestor == overridden.value) {
            let cycle: Vec<&str> = path.iter().skip(start).copied().chain([overridden.value.as_str()]).collect();
            let message = format!("cycle of `overrides`: {}", cycle.join(" → "));
            reader.report_error(overridden.span, message, "at least one of these entries without `overrides`");
        } else if let Some(next) = entries.iter().find(|e| e.name.value == overridden.value) {
            find_cycles(reader, entries, next, path, visited);
        }
    }
    path.pop();
    visited.push(name);
}
