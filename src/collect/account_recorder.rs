//! Writes the parts of one account, and records the parts that could not be read.

use super::call_failure::{CallFailure, CallFailureKind};
use super::collect_error::CollectError;
use crate::snapshot::format::{AccountPage, CollectionPart, UnreadPart};
use crate::snapshot::store::AccountWriter;

/// An account that is being written.
pub(super) struct AccountRecorder {
    pub(super) account_writer: AccountWriter,
    /// The failures so far, one line each.
    pub(super) unread_lines: Vec<String>,
}

impl AccountRecorder {
    /// Writes the page of a part, or records why the part could not be read.
    pub(super) fn record_part(
        &mut self,
        part: CollectionPart,
        result: Result<AccountPage, CallFailure>,
    ) -> Result<(), CollectError> {
        match result {
            Ok(page) => self.write_page(&page),
            Err(failure) => self.record_failure(part, None, failure),
        }
    }

    /// Writes a page.
    pub(super) fn write_page(&mut self, page: &AccountPage) -> Result<(), CollectError> {
        Ok(self.account_writer.write_page(page)?)
    }

    /// Records a failure. Expired credentials end the collection.
    pub(super) fn record_failure(
        &mut self,
        part: CollectionPart,
        scope: Option<String>,
        failure: CallFailure,
    ) -> Result<(), CollectError> {
        if failure.kind == CallFailureKind::Credentials {
            return Err(CollectError::from_failure(failure));
        }
        self.record_unread(failure.to_unread_part(part, scope));
        Ok(())
    }

    /// Records a part that could not be read.
    pub(super) fn record_unread(&mut self, unread: UnreadPart) {
        let prefix = unread.of.as_ref().map(|scope| format!("{scope}: ")).unwrap_or_default();
        self.unread_lines.push(format!("{prefix}{}", unread.error));
        self.account_writer.record_unread(unread);
    }
}
