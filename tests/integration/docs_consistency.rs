//! What the documentation lists is what there is.

use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn every_dependency_earns_its_place() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let declared: BTreeSet<&str> = ["dependencies", "dev-dependencies"]
        .iter()
        .flat_map(|section| manifest[*section].as_table().unwrap().keys())
        .map(String::as_str)
        .collect();
    let page = read("docs/dependencies.md");
    let listed: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), listed.len(), "a dependency is listed twice");
    assert_eq!(declared, sorted.into_iter().collect(), "docs/dependencies.md and Cargo.toml differ");
}

#[test]
fn every_choice_of_meaning_is_documented() {
    let page = read("docs/semantics.md");
    for choice in iamdrift::iam::Ambiguity::ALL {
        let row = format!("| `{}` |", choice.name());
        assert!(page.contains(&row), "docs/semantics.md lacks `{}`", choice.name());
    }
}

/// Every link from one page to another file of the repository.
#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md"), root.join("CHANGELOG.md"), root.join("THIRD-PARTY.md")];
    for folder in ["docs", "policies", "examples", "examples/incident"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    let mut broken = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            let file = target.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            if !page.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {target}", page.strip_prefix(root).unwrap().display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
