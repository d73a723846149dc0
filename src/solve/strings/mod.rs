//! String patterns as automata: alphabet, tokens, globs, and the search for a matching string.

pub mod alphabet;
pub(crate) mod dfa;
pub mod glob_search;
pub mod interned_glob;
pub(crate) mod intersect;
