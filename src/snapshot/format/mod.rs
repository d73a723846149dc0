//! The files of a snapshot as types: what the collector writes, and their JSON Schemas.
//!
//! The names are those of AWS's APIs. Reading goes another way (`page`, `organization_file`, `resource`),
//! which keeps places; tests hold the two together.

mod account;
mod document;
mod manifest;
mod organization;

pub use account::{
    AccountFile, AccountPage, AttachedBoundary, AttachedPolicy, GroupDetail, InlinePolicy, ManagedPolicyDetail,
    ManagedPolicyReference, OpenIdConnectProvider, PermissionSet, PermissionSetBoundary, PolicyVersion, RoleDetail,
    RoleLastUsed, SamlProvider, Tag, UserDetail,
};
pub use document::EmbeddedDocument;
pub use manifest::{
    AccountStatus, CallerIdentity, CollectionPart, CollectorTool, FORMAT_VERSION, ManifestAccount,
    ManifestOrganization, SnapshotManifest, StoredFile, UnreadPart,
};
pub use organization::{
    AccountEntry, DelegatedAdministratorEntry, OrganizationEntry, OrganizationFile, OrganizationalUnitEntry,
    PolicyEntry, PolicyType, PolicyTypeEntry, PolicyTypeStatus, ResourcePolicyEntry, RootEntry, SnapshotFile,
};

/// The JSON Schemas of these files, by file name under `schemas/`.
pub fn schemas() -> [(&'static str, schemars::Schema); 5] {
    [
        ("account.schema.json", schemars::schema_for!(AccountFile)),
        ("manifest.schema.json", schemars::schema_for!(SnapshotManifest)),
        ("organization.schema.json", schemars::schema_for!(OrganizationFile)),
        ("resource-policies.schema.json", schemars::schema_for!(Vec<ResourcePolicyEntry>)),
        ("snapshot.schema.json", schemars::schema_for!(SnapshotFile)),
    ]
}
