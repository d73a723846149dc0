//! The directory of a snapshot: file names, compression and hashes.

use std::io::{self, Read};
use std::path::Path;

/// The file name of the manifest.
pub(super) const MANIFEST: &str = "manifest.json";
/// The file name of the journal. It exists while a snapshot is being written.
pub(super) const JOURNAL: &str = "journal.jsonl";
/// The file name of the organization, without the compression suffix.
pub(super) const ORGANIZATION: &str = "organization.json";
/// The file name of resource policies, without the compression suffix.
pub(super) const RESOURCE_POLICIES: &str = "resource-policies.json";
/// The file name of the metadata of a snapshot that was collected by hand, without the compression suffix.
pub(super) const METADATA: &str = "snapshot.json";
/// The folder of the account files.
pub(super) const ACCOUNTS: &str = "accounts";
/// The file name suffix of a compressed file.
pub(super) const ZSTD_SUFFIX: &str = ".zst";
/// The prefix of unfinished files. Hidden files do not belong to a snapshot.
pub(super) const PENDING_PREFIX: &str = ".unfinished-";

/// A file name without its compression suffix.
pub(super) fn strip_compression_suffix(name: &str) -> &str {
    name.strip_suffix(ZSTD_SUFFIX).unwrap_or(name)
}

/// Whether a file is compressed, by its name.
pub(super) fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zst")
}

/// The hash of stored bytes, as a manifest records it.
pub(super) fn blake3_hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The text of stored bytes, decompressed if the file name has the compression suffix.
///
/// # Errors
/// A compressed file that is truncated or damaged, or text that is not UTF-8.
pub(super) fn decode_stored(path: &Path, bytes: Vec<u8>) -> io::Result<String> {
    let bytes = if is_compressed(path) {
        let mut decompressed = Vec::new();
        zstd::Decoder::new(bytes.as_slice())?.read_to_end(&mut decompressed)?;
        decompressed
    } else {
        bytes
    };
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8: {error}")))
}
