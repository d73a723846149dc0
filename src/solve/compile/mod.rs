//! Statements compiled to literals over fields, for one question.

pub(crate) mod action_classes;
pub(crate) mod condition_literal;
pub(crate) mod key_domain;
pub(crate) mod resource_domain;
pub(crate) mod solver;
