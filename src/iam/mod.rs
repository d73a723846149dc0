//! The policy language: documents, statements, ARNs, templates, conditions, principals.
//!
//! What each part means stands in `docs/semantics.md`; here it is only read, checked and kept with its
//! place. The evaluator (`access`) and the solver (`solve`) share this folder and nothing else.

pub mod action_pattern;
pub mod arn;
pub mod condition;
pub mod interpretation;
mod parse;
pub mod policy_document;
pub mod principal_element;
pub mod template;
pub mod value;

pub use action_pattern::ActionPattern;
pub use arn::{AccountId, Arn, Partition};
pub use condition::{Condition, ConditionOperator, ContextKey, MissingKeyRule, Quantifier};
pub use interpretation::{Ambiguity, Interpretation};
pub use policy_document::{DocumentKind, Effect, ElementKind, PolicyDocument, Statement, Version};
pub use principal_element::{AwsPrincipal, PrincipalElement, PrincipalEntry};
pub use template::{Template, TemplatePart};
