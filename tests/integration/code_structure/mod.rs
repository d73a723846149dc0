//! The rules of `CONTRIBUTING.md` that a program can check: layers, import circles, names, sizes, and phrases.

mod definitions;
mod import_circles;
mod layer_order;
mod names;
mod phrases;
mod references;
mod sizes;
mod source_tree;
