//! Who can assume a role, and who of them nobody declared.
//!
//! Follows `docs/rules.md`, IAM006. Each way that a trust policy opens is a question to the solver: which requests
//! come in by it that `assumable_by` does not list? Every answer comes with a request, which the evaluator confirms.

mod case;
mod declared;
mod few;
mod issuer;
mod open;
mod way;

pub use declared::is_declared_assumer;
pub use issuer::{SharedIdp, list_shared_idps};
pub use open::{TrustAnalysis, TrustAnalyzer, TrustScope, UndeclaredTrust};
pub use way::TrustGrant;
