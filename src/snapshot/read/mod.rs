//! Files to a snapshot: reads each format, merges pages, and keeps equal documents once.

pub(crate) mod account_file;
pub(crate) mod auth_details;
pub(crate) mod collected_dir;
pub(crate) mod document_interner;
pub(crate) mod fields;
pub(crate) mod organization_file;
pub(crate) mod page_merger;
pub(crate) mod resource_policy_file;
pub(crate) mod snapshot_loader;
