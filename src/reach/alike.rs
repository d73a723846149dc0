//! Who is alike: whoever may do the same, as far as any question can tell.

use super::being::Being;
use super::decides::Decides;
use super::graph::Graph;
use crate::access::tells_principals_apart;
use crate::solve::{Access, Allowing};

/// Whom an answer holds for: all who are alike, or one alone.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Alike {
    /// A class of beings, by its number.
    All(usize),
    /// One being.
    Alone(Being),
}

impl Graph<'_> {
    /// For whom holds what is found of someone when what it may do is held against an access.
    pub fn alike(&self, being: &Being, against: &Access) -> Alike {
        match against
            .uses()
            .filter_map(Allowing::statement)
            .any(|statement| statement.keys().any(tells_principals_apart))
        {
            true => Alike::Alone(being.clone()),
            false => Alike::All(self.class(being)),
        }
    }

    fn class(&self, being: &Being) -> usize {
        self.class_of.of(being.clone(), || {
            let Some(power) = self.power(being) else { return usize::MAX };
            let decides = Decides::new(&power.access.branches, power.partition, |key| power.known.of(key));
            let count = &self.classes;
            let next = || count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.class_by.of((power.account.to_owned(), decides), next)
        })
    }
}
