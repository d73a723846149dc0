//! The paths by which a principal becomes another or makes itself broader: `paths.toml`, read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One path.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// Its id: that of pathfinding.cloud, or one of this program's own.
    pub id: String,
    /// What sort of path it is.
    pub kind: Kind,
    /// What the principal does to the target, after its name: `assumes it`.
    pub says: String,
    /// The services that run what is changed or made: one of them must be trusted by the target.
    #[serde(default)]
    pub services: Vec<String>,
    /// The actions that the principal needs.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The paths that this one joins.
    #[serde(default)]
    pub of: Vec<String>,
    /// Of which policies with a Deny it rids the principal.
    pub rids: Option<Rids>,
    /// What it rests on that a snapshot does not tell.
    pub existing: Option<String>,
    /// Whether the target needs an instance profile.
    #[serde(default)]
    pub instance_profile: bool,
    /// What other descriptions of it ask for and this one does not, with the reason.
    #[serde(default)]
    pub not_needed: BTreeMap<String, String>,
}

/// What sort of path it is; `paths.toml` says what each means.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Kind {
    Assume,
    Pass,
    Relay,
    Run,
    Credentials,
    Trust,
    PutUser,
    PutRole,
    PutGroup,
    AttachUser,
    AttachRole,
    AttachGroup,
    Version,
    Join,
    UnbindUser,
    UnbindRole,
    UnbindPolicy,
    Drop,
    Restore,
    Both,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: Vec<Path>,
}

static PATHS: LazyLock<Vec<Path>> =
    LazyLock::new(|| toml::from_str::<File>(include_str!("paths.toml")).expect("a valid list").path);

/// All paths, in order.
pub fn paths() -> &'static [Path] {
    &PATHS
}

impl Kind {
    /// Whether a path changes what decides over someone, other than by what is written.
    pub(super) fn changes(self) -> bool {
        use Kind::{Drop, Join, Restore, UnbindPolicy, UnbindRole, UnbindUser};
        matches!(self, Join | UnbindUser | UnbindRole | UnbindPolicy | Drop | Restore)
    }

    /// What a path that widens a target writes to.
    pub(super) fn written(self) -> Option<Written> {
        match self {
            Kind::PutUser | Kind::AttachUser => Some(Written::User),
            Kind::PutRole | Kind::AttachRole => Some(Written::Role),
            Kind::PutGroup | Kind::AttachGroup => Some(Written::Group),
            Kind::Version => Some(Written::Policy),
            _ => None,
        }
    }
}

/// Of which policies with a Deny a path rids the principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rids {
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
pub(super) enum Written {
    /// A user.
    User,
    /// A role.
    Role,
    /// A group.
    Group,
    /// A customer managed policy.
    Policy,
}

impl Path {
    /// The actions that are asked on the target or on what it holds, not on whatever there is.
    pub(super) fn is_on_target(&self) -> bool {
        !matches!(self.kind, Kind::Pass | Kind::Relay | Kind::Run | Kind::Both)
    }
}
