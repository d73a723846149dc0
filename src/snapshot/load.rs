//! Finds the files of a snapshot and reads each for what it is. Nothing is skipped silently: a JSON file in
//! the directory that is none of the known ones is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::SnapshotError;
use super::intern::Interner;
use super::merge::Merge;
use super::model::{KnownResource, Snapshot};
use super::organization::Organization;
use super::read::first_char;
use super::{organization_file, page, resource};
use crate::iam::AccountId;
use crate::source::json::{self, Node};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const ORGANIZATION: &str = "organization.json";
const RESOURCE_POLICIES: &str = "resource-policies.json";
const ABOUT: &str = "snapshot.json";

/// The files that make a snapshot.
#[derive(Clone, Debug, Default)]
pub struct SnapshotPaths {
    /// A file of account details, or the directory of a whole snapshot.
    pub snapshot: PathBuf,
    /// An organization file that stands elsewhere.
    pub organization: Option<PathBuf>,
    /// Files of resource policies that stand elsewhere.
    pub resource_policies: Vec<PathBuf>,
}

impl Snapshot {
    /// Reads a file of account details, or the directory of a whole snapshot (`docs/snapshot.md`).
    ///
    /// # Errors
    /// A file that cannot be read, is not JSON, or is not what it should be; account details that
    /// contradict each other; no account details at all. A policy document that is no valid policy is no
    /// error: see [`Snapshot::problems`].
    pub fn load(path: &Path) -> Result<Snapshot, SnapshotError> {
        Snapshot::load_with(&SnapshotPaths { snapshot: path.to_owned(), ..SnapshotPaths::default() })
    }

    /// The same, with files that stand elsewhere.
    ///
    /// # Errors
    /// As [`Snapshot::load`]; also where both the directory and the caller give an organization.
    pub fn load_with(paths: &SnapshotPaths) -> Result<Snapshot, SnapshotError> {
        let mut loading = Loading::default();
        if is_directory(&paths.snapshot)? {
            loading.directory(&paths.snapshot, true)?;
        } else {
            loading.file(&paths.snapshot, Role::Page)?;
        }
        if let Some(path) = &paths.organization {
            loading.file(path, Role::Organization)?;
        }
        for path in &paths.resource_policies {
            loading.file(path, Role::ResourcePolicies)?;
        }
        loading.finish(&paths.snapshot)
    }

    /// The same out of texts that are already at hand, each read for what its file name says; `origin` is the name
    /// of the whole.
    ///
    /// # Errors
    /// As [`Snapshot::load`].
    pub fn from_texts(origin: &Path, texts: &[Arc<SourceFile>]) -> Result<Snapshot, SnapshotError> {
        let mut loading = Loading::default();
        for source in texts {
            let path = Path::new(source.name());
            let role = path.file_name().map_or(Role::Page, |name| Role::of(&name.to_string_lossy(), true));
            loading.text(path, source, role);
        }
        loading.finish(origin)
    }
}

/// What a file is read as.
#[derive(Copy, Clone)]
enum Role {
    Page,
    Organization,
    ResourcePolicies,
    About,
}

impl Role {
    /// The role of a file by its name.
    fn of(name: &str, top: bool) -> Role {
        match name {
            ORGANIZATION if top => Role::Organization,
            ABOUT if top => Role::About,
            RESOURCE_POLICIES => Role::ResourcePolicies,
            _ => Role::Page,
        }
    }
}

#[derive(Default)]
struct Loading {
    interner: Interner,
    merge: Merge,
    organization: Option<Organization>,
    resources: BTreeMap<String, KnownResource>,
    taken_at: Option<String>,
    aliases: BTreeMap<AccountId, String>,
    errors: Vec<Diagnostic>,
}

