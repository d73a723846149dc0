//! Finds the files of a snapshot, reads each by its format, and builds the snapshot. An unknown JSON file in the
//! directory is an error, and any other file a problem; no file is skipped silently.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account_file::{self, AccountExtras};
use super::collected_dir::CollectedDir;
use super::directory_files::{DirectoryFile, DirectoryFiles, list_directory_files};
use super::document_interner::DocumentInterner;
use super::fields::first_char_span;
use super::input_identity::InputIdentity;
use super::organization_file::{self, ScpCollection};
use super::page_merger::PageMerger;
use super::service_roles_file::{ServiceRoleMerger, read_service_roles};
use super::snapshot_metadata::{SnapshotMetadata, read_snapshot_metadata};
use super::{auth_details, resource_policy_file};
use crate::iam::AccountId;
use crate::snapshot::file_layout::{MANIFEST, METADATA, ORGANIZATION, RESOURCE_POLICIES, SERVICE_ROLES};
use crate::snapshot::format::{AccountStatus, CollectionPart};
use crate::snapshot::model::collection_gap::CollectionGap;
use crate::snapshot::model::organization::Organization;
use crate::snapshot::model::policy::ResourceWithPolicy;
use crate::snapshot::model::snapshot::{Snapshot, SnapshotProblem};
use crate::snapshot::snapshot_error::SnapshotError;
use crate::source::input_bytes::strip_compression_suffix;
use crate::source::json_tree::{self, JsonNode};
use crate::source::{Diagnostic, Diagnostics, STDIN_NAME, SourceFile, Span};

/// The files of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct SnapshotPaths {
    /// A file of account authorization details, a snapshot directory, or `-` for standard input.
    pub snapshot: PathBuf,
    /// An organization file outside the snapshot.
    pub organization: Option<PathBuf>,
    /// Resource policy files outside the snapshot.
    pub resource_policies: Vec<PathBuf>,
    /// Files of service roles outside the snapshot.
    pub service_roles: Vec<PathBuf>,
}

impl Snapshot {
    /// Reads a file of account authorization details, or a snapshot directory (`docs/snapshot.md`).
    ///
    /// ```
    /// use iamdrift::snapshot::Snapshot;
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    ///
    /// let snapshot = Snapshot::load(&folder.join("snapshot"))?;
    /// assert!(snapshot.problems.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A file that cannot be read, is not JSON, or has another format; account details that contradict each other;
    /// no account details. A policy document that is not valid is not an error: see [`Snapshot::problems`].
    pub fn load(path: &Path) -> Result<Snapshot, SnapshotError> {
        Snapshot::load_with(&SnapshotPaths { snapshot: path.to_owned(), ..SnapshotPaths::default() })
    }

    /// Reads a snapshot and additional files.
    ///
    /// ```
    /// use iamdrift::snapshot::{Snapshot, SnapshotPaths};
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    /// # let folder = folder.join("snapshot");
    /// let snapshot = Snapshot::load_with(&SnapshotPaths {
    ///     snapshot: folder.join("account.json"),
    ///     organization: Some(folder.join("organization.json")),
    ///     resource_policies: vec![folder.join("resource-policies.json")],
    ///     service_roles: Vec::new(),
    /// })?;
    /// # assert!(snapshot.organization.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Snapshot::load`]; also two organization files.
    pub fn load_with(paths: &SnapshotPaths) -> Result<Snapshot, SnapshotError> {
        let mut loader = SnapshotLoader::default();
        let mut origin = paths.snapshot.as_path();
        if origin == Path::new("-") {
            origin = Path::new(STDIN_NAME);
            let source =
                SourceFile::read_stdin().map_err(|error| SnapshotError::Io { path: origin.to_owned(), error })?;
            loader.may_lack_manifest = true;
            loader.load_text(origin, &source, FileRole::AuthDetails);
        } else if is_directory(&paths.snapshot)? {
            match CollectedDir::open(&paths.snapshot)? {
                Some(collected_dir) => loader.load_collected_dir(collected_dir)?,
                None => loader.load_directory(&paths.snapshot)?,
            }
        } else {
            loader.may_lack_manifest = true;
            loader.load_file(&paths.snapshot, FileRole::AuthDetails)?;
        }
        if let Some(path) = &paths.organization {
            loader.load_file(path, FileRole::Organization)?;
        }
        for path in &paths.resource_policies {
            loader.load_file(path, FileRole::ResourcePolicies)?;
        }
        for path in &paths.service_roles {
            loader.load_file(path, FileRole::ServiceRoles)?;
        }
        loader.into_snapshot(origin)
    }

