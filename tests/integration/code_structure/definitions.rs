//! The names that each file defines or re-exports, and the file that a path leads to.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, UseTree};

use super::source_tree::{ModulePath, SourceTree};

/// What the names of one module mean.
#[derive(Default)]
struct ModuleNames {
    /// Items that the file defines.
    defined: BTreeSet<String>,
    /// Names that `use` brings into the module, with their full paths.
    imported: BTreeMap<String, ModulePath>,
    /// Modules whose names are all imported (`use x::*`).
    globs: Vec<ModulePath>,
}

/// The names of all modules.
pub struct Definitions<'t> {
    tree: &'t SourceTree,
    names: Vec<ModuleNames>,
}

impl<'t> Definitions<'t> {
    /// Collects the names of every module.
    pub fn collect(tree: &'t SourceTree) -> Definitions<'t> {
        let names = tree.modules.iter().map(|module| collect_names(&module.module, &module.syntax.items)).collect();
        Definitions { tree, names }
    }

    /// The file that defines what a path names, as seen from a module; `None` for paths that lead outside the crate
    /// and for paths that name a module.
    pub fn find_defining_file(&self, module: usize, segments: &[String]) -> Option<usize> {
        let path = self.to_absolute(module, segments)?;
        self.resolve(&path, 0)
    }

    /// A path from the root, where the first segment is a keyword, an import or a child module.
    fn to_absolute(&self, module: usize, segments: &[String]) -> Option<ModulePath> {
        let own = &self.tree.modules[module].module;
        let first = segments.first()?;
        if let Some(path) = strip_keywords(own, segments) {
            return Some(path);
        }
        let child: ModulePath = own.iter().cloned().chain([first.clone()]).collect();
        let rest = segments[1..].iter().cloned();
        if let Some(imported) = self.names[module].imported.get(first) {
            return Some(imported.iter().cloned().chain(rest).collect());
        }
        self.tree.by_path.contains_key(&child).then(|| child.into_iter().chain(rest).collect())
    }

    /// Follows a path from the root through modules and re-exports.
    fn resolve(&self, path: &[String], depth: usize) -> Option<usize> {
        assert!(depth < 20, "re-exports of {} lead in a circle", path.join("::"));
        let longest = (0..=path.len()).rev().find(|length| self.tree.by_path.contains_key(&path[..*length]))?;
        let module = self.tree.by_path[&path[..longest]];
        let name = path.get(longest)?;
        let names = &self.names[module];
        if names.defined.contains(name) {
            return Some(module);
        }
        if let Some(target) = names.imported.get(name) {
            let target: ModulePath = target.iter().chain(&path[longest + 1..]).cloned().collect();
            return self.resolve(&target, depth + 1);
        }
        names.globs.iter().find_map(|glob| {
            let target: ModulePath = glob.iter().chain(&path[longest..]).cloned().collect();
            self.resolve(&target, depth + 1)
        })
    }
}

/// `crate::`, `self::`, `super::` and the library's name, resolved; `None` if the path begins otherwise.
pub fn strip_keywords(module: &[String], segments: &[String]) -> Option<ModulePath> {
    let mut base: ModulePath = match segments.first()?.as_str() {
        "crate" | "iamdrift" => return Some(segments[1..].to_vec()),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    let mut rest = segments;
    while let Some(first) = rest.first() {
        match first.as_str() {
            "self" => {}
            "super" => {
                base.pop();
            }
            _ => break,
        }
        rest = &rest[1..];
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

fn collect_names(module: &[String], items: &[Item]) -> ModuleNames {
    let mut names = ModuleNames::default();
    for item in items {
        let ident = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Use(item) => {
                for (name, path) in list_imports(&item.tree) {
                    let Some(path) = strip_keywords(module, &path).or_else(|| to_child_path(module, &path, items))
                    else {
                        continue;
                    };
                    match name.as_str() {
                        "*" => names.globs.push(path),
                        _ => _ = names.imported.insert(name, path),
                    }
                }
                continue;
            }
            _ => continue,
        };
        names.defined.insert(ident.to_string());
    }
    names
}

/// A `use` of a child module that the same file declares: `pub use finding::Finding`.
fn to_child_path(module: &[String], path: &[String], items: &[Item]) -> Option<ModulePath> {
    let first = path.first()?;
    let declares = items.iter().any(|item| matches!(item, Item::Mod(child) if child.ident == first));
    declares.then(|| module.iter().chain(path).cloned().collect())
}

/// The names that a `use` makes, each with the path as written; `*` for all of a module.
pub fn list_imports(tree: &UseTree) -> Vec<(String, Vec<String>)> {
    match tree {
        UseTree::Path(path) => {
            let nested = list_imports(&path.tree).into_iter();
            let segment = path.ident.to_string();
            nested
                .map(|(name, rest)| match name.as_str() {
                    "self" => (segment.clone(), vec![segment.clone()]),
                    _ => (name, [vec![segment.clone()], rest].concat()),
                })
                .collect()
        }
        UseTree::Name(name) => vec![(name.ident.to_string(), vec![name.ident.to_string()])],
        UseTree::Rename(rename) => vec![(rename.rename.to_string(), vec![rename.ident.to_string()])],
        UseTree::Glob(_) => vec![("*".to_owned(), Vec::new())],
        UseTree::Group(group) => group.items.iter().flat_map(list_imports).collect(),
    }
}
