//! Who watches a collection. The collector tells; whoever runs it shows it, or does not.

use crate::iam::AccountId;

/// How a collection goes on. The methods are called from the thread that collects; each must return soon.
pub trait CollectObserver: Send + Sync {
    /// So many accounts will be read; `finished` of them are there from the run that this one continues.
    fn on_collection_started(&self, accounts: usize, finished: usize) {
        let _ = (accounts, finished);
    }

    /// An account is being read.
    fn on_account_started(&self, id: &AccountId, name: Option<&str>) {
        let _ = (id, name);
    }

    /// So many users and roles of it have come.
    fn on_account_progress(&self, id: &AccountId, principals: usize) {
        let _ = (id, principals);
    }

    /// An account has been read, as far as it could.
    fn on_account_finished(&self, id: &AccountId, name: Option<&str>, outcome: &AccountOutcome) {
        let _ = (id, name, outcome);
    }
}

/// How an account ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AccountOutcome {
    /// It was read.
    Read {
        /// How many users and roles it has.
        principals: usize,
    },
    /// Parts of it could not be read.
    Partial {
        /// How many users and roles were read.
        principals: usize,
        /// What failed, each in one line.
        unread: Vec<String>,
    },
    /// Nothing of it could be read.
    Unread {
        /// Why, in one line.
        reason: String,
    },
}

/// An observer that looks away.
#[derive(Copy, Clone, Debug, Default)]
pub struct NoopObserver;

impl CollectObserver for NoopObserver {}
