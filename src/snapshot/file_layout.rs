//! The directory of a snapshot: file names, compression and hashes.

/// The file name of the manifest.
pub(super) const MANIFEST: &str = "manifest.json";
/// The file name of the journal. It exists while a snapshot is being written.
pub(super) const JOURNAL: &str = "journal.jsonl";
/// The file name of the organization, without the compression suffix.
pub(super) const ORGANIZATION: &str = "organization.json";
/// The file name of resource policies, without the compression suffix.
pub(super) const RESOURCE_POLICIES: &str = "resource-policies.json";
/// The file name of the service roles, without the compression suffix.
pub(super) const SERVICE_ROLES: &str = "service-roles.json";
/// The file name of the metadata of a snapshot that was collected by hand, without the compression suffix.
pub(super) const METADATA: &str = "snapshot.json";
/// The folder of the account files.
pub(super) const ACCOUNTS: &str = "accounts";
/// The file name suffix of a compressed file.
pub(super) const ZSTD_SUFFIX: &str = ".zst";
/// The prefix of unfinished files. Hidden files do not belong to a snapshot.
pub(super) const PENDING_PREFIX: &str = ".unfinished-";

/// The hash of stored bytes, as a manifest records it.
pub(super) fn blake3_hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
