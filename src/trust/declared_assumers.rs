//! `assumable_by` as a policy document, for the solver.

use std::sync::Arc;

use super::grant::TrustGrant;
use super::own_accounts::OwnAccounts;
use super::request_case::{collect_named_accounts, find_session_role};
use super::scope::TrustScope;
use super::shared_idp::{NamedTenants, SharedIdp};
use crate::baseline::{AssumerPattern, DeclaredAssumer};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{
    AccountId, Arn, ArnGlob, Condition, ConditionOperator, ElementKind, PolicyDocument, Statement, Template,
};

/// Which of the declared assumers a document includes.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum IncludedAssumers {
    /// All of them.
    All,
    /// Those with `when` only.
    WithCondition,
}

/// The requests of one scope of a grant, and the declared assumers of the role.
pub(super) struct DeclaredRequests<'q> {
    pub grant: &'q TrustGrant,
    pub scope: &'q TrustScope,
    pub role_account: &'q AccountId,
    pub own_accounts: &'q OwnAccounts<'q>,
    pub assumers: &'q [DeclaredAssumer],
}

impl DeclaredRequests<'_> {
    /// A document that allows the declared requests. `None` if no request is declared.
    pub fn build_document(&self, included: IncludedAssumers) -> Option<Arc<PolicyDocument>> {
        let is_included = |assumer: &&DeclaredAssumer| included == IncludedAssumers::All || assumer.when.is_some();
        let assumers = self.assumers.iter().filter(is_included).filter(|assumer| self.concerns_scope(assumer));
        build_allow_document("assumable_by", assumers.filter_map(|assumer| self.build_conditions(assumer)))
    }

    fn build_conditions(&self, assumer: &DeclaredAssumer) -> Option<Vec<Condition>> {
        // Without `when`, no condition restricts the assumer.
        let mut conditions = assumer.when.as_ref().map(|block| block.conditions.clone()).unwrap_or_default();
        match self.grant {
            TrustGrant::Anyone | TrustGrant::AnyoneExcept(_) if self.scope.is_service() => {
                conditions.extend(require_service(&assumer.pattern)?);
            }
            TrustGrant::Anyone | TrustGrant::AnyoneExcept(_) | TrustGrant::Account(_) | TrustGrant::Principal(_) => {
                let mut globs = list_principal_globs(&assumer.pattern);
                globs.extend(self.find_role_of_session(&globs));
                if globs.is_empty() {
                    return None;
                }
                conditions.push(require_principal_arn(&globs));
            }
            grant if matches_grant(assumer, grant) => {}
            _ => return None,
        }
        Some(conditions)
    }

    /// The globs of the role of a session in an account that the snapshot does not have, if its name is declared with a
    /// path. The ARN of a session does not have the path.
    fn find_role_of_session(&self, globs: &[String]) -> Vec<String> {
        let TrustGrant::Principal(session) = self.grant else { return Vec::new() };
        let Some(name) = find_session_role(session).filter(|_| !self.own_accounts.has_principals_of(session)) else {
            return Vec::new();
        };
        let start = format!("arn:{}:iam::{}:role/", session.partition(), session.account());
        let is_role =
            |glob: &String| glob.strip_prefix(&start).is_some_and(|rest| rest.rsplit('/').next() == Some(name));
        match globs.iter().any(is_role) {
            true => ["", "*/"].map(|path| format!("{start}{path}{name}")).to_vec(),
            false => Vec::new(),
        }
    }

    /// Whether the account field of the assumer includes the account of the callers. The owner of an account chooses the
    /// names in it, so that a wildcard means the accounts of the snapshot and of its organization, and those that `when`
    /// names.
    fn concerns_scope(&self, assumer: &DeclaredAssumer) -> bool {
        if !assumer.pattern.has_account_wildcard() {
            return true;
        }
        let is_own = match (self.grant, self.scope) {
            (TrustGrant::Oidc { provider, .. } | TrustGrant::Saml { provider, .. }, _) => {
                Arn::parse(provider).is_some_and(|arn| self.own_accounts.contains_arn(&arn))
            }
            (grant, scope) => !self.own_accounts.is_external(grant, scope),
        };
        is_own || assumer.when.as_ref().is_some_and(|block| self.is_named_by(&block.conditions))
    }

    /// Whether some conditions require the account or the organization of the callers by its full name.
    fn is_named_by(&self, conditions: &[Condition]) -> bool {
        let positive = conditions.iter().filter(|condition| !condition.operator.is_negated());
        let organization = self.own_accounts.organization.map(|organization| organization.id.as_str());
        let (accounts, organizations) = collect_named_accounts(positive, self.role_account, organization);
        match self.scope {
            TrustScope::Organization(id) => organizations.contains(id),
            TrustScope::Account(account) => accounts.contains(account),
            TrustScope::Principal(arn) => accounts.iter().any(|account| account.as_str() == arn.account()),
            _ => false,
        }
    }
}

