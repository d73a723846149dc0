//! One account's file, written page by page.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::ACCOUNTS;
use super::error::StoreError;
use super::shared::Shared;
use super::stored::Unfinished;
use crate::iam::AccountId;
use crate::snapshot::format::{AccountPage, AccountStatus, FORMAT_VERSION, ManifestAccount, UnreadPart};

/// Writes one account. It may live in a task or thread of its own; dropped before [`AccountWriter::finish`] it leaves
/// no trace, and the account can be begun again.
pub struct AccountWriter {
    begun: Begun,
    name: Option<String>,
    file: Unfinished,
    pages: usize,
    principals: usize,
    unread: BTreeSet<UnreadPart>,
}

/// An account that is being written; nobody else can begin it until this is dropped.
struct Begun {
    shared: Arc<Shared>,
    id: AccountId,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.shared.close(&self.id);
    }
}

impl AccountWriter {
    pub(super) fn begin(shared: Arc<Shared>, id: &AccountId, name: Option<&str>) -> Result<AccountWriter, StoreError> {
        shared.open(id)?;
        let begun = Begun { shared, id: id.clone() };
        let name_of_file = format!("{ACCOUNTS}/{id}.json");
        let file = Unfinished::begin(&begun.shared.root, &name_of_file, begun.shared.compression)?;
        let partition = begun.shared.partition().to_owned();
        let name = name.map(str::to_owned);
        let mut writer = AccountWriter { begun, name, file, pages: 0, principals: 0, unread: BTreeSet::new() };
        let head = format!(
            "{{\n\"FormatVersion\": \"{FORMAT_VERSION}\",\n\"Account\": \"{}\",\n\"Partition\": \"{partition}\",\n\"Pages\": [",
            writer.id()
        );
        writer.write(|file| file.write_all(head.as_bytes()))?;
        Ok(writer)
    }

    /// The account's number.
    pub fn id(&self) -> &AccountId {
        &self.begun.id
    }

    /// Writes one page: what one call answered, any of its lists. Pages may come in any order.
    ///
    /// # Errors
    /// The disk's; the file is then of no use, and the writer to be dropped.
    pub fn page(&mut self, page: &AccountPage) -> Result<(), StoreError> {
        let first = self.pages == 0;
        self.pages += 1;
        self.principals += page.user_detail_list.len() + page.role_detail_list.len();
        self.write(|file| {
            file.write_all(if first { b"\n" } else { b",\n" })?;
            json(file, page)
        })
    }

    /// Notes that a part could not be read. What rests on it will be undecided.
    pub fn unread(&mut self, part: UnreadPart) {
        self.unread.insert(part);
    }

    /// Ends the file, gives it its name, and notes the account as finished.
    ///
    /// # Errors
    /// The disk's; the account then counts as not finished.
    pub fn finish(mut self) -> Result<(), StoreError> {
        let unread: Vec<UnreadPart> = std::mem::take(&mut self.unread).into_iter().collect();
        self.write(|file| {
            file.write_all(b"\n],\n\"Unread\": ")?;
            json(file, &unread)?;
            file.write_all(b"\n}\n")
        })?;
        let stored = self.file.finish()?;
        let Begun { shared, id } = &self.begun;
        let account = ManifestAccount {
            id: id.to_string(),
            name: self.name,
            status: if unread.is_empty() { AccountStatus::Read } else { AccountStatus::Partly },
            stored: Some(stored),
            principals: self.principals,
            unread,
        };
        shared.note_account(id, account)
    }

    fn write(&mut self, write: impl FnOnce(&mut Unfinished) -> io::Result<()>) -> Result<(), StoreError> {
        write(&mut self.file).map_err(|error| self.file.error(error))
    }
}

fn json(file: &mut Unfinished, value: &impl Serialize) -> io::Result<()> {
    Ok(serde_json::to_writer_pretty(file, value)?)
}
