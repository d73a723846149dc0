//! The files of a snapshot as types, and their JSON Schemas. The collector writes them.
//!
//! The field names are those of AWS's APIs. Reading does not use these types, because it keeps the places of all fields
//! (`read/auth_details.rs`, `read/organization_file.rs`, `read/resource_policy_file.rs`, `read/service_roles_file.rs`). Tests compare the two.
//!
//! - `embedded_document.rs`: a policy document in a file.
//! - `service_role_entries.rs`, `account_entries.rs`, `organization_entries.rs`, `snapshot_manifest.rs`: the files.

mod account_entries;
mod embedded_document;
mod organization_entries;
mod service_role_entries;
mod snapshot_manifest;

pub use account_entries::{
    AccountFile, AccountPage, AttachedBoundary, AttachedPolicy, GroupDetail, InlinePolicy, InstanceProfile,
    ManagedPolicyDetail, ManagedPolicyReference, OpenIdConnectProvider, PermissionSet, PermissionSetBoundary,
    PolicyVersion, RoleDetail, RoleLastUsed, SamlProvider, Tag, UserDetail,
};
pub use embedded_document::EmbeddedDocument;
pub use organization_entries::{
    AccountEntry, DelegatedAdministratorEntry, OrganizationEntry, OrganizationFile, OrganizationalUnitEntry,
    PolicyEntry, PolicyType, PolicyTypeEntry, PolicyTypeStatus, ResourcePolicyEntry, RootEntry, SnapshotFile,
};
pub use service_role_entries::{CompleteTypesEntry, ServiceResourceEntry, ServiceRolesFile};
pub use snapshot_manifest::{
    AccountStatus, CallerIdentity, CollectionPart, CollectorTool, FORMAT_VERSION, ManifestAccount,
    ManifestOrganization, SnapshotManifest, StoredFile, UnreadPart,
};

/// The JSON Schemas of these files, by file name under `schemas/`.
pub fn schemas() -> [(&'static str, schemars::Schema); 6] {
    [
        ("account.schema.json", schemars::schema_for!(AccountFile)),
        ("manifest.schema.json", schemars::schema_for!(SnapshotManifest)),
        ("organization.schema.json", schemars::schema_for!(OrganizationFile)),
        ("resource-policies.schema.json", schemars::schema_for!(Vec<ResourcePolicyEntry>)),
        ("service-roles.schema.json", schemars::schema_for!(ServiceRolesFile)),
        ("snapshot.schema.json", schemars::schema_for!(SnapshotFile)),
    ]
}
