//! Names are words of the field: no pronouns, participles or adverbs, and one meaning for each type and file name.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};

use super::source_tree::SourceTree;

/// Words that no identifier of an item and no file name contains. `CONTRIBUTING.md` says what to use instead.
const FORBIDDEN_WORDS: [&str; 24] = [
    "told",
    "tell",
    "tells",
    "telling",
    "being",
    "another",
    "something",
    "anything",
    "few",
    "alike",
    "made",
    "said",
    "says",
    "whom",
    "whose",
    "who_of",
    "speaks",
    "speaking",
    "stands",
    "lies",
    "brought",
    "beside",
    "void",
    "mend",
];

/// Functions whose name is one of these say nothing.
const FORBIDDEN_FUNCTIONS: [&str; 12] =
    ["of", "told", "named", "said", "look", "put", "meet", "both", "here", "its", "asked", "one"];

/// Type names that every command of the command line may use.
const SHARED_TYPE_NAMES: [&str; 1] = ["Args"];

/// File names that every folder may use.
const SHARED_FILE_NAMES: [&str; 3] = ["mod.rs", "tests.rs", "main.rs"];

#[derive(Default)]
struct NameCollector {
    types: Vec<String>,
    functions: Vec<String>,
    /// Fields, variants, constants.
    members: Vec<String>,
}

impl<'ast> Visit<'ast> for NameCollector {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.types.push(item.ident.to_string());
        visit::visit_item_struct(self, item);
    }
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.types.push(item.ident.to_string());
        visit::visit_item_enum(self, item);
    }
    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.types.push(item.ident.to_string());
        visit::visit_item_trait(self, item);
    }
    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.types.push(item.ident.to_string());
    }
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.members.push(item.ident.to_string());
    }
    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.members.push(item.ident.to_string());
    }
    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.functions.push(signature.ident.to_string());
    }
    fn visit_field(&mut self, field: &'ast syn::Field) {
        self.members.extend(field.ident.as_ref().map(ToString::to_string));
    }
    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.members.push(variant.ident.to_string());
        visit::visit_variant(self, variant);
    }
}

fn collect_names(syntax: &syn::File) -> NameCollector {
    let mut names = NameCollector::default();
    names.visit_file(syntax);
    names
}

/// `PrincipalClass` and `principal_class` as `principal`, `class`.
fn split_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous_is_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && previous_is_lower) {
            words.push(String::new());
        }
        if c != '_' {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
        previous_is_lower = c.is_lowercase();
    }
    words
}

#[test]
fn no_identifier_contains_a_forbidden_word() {
    let mut found = Vec::new();
    for module in SourceTree::read().modules {
        let names = collect_names(&module.syntax);
        let stem = module.file.rsplit('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let all = names.types.iter().chain(&names.functions).chain(&names.members).chain([&stem]);
        for name in all {
            if split_words(name).iter().any(|word| FORBIDDEN_WORDS.contains(&word.as_str())) {
                found.push(format!("src/{}: {name}", module.file));
            }
        }
        for name in names.functions.iter().filter(|name| FORBIDDEN_FUNCTIONS.contains(&name.as_str())) {
            found.push(format!("src/{}: fn {name}", module.file));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_type_name_has_one_meaning() {
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for module in SourceTree::read().modules {
        for name in collect_names(&module.syntax).types {
            files.entry(name).or_default().push(module.file.clone());
        }
    }
    files.retain(|name, files| files.len() > 1 && !SHARED_TYPE_NAMES.contains(&name.as_str()));
    assert!(files.is_empty(), "{files:#?}");
}

#[test]
fn each_file_name_has_one_meaning() {
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for module in SourceTree::read().modules {
        let name = module.file.rsplit('/').next().unwrap().to_owned();
        folders.entry(name).or_default().push(module.file.clone());
    }
    folders.retain(|name, files| files.len() > 1 && !SHARED_FILE_NAMES.contains(&name.as_str()));
    assert!(folders.is_empty(), "{folders:#?}");
}

#[test]
fn words_are_split() {
    assert_eq!(split_words("PrincipalClass"), ["principal", "class"]);
    assert_eq!(split_words("SCOPE_TOLD"), ["scope", "told"]);
    assert_eq!(split_words("is_told"), ["is", "told"]);
}