/// A document that allows a principal to assume a role as far as it is declared. `None` if no assumer includes it.
pub(crate) fn allow_declared_assumption(
    assumers: &[DeclaredAssumer],
    role: &Arn,
    caller: &Arn,
) -> Option<Arc<PolicyDocument>> {
    let is_caller = |assumer: &&DeclaredAssumer| is_declared_assumer(std::slice::from_ref(*assumer), caller.as_str());
    let blocks = assumers.iter().filter(is_caller).map(|assumer| {
        // Without `when`, no condition restricts the assumer.
        assumer.when.as_ref().map(|block| block.conditions.clone()).unwrap_or_default()
    });
    let resource = ResourceElement { kind: ElementKind::List, patterns: vec![Template::from_literal(role.as_str())] };
    let allow = |block| Statement::allow(ActionElement::listing(["sts:*"]), resource.clone()).under(block);
    let statements: Vec<Statement> = blocks.map(allow).collect();
    (!statements.is_empty()).then(|| Arc::new(PolicyDocument::from_statements("assumable_by", statements)))
}

/// Whether a principal is a declared assumer of a role, under any condition.
fn is_declared_assumer(assumers: &[DeclaredAssumer], arn: &str) -> bool {
    let list_globs = |assumer: &DeclaredAssumer| list_principal_globs(&assumer.pattern);
    assumers.iter().flat_map(list_globs).any(|glob| ArnGlob::parse(&glob).is_ok_and(|glob| glob.matches(arn)))
}

/// A document that allows the requests that satisfy one of the condition blocks. `None` without a block.
fn build_allow_document(
    name: &str,
    condition_blocks: impl Iterator<Item = Vec<Condition>>,
) -> Option<Arc<PolicyDocument>> {
    let allow = |block| Statement::allow(ActionElement::any(), ResourceElement::any()).under(block);
    let statements: Vec<Statement> = condition_blocks.map(allow).collect();
    (!statements.is_empty()).then(|| Arc::new(PolicyDocument::from_statements(name, statements)))
}

/// Whether a declared assumer is the service or the identity provider of a grant.
fn matches_grant(assumer: &DeclaredAssumer, grant: &TrustGrant) -> bool {
    match grant {
        TrustGrant::Service { written, name } => assumer.pattern.matches(written) || assumer.pattern.matches(name),
        TrustGrant::Oidc { provider, host } => assumer.pattern.matches(provider) || assumer.pattern.matches(host),
        grant => assumer.pattern.matches(grant.as_str()),
    }
}

/// The globs over `aws:PrincipalArn` that a declared assumer means: an account means all of its principals, a session
/// means its role. Empty if it is the name of a service or an identity provider.
fn list_principal_globs(assumer: &AssumerPattern) -> Vec<String> {
    let list_account_globs = |partition: &str, account: &str| {
        ["iam", "sts"].map(|service| format!("arn:{partition}:{service}::{account}:*")).to_vec()
    };
    let glob = match assumer {
        AssumerPattern::Account(account) => return list_account_globs("*", account.as_str()),
        AssumerPattern::Name(_) => return Vec::new(),
        AssumerPattern::Arn(glob) => glob,
    };
    if let Some(arn) = Arn::parse(glob.as_str()) {
        if arn.service() == "iam" && arn.resource() == "root" {
            return list_account_globs(arn.partition(), arn.account());
        }
        if let ("sts", Some((role, _))) =
            (arn.service(), arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')))
        {
            // The ARN of a session does not have the path of its role.
            let (partition, account) = (arn.partition(), arn.account());
            return ["", "*/"].map(|path| format!("arn:{partition}:iam::{account}:role/{path}{role}")).to_vec();
        }
    }
    vec![glob.as_str().to_owned()]
}

/// The conditions that a request is made by the service that a declared assumer means: none if it means anyone. None if it
/// means no service.
fn require_service(assumer: &AssumerPattern) -> Option<Vec<Condition>> {
    let name = match assumer {
        AssumerPattern::Name(name) => name,
        AssumerPattern::Arn(glob) => return (glob.as_str() == "*").then(Vec::new),
        AssumerPattern::Account(_) => return None,
    };
    Some(vec![Condition::on_texts(ConditionOperator::StringLike, "aws:PrincipalServiceName", [name.as_str()])])
}

/// Requires that the ARN of the principal matches one of the globs. `${` is literal in these globs: the manifest has no
/// policy variables outside of conditions.
fn require_principal_arn(globs: &[String]) -> Condition {
    let literal_globs = globs.iter().map(|glob| glob.replace("${", "${$}{"));
    // `*` also matches what is not an ARN.
    let matches_everything = globs.iter().any(|glob| glob == "*");
    let operator = if matches_everything { ConditionOperator::StringLike } else { ConditionOperator::ArnLike };
    Condition::on_texts(operator, "aws:PrincipalArn", literal_globs)
}

/// A document that allows the requests of the customers that a trust policy names in full, at a shared identity
/// provider. `None` if it names none.
pub(super) fn allow_named_tenants(idp: &SharedIdp, restricted_policy: &PolicyDocument) -> Option<Arc<PolicyDocument>> {
    let to_condition_block = |named: NamedTenants| vec![Condition::on_texts(named.operator, &named.key, named.globs)];
    let named_tenants = idp.collect_named_tenants(restricted_policy);
    build_allow_document("named customers", named_tenants.into_iter().map(to_condition_block))
}
