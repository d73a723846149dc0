//! Files, functions and parameter lists that one can take in at once.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::source_tree::SourceTree;

const MOST_LINES_OF_A_FILE: usize = 400;
const MOST_LINES_OF_A_FUNCTION: usize = 60;
const MOST_ARGUMENTS: usize = 6;

/// A function that exceeds a limit says why in a comment above it that begins so.
const LENGTH_REASON: &str = "// Length:";
const ARGUMENTS_REASON: &str = "// Arguments:";

struct FunctionSizes<'t> {
    lines: Vec<&'t str>,
    found: Vec<String>,
}

impl FunctionSizes<'_> {
    fn check(&mut self, signature: &syn::Signature, span: proc_macro2::Span) {
        let (first, last) = (span.start().line, span.end().line);
        let has_reason = |reason: &str| {
            let above = self.lines[..first - 1].iter().rev().take(12);
            let above = above.take_while(|line| {
                let line = line.trim_start();
                line.starts_with("//") || line.starts_with("#[") || line.is_empty()
            });
            let inside = self.lines[first - 1..last].iter().take(8);
            above.chain(inside).any(|line| line.trim_start().starts_with(reason))
        };
        let name = &signature.ident;
        let lines = last + 1 - first;
        if lines > MOST_LINES_OF_A_FUNCTION && !has_reason(LENGTH_REASON) {
            self.found.push(format!("fn {name}, line {first}: {lines} lines"));
        }
        let arguments = signature.inputs.len();
        if arguments > MOST_ARGUMENTS && !has_reason(ARGUMENTS_REASON) {
            self.found.push(format!("fn {name}, line {first}: {arguments} arguments"));
        }
    }
}

impl<'ast> Visit<'ast> for FunctionSizes<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.check(&item.sig, item.sig.span().join(item.block.span()).unwrap_or_else(|| item.span()));
        visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.check(&item.sig, item.sig.span().join(item.block.span()).unwrap_or_else(|| item.span()));
        visit::visit_impl_item_fn(self, item);
    }
}

#[test]
fn functions_are_short() {
    let mut found = Vec::new();
    for module in SourceTree::read().modules {
        let mut sizes = FunctionSizes { lines: module.text.lines().collect(), found: Vec::new() };
        sizes.visit_file(&module.syntax);
        found.extend(sizes.found.iter().map(|problem| format!("src/{}: {problem}", module.file)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn files_have_one_idea() {
    let long = |lines: usize| lines > MOST_LINES_OF_A_FILE;
    let found: Vec<String> = SourceTree::read()
        .modules
        .iter()
        .map(|module| (module, module.text.lines().count()))
        .filter(|(_, lines)| long(*lines))
        .map(|(module, lines)| format!("src/{}: {lines} lines", module.file))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
