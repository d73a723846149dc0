//! Roles that both people and agents can take on (`docs/rules.md`, IAM003).

use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::baseline::{Glob, PrincipalClass};
use crate::classify::{Assumer, InferredClass};
use crate::iam::{AccountId, Effect, ElementKind, Statement};
use crate::reach::Graph;
use crate::snapshot::Snapshot;
use crate::trust::{ConditionalGrant, TrustGrant, list_conditional_grants};

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Who of a snapshot takes on which role.
pub(crate) struct SharedRoleIndex<'a> {
    graph: &'a Graph<'a>,
    /// People and agents whose own policies let them assume roles.
    assumers: Vec<RoleAssumer<'a>>,
}

struct RoleAssumer<'a> {
    principal: usize,
    class: InferredClass,
    arn: &'a str,
    account: &'a str,
    /// The roles that its policies speak of.
    role_patterns: Vec<Glob>,
}

/// One of the people and one of the agents who can take a role on.
pub(crate) struct SharedRole {
    /// How people do.
    pub human_evidence: String,
    /// How agents do.
    pub agent_evidence: String,
}

impl<'a> SharedRoleIndex<'a> {
    /// `kinds` are what the principals of the snapshot are, in its order.
    pub fn new(graph: &'a Graph<'a>, snapshot: &'a Snapshot, classes: &[InferredClass]) -> SharedRoleIndex<'a> {
        let to_assumer = |(index, (account, principal)): (usize, (&'a crate::snapshot::Account, &'a _))| {
            let principal: &'a crate::snapshot::Principal = principal;
            let class = *classes.get(index)?;
            if !class.is(PrincipalClass::Agent) && !is_human(class) {
                return None;
            }
            let statements = principal.identity_policies.iter().flat_map(|policy| &policy.document.statements);
            let statements = statements.filter(|s| s.effect == Effect::Allow && s.action.lists_action(ASSUME_ROLE));
            let role_patterns: Vec<Glob> =
                statements.flat_map(|statement| find_role_patterns(statement, class)).collect();
            let (arn, account) = (principal.arn.as_str(), account.id.as_str());
            (!role_patterns.is_empty()).then_some(RoleAssumer {
                principal: index,
                class: class,
                arn,
                account,
                role_patterns: role_patterns,
            })
        };
        SharedRoleIndex { graph, assumers: snapshot.principals().enumerate().filter_map(to_assumer).collect() }
    }

    /// Who shares a role; none where it is not both people and agents.
    pub fn find_shared_role(&self, subject: &AuditedPrincipal<'_>) -> Option<SharedRole> {
        let role = self.graph.find(subject.principal.arn.as_str())?;
        let is_agent_assumable = subject.assumers.iter().any(|assumer| assumer.class.is(PrincipalClass::Agent));
        if subject.principal.trust_policy.is_none()
            || !is_agent_assumable && !self.assumers.iter().any(|assumer| assumer.class.is(PrincipalClass::Agent))
        {
            return None;
        }
        let agent_evidence = self.describe_assumer(subject, role, |class| class.is(PrincipalClass::Agent))?;
        let human_evidence = self.describe_assumer(subject, role, is_human)?;
        Some(SharedRole { human_evidence: human_evidence, agent_evidence: agent_evidence })
    }

    fn describe_assumer(
        &self,
        subject: &AuditedPrincipal<'_>,
        role: usize,
        is_wanted_class: fn(InferredClass) -> bool,
    ) -> Option<String> {
        let arn = subject.principal.arn.as_str();
        // Whom the trust policy names may be denied it, there or by its own policies.
        let can_assume = |assumer: &&Assumer| {
            assumer.principal.is_none_or(|principal| self.graph.can_assume(principal, role) != Ok(false))
        };
        let named_assumer = subject.assumers.iter().filter(|assumer| is_wanted_class(assumer.class)).find(can_assume);
        if let Some(assumer) = named_assumer {
            return Some(assumer.reason.clone());
        }
        let accounts = find_trusted_accounts(subject);
        let is_candidate = |candidate: &&RoleAssumer<'_>| {
            candidate.principal != role
                && is_wanted_class(candidate.class)
                && accounts.iter().any(|account| account.as_str() == candidate.account)
                && candidate.role_patterns.iter().any(|roles| roles.matches(arn))
        };
        let assumer = self
            .assumers
            .iter()
            .filter(is_candidate)
            .find(|candidate| self.graph.can_assume(candidate.principal, role) == Ok(true))?;
        Some(format!("trusts account {}, whose {} may assume it", assumer.account, assumer.arn))
    }
}

fn is_human(class: InferredClass) -> bool {
    class.is(PrincipalClass::Operator) || class.is(PrincipalClass::BreakGlass)
}

/// The accounts whose principals the trust policy allows to assume the role.
fn find_trusted_accounts(subject: &AuditedPrincipal<'_>) -> Vec<AccountId> {
    let Some(trust) = subject.principal.trust_policy.as_ref() else { return Vec::new() };
    let grants = list_conditional_grants(&trust.document).into_iter();
    let to_account = |conditional: ConditionalGrant<'_>| match conditional.grant {
        TrustGrant::Account(account) if conditional.statement.action.lists_action(ASSUME_ROLE) => Some(account),
        _ => None,
    };
    grants.filter_map(to_account).collect()
}

/// The roles that a statement speaks of. Of people these must be some: administrators, who may assume whatever there is,
/// share every role and are no news.
fn find_role_patterns(statement: &Statement, class: InferredClass) -> Vec<Glob> {
    let Some(element) = statement.resource.as_ref() else { return Vec::new() };
    if element.kind != ElementKind::List {
        return if class.is(PrincipalClass::Agent) { vec![Glob::new("*")] } else { Vec::new() };
    }
    let matches_all_roles =
        |written: &str| written.rsplit_once(":role/").map_or(written, |(_, name)| name).trim_matches('*').is_empty();
    let written = element.patterns.iter().map(|pattern| pattern.as_written());
    let relevant = written.filter(|written| class.is(PrincipalClass::Agent) || !matches_all_roles(written));
    // A variable stands for something.
    let to_glob = |written: &str| {
        let mut parts = written.split("${");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |glob, part| glob + "*" + part.split_once('}').map_or("", |(_, rest)| rest))
    };
    relevant.map(|written| Glob::new(&to_glob(written))).collect()
}
