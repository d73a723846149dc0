//! Trust in the guests of an application: anyone who knows the id of an identity pool gets their tokens, without sign-in.

use super::grant_question::GrantQuestion;
use super::request_case::RequestCase;
use super::scope::TrustScope;
use super::shared_idp::SharedIdp;
use super::undeclared::{TrustAnalysis, TrustAnalyzer};
use crate::access::KeyFact;
use crate::baseline::DeclaredAssumer;

impl TrustAnalyzer<'_> {
    /// The requests of guests. What the baseline declares about a role includes its guests, or does not: then they are identities of
    /// the provider that it does not declare.
    // AWS: Amazon Cognito Developer Guide, "Identity pools concepts": a guest needs the id of the pool only
    pub(super) fn find_undeclared_guests(
        &self,
        question: &GrantQuestion<'_>,
        idp: &'static SharedIdp,
        declared_assumers: Option<&[DeclaredAssumer]>,
    ) -> TrustAnalysis {
        let mut analysis = TrustAnalysis::default();
        let (Some(mark), None) = (&idp.guests, declared_assumers) else { return analysis };
        for case in self.list_cases(question) {
            let mut known = case.known.clone();
            known.set(&format!("{}:{}", idp.host, mark.claim), KeyFact::Set(mark.values.clone()));
            let case = RequestCase { scope: TrustScope::Guests(idp), known, ..case };
            analysis.extend(self.analyze_case(question, &case, &[]));
        }
        analysis
    }
}
