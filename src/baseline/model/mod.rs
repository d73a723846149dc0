//! The declarations of a manifest, as data.
//!
//! - `baseline.rs`: everything that a manifest declares.
//! - `entry.rs`: `[settings]`, `[[principal]]`, `[[ignore]]`.
//! - `selector.rs`: which principals an entry matches.
//! - `principal_class.rs`: agent, operator, workload, break-glass.
//! - `ceiling.rs`, `levels.rs`: the declared permissions, and their short form.
//! - `assumable_by.rs`: who may assume a role.
//! - `guard.rs`, `persona.rs`, `condition_block.rs`: conditions on requests.
//! - `exception.rs`, `person_name.rs`: accepted findings, and who accepts them.
//! - `hint.rs`: evidence for a class.
//! - `spanned.rs`: a value with its position.

pub(in crate::baseline) mod assumable_by;
pub(in crate::baseline) mod baseline;
pub(in crate::baseline) mod ceiling;
pub(in crate::baseline) mod condition_block;
pub(in crate::baseline) mod entry;
pub(in crate::baseline) mod exception;
pub(in crate::baseline) mod guard;
pub(in crate::baseline) mod hint;
pub(in crate::baseline) mod levels;
pub(in crate::baseline) mod person_name;
pub(in crate::baseline) mod persona;
pub(in crate::baseline) mod principal_class;
pub(in crate::baseline) mod selector;
pub(in crate::baseline) mod spanned;
