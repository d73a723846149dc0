//! `cargo doc` shows a small API, and each function in it has an example that is compiled.

use std::path::Path;

use syn::visit::{self, Visit};

use super::definitions::list_imports;
use super::documented_surface::DocumentedSurface;
use super::source_tree::{SourceTree, list_rust_files};

/// What `lib.rs` shows.
const MODULES: [&str; 7] = ["catalog", "snapshot", "collect", "baseline", "audit", "report", "solve::compare"];

/// Whether a documentation has a code block that rustdoc compiles as Rust.
fn has_compiled_example(documentation: &str) -> bool {
    let mut is_inside = false;
    let mut found = false;
    for fence in documentation.lines().filter_map(|line| line.trim().strip_prefix("```")) {
        if !is_inside {
            let mut words = fence.split(',').map(str::trim).filter(|word| !word.is_empty());
            found |= words.all(|word| matches!(word, "rust" | "no_run" | "should_panic"));
        }
        is_inside = !is_inside;
    }
    found
}

/// The functions without an example.
fn list_functions_without_example(surface: &DocumentedSurface) -> Vec<String> {
    let missing = surface.functions.iter().filter(|function| !has_compiled_example(&function.documentation));
    missing.map(|function| format!("src/{}: {}", function.file, function.name)).collect()
}

#[test]
fn each_public_function_has_an_example() {
    let surface = DocumentedSurface::collect(&SourceTree::read());
    let missing = list_functions_without_example(&surface);
    assert!(missing.is_empty(), "add an example, `pub(crate)` or `#[doc(hidden)]`:\n{}", missing.join("\n"));
}

#[test]
fn the_documentation_shows_the_pipeline_only() {
    let surface = DocumentedSurface::collect(&SourceTree::read());
    let top_level = surface.modules.iter().filter(|module| !module.contains("::") || module.ends_with("compare"));
    assert_eq!(top_level.collect::<Vec<_>>(), MODULES);
    let nested = surface.modules.iter().filter(|module| module.contains("::") && !module.ends_with("compare"));
    assert_eq!(nested.collect::<Vec<_>>(), ["audit::rules", "report::text"]);
    // Functions of modules, methods, trait methods, exports of other folders, and methods in other files than the type.
    for name in [
        "audit",
        "compare",
        "Catalog::embedded",
        "Snapshot::load",
        "AccountId::parse",
        "Audit::has_drift",
        "CollectObserver::on_account_started",
        "list_rules",
        "render_title",
    ] {
        assert!(surface.functions.iter().any(|function| function.name == name), "{name} is not shown");
    }
}

/// The paths of a file into the library, without the library's name.
#[derive(Default)]
struct LibraryPaths(Vec<String>);

impl LibraryPaths {
    fn add(&mut self, path: &[String]) {
        if let Some((library, rest)) = path.split_first()
            && library == "iamdrift"
        {
            self.0.push(rest.join("::"));
        }
    }
}

impl<'ast> Visit<'ast> for LibraryPaths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        list_imports(&item.tree).iter().for_each(|(_, path)| self.add(path));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(&path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>());
        visit::visit_path(self, path);
    }
}

#[test]
fn the_examples_use_the_documented_api_alone() {
    let surface = DocumentedSurface::collect(&SourceTree::read());
    let is_shown = |path: &str| {
        let mut prefixes = path.match_indices("::").map(|(end, _)| &path[..end]).chain([path]);
        prefixes.any(|prefix| surface.items.contains(prefix))
    };
    let mut used = 0;
    for file in list_rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")) {
        let syntax = syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let mut paths = LibraryPaths::default();
        paths.visit_file(&syntax);
        used += paths.0.len();
        let hidden: Vec<&String> = paths.0.iter().filter(|path| !is_shown(path)).collect();
        assert!(hidden.is_empty(), "{}: {hidden:?}", file.display());
    }
    assert!(used > 5, "{used}");
    assert!(!is_shown("solve::Solver") && !is_shown("audit::ActionRanking"));
}

/// The functions without an example in a crate of these files.
fn check_files(files: &[(&str, &str)]) -> Vec<String> {
    list_functions_without_example(&DocumentedSurface::collect(&SourceTree::from_texts(files)))
}

#[test]
fn functions_without_example_are_found_wherever_they_are_defined() {
    let files = [
        ("lib.rs", "mod inner; pub mod outer; pub use inner::Exported; pub fn free() {}"),
        ("inner.rs", "pub struct Exported; impl Exported { pub fn own(&self) {} fn private(&self) {} }"),
        ("outer/mod.rs", "mod far; pub trait Shown { fn required(&self); } pub use crate::inner::Exported as Other;"),
        ("outer/far.rs", "use crate::inner::Exported; impl Exported { pub fn elsewhere(&self) {} }"),
    ];
    assert_eq!(
        check_files(&files),
        [
            "src/outer/far.rs: Exported::elsewhere",
            "src/inner.rs: Exported::own",
            "src/outer/mod.rs: Shown::required",
            "src/lib.rs: free",
        ]
    );
}

#[test]
fn hidden_and_crate_items_need_no_example() {
    let files = [
        (
            "lib.rs",
            "mod inner; #[doc(hidden)] pub mod hidden; #[doc(hidden)] pub use inner::{Hidden, hidden_function}; \
             pub(crate) use inner::crate_function; pub use inner::Shown;",
        ),
        ("hidden.rs", "pub fn unseen() {}"),
        (
            "inner.rs",
            "pub struct Hidden; impl Hidden { pub fn method(&self) {} } pub fn hidden_function() {} \
             pub fn crate_function() {} pub struct Shown; #[doc(hidden)] impl Shown { pub fn block(&self) {} } \
             impl Shown { #[doc(hidden)] pub fn one(&self) {} pub(crate) fn two(&self) {} } \
             impl Default for Shown { fn default() -> Shown { Shown } }",
        ),
    ];
    assert_eq!(check_files(&files), Vec::<String>::new());
}

#[test]
fn examples_are_recognized_by_their_code_block() {
    for (documentation, has_example) in [
        ("Text.", false),
        ("```\nlet x = 1;\n```", true),
        ("```no_run\nlet x = 1;\n```", true),
        ("```text\nx\n```", false),
        ("```ignore\nlet x = 1;\n```", false),
        ("```rust,ignore\nlet x = 1;\n```", false),
        ("```json\n{}\n```\n\n```\nlet x = 1;\n```", true),
    ] {
        assert_eq!(has_compiled_example(documentation), has_example, "{documentation}");
    }
}
