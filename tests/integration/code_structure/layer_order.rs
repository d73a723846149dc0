//! The folders of `src/` are a pipeline: each imports only from those before it.

use super::references::collect_references;
use super::source_tree::{SourceTree, source_folder};

/// The pipeline, in order. The command line is the binary's own; it may use all of the library.
const ORDER: [&str; 15] = [
    "base", "source", "iam", "catalog", "snapshot", "collect", "access", "solve", "baseline", "trust", "classify",
    "reach", "audit", "report", "cli",
];

fn find_position(layer: &str) -> Option<usize> {
    ORDER.iter().position(|name| *name == layer)
}

#[test]
fn layers_point_downward_only() {
    let tree = SourceTree::read();
    let mut violations = Vec::new();
    for (from, targets) in collect_references(&tree) {
        for (to, names) in targets {
            let (from, to) = (&tree.modules[from], &tree.modules[to]);
            let (Some(own), Some(used)) = (from.module.first(), to.module.first()) else { continue };
            if find_position(own) < find_position(used) {
                violations.push(format!("src/{} uses {names:?} of src/{}, a later layer", from.file, to.file));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_folder_has_its_place() {
    let mut folders: Vec<String> = std::fs::read_dir(source_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    folders.sort_by_key(|folder| find_position(folder));
    assert_eq!(folders, ORDER);
    let library = std::fs::read_to_string(source_folder().join("lib.rs")).unwrap();
    let modules: Vec<&str> =
        library.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(modules, ORDER[..ORDER.len() - 1], "src/lib.rs lists the pipeline in order");
}
