//! Resolves each ceiling of the baseline once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::resolved_ceiling::ResolvedCeiling;
use crate::baseline::{Ceiling, CeilingPart, Entry, LevelCatalog, Persona, to_aws_managed_arn};
use crate::iam::PolicyDocument;
use crate::snapshot::{Account, Snapshot};
use crate::source::Diagnostics;

/// The ceilings of a baseline. Accounts whose copies of the AWS managed policies are equal share a resolved ceiling.
pub(crate) struct CeilingCache<'a> {
    snapshot: &'a Snapshot,
    level_catalog: &'a dyn LevelCatalog,
    resolved: BTreeMap<CeilingKey, Arc<ResolvedCeiling>>,
    /// By the addresses of the ceilings, which `resolved` keeps alive.
    intersections: BTreeMap<Vec<usize>, Arc<ResolvedCeiling>>,
}

/// The ceiling by its address in the baseline, and the addresses of the AWS managed documents. `None` for a document
/// that was not collected.
///
/// INVARIANT: the baseline and the snapshot outlive the cache, so an address denotes one ceiling or document.
type CeilingKey = (usize, Vec<Option<usize>>);

impl<'a> CeilingCache<'a> {
    /// A cache without resolved ceilings.
    pub fn new(snapshot: &'a Snapshot, level_catalog: &'a dyn LevelCatalog) -> CeilingCache<'a> {
        CeilingCache { snapshot, level_catalog, resolved: BTreeMap::new(), intersections: BTreeMap::new() }
    }

    /// What every one of some entries allows, for principals of an account. Nothing without an entry.
    ///
    /// # Errors
    /// An AWS managed policy whose document no account of the partition has, or a service or access level that the
    /// catalog does not know.
    pub fn resolve_entries(
        &mut self,
        entries: &[&'a Entry],
        account: &Account,
    ) -> Result<Arc<ResolvedCeiling>, Diagnostics> {
        let mut ceilings = Vec::new();
        for entry in entries {
            ceilings.push(self.resolve(&entry.ceiling, account)?);
        }
        if let [ceiling] = ceilings.as_slice() {
            return Ok(Arc::clone(ceiling));
        }
        let key = ceilings.iter().map(|ceiling| Arc::as_ptr(ceiling) as usize).collect();
        let intersect = || Arc::new(ResolvedCeiling::intersect(&ceilings));
        Ok(Arc::clone(self.intersections.entry(key).or_insert_with(intersect)))
    }

    /// The ceiling of a persona, for principals of an account.
    ///
    /// # Errors
    /// As for entries.
    pub fn resolve_persona(
        &mut self,
        persona: &'a Persona,
        account: &Account,
    ) -> Result<Arc<ResolvedCeiling>, Diagnostics> {
        self.resolve(&persona.ceiling, account)
    }

    fn resolve(&mut self, ceiling: &'a Ceiling, account: &Account) -> Result<Arc<ResolvedCeiling>, Diagnostics> {
        let find_managed = |path: &str| self.find_managed_policy(account, path);
        let managed_documents = ceiling.parts.iter().filter_map(|part| match part {
            CeilingPart::AwsManaged { path, .. } => {
                Some(find_managed(path).map(|document| Arc::as_ptr(&document) as usize))
            }
            CeilingPart::Document { .. } | CeilingPart::Levels(_) => None,
        });
        let key = (std::ptr::from_ref(ceiling) as usize, managed_documents.collect::<Vec<_>>());
        if let Some(cached) = self.resolved.get(&key) {
            return Ok(Arc::clone(cached));
        }
        let documents = ceiling.resolve(self.level_catalog, find_managed)?;
        let resolved_ceiling = Arc::new(ResolvedCeiling::from_documents(documents));
        self.resolved.insert(key, Arc::clone(&resolved_ceiling));
        Ok(resolved_ceiling)
    }

    /// An AWS managed policy: the copy of the account, or the copy of another account of the same partition.
    ///
    /// A copy that could not be read counts as not collected: `Ceiling::resolve` reports the policy if no account has a
    /// readable copy.
    fn find_managed_policy(&self, account: &Account, path: &str) -> Option<Arc<PolicyDocument>> {
        let arn = to_aws_managed_arn(account.partition.as_str(), path);
        let find_in =
            |account: &Account| account.policies.get(&arn).and_then(|p| p.document.document.as_ref().ok().cloned());
        let find_in_others =
            || self.snapshot.accounts.iter().filter(|other| other.partition == account.partition).find_map(find_in);
        find_in(account).or_else(find_in_others)
    }
}