impl Loading {
    /// Every `*.json` of a directory and of its folders, in order of name; what is hidden is left alone.
    fn directory(&mut self, path: &Path, top: bool) -> Result<(), SnapshotError> {
        let io = |error| SnapshotError::Io { path: path.to_owned(), error };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path).map_err(io)? {
            entries.push(entry.map_err(io)?.file_name());
        }
        entries.sort();
        for name in entries {
            let text = name.to_string_lossy();
            if text.starts_with('.') {
                continue;
            }
            let entry = path.join(&name);
            if is_directory(&entry)? {
                self.directory(&entry, false)?;
            } else if entry.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
                self.file(&entry, Role::of(&text, top))?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, role: Role) -> Result<(), SnapshotError> {
        let source = SourceFile::read(path).map_err(|error| SnapshotError::Io { path: path.to_owned(), error })?;
        self.text(path, &source, role);
        Ok(())
    }

    fn text(&mut self, path: &Path, source: &Arc<SourceFile>, role: Role) {
        let read = json::parse(source).and_then(|node| self.read(path, source, &node, role));
        if let Err(Diagnostics(problems)) = read {
            self.errors.extend(problems);
        }
    }

    fn read(&mut self, path: &Path, source: &Arc<SourceFile>, node: &Node, role: Role) -> Result<(), Diagnostics> {
        match role {
            Role::Page if !page::is_page(node) => return Err(no_page(source, node).into()),
            Role::Page => {
                let page = page::read(source, node, &mut self.interner)?;
                let folder = path.parent().unwrap_or(Path::new(""));
                self.merge.add(page, source, folder, &mut self.errors);
            }
            Role::Organization => {
                let organization = organization_file::read(source, node, &mut self.interner)?;
                if self.organization.replace(organization).is_some() {
                    let message = "a second organization: the snapshot's directory has one, too";
                    return Err(Diagnostic::error(source, first_char(node.span), message, "one organization").into());
                }
            }
            Role::ResourcePolicies => {
                for (resource, span) in resource::read(source, node, &mut self.interner)? {
                    self.add_resource(source, resource, span);
                }
            }
            Role::About => (self.taken_at, self.aliases) = resource::read_about(source, node)?,
        }
        Ok(())
    }

    fn add_resource(&mut self, source: &Arc<SourceFile>, resource: KnownResource, span: Span) {
        let arn = resource.arn.as_str().to_owned();
        match self.resources.get(&arn) {
            Some(other) if other.owner != resource.owner || other.policy != resource.policy => {
                let message = format!("{arn} stands twice, with different content");
                self.errors.push(Diagnostic::error(source, span, message, "each resource once"));
            }
            Some(_) => {}
            None => {
                self.resources.insert(arn, resource);
            }
        }
    }

    fn finish(mut self, origin: &Path) -> Result<Snapshot, SnapshotError> {
        let (mut accounts, truncated) = self.merge.finish(&mut self.errors);
        if !self.errors.is_empty() {
            return Err(Diagnostics(self.errors).into());
        }
        if accounts.is_empty() {
            return Err(SnapshotError::Empty { path: origin.to_owned() });
        }
        for account in &mut accounts {
            account.alias = self.aliases.remove(&account.id);
        }
        let mut problems = self.interner.problems;
        problems.extend(truncated);
        Ok(Snapshot {
            origin: origin.to_owned(),
            taken_at: self.taken_at,
            accounts,
            organization: self.organization,
            resource_policies: self.resources.into_values().collect(),
            problems,
        })
    }
}

fn is_directory(path: &Path) -> Result<bool, SnapshotError> {
    let metadata = std::fs::metadata(path).map_err(|error| SnapshotError::Io { path: path.to_owned(), error })?;
    Ok(metadata.is_dir())
}

fn no_page(source: &Arc<SourceFile>, node: &Node) -> Diagnostic {
    let expected = "an object with UserDetailList, GroupDetailList, RoleDetailList or Policies";
    Diagnostic::error(source, first_char(node.span), "these are no account details", expected).with_help(format!(
        "beside them a snapshot has {ORGANIZATION} and {ABOUT} at its top, and {RESOURCE_POLICIES}; move other JSON files away"
    ))
}
