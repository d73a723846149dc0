//! Escalation techniques, read from `techniques.toml` and `techniques_services.toml`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::access::KeyFact;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{ContextKey, ElementKind, PolicyDocument, Statement};

/// The action that puts a role into an instance profile. Every technique of [`TechniqueKind::FillProfile`] requires it.
pub(crate) const FILL_PROFILE_ACTION: &str = "iam:AddRoleToInstanceProfile";

/// Actions that remove a permissions boundary.
pub(crate) const REMOVE_BOUNDARY_ACTIONS: [&str; 2] =
    ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"];

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
    /// How it changes which SCPs and RCPs apply.
    pub lifts: Option<ControlChange>,
    /// What the account must be in its organization. None if that does not matter.
    pub organization_account: Option<OrganizationAccount>,
    /// The name of the role that the service uses. None if the caller chooses it.
    pub service_role: Option<String>,
    /// Whether AWS chooses the id of the resource for which the service assumes the role.
    #[serde(default)]
    pub new_source: bool,
    /// A prerequisite that a snapshot cannot confirm.
    pub assumption: Option<String>,
    /// The types of the resources, one of which the assumption is about, as CloudFormation names them. The resource uses the
    /// role; for a role that is passed, it exists. Empty if no list of resources decides the assumption.
    #[serde(default)]
    pub resource_types: Vec<String>,
    /// What remains assumed of a resource that the snapshot lists. None if nothing remains.
    pub remaining_assumption: Option<String>,
    /// What remains assumed of a resource with a property: `AuthorizerType=CUSTOM_JWT`.
    #[serde(default)]
    pub property_assumptions: BTreeMap<String, String>,
    /// Values of condition keys in the requests of the required actions, which the technique needs.
    #[serde(default)]
    pub context: BTreeMap<String, String>,
    /// Where the technique is described.
    pub source: String,
    /// Whether the roles may belong to any account of the snapshot. Otherwise they belong to that of the principal.
    #[serde(default)]
    pub any_account: bool,
    /// What the service or the credentials do for the principal: action patterns. Empty if the principal gets everything
    /// that the target is allowed.
    #[serde(default)]
    pub limited_to: Vec<String>,
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
    NamedRoleThenAssume,
    ExistingPassRole,
    FillProfile,
    ChangeProvider,
    WebIdentityToken,
    NewPrincipal,
    CreateCredentials,
    UpdateTrustPolicy,
    UpdateTrustForTags,
    UpdateTrustThenPass,
    UpdateTrustForOutsider,
    UpdateTrustForProvider,
    PutUser,
    PutRole,
    PutGroup,
    AttachUser,
    AttachRole,
    AttachGroup,
    CreatePolicyVersion,
    JoinGroup,
    CreatePrincipal,
    AttachNewPolicy,
    CreateGroup,
    RemoveUserBoundary,
    RemoveRoleBoundary,
    SetUserBoundary,
    SetRoleBoundary,
    RewriteBoundaryPolicy,
    RemoveDenyingPolicies,
    SetDefaultVersion,
    RenameUser,
    RemovePermissionSetBoundary,
    RemovePermissionSetPolicies,
    LeaveOrganization,
    RemoveFromOrganization,
    LiftControls,
    GrantKeyUse,
    Combined,
    ChangeTags,
    FederateWithTags,
    CreateAbsent,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TechniqueFile {
    technique: Vec<Technique>,
}

const TECHNIQUE_FILES: [&str; 2] = [include_str!("techniques.toml"), include_str!("techniques_services.toml")];

static TECHNIQUES: LazyLock<Vec<Technique>> = LazyLock::new(|| {
    // INVARIANT: the files are part of the source code, and every test of a technique parses them.
    let parse = |text| toml::from_str::<TechniqueFile>(text).expect("the technique files are valid").technique;
    TECHNIQUE_FILES.into_iter().flat_map(parse).collect()
});

/// The technique with an id.
pub(crate) fn find_technique(id: &str) -> Option<&'static Technique> {
    techniques().iter().find(|technique| technique.id == id)
}

/// All techniques, in the order of the files.
pub fn techniques() -> &'static [Technique] {
    &TECHNIQUES
}

impl TechniqueKind {
    /// Whether the technique changes the policies of a principal without granting it everything.
    pub(crate) fn changes_state(self) -> bool {
        use TechniqueKind::{
            CreatePrincipal, GrantKeyUse, JoinGroup, LeaveOrganization, LiftControls, NewPrincipal,
            RemoveDenyingPolicies, RemoveFromOrganization, RemovePermissionSetBoundary, RemovePermissionSetPolicies,
            RenameUser, SetDefaultVersion,
        };
        matches!(
            self,
            JoinGroup
                | CreatePrincipal
                | NewPrincipal
                | RemoveDenyingPolicies
                | SetDefaultVersion
                | RenameUser
                | RemovePermissionSetBoundary
                | RemovePermissionSetPolicies
                | LeaveOrganization
                | RemoveFromOrganization
                | LiftControls
                | GrantKeyUse
        ) || self.changes_boundary()
    }

