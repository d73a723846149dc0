//! Files to a snapshot: reads each format, merges pages, and keeps equal documents once.
//!
//! - `fields.rs`: fields of a JSON object, with errors at their places.
//! - `document_interner.rs`: reads policy documents and keeps equal ones once.
//! - `managed_policy.rs`: a managed policy with its versions.
//! - `auth_details.rs`: a page of account authorization details.
//! - `page_merger.rs`: merges pages into accounts.
//! - `attachments.rs`: gives each principal its policies.
//! - `resource_policy_file.rs`, `service_roles_file.rs`, `snapshot_metadata.rs`, `organization_file.rs`: the other files.
//! - `account_file.rs`: an account's file, as the collector writes it.
//! - `collected_dir.rs`: a directory with a manifest.
//! - `directory_files.rs`: the files of any other directory.
//! - `input_identity.rs`: what identifies the files that were read.
//! - `snapshot_loader.rs`: finds the files and builds the snapshot.

pub(crate) mod account_file;
pub(crate) mod attachments;
pub(crate) mod auth_details;
pub(crate) mod collected_dir;
pub(crate) mod directory_files;
pub(crate) mod document_interner;
pub(crate) mod fields;
pub(crate) mod input_identity;
pub(crate) mod managed_policy;
pub(crate) mod organization_file;
pub(crate) mod page_merger;
pub(crate) mod resource_policy_file;
pub(crate) mod service_roles_file;
pub(crate) mod snapshot_loader;
pub(crate) mod snapshot_metadata;
