//! The callers that a role admits once its trust policy is rewritten. Only the RCPs on the role limit that.

use std::sync::Arc;

use super::grant::TrustGrant;
use super::grant_question::GrantQuestion;
use super::scope::TrustScope;
use super::undeclared::{TrustAnalysis, TrustAnalyzer};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{PolicyDocument, Statement};
use crate::snapshot::{Account, Principal};

impl TrustAnalyzer<'_> {
    /// The requests of a service for resources of the account of a role, or those of anyone outside the accounts of the
    /// snapshot and of its organization, that assume the role if its trust policy admits the grant without conditions.
    pub fn analyze_rewritten(&self, account: &Account, role: &Principal, grant: &TrustGrant) -> TrustAnalysis {
        let statement = Statement::allow(ActionElement::listing([grant.assume_action()]), ResourceElement::any());
        let document = Arc::new(PolicyDocument::from_statements("rewritten trust policy", vec![statement]));
        let rcps = &self.find_rcp_denies(account, role, grant);
        let question = GrantQuestion { account, role, grant, restricted_policy: &document, rcps, accepted: &[] };
        let mut analysis = TrustAnalysis::default();
        // A condition can name an organization or an account. Someone else owns these.
        let asked = match grant {
            grant if grant.is_wildcard() => TrustScope::Anyone,
            TrustGrant::Saml { .. } | TrustGrant::Oidc { .. } => TrustScope::Provider,
            _ => TrustScope::Service,
        };
        for case in self.list_cases(&question).into_iter().filter(|case| case.scope == asked) {
            analysis.merge(self.analyze_case(&question, &case, &[]));
        }
        analysis
    }
}
