//! What `cargo doc` shows: the functions and methods of the public API, each with its documentation.

use std::collections::BTreeSet;

use syn::{Attribute, ImplItem, Item, TraitItem, Visibility};

use super::definitions::{Definitions, list_imports, strip_keywords};
use super::source_tree::{ModulePath, SourceTree};

/// A public function, or a public method of a public type or trait.
#[derive(Debug, Eq, PartialEq, Ord, PartialOrd)]
pub struct DocumentedFunction {
    /// `audit`, `Snapshot::load`.
    pub name: String,
    /// The file that defines it, relative to `src/`.
    pub file: String,
    /// Its documentation, as Markdown.
    pub documentation: String,
}

/// The modules that the documentation shows, in the order of `lib.rs`, and the functions in them.
pub struct DocumentedSurface {
    pub modules: Vec<String>,
    pub functions: BTreeSet<DocumentedFunction>,
    /// The functions, types and traits, with their modules: `audit::AuditOptions`.
    pub items: BTreeSet<String>,
}

impl DocumentedSurface {
    /// Follows the modules and re-exports that are public and not hidden, from the root of the crate.
    pub fn collect(tree: &SourceTree) -> DocumentedSurface {
        let mut collector = SurfaceCollector {
            tree,
            definitions: Definitions::collect(tree),
            modules: Vec::new(),
            functions: BTreeSet::new(),
            items: BTreeSet::new(),
        };
        collector.visit_module(&[]);
        DocumentedSurface { modules: collector.modules, functions: collector.functions, items: collector.items }
    }
}

struct SurfaceCollector<'t> {
    tree: &'t SourceTree,
    definitions: Definitions<'t>,
    modules: Vec<String>,
    functions: BTreeSet<DocumentedFunction>,
    items: BTreeSet<String>,
}

impl SurfaceCollector<'_> {
    fn visit_module(&mut self, path: &[String]) {
        if !path.is_empty() {
            self.modules.push(path.join("::"));
        }
        let index = self.tree.by_path[path];
        for item in &self.tree.modules[index].syntax.items {
            match item {
                Item::Mod(module) if is_shown(&module.vis, &module.attrs) => {
                    assert!(module.content.is_none(), "{}: a public module in a file of another", module.ident);
                    self.visit_module(&[path, &[module.ident.to_string()]].concat());
                }
                Item::Use(import) if is_shown(&import.vis, &import.attrs) => {
                    for (_, target) in list_imports(&import.tree) {
                        self.visit_export(index, path, &target);
                    }
                }
                item => self.visit_item(index, item, path, None),
            }
        }
    }

    /// A module, or an item of another file.
    fn visit_export(&mut self, index: usize, path: &[String], target: &[String]) {
        let file = &self.tree.modules[index].file;
        let absolute: ModulePath =
            strip_keywords(path, target).unwrap_or_else(|| path.iter().chain(target).cloned().collect());
        let from_root = strip_keywords(path, target).unwrap_or_else(|| target.to_vec());
        for module in [absolute, from_root] {
            if self.tree.by_path.contains_key(&module) {
                return self.visit_module(&module);
            }
        }
        let name = target.last().unwrap();
        // A macro can define a constant, which needs no example.
        if !name.contains(|c: char| c.is_ascii_lowercase()) {
            return;
        }
        let defining = self.definitions.find_defining_file(index, target);
        let defining = defining.unwrap_or_else(|| panic!("src/{file} exports {}, defined nowhere", target.join("::")));
        for item in &self.tree.modules[defining].syntax.items {
            self.visit_item(defining, item, path, Some(name));
        }
    }

    /// An item, if it is shown, or if an export names it and it is public and not hidden.
    fn visit_item(&mut self, index: usize, item: &Item, shown_in: &[String], exported: Option<&str>) {
        let (ident, visibility, attributes) = match item {
            Item::Fn(item) => (&item.sig.ident, &item.vis, &item.attrs),
            Item::Struct(item) => (&item.ident, &item.vis, &item.attrs),
            Item::Enum(item) => (&item.ident, &item.vis, &item.attrs),
            Item::Union(item) => (&item.ident, &item.vis, &item.attrs),
            Item::Trait(item) => (&item.ident, &item.vis, &item.attrs),
            _ => return,
        };
        let name = ident.to_string();
        if !is_shown(visibility, attributes) || exported.is_some_and(|exported| exported != name) {
            return;
        }
        self.items.insert([shown_in, std::slice::from_ref(&name)].concat().join("::"));
        match item {
            Item::Fn(item) => self.add_function(index, name, &item.attrs),
            Item::Trait(item) => {
                for method in &item.items {
                    if let TraitItem::Fn(method) = method
                        && !is_hidden(&method.attrs)
                    {
                        self.add_function(index, format!("{name}::{}", method.sig.ident), &method.attrs);
                    }
                }
            }
            _ => self.visit_methods(&name),
        }
    }

    /// The methods of a type, in all files: a type name exists once.
    fn visit_methods(&mut self, type_name: &str) {
        for (index, module) in self.tree.modules.iter().enumerate() {
            for item in &module.syntax.items {
                let Item::Impl(block) = item else { continue };
                if block.trait_.is_some() || is_hidden(&block.attrs) || !is_about(block, type_name) {
                    continue;
                }
                for method in &block.items {
                    if let ImplItem::Fn(method) = method
                        && is_shown(&method.vis, &method.attrs)
                    {
                        self.add_function(index, format!("{type_name}::{}", method.sig.ident), &method.attrs);
                    }
                }
            }
        }
    }

    fn add_function(&mut self, index: usize, name: String, attributes: &[Attribute]) {
        let file = self.tree.modules[index].file.clone();
        self.functions.insert(DocumentedFunction { name, file, documentation: join_documentation(attributes) });
    }
}

fn is_about(block: &syn::ItemImpl, type_name: &str) -> bool {
    match &*block.self_ty {
        syn::Type::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == type_name),
        _ => false,
    }
}

fn is_shown(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    matches!(visibility, Visibility::Public(_)) && !is_hidden(attributes)
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "hidden")
    })
}

fn join_documentation(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let syn::Meta::NameValue(syn::MetaNameValue {
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(line), .. }),
            ..
        }) = &attribute.meta
        {
            text.push_str(&line.value());
            text.push('\n');
        }
    }
    text
}
