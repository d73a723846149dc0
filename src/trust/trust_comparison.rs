//! Compares two trust policies: who may assume the role, and under which conditions.
//!
//! The callers are split by the principals that either policy names. For each part, the statements that apply to it are
//! compared like identity policies, once for each action that assumes a role.

use std::sync::Arc;

use super::grant::{TrustGrant, parse_principal_element};
use super::undeclared::SESSION_ACTIONS;
use crate::access::{KeyFact, KnownContext};
use crate::iam::element::ActionElement;
use crate::iam::{AccountId, ElementKind, PolicyDocument};
use crate::solve::compare::{ComparedRequests, PolicyComparison, compare_requests};
use crate::solve::{ActionWorld, ContainmentVerdict, Solver, UndecidedReason};

/// Trust policies have no resource element, so that the resource of the request does not matter.
const ANY_ROLE: &str = "*";

/// The comparison of two trust policies.
#[derive(Debug)]
pub struct TrustComparison {
    /// The relation, and the requests of each direction.
    pub comparison: PolicyComparison,
    /// The principals whose requests only the first policy admits, as it writes them. `*` is everyone that neither names.
    pub a_principals: Vec<String>,
    /// The principals whose requests only the second policy admits.
    pub b_principals: Vec<String>,
}

/// Some of the callers: those of one grant that no narrower grant of either policy names.
struct CallerPart {
    grant: TrustGrant,
    /// Whether only statements that name the principal itself count. Within the role's account, such a statement admits
    /// it without an identity policy, and a statement for the account does not.
    is_direct: bool,
}

/// Compares two trust policies. `cubes` is the largest number of cubes for each action.
pub fn compare_trust_policies(
    solver: &Solver<'_>,
    a: &Arc<PolicyDocument>,
    b: &Arc<PolicyDocument>,
    cubes: usize,
) -> TrustComparison {
    let mut a_not_b = ContainmentVerdict::Contained;
    let mut b_not_a = ContainmentVerdict::Contained;
    let (mut a_principals, mut b_principals) = (Vec::new(), Vec::new());
    // Equal policies are equivalent, even if the solver cannot decide them.
    let parts = if a == b { Vec::new() } else { list_caller_parts(a, b) };
    for part in &parts {
        let known = build_context(&part.grant);
        let (a_part, b_part) = (restrict_to_part(a, part), restrict_to_part(b, part));
        for action in std::iter::once(part.grant.assume_action()).chain(SESSION_ACTIONS) {
            let single_request = Some((action, ANY_ROLE));
            let requests = ComparedRequests { known: &known, single_request, worlds: &[ActionWorld::Existing], cubes };
            let compared = compare_requests(solver, &a_part, &b_part, &requests);
            for (verdict, found, principals) in [
                (compared.a_not_b, &mut a_not_b, &mut a_principals),
                (compared.b_not_a, &mut b_not_a, &mut b_principals),
            ] {
                let verdict = part.qualify(verdict);
                let name = part.grant.as_str().to_owned();
                if matches!(verdict, ContainmentVerdict::Broader(_)) && !principals.contains(&name) {
                    principals.push(name);
                }
                *found = std::mem::replace(found, ContainmentVerdict::Contained).combine(verdict);
            }
        }
    }
    TrustComparison { comparison: PolicyComparison::new(a_not_b, b_not_a), a_principals, b_principals }
}

impl CallerPart {
    /// The verdict on the requests of this part.
    fn qualify(&self, verdict: ContainmentVerdict) -> ContainmentVerdict {
        match verdict {
            ContainmentVerdict::Broader(_) if self.is_direct => {
                let principal = self.grant.as_str().to_owned();
                ContainmentVerdict::Undecided(vec![UndecidedReason::AccountOfRole { principal }])
            }
            verdict => verdict,
        }
    }

    /// Whether a principal that a statement lists includes the callers of this part.
    fn is_included_in(&self, listed: &TrustGrant) -> bool {
        match (listed, &self.grant) {
            (TrustGrant::Anyone, _) => true,
            (TrustGrant::AnyOidcProvider, TrustGrant::Oidc { .. })
            | (TrustGrant::AnySamlProvider, TrustGrant::Saml { .. }) => true,
            (TrustGrant::Account(account), TrustGrant::Principal(arn)) => {
                !self.is_direct && account.as_str() == arn.account()
            }
            (TrustGrant::Service { name, .. }, TrustGrant::Service { name: own_name, .. }) => name == own_name,
            (listed, grant) => listed == grant,
        }
    }
}