    /// Reads a snapshot from texts in memory. The file name of each decides how it is read; `origin` names the snapshot.
    ///
    /// # Errors
    /// As [`Snapshot::load`].
    #[doc(hidden)]
    pub fn from_texts(origin: &Path, texts: &[Arc<SourceFile>]) -> Result<Snapshot, SnapshotError> {
        let mut loader = SnapshotLoader { may_lack_manifest: true, ..SnapshotLoader::default() };
        for source in texts {
            let path = Path::new(source.name());
            let role = path
                .file_name()
                .map_or(FileRole::AuthDetails, |name| FileRole::from_file_name(&name.to_string_lossy(), true));
            loader.load_text(path, source, role);
        }
        loader.into_snapshot(origin)
    }
}

/// The format that a file is read as.
#[derive(Copy, Clone)]
enum FileRole {
    AuthDetails,
    Organization,
    ResourcePolicies,
    ServiceRoles,
    Metadata,
}

impl FileRole {
    /// The role of a file by its name.
    fn from_file_name(name: &str, is_top_level: bool) -> FileRole {
        match strip_compression_suffix(name) {
            ORGANIZATION if is_top_level => FileRole::Organization,
            METADATA if is_top_level => FileRole::Metadata,
            RESOURCE_POLICIES => FileRole::ResourcePolicies,
            SERVICE_ROLES => FileRole::ServiceRoles,
            _ => FileRole::AuthDetails,
        }
    }
}

#[derive(Default)]
struct SnapshotLoader {
    interner: DocumentInterner,
    merger: PageMerger,
    organization: Option<Organization>,
    resources: BTreeMap<String, ResourceWithPolicy>,
    service_roles: ServiceRoleMerger,
    taken_at: Option<String>,
    aliases: BTreeMap<AccountId, String>,
    scp_collection: ScpCollection,
    /// Whether the manifest lists an account that could not be read. The snapshot can then have no account.
    has_unread_account: bool,
    collection_gaps: Vec<CollectionGap>,
    /// The files of the directory that were not read.
    unread_files: Vec<SnapshotProblem>,
    /// Whether an account file is accepted without a manifest that names it.
    may_lack_manifest: bool,
    /// The first account file that is not accepted.
    file_without_manifest: Option<PathBuf>,
    identity: InputIdentity,
    errors: Vec<Diagnostic>,
}

impl SnapshotLoader {
    /// Loads the files that a manifest names.
    fn load_collected_dir(&mut self, mut collected_dir: CollectedDir) -> Result<(), SnapshotError> {
        self.may_lack_manifest = true;
        let scps_unread = |gap: &CollectionGap| gap.unread.part == CollectionPart::ServiceControlPolicies;
        if collected_dir.collection_gaps.iter().any(scps_unread) {
            self.scp_collection = ScpCollection::Unread;
        }
        let manifest = collected_dir.manifest.clone();
        if let Some(stored) = manifest.organization.as_ref().and_then(|organization| organization.stored.as_ref())
            && let Some(source) = collected_dir.read_file(stored)?
        {
            self.load_text(Path::new(source.name()), &source, FileRole::Organization);
        }
        for account in &manifest.accounts {
            let gaps_before = self.collection_gaps.len();
            if let Some(stored) = &account.stored
                && let Some(source) = collected_dir.read_file(stored)?
            {
                self.load_text(Path::new(source.name()), &source, FileRole::AuthDetails);
            }
            for gap in self.collection_gaps.iter_mut().skip(gaps_before) {
                gap.account_name.clone_from(&account.name);
            }
        }
        self.has_unread_account = manifest.accounts.iter().any(|account| account.status == AccountStatus::Unread);
        let (manifest, unread) = collected_dir.into_manifest()?;
        // The manifest says what could not be collected.
        self.identity.add(Path::new(MANIFEST), &manifest.blake3, false);
        // Changes made after the start of the collection may be missing from it.
        self.taken_at = Some(manifest.started_at);
        self.collection_gaps.splice(0..0, unread);
        Ok(())
    }

