//! A principal with everything that its verdict depends on.

use crate::baseline::PrincipalClass;
use std::sync::Arc;

use super::check::Check;
use super::resolved_ceiling::ResolvedCeiling;
use crate::access::{KnownContext, LayerCollector, Layers, build_known_context, find_missing_documents};
use crate::audit::model::principal_ref::PrincipalRef;
use crate::baseline::Entry;
use crate::classify::{Assumer, Classification, InferredClass};
use crate::snapshot::{Account, LayerKind, MissingDocument, Principal, Snapshot};

/// A principal with everything that its verdict depends on.
pub(crate) struct AuditedPrincipal<'a> {
    /// The principal.
    pub principal: &'a Principal,
    /// Its account.
    pub account: &'a Account,
    /// How findings refer to it.
    pub principal_ref: PrincipalRef,
    /// The entry that applies. `None` if the principal is undeclared.
    pub entry: Option<&'a Entry>,
    /// The declared ceiling. It allows nothing if the principal is undeclared.
    pub ceiling: Arc<ResolvedCeiling>,
    /// Its layers.
    pub layers: Layers,
    /// The context facts of its requests.
    pub known_context: KnownContext,
    /// The missing documents that decide its access.
    pub missing_documents: Vec<MissingDocument>,
    /// Its classification from evidence.
    pub classification: &'a Classification,
    /// The principals that can assume it, as far as evidence shows.
    pub assumers: &'a [Assumer],
    /// The checks to run in addition to the comparison with the ceiling.
    pub checks: Vec<Arc<Check>>,
}

/// What the plan of an audit decides about a principal.
pub(crate) struct PlannedPrincipal<'a> {
    /// The account.
    pub account: &'a Account,
    /// The principal.
    pub principal: &'a Principal,
    /// How findings refer to it.
    pub principal_ref: PrincipalRef,
    /// The entry that applies. `None` if the principal is undeclared.
    pub entry: Option<&'a Entry>,
    /// Its classification from evidence.
    pub classification: &'a Classification,
    /// The principals that can assume it, as far as evidence shows.
    pub assumers: &'a [Assumer],
    /// The declared ceiling.
    pub ceiling: Arc<ResolvedCeiling>,
    /// The checks to run.
    pub checks: Vec<Arc<Check>>,
}

impl<'a> AuditedPrincipal<'a> {
    /// Collects the layers and the context facts of a principal.
    pub fn collect(
        snapshot: &Snapshot,
        layer_collector: &LayerCollector<'_>,
        planned: PlannedPrincipal<'a>,
    ) -> AuditedPrincipal<'a> {
        let PlannedPrincipal { account, principal, .. } = planned;
        // The trust policy decides who can assume the role, not what the role can do.
        let decides_access = |missing: &MissingDocument| missing.layer != LayerKind::Trust;
        let missing_documents = find_missing_documents(snapshot, account, principal);
        AuditedPrincipal {
            principal,
            account,
            principal_ref: planned.principal_ref,
            entry: planned.entry,
            ceiling: planned.ceiling,
            layers: layer_collector.collect_with_role_trust(account, principal),
            known_context: build_known_context(snapshot, principal),
            missing_documents: missing_documents.into_iter().filter(decides_access).collect(),
            classification: planned.classification,
            assumers: planned.assumers,
            checks: planned.checks,
        }
    }

    /// The declared class, or the inferred class if the principal is undeclared.
    pub fn class(&self) -> InferredClass {
        self.entry.map_or(self.classification.class, |entry| entry.class.into())
    }

    /// Whether it is an agent. The severity of its findings is raised.
    pub fn is_agent(&self) -> bool {
        self.class().is(PrincipalClass::Agent)
    }

    /// Whether humans use it: operators and emergency access.
    pub fn is_human(&self) -> bool {
        is_human_class(self.class())
    }

    /// Whether a missing document could deny what the collected layers allow, on any resource.
    pub fn has_missing_restricting_layer(&self) -> bool {
        self.missing_documents.iter().any(|missing| !matches!(missing.layer, LayerKind::Identity | LayerKind::Resource))
    }

    /// Whether a resource policy is missing that could deny what the collected layers allow on this resource.
    pub fn resource_policy_missing_for(&self, resource: &str) -> bool {
        self.missing_documents
            .iter()
            .any(|missing| missing.layer == LayerKind::Resource && missing.may_affect_resource(resource))
    }
}

/// Whether humans use principals of a class.
pub(crate) fn is_human_class(class: InferredClass) -> bool {
    matches!(class, InferredClass::Known(PrincipalClass::Operator) | InferredClass::Known(PrincipalClass::BreakGlass))
}
