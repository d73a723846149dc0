//! What the entries of roles declare about the principals that may assume them, as a part of the ceilings of these
//! principals.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::resolved_ceiling::ResolvedCeiling;
use crate::baseline::{CeilingDocument, DeclaredAssumer};
use crate::snapshot::{Account, Principal};
use crate::trust::allow_declared_assumption;

/// The declared assumers of each role: one list for each entry of the role that declares them.
pub(crate) struct DeclaredRoles<'a> {
    by_arn: FxHashMap<&'a str, Vec<&'a [DeclaredAssumer]>>,
}

impl<'a> DeclaredRoles<'a> {
    /// The declared assumers of some roles, by the ARN of the role.
    pub fn new(roles: impl Iterator<Item = (&'a str, Vec<&'a [DeclaredAssumer]>)>) -> DeclaredRoles<'a> {
        DeclaredRoles { by_arn: roles.filter(|(_, lists)| !lists.is_empty()).collect() }
    }

    /// The ceiling of a principal, with what the entries of some roles declare: that it may assume them. `roles` are the
    /// roles whose trust policy names the principal, so that it needs no policy of its own.
    pub fn extend_ceiling(
        &self,
        ceiling: Arc<ResolvedCeiling>,
        principal: &Principal,
        roles: Vec<(&Account, &Principal)>,
    ) -> Arc<ResolvedCeiling> {
        let additions: Vec<ResolvedCeiling> =
            roles.into_iter().filter_map(|(_, role)| self.allow_assumption(role, principal)).collect();
        if additions.is_empty() {
            return ceiling;
        }
        Arc::new(ceiling.extend(&additions))
    }

    /// The declared requests of a principal to assume a role. Each list must declare a request. `None` if none is declared.
    fn allow_assumption(&self, role: &Principal, principal: &Principal) -> Option<ResolvedCeiling> {
        let lists = self.by_arn.get(role.arn.as_str())?;
        let to_ceiling = |assumers: &&[DeclaredAssumer]| {
            let document = allow_declared_assumption(assumers, &role.arn, &principal.arn)?;
            let document = CeilingDocument { name: "assumable_by".to_owned(), place: document.place(), document };
            Some(Arc::new(ResolvedCeiling::from_documents(vec![document])))
        };
        let ceilings = lists.iter().map(to_ceiling).collect::<Option<Vec<_>>>()?;
        Some(ResolvedCeiling::intersect(&ceilings))
    }
}