    /// Whether the technique removes or replaces a permissions boundary, or writes its policy.
    pub(crate) fn changes_boundary(self) -> bool {
        use TechniqueKind::{RemoveRoleBoundary, RemoveUserBoundary, RewriteBoundaryPolicy};
        matches!(self, RemoveRoleBoundary | RemoveUserBoundary | RewriteBoundaryPolicy) || self.sets_chosen_boundary()
    }

    /// Whether the technique sets a permissions boundary out of those that a policy admits.
    pub(crate) fn sets_chosen_boundary(self) -> bool {
        matches!(self, TechniqueKind::SetUserBoundary | TechniqueKind::SetRoleBoundary)
    }

    /// Whether the technique rewrites a trust policy.
    pub(crate) fn rewrites_trust(self) -> bool {
        use TechniqueKind::{
            UpdateTrustForOutsider, UpdateTrustForProvider, UpdateTrustForTags, UpdateTrustPolicy, UpdateTrustThenPass,
        };
        matches!(
            self,
            UpdateTrustPolicy
                | UpdateTrustForTags
                | UpdateTrustThenPass
                | UpdateTrustForOutsider
                | UpdateTrustForProvider
        )
    }

    /// Whether the technique attaches a managed policy.
    pub(crate) fn is_attachment(self) -> bool {
        matches!(self, TechniqueKind::AttachUser | TechniqueKind::AttachRole | TechniqueKind::AttachGroup)
    }

    /// Whether the technique grants everything to the target.
    pub(crate) fn grants_all(self) -> bool {
        self.write_target().is_some() || matches!(self, TechniqueKind::AttachNewPolicy | TechniqueKind::CreateGroup)
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
    /// The inline policy of the permission set of the role.
    PermissionSetInline,
    /// Policies of AWS in the permission set of the role.
    PermissionSetAws,
    /// Customer managed policies in the permission set of the role.
    PermissionSetCustomer,
}

/// How a technique changes which SCPs or RCPs apply to accounts.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlChange {
    /// It rewrites them so that they allow everything.
    Rewrite,
    /// It detaches them from roots, organizational units and accounts.
    Detach,
    /// It attaches one that allows everything.
    Attach,
    /// It disables their type in the root.
    Disable,
    /// It moves the account to the root.
    Move,
}

/// What an account is in its organization.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrganizationAccount {
    /// The management account.
    Management,
    /// The management account, or a delegated administrator.
    Administrator,
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
    /// Whether the principal acts for the target with some of its permissions only.
    pub(crate) fn acts_as_part(&self) -> bool {
        !self.limited_to.is_empty()
    }

    /// Whether the technique changes a principal that the state may not be able to act as.
    pub(crate) fn changes_other_principals(&self) -> bool {
        use TechniqueKind::{CreatePrincipal, GrantKeyUse, NewPrincipal};
        !matches!(self.kind, NewPrincipal | CreatePrincipal | GrantKeyUse) && !self.acts_as_part()
    }

    /// Whether the technique passes a role that it creates to a service.
    pub(crate) fn passes_created_role(&self) -> bool {
        self.kind == TechniqueKind::CreatePrincipal && self.requires_action("iam:PassRole")
    }

    /// The required actions of the state that uses the technique. Who passes a role after its trust policy is rewritten may
    /// be another state.
    pub(crate) fn own_actions(&self) -> impl Iterator<Item = &String> {
        let is_own = |action: &&String| self.kind != TechniqueKind::UpdateTrustThenPass || *action != "iam:PassRole";
        self.required_actions.iter().filter(is_own)
    }

    /// Whether the technique requires an action.
    pub(crate) fn requires_action(&self, name: &str) -> bool {
        self.required_actions.iter().any(|action| action == name)
    }

    /// The value of a condition key that the technique's requests need. None if it needs none.
    pub(crate) fn context_fact(&self, key: &ContextKey) -> Option<KeyFact> {
        let value = self.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key.lower()));
        value.map(|(_, value)| KeyFact::Value(value.clone()))
    }

    /// A policy that denies everything outside of `limited_to`.
    pub(crate) fn deny_other_actions(&self) -> Arc<PolicyDocument> {
        let action = ActionElement { kind: ElementKind::NotList, ..ActionElement::listing(&self.limited_to) };
        let statement = Statement::deny(action, ResourceElement::any());
        Arc::new(PolicyDocument::from_statements(&self.id, vec![statement]))
    }

    /// Whether the required actions apply to the target or its policies. Otherwise they apply to any resource.
    pub(crate) fn has_target_resource(&self) -> bool {
        !matches!(
            self.kind,
            TechniqueKind::NewPassRole
                | TechniqueKind::PassRoleThenAssume
                | TechniqueKind::NamedRoleThenAssume
                | TechniqueKind::ExistingPassRole
                | TechniqueKind::FillProfile
                | TechniqueKind::WebIdentityToken
                | TechniqueKind::NewPrincipal
                | TechniqueKind::RemovePermissionSetBoundary
                | TechniqueKind::RemovePermissionSetPolicies
                | TechniqueKind::LeaveOrganization
                | TechniqueKind::GrantKeyUse
                | TechniqueKind::Combined
        )
    }
}