    /// Loads the files of a directory and its folders.
    fn load_directory(&mut self, root: &Path) -> Result<(), SnapshotError> {
        let DirectoryFiles { readable, unread } = list_directory_files(root)?;
        self.unread_files = unread;
        for DirectoryFile { path, is_top_level } in readable {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            self.load_file(&path, FileRole::from_file_name(&name, is_top_level))?;
        }
        Ok(())
    }

    fn load_file(&mut self, path: &Path, role: FileRole) -> Result<(), SnapshotError> {
        let source =
            SourceFile::read_decompressed(path).map_err(|error| SnapshotError::Io { path: path.to_owned(), error })?;
        self.identity.add_time_of(path);
        self.load_text(path, &source, role);
        Ok(())
    }

    fn load_text(&mut self, path: &Path, source: &Arc<SourceFile>, role: FileRole) {
        self.identity.add(path, source.text(), matches!(role, FileRole::Organization));
        self.interner.begin_file();
        let result = json_tree::parse_with_duplicates(source).and_then(|(node, duplicates)| {
            let result = self.read_as(path, source, &node, role);
            // A duplicate key in a policy document is an error of that document alone.
            self.errors.extend(duplicates.into_iter().filter(|key| !self.interner.is_in_document(key.span())));
            result
        });
        if let Err(Diagnostics(problems)) = result {
            self.errors.extend(problems);
        }
    }

    fn read_as(
        &mut self,
        path: &Path,
        source: &Arc<SourceFile>,
        node: &JsonNode,
        role: FileRole,
    ) -> Result<(), Diagnostics> {
        match role {
            FileRole::AuthDetails if node.as_array().is_some() => self.read_pages(path, source, node)?,
            FileRole::AuthDetails if account_file::is_account_file(node) => {
                if !self.may_lack_manifest {
                    self.file_without_manifest.get_or_insert_with(|| path.to_owned());
                    return Ok(());
                }
                let extras = account_file::read_account_file(source, node, &mut self.interner, &mut self.merger)?;
                self.add_extras(source, extras);
            }
            FileRole::AuthDetails if !auth_details::is_auth_details_page(node) => {
                return Err(unknown_file_error(source, node).into());
            }
            FileRole::AuthDetails => {
                let page = auth_details::read_page(source, node, &mut self.interner)?;
                let folder = path.parent().unwrap_or(Path::new(""));
                self.merger.add_page(page, source, folder, &mut self.errors);
            }
            FileRole::Organization => {
                let organization =
                    organization_file::read_organization_file(source, node, self.scp_collection, &mut self.interner)?;
                if self.organization.replace(organization).is_some() {
                    let message = "a second organization file: the snapshot directory already contains one";
                    return Err(Diagnostic::error(
                        source,
                        first_char_span(node.span),
                        message,
                        "one organization file",
                    )
                    .into());
                }
            }
            FileRole::ResourcePolicies => {
                for (resource, span) in resource_policy_file::read_resource_policies(source, node, &mut self.interner)?
                {
                    self.add_resource(source, resource, span);
                }
            }
            FileRole::ServiceRoles => {
                self.service_roles.add(source, read_service_roles(source, node)?, &mut self.errors)
            }
            FileRole::Metadata => {
                let SnapshotMetadata { taken_at, aliases } = read_snapshot_metadata(source, node)?;
                self.taken_at = taken_at;
                self.aliases = aliases;
            }
        }
        Ok(())
    }

