//! Lists the files of a snapshot directory that was not written by the collector. Every visible file is either read or
//! reported: a file that is left out could hold the account that drifted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::snapshot::model::snapshot::{ProblemExtent, SnapshotProblem};
use crate::snapshot::snapshot_error::SnapshotError;
use crate::source::input_bytes::{describe_irregular, strip_compression_suffix};
use crate::source::{Diagnostic, SourceFile, Span};

/// The files of a directory and its folders.
#[derive(Default)]
pub(super) struct DirectoryFiles {
    /// The files to read, ordered by name.
    pub(super) readable: Vec<DirectoryFile>,
    /// The other visible files, each with the reason.
    pub(super) unread: Vec<SnapshotProblem>,
}

/// A file to read.
pub(super) struct DirectoryFile {
    pub(super) path: PathBuf,
    /// Whether it is in the directory itself, not in a folder.
    pub(super) is_top_level: bool,
}

/// Lists the files of a directory. Hidden files and folders, whose names begin with a dot, are left out.
///
/// # Errors
/// A file or folder that cannot be opened.
pub(super) fn list_directory_files(root: &Path) -> Result<DirectoryFiles, SnapshotError> {
    let canonical_root = canonicalize(root)?;
    let mut walk = DirectoryWalk { canonical_root, visited: BTreeSet::new(), files: DirectoryFiles::default() };
    walk.visit_folder(root, true)?;
    Ok(walk.files)
}

struct DirectoryWalk {
    canonical_root: PathBuf,
    /// The folders that were visited, so that links to them end.
    visited: BTreeSet<PathBuf>,
    files: DirectoryFiles,
}

impl DirectoryWalk {
    fn visit_folder(&mut self, folder: &Path, is_top_level: bool) -> Result<(), SnapshotError> {
        if !self.visited.insert(canonicalize(folder)?) {
            return Ok(());
        }
        let io = |error| SnapshotError::Io { path: folder.to_owned(), error };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io)? {
            names.push(entry.map_err(io)?.file_name());
        }
        names.sort();
        for name in names {
            let text = name.to_string_lossy();
            if !text.starts_with('.') {
                self.visit_entry(folder.join(&name), &text, is_top_level)?;
            }
        }
        Ok(())
    }

    fn visit_entry(&mut self, path: PathBuf, name: &str, is_top_level: bool) -> Result<(), SnapshotError> {
        let to_io = |error| SnapshotError::Io { path: path.clone(), error };
        if std::fs::symlink_metadata(&path).map_err(to_io)?.is_symlink() {
            match std::fs::canonicalize(&path) {
                Err(_) => return self.report_unread(&path, "it is a link to a file that does not exist"),
                Ok(target) if !target.starts_with(&self.canonical_root) => {
                    return self.report_unread(&path, "it is a link that leads out of the directory");
                }
                Ok(_) => {}
            }
        }
        let file_type = std::fs::metadata(&path).map_err(to_io)?.file_type();
        if file_type.is_dir() {
            return self.visit_folder(&path, false);
        }
        if let Some(kind) = describe_irregular(&file_type) {
            return self.report_unread(&path, &format!("it is {kind}, not a regular file"));
        }
        if !is_json(name) {
            return self.report_unread(&path, "its name does not end with .json, .json.gz or .json.zst");
        }
        self.files.readable.push(DirectoryFile { path, is_top_level });
        Ok(())
    }

    fn report_unread(&mut self, path: &Path, reason: &str) -> Result<(), SnapshotError> {
        let source = SourceFile::new(path.display().to_string(), "");
        let problem = Diagnostic::error(
            &source,
            Span::default(),
            format!("the file was not read: {reason}"),
            "a regular JSON file, plain or compressed",
        )
        .with_help("convert it to JSON, or move it out of the snapshot directory");
        let subject = format!("file {}", path.display());
        self.files.unread.push(SnapshotProblem { subject, extent: ProblemExtent::File, diagnostics: problem.into() });
        Ok(())
    }
}

fn canonicalize(path: &Path) -> Result<PathBuf, SnapshotError> {
    std::fs::canonicalize(path).map_err(|error| SnapshotError::Io { path: path.to_owned(), error })
}

fn is_json(name: &str) -> bool {
    let uncompressed_name = strip_compression_suffix(name);
    Path::new(uncompressed_name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}
