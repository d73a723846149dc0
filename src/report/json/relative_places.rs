//! Paths in places, relative to the snapshot and to the baseline: a report is the same wherever its inputs are.

use std::path::{Path, PathBuf};

use crate::audit::{BaselineInfo, SnapshotInfo};
use crate::source::Place;

/// What paths are relative to.
#[derive(Clone, Debug)]
pub(super) struct PlaceRoots {
    /// The snapshot: a directory, or a file.
    snapshot: PathBuf,
    /// The directory of the baseline.
    baseline: PathBuf,
}

impl PlaceRoots {
    /// The snapshot, and the directory of a baseline.
    pub fn new(snapshot: &SnapshotInfo, baseline: &BaselineInfo) -> PlaceRoots {
        let manifest = Path::new(&baseline.path);
        PlaceRoots {
            snapshot: PathBuf::from(&snapshot.origin),
            baseline: manifest.parent().unwrap_or(Path::new("")).to_owned(),
        }
    }

    /// Makes a place relative. A file outside of both keeps its path.
    pub fn make_relative(&self, place: &mut Place) {
        let path = Path::new(&place.file);
        let relative = match path == self.snapshot {
            true => path.file_name().map(Path::new),
            false => {
                let roots = [&self.snapshot, &self.baseline].into_iter().filter(|root| **root != Path::new(""));
                roots.filter_map(|root| path.strip_prefix(root).ok()).find(|rest| *rest != Path::new(""))
            }
        };
        if let Some(relative) = relative {
            place.file = relative.to_string_lossy().into_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::TimeSource;

    fn relative(origin: &str, manifest: &str, file: &str) -> String {
        let snapshot = SnapshotInfo {
            origin: origin.to_owned(),
            content_id: String::new(),
            taken_at: String::new(),
            taken_at_source: TimeSource::Audit,
            accounts: Vec::new(),
            partitions: Vec::new(),
            organization: None,
        };
        let baseline = BaselineInfo { path: manifest.to_owned(), content_id: String::new() };
        let mut place = Place { file: file.to_owned(), line: 1, column: 1 };
        PlaceRoots::new(&snapshot, &baseline).make_relative(&mut place);
        place.file
    }

    #[test]
    fn paths_are_relative_to_the_snapshot_and_to_the_baseline() {
        for (origin, manifest, file, expected) in [
            ("snapshot", "policies/baseline.toml", "snapshot/accounts/1.json", "accounts/1.json"),
            ("/a/snapshot/", "/b/baseline.toml", "/a/snapshot/accounts/1.json", "accounts/1.json"),
            ("snapshot", "policies/baseline.toml", "policies/agents/x.json", "agents/x.json"),
            ("/a/account.json", "baseline.toml", "/a/account.json", "account.json"),
            ("account.json", "baseline.toml", "account.json", "account.json"),
            ("<stdin>", "baseline.toml", "<stdin>", "<stdin>"),
            ("snapshot", "policies/baseline.toml", "/other/organization.json", "/other/organization.json"),
            ("/a/snapshot", "policies/baseline.toml", "/a/organization.json", "/a/organization.json"),
        ] {
            assert_eq!(relative(origin, manifest, file), expected, "{file}");
        }
    }
}
