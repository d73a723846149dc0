//! The files of an edited manifest, written beside it until they are known to be right. Dropped before that, they are removed.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::manifest_edit::{ManifestEdit, cannot_write};
use crate::cli::UserError;

/// New files that are written, but not in force: the manifest does not name them yet.
pub(super) struct StagedEdit {
    edit: ManifestEdit,
    /// The new manifest, with a name of its own.
    new_manifest: NamedTempFile,
    created: CreatedFiles,
}

/// Files and folders that this run created. They are removed when dropped.
#[derive(Default)]
struct CreatedFiles {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Drop for CreatedFiles {
    fn drop(&mut self) {
        // Nothing names these files. One that is left over has no effect.
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
        for folder in &self.folders {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

impl StagedEdit {
    /// Writes the documents, and the manifest under another name.
    ///
    /// # Errors
    /// A file that cannot be written. Then no new file is left.
    pub fn write(edit: ManifestEdit) -> anyhow::Result<StagedEdit> {
        let permissions =
            std::fs::metadata(&edit.manifest).map_err(|error| cannot_write(&edit.manifest, &error))?.permissions();
        let root = edit.manifest.parent().unwrap_or(Path::new("."));
        let mut created = CreatedFiles::default();
        for (path, text) in &edit.documents {
            let folder = path.parent().unwrap_or(root);
            if !folder.exists() {
                std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
                created.folders.push(folder.to_path_buf());
            }
            check_inside(root, folder)?;
            if path.symlink_metadata().is_ok() {
                // It has this text: the plan chose the name.
                continue;
            }
            let file = write_new_file(path, text, &permissions).map_err(|error| cannot_write(path, &error))?;
            file.persist_noclobber(path).map_err(|error| cannot_write(path, &error.error))?;
            created.files.push(path.clone());
        }
        let new_manifest = write_new_file(&edit.manifest, &edit.text, &permissions);
        let new_manifest = new_manifest.map_err(|error| cannot_write(&edit.manifest, &error))?;
        Ok(StagedEdit { edit, new_manifest, created })
    }

    /// The new manifest.
    pub fn manifest(&self) -> &Path {
        self.new_manifest.path()
    }

    /// Replaces the manifest as a whole.
    ///
    /// # Errors
    /// A manifest that cannot be replaced. Then it is unchanged, and no new file is left.
    pub fn complete(self) -> anyhow::Result<()> {
        let StagedEdit { edit, new_manifest, mut created } = self;
        new_manifest.persist(&edit.manifest).map_err(|error| cannot_write(&edit.manifest, &error.error))?;
        created.files.clear();
        created.folders.clear();
        for path in &edit.replaced_documents {
            // The exceptions are in force already. A document that is left over has no effect.
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }
}

/// A link in the directory of the manifest must not lead the documents elsewhere.
fn check_inside(root: &Path, folder: &Path) -> anyhow::Result<()> {
    let target = std::fs::canonicalize(folder).map_err(|error| cannot_write(folder, &error))?;
    if target.starts_with(root) {
        return Ok(());
    }
    let message = format!("{} leads outside the baseline directory", folder.display());
    Err(UserError::new(message, "replace the link by a folder").into())
}

/// Writes a text to a new file in the folder of a path.
fn write_new_file(path: &Path, text: &str, permissions: &std::fs::Permissions) -> std::io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(permissions.clone())?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn edit(root: &Path) -> ManifestEdit {
        ManifestEdit {
            manifest: root.join("baseline.toml"),
            text: "version = 1 # new\n".to_owned(),
            documents: BTreeMap::from([(root.join("exceptions/a.json"), "{}\n".to_owned())]),
            replaced_documents: Vec::new(),
        }
    }

    #[test]
    fn an_edit_that_is_not_completed_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::write(root.join("baseline.toml"), "version = 1\n").unwrap();
        let staged = StagedEdit::write(edit(&root)).unwrap();
        assert_eq!(std::fs::read_to_string(staged.manifest()).unwrap(), "version = 1 # new\n");
        assert!(root.join("exceptions/a.json").exists());
        drop(staged);
        assert_eq!(std::fs::read_dir(&root).unwrap().count(), 1);
        assert_eq!(std::fs::read_to_string(root.join("baseline.toml")).unwrap(), "version = 1\n");
        StagedEdit::write(edit(&root)).unwrap().complete().unwrap();
        assert_eq!(std::fs::read_to_string(root.join("baseline.toml")).unwrap(), "version = 1 # new\n");
        assert_eq!(std::fs::read_to_string(root.join("exceptions/a.json")).unwrap(), "{}\n");
        assert_eq!(std::fs::read_dir(&root).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_exists_is_not_overwritten_or_removed() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::write(root.join("baseline.toml"), "version = 1\n").unwrap();
        std::fs::create_dir(root.join("exceptions")).unwrap();
        std::fs::write(root.join("exceptions/a.json"), "other").unwrap();
        drop(StagedEdit::write(edit(&root)).unwrap());
        assert_eq!(std::fs::read_to_string(root.join("exceptions/a.json")).unwrap(), "other");
    }
}
