//! Suggested edits and other advice, as data. `report::text` renders them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::granting_statement::GrantingStatement;
use super::statement_edit::{PolicyLocation, StatementEdit};
use crate::baseline::PrincipalClass;
use crate::snapshot::MissingDocument;

/// A suggested edit. Principals are named by their ARNs, unless the field says otherwise.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "kind", content = "data", rename_all = "kebab-case")]
pub enum Remediation {
    /// Remove a policy that no declared access depends on.
    RemovePolicy(PolicyRemoval),
    /// Add the condition of a declared statement.
    AddCondition {
        /// The condition operator.
        operator: String,
        /// The context key.
        key: String,
        /// The document of the ceiling that has the condition.
        document: String,
        /// The statement to change.
        edit: StatementEdit,
    },
    /// Restrict the resources to those of the ceiling.
    RestrictResources {
        /// The document of the ceiling.
        document: String,
        /// The statement to change.
        edit: StatementEdit,
    },
    /// Remove actions from a statement.
    RemoveActions {
        /// The action patterns, the most severe first.
        patterns: Vec<String>,
        /// The number of patterns that are not in the list.
        omitted: usize,
        /// The statement to change.
        edit: StatementEdit,
    },
    /// Use policies of one's own instead of a policy that others use, too, or that AWS owns.
    ReplacePolicy {
        /// How to remove the policy.
        removal: PolicyRemoval,
        /// Whether AWS owns it.
        is_aws_owned: bool,
        /// The documents of the new policies: what is declared of the old one. Empty if nothing is.
        documents: Vec<Value>,
    },
    /// Use a policy of one's own instead of a policy of AWS. Patterns cannot express its declared part.
    WritePolicy {
        /// How to remove the policy.
        removal: PolicyRemoval,
    },
    /// Restrict a statement to what is declared. Patterns cannot express that, or it is in the policy of a resource.
    RestrictByHand(GrantingStatement),
    /// Delete an old version of a managed policy, so that another one can be written.
    DeleteOldVersion {
        /// The name of the policy.
        policy: String,
        /// The number of versions that AWS keeps.
        quota: usize,
    },
    /// Change a permission set of IAM Identity Center, which owns the role.
    ChangePermissionSet {
        /// The name of the permission set.
        permission_set: String,
    },
    /// Replace wildcards by action names (IAM002).
    ListActions {
        /// The wildcards.
        patterns: Vec<String>,
        /// The statement to change.
        edit: StatementEdit,
    },
    /// Remove declared access, or grant it (IAM011).
    RemoveOrGrant(GrantingStatement),
    /// Deny actions with a policy.
    Deny {
        /// When the policy denies them.
        scope: DenyScope,
        /// The policy documents: several if one would be too large.
        policies: Vec<Value>,
    },
    /// Deny what the guard does not allow, with a document of `policies/guards/`.
    UseGuardDocument {
        /// The file.
        file: &'static str,
        /// Its document.
        document: Value,
    },
    /// Deny what the guard does not allow. The guard has no simple negation.
    DenyUnlessGuard {
        /// The name of the guard.
        guard: String,
    },
    /// Declare what agents that use the credentials of the entry's principals can do.
    DeclarePersona {
        /// The name of the entry.
        entry: String,
        /// The declaration. `None` if a principal of the entry could have access beyond it, which it would report.
        block: Option<PersonaBlock>,
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
        /// Where the policy is.
        location: PolicyLocation,
        /// The position of the statement, from 0.
        statement: usize,
        /// What is written in its place. Empty to remove the statement.
        replacement: Vec<Value>,
    },
    /// Deny the first step of an escalation path, if no statement lists its action, or if the statement cannot be changed.
    DenyStep {
        /// The principal that takes the step.
        principal: String,
        /// The action of the step.
        action: String,
        /// The policy document.
        policy: Value,
    },
    /// Remove a principal from the trust policy of a role, to break an escalation path.
    BreakPathAtTrust {
        /// The role.
        role: String,
        /// The principal that assumes it, as the trust policy names it.
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
    /// Whether it is an edit of the account that can be tried on a copy of the snapshot. The others are advice: they change
    /// the baseline, or a person must decide how to do them.
    pub(crate) fn is_edit(&self) -> bool {
        match self {
            Remediation::RemovePolicy(_)
            | Remediation::AddCondition { .. }
            | Remediation::RestrictResources { .. }
            | Remediation::RemoveActions { .. }
            | Remediation::ReplacePolicy { .. }
            | Remediation::DeleteOldVersion { .. }
            | Remediation::ListActions { .. }
            | Remediation::Deny { .. }
            | Remediation::UseGuardDocument { .. }
            | Remediation::BreakPathAtStatement { .. }
            | Remediation::DenyStep { .. }
            | Remediation::BreakPathAtTrust { .. } => true,
            Remediation::RestrictTrust { change, .. } => {
                matches!(change, TrustChange::Remove { .. } | TrustChange::Deny { .. })
            }
            // A glob leaves open which policy it is.
            Remediation::SetBoundary { declared } => !declared.contains(['*', '?']),
            _ => false,
        }
    }

    /// The position of the statement that it changes. `None` if it changes none.
    pub(crate) fn edited_statement(&self) -> Option<usize> {
        match self {
            Remediation::AddCondition { edit, .. }
            | Remediation::RestrictResources { edit, .. }
            | Remediation::RemoveActions { edit, .. }
            | Remediation::ListActions { edit, .. } => Some(edit.statement.statement),
            Remediation::BreakPathAtStatement { statement, .. } | Remediation::RestrictTrust { statement, .. } => {
                Some(*statement)
            }
            _ => None,
        }
    }

    /// Whether it changes a statement. Its sentence says how; the text to copy says the same at length.
    pub(crate) fn is_statement_edit(&self) -> bool {
        matches!(
            self,
            Remediation::AddCondition { .. }
                | Remediation::RestrictResources { .. }
                | Remediation::RemoveActions { .. }
                | Remediation::ListActions { .. }
        )
    }

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

/// A `[[persona]]` with the ceiling of its entry.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PersonaBlock {
    /// Its name, which no other persona has.
    pub name: String,
    /// The documents of the ceiling.
    pub allow: Vec<String>,
    /// The access levels of the ceiling, by service.
    pub levels: Vec<(String, Vec<String>)>,
    /// The resources of the access levels.
    pub resources: Vec<String>,
}

/// How to remove a policy.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PolicyRemoval {
    /// Detach a managed policy.
    Detach {
        /// The name of the policy.
        policy: String,
        /// Its ARN.
        arn: String,
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
#[derive(Copy, Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DenyScope {
    /// For requests of a persona.
    Persona,
    /// Unless the condition of the guard is met.
    UnlessGuard,
    /// For agents that use the credentials of the principal.
    Agents,
}

/// A change of a statement of a trust policy.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TrustChange {
    /// Name the identity provider, and add a condition.
    NameProvider,
    /// Name the principals, or add a condition on the organization.
    NamePrincipals,
    /// Name the services in place of `*`.
    NameServices,
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
    /// Deny the only principal of a trust policy: a trust policy needs a statement.
    Deny {
        /// The principal, as it is written.
        principal: String,
    },
}
