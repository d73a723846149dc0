//! The names in a manifest: each stands once, and what they refer to is there.

use super::entry::Placed;
use super::read::Reader;
use crate::source::Diagnostic;

/// All names of a manifest and their uses, also those of entries that are wrong in other ways.
#[derive(Default)]
pub(super) struct Names {
    entries: Vec<NamedEntry>,
    pub(super) personas: Vec<Placed<String>>,
    pub(super) persona_of: Vec<Placed<String>>,
    pub(super) guards: Vec<Placed<String>>,
    pub(super) fingerprints: Vec<Placed<String>>,
    pub(super) hints: Vec<Placed<String>>,
}

struct NamedEntry {
    name: Placed<String>,
    overrides: Vec<Placed<String>>,
    narrower_than: Option<Placed<String>>,
    guards: Vec<Placed<String>>,
}

impl Names {
    /// Notes an entry; one without a name is an error already, and only its references are kept.
    pub(super) fn entry(
        &mut self,
        name: &Option<Placed<String>>,
        overrides: &[Placed<String>],
        narrower_than: &Option<Placed<String>>,
        guards: Vec<Placed<String>>,
    ) {
        let Some(name) = name.clone() else { return };
        let (overrides, narrower_than) = (overrides.to_vec(), narrower_than.clone());
        self.entries.push(NamedEntry { name, overrides, narrower_than, guards });
    }
}

/// Reports names that stand twice, references to nothing, and overriding that goes in a circle.
pub(super) fn check_names(reader: &mut Reader<'_>, names: &Names) {
    once(reader, "entries have the name", names.entries.iter().map(|entry| &entry.name));
    once(reader, "personas have the name", &names.personas);
    once(reader, "guards have the name", &names.guards);
    once(reader, "hints have the name", &names.hints);
    once(reader, "exceptions have the fingerprint", &names.fingerprints);
    let entries = || names.entries.iter().map(|entry| entry.name.value.as_str());
    for entry in &names.entries {
        for name in entry.overrides.iter().chain(&entry.narrower_than) {
            refers(reader, "entry", name, entries());
        }
        for name in &entry.guards {
            refers(reader, "guard", name, names.guards.iter().map(|guard| guard.value.as_str()));
        }
        if let Some(name) = &entry.narrower_than
            && name.value == entry.name.value
        {
            reader.error(name.span, "an entry cannot be narrower than itself", "the name of another entry");
        }
    }
    for name in &names.persona_of {
        refers(reader, "entry", name, entries());
    }
    circles(reader, &names.entries);
}

fn once<'n>(reader: &mut Reader<'_>, what: &str, names: impl IntoIterator<Item = &'n Placed<String>>) {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if seen.contains(&name.value.as_str()) {
            reader.error(name.span, format!("two {what} `{}`", name.value), "one that no other has");
        }
        seen.push(&name.value);
    }
}

fn refers<'n>(reader: &mut Reader<'_>, what: &str, name: &Placed<String>, known: impl Iterator<Item = &'n str>) {
    let known: Vec<&str> = known.collect();
    let found = name.value.as_str();
    if !known.contains(&found) {
        let message = format!("there is no {what} `{found}`");
        let problem = Diagnostic::error(reader.source, name.span, message, format!("the name of a declared {what}"));
        reader.problems.push(problem.with_suggestion(found, known));
    }
}

/// Reports each circle once, at the reference that closes it.
fn circles(reader: &mut Reader<'_>, entries: &[NamedEntry]) {
    let mut done: Vec<&str> = Vec::new();
    for entry in entries {
        walk(reader, entries, entry, &mut Vec::new(), &mut done);
    }
}

fn walk<'n>(
    reader: &mut Reader<'_>,
    entries: &'n [NamedEntry],
    entry: &'n NamedEntry,
    path: &mut Vec<&'n str>,
    done: &mut Vec<&'n str>,
) {
    let name = entry.name.value.as_str();
    if done.contains(&name) {
        return;
    }
    path.push(name);
    for lower in &entry.overrides {
        if let Some(start) = path.iter().position(|above| *above == lower.value) {
            let circle: Vec<&str> = path.iter().skip(start).copied().chain([lower.value.as_str()]).collect();
            let message = format!("`overrides` goes in a circle: {}", circle.join(" → "));
            reader.error(lower.span, message, "one of them without `overrides`");
        } else if let Some(next) = entries.iter().find(|e| e.name.value == lower.value) {
            walk(reader, entries, next, path, done);
        }
    }
    path.pop();
    done.push(name);
}
