//! Finds the files of a snapshot and reads each for what it is. Nothing is skipped silently: a JSON file in
//! the directory that is none of the known ones is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account_file::{self, Beside};
use super::collected::Collected;
use super::error::SnapshotError;
use super::format::{AccountStatus, Part};
use super::intern::Interner;
use super::merge::Merge;
use super::model::{KnownResource, Snapshot};
use super::organization::Organization;
use super::read::first_char;
use super::store::read_stored;
use super::uncollected::Uncollected;
use super::{organization_file, page, resource};
use crate::iam::AccountId;
use crate::source::json::{self, Node};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const ORGANIZATION: &str = "organization.json";
const RESOURCE_POLICIES: &str = "resource-policies.json";
const ABOUT: &str = "snapshot.json";
const COMPRESSED: &str = ".zst";

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
            match Collected::open(&paths.snapshot)? {
                Some(collected) => loading.collected(collected)?,
                None => loading.directory(&paths.snapshot, true)?,
            }
        } else {
            loading.may_stand_alone = true;
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
        let mut loading = Loading { may_stand_alone: true, ..Loading::default() };
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
        match name.strip_suffix(COMPRESSED).unwrap_or(name) {
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
    scps_unread: bool,
    /// Whether there may be no account at all, since none could be read.
    is_empty_for_a_reason: bool,
    uncollected: Vec<Uncollected>,
    /// Whether an account's file may be read without the manifest that names it.
    may_stand_alone: bool,
    /// The first account's file that may not.
    without_manifest: Option<PathBuf>,
    errors: Vec<Diagnostic>,
}

impl Loading {
    /// What a manifest names, and nothing else.
    fn collected(&mut self, mut collected: Collected) -> Result<(), SnapshotError> {
        self.may_stand_alone = true;
        let scps_unread = |one: &Uncollected| one.unread.part == Part::ServiceControlPolicies;
        self.scps_unread = collected.unread.iter().any(scps_unread);
        let manifest = collected.manifest.clone();
        if let Some(stored) = manifest.organization.as_ref().and_then(|organization| organization.stored.as_ref())
            && let Some(source) = collected.text(stored)?
        {
            self.text(Path::new(source.name()), &source, Role::Organization);
        }
        for account in &manifest.accounts {
            let before = self.uncollected.len();
            if let Some(stored) = &account.stored
                && let Some(source) = collected.text(stored)?
            {
                self.text(Path::new(source.name()), &source, Role::Page);
            }
            for one in self.uncollected.iter_mut().skip(before) {
                one.account_name.clone_from(&account.name);
            }
        }
        self.is_empty_for_a_reason = manifest.accounts.iter().any(|account| account.status == AccountStatus::Unread);
        let (manifest, unread) = collected.finish()?;
        // Whatever happened after this may not be in it.
        self.taken_at = Some(manifest.started_at);
        self.uncollected.splice(0..0, unread);
        Ok(())
    }

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
            } else if is_json(&text) {
                self.file(&entry, Role::of(&text, top))?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, role: Role) -> Result<(), SnapshotError> {
        let io = |error| SnapshotError::Io { path: path.to_owned(), error };
        let source = if path.extension().is_some_and(|extension| extension == "zst") {
            let text = std::fs::read(path).and_then(|bytes| read_stored(path, bytes)).map_err(io)?;
            SourceFile::new(path.display().to_string(), text)
        } else {
            SourceFile::read(path).map_err(io)?
        };
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
            Role::Page if account_file::is_account_file(node) => {
                if !self.may_stand_alone {
                    self.without_manifest.get_or_insert_with(|| path.to_owned());
                    return Ok(());
                }
                let beside = account_file::read(source, node, &mut self.interner, &mut self.merge)?;
                self.beside(source, beside);
            }
            Role::Page if !page::is_page(node) => return Err(no_page(source, node).into()),
            Role::Page => {
                let page = page::read(source, node, &mut self.interner)?;
                let folder = path.parent().unwrap_or(Path::new(""));
                self.merge.add(page, source, folder, &mut self.errors);
            }
            Role::Organization => {
                let organization = organization_file::read(source, node, !self.scps_unread, &mut self.interner)?;
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

    fn beside(&mut self, source: &Arc<SourceFile>, beside: Beside) {
        self.aliases.extend(beside.alias.map(|alias| (beside.account, alias)));
        self.uncollected.extend(beside.unread);
        for (resource, span) in beside.resources {
            self.add_resource(source, resource, span);
        }
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
        if let Some(path) = self.without_manifest {
            return Err(SnapshotError::NoManifest { path });
        }
        let (mut accounts, truncated) = self.merge.finish(&mut self.errors);
        if !self.errors.is_empty() {
            return Err(Diagnostics(self.errors).into());
        }
        if accounts.is_empty() && !self.is_empty_for_a_reason {
            return Err(SnapshotError::Empty { path: origin.to_owned() });
        }
        if self.organization.is_some() {
            // It was given by hand.
            self.uncollected.retain(|one| one.unread.part != Part::Organization);
        }
        for account in &mut accounts {
            account.alias = self.aliases.remove(&account.id);
            let decides = |one: &&Uncollected| match &one.account {
                Some(of) => *of == account.id,
                None => one.unread.part == Part::Organization,
            };
            account.missing = self.uncollected.iter().filter(decides).filter_map(Uncollected::missing).collect();
        }
        if let Some(organization) = &mut self.organization {
            let of_it = self.uncollected.iter().filter(|one| one.account.is_none());
            organization.missing = of_it.filter_map(Uncollected::missing).collect();
        }
        let mut problems = self.interner.problems;
        problems.extend(truncated);
        Ok(Snapshot {
            origin: origin.to_owned(),
            taken_at: self.taken_at,
            accounts,
            organization: self.organization,
            resource_policies: self.resources.into_values().collect(),
            uncollected: self.uncollected,
            problems,
        })
    }
}

fn is_json(name: &str) -> bool {
    let plain = name.strip_suffix(COMPRESSED).unwrap_or(name);
    Path::new(plain).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
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
