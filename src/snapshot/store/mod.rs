//! Writes the directory that a collection leaves behind (`docs/snapshot.md`, "What the collector writes").
//!
//! [`SnapshotWriter`] owns the directory, an [`AccountWriter`] one account's file. Every file is written beside its
//! place and gets its name when it is whole; the manifest is the last. What is finished is also noted in a journal,
//! so that [`SnapshotWriter::resume`] can go on where a run was broken off. Everything is readable by the user alone.
//!
//! ```
//! use iamdrift::snapshot::format::{AccountPage, Caller, Part, UnreadPart};
//! use iamdrift::snapshot::store::{Compression, Header, SnapshotWriter};
//! # let folder = tempfile::tempdir()?;
//! # let directory = folder.path().join("snapshot");
//! let header = Header {
//!     caller: Caller { arn: "arn:aws:iam::111122223333:user/auditor".into(), account: "111122223333".into() },
//!     partition: iamdrift::iam::Partition::parse("aws").ok_or("a partition")?,
//!     started_at: "2026-11-20T06:00:00Z".parse()?,
//! };
//! let writer = SnapshotWriter::create(&directory, header, Compression::Zstd)?;
//! let id = iamdrift::iam::AccountId::parse("111122223333").ok_or("twelve digits")?;
//! let mut account = writer.account(&id, Some("billing"))?;
//! account.page(&AccountPage::default())?;
//! account.unread(UnreadPart {
//!     part: Part::AccountAliases,
//!     of: None,
//!     error: "AccessDenied".into(),
//!     permission: Some("iam:ListAccountAliases".into()),
//! });
//! account.finish()?;
//! writer.finish("2026-11-20T06:05:00Z".parse()?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account_writer;
mod file_writer;
mod journal;
mod private_dir;
mod resume;
mod snapshot_writer;
mod store_error;
mod writer_state;

pub use account_writer::AccountWriter;
pub(super) use file_writer::{blake3_hex, decode_stored};
pub use snapshot_writer::{CollectionHeader, Compression, SnapshotWriter};
pub use store_error::StoreError;

/// The manifest's name in its directory.
pub const MANIFEST: &str = "manifest.json";
/// The journal's name: it is there while a snapshot is being written.
pub const JOURNAL: &str = "journal.jsonl";
/// The organization's file, without what the compression adds.
pub(super) const ORGANIZATION: &str = "organization.json";
/// The folder of the accounts' files.
pub(super) const ACCOUNTS: &str = "accounts";
/// How the names of unfinished files begin; hidden files are no part of a snapshot.
pub(super) const PENDING_PREFIX: &str = ".unfinished-";
