//! The policy language: documents, statements, ARNs, templates, conditions, principals.
//!
//! This folder parses and checks policies, and keeps positions. `docs/semantics.md` describes what policies mean. The
//! evaluator (`access`) and the solver (`solve`) share this folder, and no other code about policies.
//!
//! - `arn.rs`: ARNs, account numbers, partitions.
//! - `arn_glob.rs`: globs over ARNs in a manifest.
//! - `action_pattern.rs`: patterns of `Action`.
//! - `context_key.rs`: names of condition keys.
//! - `template.rs`: texts with wildcards and policy variables.
//! - `value.rs`: numbers, dates, addresses and other typed values.
//! - `operator.rs`, `condition.rs`: condition operators and conditions.
//! - `element.rs`, `principal_element.rs`: the other elements of a statement.
//! - `policy_document.rs`: statements and documents.
//! - `document_json.rs`: documents to JSON.
//! - `document_edit.rs`: documents as they are written, and their size.
//! - `interpretation.rs`: the questions that AWS's documentation leaves open.
//! - `parse/`: JSON to documents.

pub mod action_pattern;
pub mod arn;
pub mod arn_glob;
mod builder;
pub mod condition;
pub mod context_key;
pub(crate) mod document_edit;
pub(crate) mod document_json;
pub mod element;
pub mod interpretation;
pub mod operator;
mod parse;
pub mod policy_document;
pub mod principal_element;
pub mod template;
pub mod value;

pub use action_pattern::ActionPattern;
pub use arn::{AccountId, Arn, Partition};
pub use arn_glob::{ArnGlob, complete_arn_glob};
pub use condition::{Condition, MissingKeyRule, Quantifier};
pub use context_key::ContextKey;
pub use element::ElementKind;
pub use interpretation::{Ambiguity, Interpretation};
pub use operator::ConditionOperator;
pub use parse::parse_condition_element;
pub use policy_document::{DocumentKind, Effect, PolicyDocument, Statement, StatementPlaces, Version};
pub use principal_element::{AwsPrincipal, PrincipalElement, PrincipalEntry};
pub use template::{Template, TemplatePart};
