//! The resources of AWS services that use roles, and of which types all resources are known.

use std::collections::{BTreeMap, BTreeSet};

use crate::iam::{AccountId, Arn};

/// The resources that use roles, as far as they were read.
#[derive(Clone, Debug, Default)]
pub struct ServiceResources {
    /// The resources, ordered by ARN.
    pub resources: Vec<ServiceResource>,
    /// Where all resources of a type are known. A type of an account that is missing here was not read.
    pub complete: BTreeMap<(AccountId, String), ReadRegions>,
}

/// A resource of an AWS service: a function, a stack, a notebook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceResource {
    /// Its type, as CloudFormation names it: `AWS::Lambda::Function`.
    pub resource_type: String,
    /// Its ARN.
    pub arn: Arn,
    /// The account that owns it.
    pub account: AccountId,
    /// The ARNs or names of the roles that it uses.
    pub roles: Vec<String>,
    /// Other properties that decide what can be done with it.
    pub properties: BTreeMap<String, String>,
}

/// The regions in which all resources of a type are known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReadRegions {
    /// All regions.
    All,
    /// These regions.
    Only(BTreeSet<String>),
}

impl ReadRegions {
    /// Adds the regions of another statement.
    pub(crate) fn extend(&mut self, other: ReadRegions) {
        match (&mut *self, other) {
            (ReadRegions::Only(regions), ReadRegions::Only(others)) => regions.extend(others),
            (_, ReadRegions::All) => *self = ReadRegions::All,
            (ReadRegions::All, _) => {}
        }
    }
}

impl ServiceResource {
    /// The account and the name of each role that it uses. The name of a role is unique in its account, whatever its path.
    pub fn role_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.roles.iter().map(|role| match role.strip_prefix("arn:") {
            // `arn:aws:iam::111122223333:role/path/name`
            Some(rest) => {
                let account = rest.split(':').nth(3).unwrap_or_default();
                (account, rest.rsplit('/').next().unwrap_or_default())
            }
            None => (self.account.as_str(), role.as_str()),
        })
    }
}
