//! Who watches a collection. The collector tells; whoever runs it shows it, or does not.

use crate::iam::AccountId;

/// How a collection goes on. The methods are called from the thread that collects; each must return soon.
pub trait Observer: Send + Sync {
    /// So many accounts will be read; `finished` of them are there from the run that this one continues.
    fn begins(&self, accounts: usize, finished: usize) {
        let _ = (accounts, finished);
    }

    /// An account is being read.
    fn account_begins(&self, id: &AccountId, name: Option<&str>) {
        let _ = (id, name);
    }

    /// So many users and roles of it have come.
    fn account_grows(&self, id: &AccountId, principals: usize) {
        let _ = (id, principals);
    }

    /// An account has been read, as far as it could.
    fn account_ends(&self, id: &AccountId, name: Option<&str>, outcome: &Outcome) {
        let _ = (id, name, outcome);
    }
}

/// How an account ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was read.
    Read {
        /// How many users and roles it has.
        principals: usize,
    },
    /// Parts of it could not be read.
    Partly {
        /// How many users and roles were read.
        principals: usize,
        /// What failed, each in one line.
        unread: Vec<String>,
    },
    /// Nothing of it could be read.
    Unread {
        /// Why, in one line.
        why: String,
    },
}

/// An observer that looks away.
#[derive(Copy, Clone, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
