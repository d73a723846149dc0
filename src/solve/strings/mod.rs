//! String patterns, and the search for a string that some patterns match and others do not.
//!
//! - `alphabet`: characters as one-byte symbols;
//! - `token`: one step of a pattern;
//! - `dfa`: a pattern as a deterministic automaton;
//! - `interned_glob`: a pattern that is stored once per run;
//! - `intersect`: a quick test for patterns that share no string;
//! - `glob_search`: the tests and the search strategy;
//! - `product_search`: the walk over the product of automata;
//! - `search_cache`: earlier results of the search;
//! - `interner`: all patterns of a run.

pub mod alphabet;
pub(crate) mod dfa;
pub mod glob_search;
pub mod interned_glob;
pub mod interner;
pub(crate) mod intersect;
pub mod product_search;
pub(crate) mod search_cache;
pub mod token;
