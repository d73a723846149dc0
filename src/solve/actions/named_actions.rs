//! One action or several, by the catalog's id or by the name in a document.

use crate::catalog::{ActionId, Catalog};

/// An action of the catalog, or one that only a document names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ActionRef {
    /// An action of the catalog.
    Known(ActionId),
    /// An action that only documents name: `service:name` in lower case, and as written.
    Unknown(String, String),
}

impl ActionRef {
    /// `service:Name`.
    pub fn name(&self, catalog: &Catalog) -> String {
        match self {
            ActionRef::Known(id) => catalog.full_name(*id),
            ActionRef::Unknown(_, written) => written.clone(),
        }
    }

    /// The prefix of the service, in lower case.
    pub fn service(&self, catalog: &Catalog) -> String {
        match self {
            ActionRef::Known(id) => catalog.service_prefix(catalog.action_service(*id)).to_owned(),
            ActionRef::Unknown(lower, _) => {
                lower.split_once(':').map_or(String::new(), |(service, _)| service.to_owned())
            }
        }
    }
}

/// Some actions.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Actions {
    /// The actions of the catalog.
    pub known: Vec<ActionId>,
    /// The names that only documents contain. For future actions, the patterns that match them.
    pub unknown: Vec<String>,
}

impl Actions {
    /// The number of actions.
    pub fn len(&self) -> usize {
        self.known.len() + self.unknown.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names: `service:Name` for actions of the catalog, as written for the others.
    pub fn names(&self, catalog: &Catalog) -> Vec<String> {
        self.known.iter().map(|id| catalog.full_name(*id)).chain(self.unknown.iter().cloned()).collect()
    }
}
