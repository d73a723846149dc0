//! Roles that both humans and agents can assume (`docs/rules.md`, IAM003).

use crate::audit::model::assumer_evidence::AssumerEvidence;
use crate::audit::subject::audited_principal::{AuditedPrincipal, is_human_class};
use crate::base::glob::Glob;
use crate::baseline::PrincipalClass;
use crate::classify::{Assumer, InferredClass};
use crate::iam::{AccountId, Effect, ElementKind, Statement, Template, TemplatePart};
use crate::reach::Graph;
use crate::snapshot::{Account, Principal, Snapshot};
use crate::trust::{ConditionalGrant, TrustGrant, list_conditional_grants};

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// The humans and agents of a snapshot that can assume roles.
pub(crate) struct SharedRoleIndex<'a> {
    graph: &'a Graph<'a>,
    /// Humans and agents whose own policies allow them to assume roles.
    assumers: Vec<RoleAssumer<'a>>,
}

struct RoleAssumer<'a> {
    /// Its position in the snapshot.
    principal: usize,
    class: InferredClass,
    arn: &'a str,
    account: &'a AccountId,
    /// The roles in its policies.
    role_patterns: Vec<Glob>,
}

/// How humans and how agents can assume a role.
pub(crate) struct SharedRole {
    /// The evidence that a human can.
    pub human_evidence: AssumerEvidence,
    /// The evidence that an agent can.
    pub agent_evidence: AssumerEvidence,
}

impl<'a> SharedRoleIndex<'a> {
    /// The index of a snapshot. The classes are in the order of its principals.
    pub fn new(graph: &'a Graph<'a>, snapshot: &'a Snapshot, classes: &[InferredClass]) -> SharedRoleIndex<'a> {
        let principals = snapshot.principals().zip(classes).enumerate();
        let to_assumer =
            |(position, ((account, principal), class))| RoleAssumer::new(position, account, principal, class);
        SharedRoleIndex { graph, assumers: principals.filter_map(to_assumer).collect() }
    }

    /// How humans and agents can assume a role. `None` if not both can.
    pub fn find_shared_role(&self, subject: &AuditedPrincipal<'_>) -> Option<SharedRole> {
        let role = self.graph.find(subject.principal.arn.as_str())?;
        let is_agent = |class: InferredClass| class == InferredClass::Known(PrincipalClass::Agent);
        let may_have_agents = subject.assumers.iter().any(|assumer| is_agent(assumer.class))
            || self.assumers.iter().any(|assumer| is_agent(assumer.class));
        if subject.principal.trust_policy.is_none() || !may_have_agents {
            return None;
        }
        let agent_evidence = self.find_evidence(subject, role, is_agent)?;
        let human_evidence = self.find_evidence(subject, role, is_human_class)?;
        Some(SharedRole { human_evidence, agent_evidence })
    }

    /// The evidence that a principal of a class can assume a role.
    fn find_evidence(
        &self,
        subject: &AuditedPrincipal<'_>,
        role: usize,
        is_wanted_class: impl Fn(InferredClass) -> bool,
    ) -> Option<AssumerEvidence> {
        // A principal in the trust policy can assume the role unless it is proven that a policy denies it.
        let can_assume = |assumer: &&Assumer| {
            assumer.principal.is_none_or(|principal| self.graph.can_assume(principal, role) != Ok(false))
        };
        let named_assumer = subject.assumers.iter().filter(|assumer| is_wanted_class(assumer.class)).find(can_assume);
        if let Some(assumer) = named_assumer {
            return Some(AssumerEvidence::Trusted(assumer.found.clone()));
        }
        // The policies of a principal decide if the trust policy names its account only. It must be proven that it can.
        let role_arn = subject.principal.arn.as_str();
        let accounts = find_trusted_accounts(subject);
        let is_candidate = |candidate: &&RoleAssumer<'_>| {
            candidate.principal != role
                && is_wanted_class(candidate.class)
                && accounts.contains(candidate.account)
                && candidate.role_patterns.iter().any(|roles| roles.matches(role_arn))
        };
        let mut candidates = self.assumers.iter().filter(is_candidate);
        let assumer = candidates.find(|candidate| self.graph.can_assume(candidate.principal, role) == Ok(true))?;
        let (account, principal) = (assumer.account.to_string(), assumer.arn.to_owned());
        Some(AssumerEvidence::ByAccount { account, principal })
    }
}

impl<'a> RoleAssumer<'a> {
    /// `None` if the principal is neither a human nor an agent, or if its policies have no role that matters.
    fn new(
        position: usize,
        account: &'a Account,
        principal: &'a Principal,
        class: &InferredClass,
    ) -> Option<RoleAssumer<'a>> {
        if *class != InferredClass::Known(PrincipalClass::Agent) && !is_human_class(*class) {
            return None;
        }
        let statements = principal.identity_policies.iter().flat_map(|policy| &policy.document.statements);
        let role_patterns: Vec<Glob> = statements
            .filter(|statement| allows_assume_role(statement))
            .flat_map(|statement| find_role_patterns(statement, *class))
            .collect();
        (!role_patterns.is_empty()).then_some(RoleAssumer {
            principal: position,
            class: *class,
            arn: principal.arn.as_str(),
            account: &account.id,
            role_patterns,
        })
    }
}

fn allows_assume_role(statement: &Statement) -> bool {
    statement.effect == Effect::Allow && statement.action.lists_action(ASSUME_ROLE)
}

/// The accounts that the trust policy names without naming principals of them.
fn find_trusted_accounts(subject: &AuditedPrincipal<'_>) -> Vec<AccountId> {
    let Some(trust) = subject.principal.trust_policy.as_ref() else { return Vec::new() };
    let to_account = |conditional: ConditionalGrant<'_>| match conditional.grant {
        TrustGrant::Account(account) => Some(account),
        _ => None,
    };
    let grants = list_conditional_grants(&trust.document).into_iter();
    grants.filter(ConditionalGrant::allows_assuming).filter_map(to_account).collect()
}

/// The roles of a statement. For humans, patterns that match every role do not count: administrators share every role, and
/// a finding for each would not help.
fn find_role_patterns(statement: &Statement, class: InferredClass) -> Vec<Glob> {
    let Some(element) = statement.resource.as_ref() else { return Vec::new() };
    let is_agent = class == InferredClass::Known(PrincipalClass::Agent);
    if element.kind != ElementKind::List {
        return if is_agent { vec![Glob::new("*")] } else { Vec::new() };
    }
    let matches_all_roles = |pattern: &Template| {
        let written = pattern.as_written();
        written.rsplit_once(":role/").map_or(written, |(_, name)| name).trim_matches('*').is_empty()
    };
    let relevant = element.patterns.iter().filter(|pattern| is_agent || !matches_all_roles(pattern));
    relevant.map(|pattern| Glob::new(&to_wider_glob(pattern))).collect()
}

/// A glob that matches at least what a pattern matches: a policy variable becomes `*`.
fn to_wider_glob(pattern: &Template) -> String {
    let part_text = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.to_string(),
        TemplatePart::AnyString | TemplatePart::Variable { .. } => "*".to_owned(),
        TemplatePart::AnyChar => "?".to_owned(),
    };
    pattern.parts().iter().map(part_text).collect()
}
