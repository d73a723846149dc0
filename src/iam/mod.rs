//! The policy language: documents, statements, ARNs, templates, conditions, principals.
//!
//! What each part means stands in `docs/semantics.md`; here it is only read, checked and kept with its
//! place. The evaluator (`access`) and the solver (`solve`) share this folder and nothing else.

pub mod action_pattern;
pub mod arn;
mod builder;
pub mod condition;
pub mod context_key;
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
pub use condition::{Condition, MissingKeyRule, Quantifier};
pub use context_key::ContextKey;
pub use element::ElementKind;
pub use interpretation::{Ambiguity, Interpretation};
pub use operator::ConditionOperator;
pub use policy_document::{DocumentKind, Effect, PolicyDocument, Statement, Version};
pub use principal_element::{AwsPrincipal, PrincipalElement, PrincipalEntry};
pub use template::{Template, TemplatePart};
