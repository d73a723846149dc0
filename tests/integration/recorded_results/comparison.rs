//! Compares lines with recorded ones, with the allowed differences applied.

use std::path::{Path, PathBuf};

/// The folder of the recorded results.
pub fn find_results_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/results")
}

/// How lines differ from those that are expected.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Difference {
    pub missing: Vec<String>,
    pub added: Vec<String>,
}

impl Difference {
    /// Compares two lists. A line that occurs twice must be found twice.
    pub fn compute(expected: &[String], found: &[String]) -> Difference {
        let mut added: Vec<String> = found.to_vec();
        let mut missing = Vec::new();
        added.sort();
        for line in expected {
            match added.binary_search(line) {
                Ok(position) => drop(added.remove(position)),
                Err(_) => missing.push(line.clone()),
            }
        }
        missing.sort();
        Difference { missing, added }
    }

    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.added.is_empty()
    }

    /// Renders the lines in order, `-` before a missing one and `+` before an added one.
    pub fn render(&self) -> String {
        let mut lines: Vec<(&str, char)> = self.missing.iter().map(|line| (line.as_str(), '-')).collect();
        lines.extend(self.added.iter().map(|line| (line.as_str(), '+')));
        lines.sort_unstable();
        lines.iter().map(|(line, sign)| format!("{sign}{line}\n")).collect()
    }
}

/// Reads the allowed differences: the lines of the `diff` blocks of a page.
pub fn parse_differences(page: &str) -> Difference {
    let mut differences = Difference::default();
    let mut is_in_block = false;
    for line in page.lines() {
        match line {
            "```diff" => is_in_block = true,
            "```" => is_in_block = false,
            _ if !is_in_block => {}
            _ => match (line.strip_prefix('-'), line.strip_prefix('+')) {
                (Some(line), _) => differences.missing.push(line.to_owned()),
                (_, Some(line)) => differences.added.push(line.to_owned()),
                _ => panic!("tests/results/differences.md: `{line}` begins with neither - nor +"),
            },
        }
    }
    differences
}

/// Applies the allowed differences to the recorded lines of one file. Panics if a line to leave out is not recorded.
pub fn apply_differences(recorded: Vec<String>, allowed: &Difference, file: &str) -> Vec<String> {
    let accounts: Vec<String> = recorded.iter().map(|line| find_account(line).to_owned()).collect();
    let is_of_file = |line: &&String| accounts.iter().any(|account| account == find_account(line));
    let mut expected = recorded;
    for line in allowed.missing.iter().filter(is_of_file) {
        let position = expected.iter().position(|other| other == line);
        expected.remove(position.unwrap_or_else(|| panic!("differences.md: {file} has no line `{line}`")));
    }
    expected.extend(allowed.added.iter().filter(is_of_file).cloned());
    expected
}

fn find_account(line: &str) -> &str {
    line.split('\t').next().unwrap()
}

/// Compares lines with the recorded ones of a file; writes the file instead if `IAMDRIFT_RECORD=1`.
pub fn check_recorded(file: &str, lines: &[String]) {
    let folder = find_results_folder();
    let path = folder.join(file);
    if std::env::var_os("IAMDRIFT_RECORD").is_some_and(|value| value == "1") {
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let allowed = parse_differences(&std::fs::read_to_string(folder.join("differences.md")).unwrap());
    let expected = apply_differences(recorded.lines().map(str::to_owned).collect(), &allowed, file);
    let difference = Difference::compute(&expected, lines);
    assert!(
        difference.is_empty(),
        "{file}: {} recorded lines are missing (-) and {} lines are added (+):\n{}\
         If that is intended, add these lines with their cause to tests/results/differences.md.",
        difference.missing.len(),
        difference.added.len(),
        difference.render(),
    );
}

#[test]
fn allowed_differences_are_applied_to_their_file() {
    let page = "# Title\n- a list, no difference\n```diff\n-a\t1\n+a\t2\n-other\t1\n```\n";
    let recorded = vec!["a\t1".to_owned(), "a\t3".to_owned()];
    let expected = apply_differences(recorded, &parse_differences(page), "a.tsv");
    assert_eq!(expected, ["a\t3", "a\t2"]);
    let difference = Difference::compute(&expected, &["a\t2".to_owned(), "a\t2".to_owned()]);
    assert_eq!(difference.render(), "+a\t2\n-a\t3\n");
    assert!(Difference::compute(&expected, &["a\t2".to_owned(), "a\t3".to_owned()]).is_empty());
}
