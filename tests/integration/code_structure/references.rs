//! Which file uses what of which other file.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use super::definitions::{Definitions, list_imports};
use super::source_tree::SourceTree;

/// For each file, the files whose items it names, with these names.
pub type References = BTreeMap<usize, BTreeMap<usize, BTreeSet<String>>>;

/// Resolves every path of every file. Re-exports (`pub use`) are declarations of a module's surface, not uses.
pub fn collect_references(tree: &SourceTree) -> References {
    let definitions = Definitions::collect(tree);
    let mut references = References::new();
    for (index, module) in tree.modules.iter().enumerate() {
        let mut collector = PathCollector::default();
        collector.visit_file(&module.syntax);
        let targets = references.entry(index).or_default();
        for path in collector.paths {
            let target = definitions.find_defining_file(index, &path).filter(|target| *target != index);
            if let Some(target) = target {
                targets.entry(target).or_default().insert(path.join("::"));
            }
        }
    }
    references
}

/// Every path of a file: in `use`, in types, in expressions and in the arguments of macros.
#[derive(Default)]
struct PathCollector {
    paths: Vec<Vec<String>>,
}

impl<'ast> Visit<'ast> for PathCollector {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if matches!(item.vis, syn::Visibility::Inherited) {
            self.paths.extend(list_imports(&item.tree).into_iter().map(|(_, path)| path));
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let is_test = item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !is_test {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in item.tokens.clone() {
            match token {
                proc_macro2::TokenTree::Ident(ident) => {
                    if colons < 2 {
                        self.end_path(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                _ => {
                    self.end_path(&mut path);
                    colons = 0;
                }
            }
        }
        self.end_path(&mut path);
        visit::visit_macro(self, item);
    }
}

impl PathCollector {
    fn end_path(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.paths.push(path.clone());
        }
        path.clear();
    }
}
