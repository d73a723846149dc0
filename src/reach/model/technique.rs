//! Escalation techniques, read from `techniques.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Actions that create an instance profile for a role.
pub(crate) const INSTANCE_PROFILE_ACTIONS: [&str; 2] = ["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"];

/// Actions that set a permissions boundary.
pub(crate) const SET_BOUNDARY_ACTIONS: [&str; 2] = ["iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary"];

/// One escalation technique.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Technique {
    /// The id: from pathfinding.cloud, or defined by this project.
    pub id: String,
    /// How the technique works.
    pub kind: TechniqueKind,
    /// What the principal does to the target, as a predicate: `assumes this role`.
    pub summary: String,
    /// The services that use the role. The role must trust one of them.
    #[serde(default)]
    pub services: Vec<String>,
    /// The actions that the principal must be allowed.
    #[serde(default)]
    pub required_actions: Vec<String>,
    /// The ids of the techniques that this one combines.
    #[serde(default)]
    pub combines: Vec<String>,
    /// The policies with a Deny statement that it removes from the principal.
    pub removes: Option<RemovedPolicy>,
    /// A prerequisite that a snapshot cannot confirm.
    pub assumption: Option<String>,
    /// Whether the role needs an instance profile.
    #[serde(default)]
    pub instance_profile: bool,
    /// Actions that other descriptions of the technique list and that are not required here, with the reason.
    #[serde(default)]
    pub not_needed: BTreeMap<String, String>,
}

/// How a technique works. `techniques.toml` describes each kind.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum TechniqueKind {
    Assume,
    NewPassRole,
    PassRoleThenAssume,
    ExistingPassRole,
    CreateCredentials,
    UpdateTrustPolicy,
    PutUser,
    PutRole,
    PutGroup,
    AttachUser,
    AttachRole,
    AttachGroup,
    CreatePolicyVersion,
    JoinGroup,
    RemoveUserBoundary,
    RemoveRoleBoundary,
    RewriteBoundaryPolicy,
    RemoveDenyingPolicies,
    SetDefaultVersion,
    Combined,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TechniqueFile {
    technique: Vec<Technique>,
}

static TECHNIQUES: LazyLock<Vec<Technique>> = LazyLock::new(|| {
    toml::from_str::<TechniqueFile>(include_str!("techniques.toml")).expect("techniques.toml is valid").technique
});

/// All techniques, in the order of the file.
pub fn techniques() -> &'static [Technique] {
    &TECHNIQUES
}

impl TechniqueKind {
    /// Whether the technique changes the policies of a principal without granting it everything.
    pub(crate) fn changes_state(self) -> bool {
        use TechniqueKind::{
            JoinGroup, RemoveDenyingPolicies, RemoveRoleBoundary, RemoveUserBoundary, RewriteBoundaryPolicy,
            SetDefaultVersion,
        };
        matches!(
            self,
            JoinGroup
                | RemoveUserBoundary
                | RemoveRoleBoundary
                | RewriteBoundaryPolicy
                | RemoveDenyingPolicies
                | SetDefaultVersion
        )
    }

    /// Where the technique writes a policy that allows everything. None if it writes no policy.
    pub(crate) fn write_target(self) -> Option<WriteTarget> {
        match self {
            TechniqueKind::PutUser | TechniqueKind::AttachUser => Some(WriteTarget::User),
            TechniqueKind::PutRole | TechniqueKind::AttachRole => Some(WriteTarget::Role),
            TechniqueKind::PutGroup | TechniqueKind::AttachGroup => Some(WriteTarget::Group),
            TechniqueKind::CreatePolicyVersion => Some(WriteTarget::Policy),
            _ => None,
        }
    }
}

/// The policies with a Deny statement that a technique removes from the principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemovedPolicy {
    /// Inline policies of the role.
    RoleInline,
    /// Inline policies of the user.
    UserInline,
    /// Managed policies attached to the role.
    RoleAttached,
    /// Managed policies attached to the user.
    UserAttached,
    /// Inline policies of a group of the user.
    GroupInline,
    /// Managed policies attached to a group of the user.
    GroupAttached,
    /// All policies of a group: the user leaves the group.
    Group,
    /// Customer managed policies: a new version replaces the document.
    Text,
}

/// Where a technique writes a policy.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum WriteTarget {
    /// A user.
    User,
    /// A role.
    Role,
    /// A group.
    Group,
    /// A customer managed policy.
    Policy,
}

impl Technique {
    /// Whether the required actions apply to the target or its policies. Otherwise they apply to any resource.
    pub(crate) fn has_target_resource(&self) -> bool {
        !matches!(
            self.kind,
            TechniqueKind::NewPassRole
                | TechniqueKind::PassRoleThenAssume
                | TechniqueKind::ExistingPassRole
                | TechniqueKind::Combined
        )
    }
}
