//! The policy language: documents, statements, ARNs, templates, conditions, principals.
//!
//! What each part means stands in `docs/semantics.md`; here it is only read, checked and kept with its
//! place. The evaluator (`access`) and the solver (`solve`) share this folder and nothing else.

pub mod action;
pub mod arn;
pub mod condition;
pub mod document;
mod parse;
pub mod principal;
pub mod reading;
pub mod template;
pub mod value;

pub use action::ActionPattern;
pub use arn::{AccountId, Arn, Partition};
pub use condition::{Condition, ConditionOperator, ContextKey, MissingKeyRule, Quantifier};
pub use document::{DocumentKind, Effect, ElementKind, PolicyDocument, Statement, Version};
pub use principal::{AwsPrincipal, PrincipalElement, PrincipalEntry};
pub use reading::{Ambiguity, Interpretation};
pub use template::{Template, TemplatePart};
