//! Constraints on the values of one field.
//!
//! - `interval`: sets of numbers, instants and addresses;
//! - `literal`: one test of one field;
//! - `string_constraint`: constraints on a string;
//! - `string_set`: constraints on the value of a multi-valued key;
//! - `field_value`: a value, and whether it satisfies a literal;
//! - `mixed_tests`: tests of different types on one field;
//! - `field_state`: all constraints on one field, and whether a value satisfies them.

pub(crate) mod field_state;
pub(crate) mod field_value;
pub(crate) mod interval;
pub(crate) mod literal;
pub(crate) mod mixed_tests;
pub(crate) mod string_constraint;
pub(crate) mod string_set;
