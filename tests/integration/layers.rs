//! The folders of `src/` are a pipeline: each imports only from those before it.

use std::path::{Path, PathBuf};

/// The pipeline, in order. The command line is the binary's own; it may use all of the library.
const ORDER: [&str; 15] = [
    "base", "source", "iam", "catalog", "snapshot", "collect", "access", "solve", "baseline", "trust", "classify",
    "reach", "audit", "report", "cli",
];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn position(layer: &str) -> Option<usize> {
    ORDER.iter().position(|name| *name == layer)
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn layers_point_downward_only() {
    let mut violations = Vec::new();
    for (index, layer) in ORDER.iter().enumerate() {
        let mut files = Vec::new();
        rust_files(&src().join(layer), &mut files);
        assert!(!files.is_empty(), "src/{layer} holds no source");
        for file in files {
            let shown = file.strip_prefix(src()).unwrap().display().to_string();
            let code = code_only(&std::fs::read_to_string(&file).unwrap());
            for (line, name) in imports(&code, depth(&shown)) {
                if position(&name).is_some_and(|used| used > index) {
                    violations.push(format!("src/{shown}:{line}: {layer} uses {name}, which comes after it"));
                }
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_folder_has_its_place() {
    let mut folders: Vec<String> = std::fs::read_dir(src())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    folders.sort_by_key(|folder| position(folder));
    assert_eq!(folders, ORDER);
    let library = code_only(&std::fs::read_to_string(src().join("lib.rs")).unwrap());
    let modules: Vec<&str> =
        library.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(modules, ORDER[..ORDER.len() - 1], "src/lib.rs tells the pipeline in order");
}

/// How many `super::` lead from a file's own module to the crate.
fn depth(file: &str) -> usize {
    let folders = file.matches('/').count();
    if file.ends_with("/mod.rs") { folders } else { folders + 1 }
}

/// Every module of the crate's root that a source names, by `crate::` or by `super::` up to the root, with
/// the line.
fn imports(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = |position: usize, rest: &str| {
        let line = code[..position].matches('\n').count() + 1;
        found.extend(first_names(rest).into_iter().map(|name| (line, name)));
    };
    for (position, _) in code.match_indices("crate") {
        let whole_word = !code[..position].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if let Some(rest) = path_after(&code[position + "crate".len()..]).filter(|_| whole_word) {
            at(position, rest);
        }
    }
    let mut end = 0;
    for (position, _) in code.match_indices("super") {
        if position < end {
            continue;
        }
        let (mut rest, mut supers) = (&code[position..], 0);
        while let Some(after) = rest.strip_prefix("super").and_then(path_after) {
            (rest, supers) = (after, supers + 1);
        }
        end = code.len() - rest.len();
        if supers >= depth {
            at(position, rest);
        }
    }
    found
}

/// What follows the `::` of a path.
fn path_after(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix("::").map(str::trim_start)
}

/// The first name of a path, or the first names of a group `{a::b, c}`.
fn first_names(text: &str) -> Vec<String> {
    let Some(group) = text.strip_prefix('{') else {
        return vec![text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()];
    };
    let (mut names, mut depth, mut name, mut complete) = (Vec::new(), 1, String::new(), false);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            names.push(std::mem::take(&mut name));
            complete = false;
            if depth == 0 {
                break;
            }
        } else if depth == 1 && !complete {
            match c {
                c if c.is_alphanumeric() || c == '_' => name.push(c),
                _ if !name.is_empty() => complete = true,
                _ => {}
            }
        }
    }
    names
}

/// A source with its comments, strings and characters blanked out, its lines kept.
fn code_only(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if first == '"' {
            quoted(rest)
        } else if first == '\'' {
            character(rest)
        } else if (first == 'r' || rest.starts_with("br")) && !out.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            raw_string(rest)
        } else {
            0
        };
        if skipped == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.push(' ');
            out.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
            rest = &rest[skipped..];
        }
    }
    out
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text.char_indices().skip(3).find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` and so on; 0 for anything else.
fn raw_string(text: &str) -> usize {
    let body = text.trim_start_matches('b').trim_start_matches('r');
    let hashes = body.len() - body.trim_start_matches('#').len();
    let Some(inner) = body[hashes..].strip_prefix('"') else { return 0 };
    let end = format!("\"{}", "#".repeat(hashes));
    let start = text.len() - inner.len();
    inner.find(&end).map_or(text.len(), |at| start + at + end.len())
}

#[test]
fn imports_are_found_and_nothing_else() {
    let source = r##"
        // use crate::report::a; and /* in here */
        /* use crate::report; /* nested crate::audit::x */ */
        use crate::iam::{Arn, access};
        use crate::{source::{self, json}, solve::Verdict, catalog};
        fn f<'a>(x: &'a crate :: access::Request) -> char { let _ = "crate::report::x"; '\'' }
        const S: &str = r#"crate::cli " "#; const Q: char = '"';
        use super::super::baseline::Entry;
        use super::audit;
        my_crate::report::x();
    "##;
    let names: Vec<String> = imports(&code_only(source), 2).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["iam", "source", "solve", "catalog", "access", "baseline"]);
}
