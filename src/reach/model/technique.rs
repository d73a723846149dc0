//! The paths by which a principal becomes another or makes itself broader: `techniques.toml`, read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One path.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Technique {
    /// Its id: that of pathfinding.cloud, or one of this program's own.
    pub id: String,
    /// What sort of path it is.
    pub kind: TechniqueKind,
    /// What the principal does to the target, after its name: `assumes it`.
    pub summary: String,
    /// The services that run what is changed or made: one of them must be trusted by the target.
    #[serde(default)]
    pub services: Vec<String>,
    /// The actions that the principal needs.
    #[serde(default)]
    pub required_actions: Vec<String>,
    /// The paths that this one joins.
    #[serde(default)]
    pub combines: Vec<String>,
    /// Of which policies with a Deny it rids the principal.
    pub removes: Option<RemovedPolicy>,
    /// What it rests on that a snapshot does not tell.
    pub assumption: Option<String>,
    /// Whether the target needs an instance profile.
    #[serde(default)]
    pub instance_profile: bool,
    /// What other descriptions of it ask for and this one does not, with the reason.
    #[serde(default)]
    pub not_needed: BTreeMap<String, String>,
}

/// What sort of path it is; `techniques.toml` says what each means.
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

static TECHNIQUES: LazyLock<Vec<Technique>> =
    LazyLock::new(|| toml::from_str::<TechniqueFile>(include_str!("techniques.toml")).expect("a valid list").technique);

/// All paths, in order.
pub fn techniques() -> &'static [Technique] {
    &TECHNIQUES
}

impl TechniqueKind {
    /// Whether a path changes what decides over someone, other than by what is written.
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

    /// What a path that widens a target writes to.
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

/// Of which policies with a Deny a path rids the principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemovedPolicy {
    /// Those written into it.
    Inline,
    /// Those attached to it.
    Attached,
    /// Those written into a group that it is in.
    GroupInline,
    /// Those attached to a group that it is in.
    GroupAttached,
    /// All of a group that it is in.
    Group,
    /// Those that a customer wrote, wherever they are attached: their text is replaced.
    Text,
}

/// What is written to.
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
    /// The actions that are asked on the target or on what it holds, not on whatever there is.
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
