//! The decision of a question.
//!
//! - `ambiguity`: the entry: the answer under all interpretations;
//! - `common_excess`: the excess that is proven under all interpretations;
//! - `decide_question`: the answer under one interpretation;
//! - `policy_variables`, `variable_binding`, `trial_values`: variables with unknown values;
//! - `future_actions`: actions that AWS has not released;
//! - `round`: one class of actions under one binding of the variables;
//! - `request_shape`: the part of a request that its action determines;
//! - `shape_facts`, `key_facts`: what a request itself settles about context keys;
//! - `branch_clauses`: the constraints of a branch;
//! - `link_clauses`: the constraints between the fields of a request;
//! - `cube_search`: the requests that satisfy all constraints, as disjoint cubes;
//! - `difference`: cubes as text;
//! - `witness`: a concrete request from a cube;
//! - `outcome`: the result so far.

pub(crate) mod ambiguity;
pub(crate) mod branch_clauses;
pub(crate) mod common_excess;
pub(crate) mod cube_search;
pub(crate) mod decide_question;
pub(crate) mod difference;
pub(crate) mod future_actions;
pub(crate) mod key_facts;
pub(crate) mod link_clauses;
pub(crate) mod outcome;
pub(crate) mod policy_variables;
pub(crate) mod request_shape;
pub(crate) mod round;
pub(crate) mod shape_facts;
pub(crate) mod trial_values;
pub(crate) mod variable_binding;
pub(crate) mod witness;