/// The parts of the callers that the two policies distinguish.
fn list_caller_parts(a: &PolicyDocument, b: &PolicyDocument) -> Vec<CallerPart> {
    let mut grants = vec![TrustGrant::Anyone, TrustGrant::AnyOidcProvider, TrustGrant::AnySamlProvider];
    let elements = a.statements.iter().chain(&b.statements).filter_map(|statement| statement.principal.as_ref());
    for grant in elements.flat_map(parse_principal_element) {
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    let is_account_named =
        |id: &str| grants.iter().any(|grant| matches!(grant, TrustGrant::Account(account) if account.as_str() == id));
    let mut parts = Vec::new();
    for grant in &grants {
        if let TrustGrant::Principal(arn) = grant
            && is_account_named(arn.account())
        {
            parts.push(CallerPart { grant: grant.clone(), is_direct: true });
        }
        parts.push(CallerPart { grant: grant.clone(), is_direct: false });
    }
    parts
}

/// The policy as it applies to some callers: the same statements at the same positions, without principals. A statement
/// that does not apply to them has no action.
fn restrict_to_part(document: &PolicyDocument, part: &CallerPart) -> Arc<PolicyDocument> {
    let mut restricted = document.clone();
    for statement in &mut restricted.statements {
        let element = statement.principal.take();
        let applies = element.is_some_and(|element| {
            let is_listed = parse_principal_element(&element).iter().any(|listed| part.is_included_in(listed));
            is_listed == (element.kind == ElementKind::List)
        });
        if !applies {
            statement.action = ActionElement { kind: ElementKind::List, patterns: Vec::new() };
        }
    }
    Arc::new(restricted)
}

/// What is known of the requests of a grant. The account of the role is not known.
fn build_context(grant: &TrustGrant) -> KnownContext {
    const PRINCIPAL_KEYS: [&str; 4] =
        ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"];
    let mut known = KnownContext::unconstrained();
    let mut set_account = |account: &str| known.set("aws:PrincipalAccount", KeyFact::Value(account.to_owned()));
    match grant {
        TrustGrant::Account(account) => set_account(account.as_str()),
        TrustGrant::Principal(arn) => {
            if AccountId::parse(arn.account()).is_some() {
                set_account(arn.account());
            }
            if arn.service() == "iam" {
                known.set("aws:PrincipalArn", KeyFact::Value(arn.as_str().to_owned()));
            }
        }
        TrustGrant::Service { .. } => {
            PRINCIPAL_KEYS.into_iter().for_each(|key| known.set(key, KeyFact::Missing));
            known.set("aws:PrincipalIsAWSService", KeyFact::Value("true".to_owned()));
            for key in ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"] {
                known.set(key, KeyFact::Free);
            }
            for key in ["aws:PrincipalServiceName", "aws:PrincipalServiceNamesList", "aws:PrincipalType", "aws:userid"]
            {
                known.set(key, KeyFact::Free);
            }
        }
        TrustGrant::Oidc { .. }
        | TrustGrant::Saml { .. }
        | TrustGrant::AnyOidcProvider
        | TrustGrant::AnySamlProvider => {
            PRINCIPAL_KEYS.into_iter().for_each(|key| known.set(key, KeyFact::Missing));
            for key in ["aws:PrincipalType", "aws:userid"] {
                known.set(key, KeyFact::Free);
            }
        }
        TrustGrant::Anyone | TrustGrant::AnyoneExcept(_) | TrustGrant::UniqueId(_) | TrustGrant::Other(_) => {}
    }
    known
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::iam::DocumentKind;
    use crate::solve::compare::PolicyRelation;
    use crate::source::SourceFile;

    const ROOT: &str = r#"{"AWS": "arn:aws:iam::111122223333:root"}"#;
    const ROLE: &str = r#"{"AWS": "arn:aws:iam::111122223333:role/r"}"#;
    const OTHER_ROLE: &str = r#"{"AWS": "arn:aws:iam::444455556666:role/r"}"#;
    const LAMBDA: &str = r#"{"Service": "lambda.amazonaws.com"}"#;
    const OIDC: &str = r#"{"Federated": "arn:aws:iam::111122223333:oidc-provider/a.example"}"#;
    const ASSUME: &str = r#""sts:AssumeRole""#;
    const WEB: &str = r#""sts:AssumeRoleWithWebIdentity""#;

    fn statement(effect: &str, principal: &str, action: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect": "{effect}", "Principal": {principal}, "Action": {action}, "Condition": {{{condition}}}}}"#
        )
    }

    fn allow(principal: &str, action: &str) -> String {
        statement("Allow", principal, action, "")
    }

    fn compare(a: &[String], b: &[String]) -> TrustComparison {
        let parse = |statements: &[String]| {
            let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","));
            let document = PolicyDocument::parse(&SourceFile::new("t.json", text), DocumentKind::Trust);
            Arc::new(document.map_err(|problems| problems.to_string()).unwrap())
        };
        let solver = Solver::new(Catalog::embedded());
        compare_trust_policies(&solver, &parse(a), &parse(b), 4)
    }

    #[test]
    fn relations_of_trust_policies() {
        use PolicyRelation::*;
        let external_id = r#""StringEquals": {"sts:ExternalId": "x"}"#;
        let subject = r#""StringLike": {"a.example:sub": "repo:o/*"}"#;
        let both = r#"{"AWS": ["444455556666", "111122223333"]}"#;
        let deny_role = statement("Deny", ROLE, ASSUME, "");
        for (a, b, expected) in [
            (vec![allow(ROOT, ASSUME)], vec![allow(r#"{"AWS": "111122223333"}"#, r#"["STS:assumerole"]"#)], Equivalent),
            (
                vec![allow(both, ASSUME)],
                vec![allow(ROOT, ASSUME), allow(r#"{"AWS": "444455556666"}"#, ASSUME)],
                Equivalent,
            ),
            (vec![allow(ROOT, ASSUME)], vec![allow(both, ASSUME)], Narrower),
            (vec![allow(ROOT, ASSUME)], vec![allow(r#""*""#, ASSUME)], Narrower),
            (vec![allow(r#""*""#, ASSUME)], vec![allow(r#"{"AWS": "*"}"#, ASSUME)], Equivalent),
            (vec![statement("Allow", ROOT, ASSUME, external_id)], vec![allow(ROOT, ASSUME)], Narrower),
            (vec![allow(ROOT, r#"["sts:AssumeRole", "sts:TagSession"]"#)], vec![allow(ROOT, ASSUME)], Broader),
            (vec![allow(ROOT, r#""sts:*""#)], vec![allow(ROOT, r#""*""#)], Equivalent),
            (vec![allow(ROLE, ASSUME)], vec![allow(OTHER_ROLE, ASSUME)], Incomparable),
            (vec![allow(OTHER_ROLE, ASSUME)], vec![allow(ROOT, ASSUME)], Incomparable),
            // If the role belongs to the account, its own policy need not allow the call.
            (vec![allow(ROLE, ASSUME)], vec![allow(ROOT, ASSUME)], Undecided),
            (vec![allow(ROOT, ASSUME), deny_role.clone()], vec![allow(ROOT, ASSUME)], Narrower),
            (vec![allow(ROLE, ASSUME), deny_role], vec![allow(LAMBDA, ASSUME)], Narrower),
            (vec![allow(LAMBDA, ASSUME)], vec![allow(r#"{"Service": "ec2.amazonaws.com"}"#, ASSUME)], Incomparable),
            (vec![statement("Allow", OIDC, WEB, subject)], vec![allow(OIDC, WEB)], Narrower),
            (vec![allow(OIDC, WEB)], vec![allow(OIDC, ASSUME)], Broader),
        ] {
            assert_eq!(compare(&a, &b).comparison.relation, expected, "{a:?} {b:?}");
            let reverse = match expected {
                Narrower => Broader,
                Broader => Narrower,
                other => other,
            };
            assert_eq!(compare(&b, &a).comparison.relation, reverse, "{b:?} {a:?}");
        }
    }

    #[test]
    fn principals_of_a_difference_are_named() {
        let both = [allow(ROOT, ASSUME), allow(LAMBDA, ASSUME)];
        let found = compare(&both, &[allow(ROOT, ASSUME), allow(OTHER_ROLE, ASSUME)]);
        assert_eq!(found.a_principals, ["lambda.amazonaws.com"]);
        assert_eq!(found.b_principals, ["arn:aws:iam::444455556666:role/r"]);
    }
}
