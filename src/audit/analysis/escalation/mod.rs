//! What a principal can escalate to (IAM005): every gain, each with a path that is not declared.
//!
//! The files, in the order in which data passes:
//!
//! - `broader_path`: what the search finds
//! - `shared_excess`: the access of a state beyond a ceiling
//! - [`analysis`]: the attack graph, which of its steps are declared, and the answers that principals share
//! - `gained_access`: what a state can do beyond a ceiling and beyond a principal's own access
//! - `guarded_access`: what a state can do of the actions of a guard
//! - `undeclared_path`: another path to the end of a declared one
//! - `fold_paths`: paths with the same first step, of which one leads to all access of the others
//! - `ends_on_the_way`: ends that are allowed nothing but the next step of a longer path
//! - `gain_search`: the search from one principal
//! - `further_gains`: gains of several sessions together, and behind an expected administrator

pub(crate) mod analysis;
pub(crate) mod broader_path;
mod ends_on_the_way;
mod fold_paths;
mod further_gains;
mod gain_search;
mod gained_access;
mod guarded_access;
mod shared_excess;
mod undeclared_path;
