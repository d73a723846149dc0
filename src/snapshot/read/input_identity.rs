//! What identifies the files that a snapshot was read from: their content and their age.

use std::path::Path;

use crate::base::content_id::compute_content_id;
use crate::snapshot::file_layout::blake3_hex;
use crate::snapshot::model::snapshot::SnapshotIdentity;

/// The files that were read so far.
#[derive(Default)]
pub(super) struct InputIdentity {
    /// The path and the hash of each file.
    files: Vec<(String, String)>,
    organization: Option<String>,
    modified_at: Option<jiff::Timestamp>,
}

impl InputIdentity {
    /// Adds a file.
    pub fn add(&mut self, path: &Path, text: &str, is_organization: bool) {
        self.files.push((path.to_string_lossy().into_owned(), blake3_hex(text.as_bytes())));
        if is_organization {
            self.organization = Some(compute_content_id([text]));
        }
    }

    /// Adds the time of a file, if the file system has it. The oldest file counts: the snapshot is at least as old.
    pub fn add_time_of(&mut self, path: &Path) {
        let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let Some(modified_at) = modified.and_then(|time| jiff::Timestamp::try_from(time).ok()) else { return };
        self.modified_at = Some(self.modified_at.map_or(modified_at, |oldest| oldest.min(modified_at)));
    }

    /// The identity of a snapshot. Paths below `origin` are relative to it, and of others the file name counts, so that a
    /// copy in another directory has the same identity.
    pub fn into_snapshot_identity(self, origin: &Path) -> SnapshotIdentity {
        let mut files: Vec<(String, String)> =
            self.files.into_iter().map(|(path, hash)| (name_below(origin, Path::new(&path)), hash)).collect();
        files.sort();
        SnapshotIdentity {
            content_id: compute_content_id(files.iter().flat_map(|(name, hash)| [name.as_str(), hash.as_str()])),
            organization_content_id: self.organization,
            modified_at: self.modified_at.map(|time| format!("{time:.0}")),
        }
    }
}

fn name_below(origin: &Path, path: &Path) -> String {
    let name = match path.strip_prefix(origin) {
        Ok(relative) if relative != Path::new("") => relative,
        _ => Path::new(path.file_name().unwrap_or(path.as_os_str())),
    };
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn identity(origin: &str, files: &[(&str, &str)]) -> SnapshotIdentity {
        let mut identity = InputIdentity::default();
        files.iter().for_each(|(path, text)| identity.add(Path::new(path), text, false));
        identity.into_snapshot_identity(Path::new(origin))
    }

    #[test]
    fn content_counts_and_the_directory_does_not() {
        let one = identity("a", &[("a/x.json", "1"), ("a/y/z.json", "2")]);
        let moved = identity("/b", &[("/b/y/z.json", "2"), ("/b/x.json", "1")]);
        assert_eq!(one.content_id, moved.content_id);
        assert_ne!(one.content_id, identity("a", &[("a/x.json", "1"), ("a/y/z.json", "3")]).content_id);
        assert_ne!(one.content_id, identity("a", &[("a/x.json", "1"), ("a/z.json", "2")]).content_id);
        assert_eq!(identity("a.json", &[("a.json", "1")]), identity("/b/a.json", &[("/b/a.json", "1")]));
    }

    #[test]
    fn the_oldest_file_counts() {
        let directory = tempfile::tempdir().unwrap();
        let mut identity = InputIdentity::default();
        for (name, seconds) in [("a", 1_800_000_000), ("b", 1_700_000_000)] {
            let path = directory.path().join(name);
            let file = std::fs::File::create(&path).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
            identity.add_time_of(&path);
        }
        identity.add_time_of(&directory.path().join("missing"));
        let snapshot = identity.into_snapshot_identity(directory.path());
        assert_eq!(snapshot.modified_at.as_deref(), Some("2023-11-14T22:13:20Z"));
    }
}