    /// Reads a list of pages.
    fn read_pages(&mut self, path: &Path, source: &Arc<SourceFile>, node: &JsonNode) -> Result<(), Diagnostics> {
        let pages = node.as_array().unwrap_or_default();
        if pages.is_empty() {
            return Err(unknown_file_error(source, node).into());
        }
        let mut problems = Vec::new();
        for page in pages {
            let result = match page.as_array() {
                Some(_) => Err(unknown_file_error(source, page).into()),
                None => self.read_as(path, source, page, FileRole::AuthDetails),
            };
            problems.extend(result.err().map(|Diagnostics(found)| found).unwrap_or_default());
        }
        if problems.is_empty() { Ok(()) } else { Err(Diagnostics(problems)) }
    }

    fn add_extras(&mut self, source: &Arc<SourceFile>, extras: AccountExtras) {
        self.aliases.extend(extras.alias.map(|alias| (extras.account, alias)));
        self.collection_gaps.extend(extras.collection_gaps);
        self.service_roles.add(source, extras.service_roles, &mut self.errors);
        for (resource, span) in extras.resources {
            self.add_resource(source, resource, span);
        }
    }

    fn add_resource(&mut self, source: &Arc<SourceFile>, resource: ResourceWithPolicy, span: Span) {
        let arn = resource.arn.as_str().to_owned();
        match self.resources.get(&arn) {
            Some(existing) if *existing != resource => {
                let message = format!("{arn} appears twice with different content");
                self.errors.push(Diagnostic::error(source, span, message, "each resource once"));
            }
            Some(_) => {}
            None => {
                self.resources.insert(arn, resource);
            }
        }
    }

    fn into_snapshot(mut self, origin: &Path) -> Result<Snapshot, SnapshotError> {
        if let Some(path) = self.file_without_manifest {
            return Err(SnapshotError::MissingManifest { path });
        }
        let (mut accounts, truncated) = self.merger.into_accounts(&mut self.errors);
        if !self.errors.is_empty() {
            return Err(Diagnostics(self.errors).into());
        }
        if accounts.is_empty() && !self.has_unread_account {
            return Err(SnapshotError::Empty { path: origin.to_owned() });
        }
        if self.organization.is_some() {
            // The caller supplied the organization that the collector could not read.
            self.collection_gaps.retain(|gap| gap.unread.part != CollectionPart::Organization);
        }
        for account in &mut accounts {
            account.alias = self.aliases.remove(&account.id);
            let affects_account = |gap: &&CollectionGap| match &gap.account {
                Some(account_id) => *account_id == account.id,
                None => gap.unread.part == CollectionPart::Organization,
            };
            account.missing_documents = self
                .collection_gaps
                .iter()
                .filter(affects_account)
                .filter_map(CollectionGap::to_missing_document)
                .collect();
        }
        if let Some(organization) = &mut self.organization {
            organization.record_gaps(self.collection_gaps.iter().filter(|gap| gap.account.is_none()));
        }
        let mut problems = self.unread_files;
        problems.extend(self.interner.problems);
        problems.extend(truncated);
        Ok(Snapshot {
            origin: origin.to_owned(),
            identity: self.identity.into_snapshot_identity(origin),
            taken_at: self.taken_at,
            accounts,
            organization: self.organization,
            resource_policies: self.resources.into_values().collect(),
            service_roles: self.service_roles.into_service_roles(),
            collection_gaps: self.collection_gaps,
            problems,
        })
    }
}

fn is_directory(path: &Path) -> Result<bool, SnapshotError> {
    let metadata = std::fs::metadata(path).map_err(|error| SnapshotError::Io { path: path.to_owned(), error })?;
    Ok(metadata.is_dir())
}

fn unknown_file_error(source: &Arc<SourceFile>, node: &JsonNode) -> Diagnostic {
    let expected = "an object with UserDetailList, GroupDetailList, RoleDetailList or Policies, or a list of them";
    Diagnostic::error(source, first_char_span(node.span), "not an account-authorization-details file", expected).with_help(format!(
        "a snapshot directory can also contain {RESOURCE_POLICIES}, {SERVICE_ROLES} and, at its top level, {ORGANIZATION} and {METADATA}; \
         move other JSON files away"
    ))
}
