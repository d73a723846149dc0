//! Suggested edits, as data. `report::text` renders them.

use serde_json::Value;

use super::granting_statement::GrantingStatement;
use crate::baseline::PrincipalClass;
use crate::snapshot::MissingDocument;

/// A suggested edit. Principals are named by their ARNs, unless the field says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Remediation {
    /// Remove a policy that no declared access depends on.
    RemovePolicy(PolicyRemoval),
    /// Add the condition of a declared statement.
    AddCondition {
        /// The condition operator.
        operator: String,
        /// The context key.
        key: String,
        /// The statement to change.
        statement: GrantingStatement,
        /// The document of the ceiling that has the condition.
        document: String,
    },
    /// Restrict the resources to those of the ceiling.
    RestrictResources {
        /// The statement to change.
        statement: GrantingStatement,
        /// The document of the ceiling.
        document: String,
    },
    /// Remove actions from a statement.
    RemoveActions {
        /// The action patterns, the most severe first.
        patterns: Vec<String>,
        /// The number of patterns that are not in the list.
        omitted: usize,
        /// The statement to change.
        statement: GrantingStatement,
    },
    /// Replace wildcards by action names (IAM002).
    ListActions {
        /// The wildcards.
        patterns: Vec<String>,
        /// The statement to change.
        statement: GrantingStatement,
    },
    /// Remove declared access, or grant it (IAM011).
    RemoveOrGrant(GrantingStatement),
    /// Deny actions with a policy.
    Deny {
        /// When the policy denies them.
        scope: DenyScope,
        /// The policy document.
        policy: Value,
    },
    /// Deny what the guard does not allow. The guard has no simple negation.
    DenyUnlessGuard {
        /// The name of the guard.
        guard: String,
    },
    /// Declare what agents that use the credentials of the principal can do.
    DeclarePersona {
        /// The name of the entry.
        entry: String,
    },
    /// Remove the permission to set the value that the guard requires.
    RemoveBypass,
    /// Let somebody else set the value that the guard requires.
    SetValueElsewhere,
    /// Give an agent policies of its own.
    SeparatePolicies {
        /// The operator that has the same access.
        operator: String,
    },
    /// Split a shared role.
    SeparateRoles,
    /// Remove the permission for the first step of an escalation path.
    BreakPathAtStatement {
        /// The action of the step.
        action: String,
        /// The resource of the step. None for `*`.
        resource: Option<String>,
        /// The name of the policy.
        policy: String,
        /// The position of the statement, from 0.
        statement: usize,
    },
    /// Remove the trust for the first step of an escalation path.
    BreakPathAtTrust {
        /// The role.
        role: String,
        /// The principal that assumes it.
        assumer: String,
    },
    /// Declare that the principal can assume the role.
    DeclareAssumer {
        /// The role.
        role: String,
        /// The principal that assumes it.
        assumer: String,
    },
    /// Change a trust policy.
    RestrictTrust {
        /// The position of the statement in the trust policy, from 0.
        statement: usize,
        /// The change.
        change: TrustChange,
    },
    /// Declare the principals that can assume the role.
    DeclareAssumers(Vec<String>),
    /// Delete an undeclared principal.
    DeletePrincipal,
    /// Declare an undeclared principal.
    DeclarePrincipal {
        /// Its name.
        name: String,
        /// Its ARN.
        arn: String,
        /// Its class.
        class: PrincipalClass,
    },
    /// Ignore an undeclared principal.
    IgnorePrincipal {
        /// Its ARN.
        arn: String,
    },
    /// Set the declared permissions boundary.
    SetBoundary {
        /// The declared glob.
        declared: String,
    },
    /// Deny the actions that bypass the boundary.
    DenyInBoundary {
        /// The number of actions.
        count: usize,
    },
    /// Use a guard, or remove it.
    UseGuard,
    /// Remove the ambiguity of entries.
    NarrowSelectors,
    /// Remove or correct an item that has no effect.
    RemoveStaleItem,
    /// Fix what an expired exception covered, or renew it.
    RenewException,
    /// Collect a missing document, or correct an invalid one.
    ProvideDocument(MissingDocument),
    /// Do not use a policy variable whose value is unknown.
    AvoidVariable(String),
    /// Do not depend on behavior that AWS does not document.
    AvoidAmbiguity(String),
}

impl Remediation {
    /// Whether it is an alternative to the remediation before it.
    pub(crate) fn is_alternative(&self) -> bool {
        matches!(
            self,
            Remediation::DeclarePersona { .. }
                | Remediation::SetValueElsewhere
                | Remediation::DeclareAssumer { .. }
                | Remediation::DeclareAssumers(_)
                | Remediation::DeclarePrincipal { .. }
                | Remediation::IgnorePrincipal { .. }
        )
    }
}

/// How to remove a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PolicyRemoval {
    /// Detach a managed policy.
    Detach {
        /// The name of the policy.
        policy: String,
    },
    /// Delete an inline policy.
    DeleteInline {
        /// The name of the policy.
        policy: String,
    },
    /// Remove the user from a group.
    LeaveGroup {
        /// The name of the user.
        user: String,
        /// The name of the group.
        group: String,
    },
    /// Give the user what it needs of a group without one of its policies.
    ReplaceGroup {
        /// The name of the user.
        user: String,
        /// The name of the group.
        group: String,
        /// The name of the policy.
        policy: String,
    },
}

/// When a suggested policy denies its actions.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum DenyScope {
    /// For requests of a persona.
    Persona,
    /// Unless the condition of the guard is met.
    UnlessGuard,
    /// For agents that use the credentials of the principal.
    Agents,
}

/// A change of a statement of a trust policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TrustChange {
    /// Name the identity provider, and add a condition.
    NameProvider,
    /// Name the principals, or add a condition on the organization.
    NamePrincipals,
    /// Add a condition on the `sub` claim.
    RequireSubject {
        /// The address of the provider.
        host: String,
        /// Values, one for each format that tokens have today.
        examples: Vec<String>,
    },
    /// Add a condition on one of several claims.
    RequireClaim {
        /// The context keys.
        keys: Vec<String>,
    },
    /// Remove a principal.
    Remove {
        /// The principal, as it is written.
        principal: String,
    },
}
