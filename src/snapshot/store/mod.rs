//! Writes the directory of a snapshot (`docs/snapshot.md`).
//!
//! [`SnapshotWriter`] owns the directory, an [`AccountWriter`] the file of one account. Every file is written under a
//! temporary name and renamed when it is complete; the manifest is written last. Finished files are recorded in a
//! journal, so that [`SnapshotWriter::resume`] can continue an interrupted collection. Only the user can read the files.
//!
//! - `compression.rs`, `private_dir.rs`: how files are compressed; directories that only the user can enter.
//! - `file_writer.rs`: one file, written completely or not at all, and hashed.
//! - `journal.rs`, `collection_header.rs`: the record of a running collection.
//! - `writer_state.rs`: the state that all writers of a snapshot share.
//! - `resume.rs`: what an earlier run left.
//! - `account_writer.rs`, `snapshot_writer.rs`: the public writers.
//! - `store_error.rs`: why a snapshot cannot be written.
//!
//! ```
//! use iamdrift::snapshot::format::{AccountPage, CallerIdentity, CollectionPart, UnreadPart};
//! use iamdrift::snapshot::store::{CollectionHeader, Compression, SnapshotWriter};
//! # let folder = tempfile::tempdir()?;
//! # let directory = folder.path().join("snapshot");
//! let header = CollectionHeader {
//!     caller: CallerIdentity {
//!         arn: "arn:aws:iam::111122223333:user/auditor".into(),
//!         account: "111122223333".into(),
//!     },
//!     partition: iamdrift::iam::Partition::parse("aws").ok_or("a partition")?,
//!     started_at: "2026-11-20T06:00:00Z".parse()?,
//! };
//! let writer = SnapshotWriter::create(&directory, header, Compression::Zstd)?;
//! let id = iamdrift::iam::AccountId::parse("111122223333").ok_or("twelve digits")?;
//! let mut account = writer.begin_account(&id, Some("billing"))?;
//! account.write_page(&AccountPage::default())?;
//! account.record_unread(UnreadPart {
//!     part: CollectionPart::AccountAliases,
//!     of: None,
//!     error: "AccessDenied".into(),
//!     permission: Some("iam:ListAccountAliases".into()),
//! });
//! account.finish()?;
//! writer.finish("2026-11-20T06:05:00Z".parse()?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account_writer;
mod collection_header;
mod compression;
mod file_writer;
mod journal;
mod private_dir;
mod resume;
mod snapshot_writer;
mod store_error;
mod writer_state;

pub use account_writer::AccountWriter;
pub use collection_header::CollectionHeader;
pub use compression::Compression;
pub use snapshot_writer::SnapshotWriter;
pub use store_error::StoreError;

/// The file name of the manifest.
pub const MANIFEST: &str = super::file_layout::MANIFEST;
/// The file name of the journal. It exists while a snapshot is being written.
pub const JOURNAL: &str = super::file_layout::JOURNAL;
