//! The rules of `CONTRIBUTING.md` that a program can check: layers, import circles, names, sizes,
//! phrases, and the examples of the public API.

mod definitions;
mod documented_surface;
mod import_circles;
mod layer_order;
mod names;
mod phrases;
mod public_api;
mod references;
mod sizes;
mod source_tree;
