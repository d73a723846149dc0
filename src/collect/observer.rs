//! The interface through which a collection reports its progress.

use crate::iam::AccountId;

/// Receives the progress of a collection. The collecting thread calls the methods, so each must return quickly.
pub trait CollectObserver: Send + Sync {
    /// `accounts` accounts will be read; `finished` of them were read by the run that this one continues.
    ///
    /// ```
    /// use iamdrift::collect::CollectObserver;
    ///
    /// struct Progress;
    ///
    /// impl CollectObserver for Progress {
    ///     fn on_collection_started(&self, accounts: usize, finished: usize) {
    ///         eprintln!("{} accounts to read", accounts - finished);
    ///     }
    /// }
    /// ```
    fn on_collection_started(&self, accounts: usize, finished: usize) {
        let _ = (accounts, finished);
    }

    /// An account was started.
    ///
    /// ```
    /// use iamdrift::collect::CollectObserver;
    /// use iamdrift::snapshot::AccountId;
    ///
    /// struct Progress;
    ///
    /// impl CollectObserver for Progress {
    ///     fn on_account_started(&self, id: &AccountId, name: Option<&str>) {
    ///         eprintln!("{id} {}", name.unwrap_or_default());
    ///     }
    /// }
    /// ```
    fn on_account_started(&self, id: &AccountId, name: Option<&str>) {
        let _ = (id, name);
    }

    /// `principals` users and roles of an account were read so far.
    ///
    /// ```
    /// use iamdrift::collect::CollectObserver;
    /// use iamdrift::snapshot::AccountId;
    ///
    /// struct Progress;
    ///
    /// impl CollectObserver for Progress {
    ///     fn on_account_progress(&self, id: &AccountId, principals: usize) {
    ///         eprintln!("{id}: {principals} principals");
    ///     }
    /// }
    /// ```
    fn on_account_progress(&self, id: &AccountId, principals: usize) {
        let _ = (id, principals);
    }

    /// An account ended.
    ///
    /// ```
    /// use iamdrift::collect::{AccountOutcome, CollectObserver};
    /// use iamdrift::snapshot::AccountId;
    ///
    /// struct Progress;
    ///
    /// impl CollectObserver for Progress {
    ///     fn on_account_finished(&self, id: &AccountId, _name: Option<&str>, outcome: &AccountOutcome) {
    ///         if let AccountOutcome::Unread { reason } = outcome {
    ///             eprintln!("{id}: {reason}");
    ///         }
    ///     }
    /// }
    /// ```
    fn on_account_finished(&self, id: &AccountId, name: Option<&str>, outcome: &AccountOutcome) {
        let _ = (id, name, outcome);
    }
}

/// The result of an account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AccountOutcome {
    /// All parts were read.
    Read {
        /// The number of users and roles.
        principals: usize,
    },
    /// Some parts could not be read.
    Partial {
        /// The number of users and roles that were read.
        principals: usize,
        /// The failures, one line each.
        unread: Vec<String>,
    },
    /// Nothing could be read.
    Unread {
        /// The cause, in one line.
        reason: String,
    },
}

/// An observer that ignores all progress.
#[derive(Copy, Clone, Debug, Default)]
pub struct NoopObserver;

impl CollectObserver for NoopObserver {}
