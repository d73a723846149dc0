//! All source files of `src/`, parsed, with their module paths.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A module's path below the root of its crate: `["solve", "strings", "dfa"]`.
pub type ModulePath = Vec<String>;

/// One file of `src/`.
pub struct SourceModule {
    /// Relative to `src/`: `solve/strings/dfa.rs`.
    pub file: String,
    /// Its module.
    pub module: ModulePath,
    /// Its text.
    pub text: String,
    /// Its syntax tree, without items that are compiled for tests only.
    pub syntax: syn::File,
}

/// The files of the library and of the binary. The binary's modules are those below `cli`.
pub struct SourceTree {
    pub modules: Vec<SourceModule>,
    /// The index of each module's file.
    pub by_path: BTreeMap<ModulePath, usize>,
}

impl SourceTree {
    /// Reads and parses every file.
    pub fn read() -> SourceTree {
        let root = source_folder();
        let files: Vec<(String, String)> = list_rust_files(&root)
            .into_iter()
            .map(|path| {
                let text = std::fs::read_to_string(&path).unwrap();
                (path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"), text)
            })
            .collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (&**file, &**text)).collect();
        SourceTree::from_texts(&files)
    }

    /// Parses files, given with their names relative to `src/`.
    pub fn from_texts(files: &[(&str, &str)]) -> SourceTree {
        let modules: Vec<SourceModule> = files
            .iter()
            .map(|(file, text)| {
                let mut syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("src/{file}: {error}"));
                syntax.items.retain(|item| !is_test_item(item));
                SourceModule {
                    module: to_module_path(file),
                    file: (*file).to_owned(),
                    text: (*text).to_owned(),
                    syntax,
                }
            })
            .filter(|module| !is_test_file(&module.file))
            .collect();
        // The binary's root is not a module of the library.
        let is_module = |module: &&SourceModule| module.file != "main.rs";
        let by_path = modules.iter().filter(is_module).map(|module| module.module.clone());
        let by_path: BTreeMap<ModulePath, usize> = by_path
            .map(|path| (path.clone(), modules.iter().position(|m| m.module == path && m.file != "main.rs").unwrap()))
            .collect();
        SourceTree { modules, by_path }
    }
}

/// `src/` of this package.
pub fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every `.rs` file below a folder, in order.
pub fn list_rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        if path.is_dir() {
            files.extend(list_rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn to_module_path(file: &str) -> ModulePath {
    let mut path: ModulePath = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        path.pop();
    }
    path
}

/// Files that hold tests, or what tests need, and nothing else.
fn is_test_file(file: &str) -> bool {
    file.split('/').any(|part| matches!(part, "tests" | "testing" | "tests.rs" | "testing.rs"))
        || file.ends_with("_tests.rs")
}

/// Whether an item has an attribute `#[cfg(test)]`.
fn is_test_item(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}
