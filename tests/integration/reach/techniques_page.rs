//! `docs/techniques.md`: its tables are those of the data. `UPDATE_TECHNIQUES=1` writes them.

use std::fmt::Write as _;

use iamdrift::reach::{Technique, TechniqueKind, techniques};

use super::catalog_walk::{Verdict, read_walk, required};
use super::published::{Coverage, read_published};

const PAGE: &str = "docs/techniques.md";

fn code(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    words.into_iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

/// One line of the table of techniques.
fn row(technique: &Technique) -> String {
    let mut takes: Vec<String> = technique.required_actions.clone();
    if matches!(technique.kind, TechniqueKind::NewPassRole | TechniqueKind::PassRoleThenAssume) {
        takes.insert(0, "iam:PassRole".to_owned());
    }
    let mut takes = if technique.combines.is_empty() {
        code(takes)
    } else {
        technique.combines.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" + ")
    };
    for (key, value) in &technique.context {
        write!(takes, " with `{key}` = `{value}`").unwrap();
    }
    let services = technique.services.iter().map(|service| service.trim_end_matches(".amazonaws.com"));
    let services = services.collect::<Vec<_>>().join(", ");
    let profile = technique.instance_profile.then_some("an instance profile");
    let limit = (!technique.limited_to.is_empty()).then(|| format!("*gives* {}", code(&technique.limited_to)));
    let assumption = technique.assumption.as_ref().map(|assumption| match technique.resource_types.as_slice() {
        [] => assumption.clone(),
        types => format!("{assumption} ({})", code(types)),
    });
    let rest = [profile, assumption.as_deref(), limit.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("; ");
    let (id, summary, source) = (&technique.id, &technique.summary, &technique.source);
    format!("| `{id}` | {summary} | {takes} | {services} | {rest} | {source} |\n")
}

fn table_of_techniques() -> String {
    let head = "| technique | the principal | required actions | trusted service | rests on | source |\n|---|---|---|---|---|---|\n";
    head.to_owned() + &techniques().iter().map(row).collect::<String>()
}

fn table_of_coverage<'a>(entries: impl Iterator<Item = (&'a String, &'a Coverage)>) -> String {
    let mut table = "| entry | | techniques | |\n|---|---|---|---|\n".to_owned();
    for (name, Coverage { by, argued, note }) in entries {
        let verdict = match argued {
            Some(_) => "argued away",
            None if by.contains(name) => "covered",
            None => "covered as",
        };
        let text = argued.as_deref().or(note.as_deref()).unwrap_or_default();
        writeln!(table, "| `{name}` | {verdict} | {} | {text} |", code(by)).unwrap();
    }
    table
}

fn table_of_the_walk() -> String {
    let walk = read_walk();
    let mut table = "| verdict | actions | |\n|---|---:|---|\n".to_owned();
    writeln!(table, "| required by a technique | {} | |", required().len()).unwrap();
    let like = walk.verdict.iter().filter(|verdict| verdict.like.is_some());
    let like: usize = like.map(|verdict| verdict.actions().count()).sum();
    writeln!(
        table,
        "| `like` | {like} | A principal that gains a role by the action also uses what a technique requires. |"
    )
    .unwrap();
    for verdict in &walk.verdict {
        let Verdict { verdict: name, reason: Some(reason), .. } = verdict else { continue };
        writeln!(table, "| `{name}` | {} | {reason} |", verdict.actions().count()).unwrap();
    }
    let open = walk.verdict.iter().filter(|verdict| verdict.verdict == "open").flat_map(Verdict::actions);
    format!("{table}\nOpen: {}.\n", code(open))
}

/// Replaces the text between the marks of a table.
fn replace(page: &str, name: &str, table: &str) -> String {
    let (start, end) = (format!("<!-- table: {name} -->\n"), format!("<!-- end: {name} -->"));
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("{PAGE} lacks {start}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{PAGE} lacks {end}"));
    format!("{before}{start}\n{table}\n{end}{after}")
}

#[test]
fn the_tables_are_those_of_the_data() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let published = read_published();
    let expected = replace(&page, "techniques", &table_of_techniques());
    let expected = replace(&expected, "ids", &table_of_coverage(published.id.iter()));
    let expected = replace(&expected, "combinations", &table_of_coverage(published.combination.iter()));
    let expected = replace(&expected, "walk", &table_of_the_walk());
    if std::env::var_os("UPDATE_TECHNIQUES").is_some() {
        std::fs::write(PAGE, &expected).unwrap();
    } else {
        assert!(page == expected, "{PAGE} differs from the data: UPDATE_TECHNIQUES=1 writes it");
    }
}
