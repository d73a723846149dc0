//! Writes the file of one account, page by page.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use super::file_writer::PendingFile;
use super::store_error::StoreError;
use super::writer_state::WriterState;
use crate::base::json_writer::{JsonLayout, write_json};
use crate::iam::AccountId;
use crate::snapshot::file_layout::ACCOUNTS;
use crate::snapshot::format::{AccountPage, AccountStatus, FORMAT_VERSION, ManifestAccount, UnreadPart};

/// Writes one account, in any thread or task. If it is dropped before [`AccountWriter::finish`], it leaves no file, and
/// the account can be started again.
pub struct AccountWriter {
    open_account: OpenAccount,
    name: Option<String>,
    file: PendingFile,
    page_count: usize,
    principal_count: usize,
    unread_parts: BTreeSet<UnreadPart>,
}

/// An account that is being written. It cannot be started again until this is dropped.
struct OpenAccount {
    writer_state: Arc<WriterState>,
    id: AccountId,
}

impl Drop for OpenAccount {
    fn drop(&mut self) {
        self.writer_state.close_account(&self.id);
    }
}

impl AccountWriter {
    pub(super) fn create(
        writer_state: Arc<WriterState>,
        id: &AccountId,
        name: Option<&str>,
    ) -> Result<AccountWriter, StoreError> {
        writer_state.open_account(id)?;
        let open_account = OpenAccount { writer_state, id: id.clone() };
        let file_name = format!("{ACCOUNTS}/{id}.json");
        let file =
            PendingFile::create(&open_account.writer_state.root, &file_name, open_account.writer_state.compression)?;
        let partition = open_account.writer_state.partition().to_owned();
        let name = name.map(str::to_owned);
        let mut writer = AccountWriter {
            open_account,
            name,
            file,
            page_count: 0,
            principal_count: 0,
            unread_parts: BTreeSet::new(),
        };
        let head = format!(
            "{{\n\"FormatVersion\": \"{FORMAT_VERSION}\",\n\"Account\": \"{}\",\n\"Partition\": \"{partition}\",\n\"Pages\": [",
            writer.id()
        );
        writer.write_with(|file| file.write_all(head.as_bytes()))?;
        Ok(writer)
    }

    /// The account id.
    pub fn id(&self) -> &AccountId {
        &self.open_account.id
    }

    /// Writes one page, with any of the lists. Pages can come in any order.
    ///
    /// # Errors
    /// I/O errors. The file is then incomplete: drop the writer.
    pub fn write_page(&mut self, page: &AccountPage) -> Result<(), StoreError> {
        let is_first = self.page_count == 0;
        self.page_count += 1;
        self.principal_count += page.user_detail_list.len() + page.role_detail_list.len();
        self.write_with(|file| {
            file.write_all(if is_first { b"\n" } else { b",\n" })?;
            write_json(page, JsonLayout::Indented, file)
        })
    }

    /// Records that a part could not be read. Verdicts that depend on it will be undecided.
    pub fn record_unread(&mut self, part: UnreadPart) {
        self.unread_parts.insert(part);
    }

    /// Completes and renames the file, and records the account as finished.
    ///
    /// # Errors
    /// I/O errors. The account then counts as unfinished.
    pub fn finish(mut self) -> Result<(), StoreError> {
        let unread: Vec<UnreadPart> = std::mem::take(&mut self.unread_parts).into_iter().collect();
        self.write_with(|file| {
            file.write_all(b"\n],\n\"Unread\": ")?;
            write_json(&unread, JsonLayout::Indented, file)?;
            file.write_all(b"\n}\n")
        })?;
        let stored = self.file.finish()?;
        let OpenAccount { writer_state, id } = &self.open_account;
        let account = ManifestAccount {
            id: id.to_string(),
            name: self.name,
            status: if unread.is_empty() { AccountStatus::Read } else { AccountStatus::Partly },
            stored: Some(stored),
            principals: self.principal_count,
            unread,
        };
        writer_state.record_account(id, account)
    }

    fn write_with(&mut self, write_content: impl FnOnce(&mut PendingFile) -> io::Result<()>) -> Result<(), StoreError> {
        write_content(&mut self.file).map_err(|error| self.file.to_store_error(error))
    }
}
