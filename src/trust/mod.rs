//! Who can assume a role, and who of them nobody declared.
//!
//! Follows `docs/rules.md`, IAM006. Each way that a trust policy opens is a question to the solver: which requests
//! come in by it that `assumable_by` does not list? Every answer comes with a request, which the evaluator confirms.

mod declared_assumers;
mod grant;
mod request_case;
mod restrictive_keys;
mod shared_idp;
mod undeclared;

pub use declared_assumers::is_declared_assumer;
pub use grant::TrustGrant;
pub use shared_idp::{SharedIdp, list_shared_idps};
pub use undeclared::{TrustAnalysis, TrustAnalyzer, TrustScope, UndeclaredTrust};
