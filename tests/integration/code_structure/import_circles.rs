//! No file imports itself through others, and no folder either.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::references::{References, collect_references};
use super::source_tree::SourceTree;

#[test]
fn no_circle_of_files() {
    let tree = SourceTree::read();
    let references = collect_references(&tree);
    assert!(references.values().map(BTreeMap::len).sum::<usize>() > 500, "the imports were not found");
    let name = |index: usize| tree.modules[index].file.clone();
    let graph = to_graph(&references, |index| Some(name(index)));
    let circles = find_circles(&graph);
    assert!(circles.is_empty(), "{}", render_circles(&circles, &tree, &references, &name));
}

/// The entries of each folder, files and folders alike, have an order too.
#[test]
fn no_circle_of_folders() {
    let tree = SourceTree::read();
    let references = collect_references(&tree);
    let mut folders: BTreeSet<String> = BTreeSet::from([String::new()]);
    for module in &tree.modules {
        let parts: Vec<&str> = module.file.split('/').collect();
        folders.extend((1..parts.len()).map(|length| parts[..length].join("/") + "/"));
    }
    let mut report = String::new();
    for folder in folders {
        let entry = |index: usize| find_entry(&tree.modules[index].file, &folder);
        let circles = find_circles(&to_graph(&references, entry));
        let name = |index: usize| entry(index).unwrap_or_default();
        report += &render_circles(&circles, &tree, &references, &name);
    }
    assert!(report.is_empty(), "{report}");
}

/// The file or folder directly in a folder that a file belongs to. `mod.rs` and `lib.rs` are the folder itself.
fn find_entry(file: &str, folder: &str) -> Option<String> {
    let rest = file.strip_prefix(folder)?;
    let entry = rest.split('/').next()?;
    (!matches!(entry, "mod.rs" | "lib.rs" | "main.rs")).then(|| format!("{folder}{entry}"))
}

type Graph = BTreeMap<String, BTreeSet<String>>;

fn to_graph(references: &References, name: impl Fn(usize) -> Option<String>) -> Graph {
    let mut graph = Graph::new();
    for (from, targets) in references {
        for to in targets.keys() {
            if let (Some(from), Some(to)) = (name(*from), name(*to))
                && from != to
            {
                graph.entry(from).or_default().insert(to);
            }
        }
    }
    graph
}

/// The sets of two or more nodes that reach each other.
fn find_circles(graph: &Graph) -> Vec<BTreeSet<String>> {
    let reach = |start: &String| {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut open: Vec<&String> = graph.get(start).into_iter().flatten().collect();
        while let Some(node) = open.pop() {
            if seen.insert(node.clone()) {
                open.extend(graph.get(node).into_iter().flatten());
            }
        }
        seen
    };
    let reachable: BTreeMap<&String, BTreeSet<String>> = graph.keys().map(|node| (node, reach(node))).collect();
    let mut circles: Vec<BTreeSet<String>> = Vec::new();
    for (node, targets) in &reachable {
        if !targets.contains(*node) || circles.iter().any(|circle| circle.contains(*node)) {
            continue;
        }
        let returns = |other: &&String| reachable.get(other).is_some_and(|back| back.contains(*node));
        circles.push(targets.iter().filter(returns).cloned().collect());
    }
    circles
}

fn render_circles(
    circles: &[BTreeSet<String>],
    tree: &SourceTree,
    references: &References,
    name: &impl Fn(usize) -> String,
) -> String {
    let mut text = String::new();
    for circle in circles {
        writeln!(text, "circle of {} entries:", circle.len()).unwrap();
        for (from, targets) in references {
            for (to, names) in targets {
                if name(*from) != name(*to) && circle.contains(&name(*from)) && circle.contains(&name(*to)) {
                    let (from, to) = (&tree.modules[*from].file, &tree.modules[*to].file);
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    writeln!(text, "  {from} -> {to}: {}", names.join(", ")).unwrap();
                }
            }
        }
    }
    text
}

#[test]
fn a_circle_is_found() {
    let graph = |arrows: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in arrows {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    assert!(find_circles(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    let circles = find_circles(&graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]));
    assert_eq!(circles, [BTreeSet::from(["a", "b", "c"].map(str::to_owned))]);
}
