//! Code and text are plain technical English: the phrases of the project's first months do not come back.
//!
//! `CONTRIBUTING.md` has the style rule. A phrase that is right in its place is listed in `phrase_exceptions.txt`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Each is a riddle, a personification or a translation; the comment says what to write instead.
const PHRASES: [&str; 30] = [
    r"told",                      // shown, reported, stated
    r"tells?",                    // shows, says, distinguishes
    r"telling",                   // showing
    r"whom",                      // the principal that …
    r"speaks?",                   // lists, matches, applies to
    r"speaking of",               // about
    r"stands?",                   // is, appears
    r"stood",                     // was, appeared
    r"tak(e|es|en|ing) it on",    // assume
    r"took it on",                // assumed
    r"of it",                     // its
    r"mend(s|ed)?",               // fix, correct
    r"brings? (it |them )?along", // sets
    r"brought",                   // set by the caller
    r"its like",                  // similar ones
    r"h[eo]ld against",           // compared with
    r"vouch(es|ed)?( for)?",      // issues tokens for
    r"strangers?",                // external principals
    r"comes? by",                 // obtains, holds
    r"hears? of",                 // is notified
    r"whoever",                   // any principal that
    r"in breach of",              // violates
    r"says? so",                  // declares it
    r"such as has",               // that has
    r"lies? to",                  // relates to
    r"alike",                     // equivalent
    r"as has it",                 // as it is in
    r"nobody hears",              // is not reported
    r"is to be had",              // is available
    r"what of",                   // which part of
];

/// Folders and files whose text users and maintainers read.
const READ: [&str; 8] =
    ["src", "docs", "policies", "examples", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "xtask/src"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn list_text_files(path: &Path, files: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        files.extend(path.exists().then(|| path.to_owned()));
        return;
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        let is_text = entry.extension().is_some_and(|e| ["rs", "md", "toml", "json"].contains(&e.to_str().unwrap()));
        if entry.is_dir() || is_text {
            list_text_files(&entry, files);
        }
    }
}

fn find_phrases() -> BTreeSet<String> {
    let pattern = Regex::new(&format!(r"(?i)\b(?:{})\b", PHRASES.join("|"))).unwrap();
    let mut files = Vec::new();
    READ.iter().for_each(|path| list_text_files(&root().join(path), &mut files));
    assert!(files.len() > 200, "the files were not found");
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        for line in text.lines() {
            for phrase in pattern.find_iter(line) {
                found.insert(format!("{name}: {}", phrase.as_str().to_lowercase()));
            }
        }
    }
    found
}

#[test]
fn old_phrases_do_not_come_back() {
    let exceptions: BTreeSet<String> = include_str!("phrase_exceptions.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect();
    let found = find_phrases();
    let new: Vec<&String> = found.difference(&exceptions).collect();
    assert!(new.is_empty(), "{} phrases of the old style:\n{new:#?}", new.len());
    let unused: Vec<&String> = exceptions.difference(&found).collect();
    assert!(unused.is_empty(), "exceptions that are no longer needed: {unused:#?}");
}
