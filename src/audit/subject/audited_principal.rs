//! A principal with everything that its verdict depends on.

use crate::baseline::PrincipalClass;
use std::sync::Arc;

use super::check::Check;
use super::resolved_ceiling::ResolvedCeiling;
use crate::access::{KnownContext, LayerCollector, Layers, find_missing_documents};
use crate::audit::model::principal_ref::PrincipalRef;
use crate::baseline::{Entry, Spanned};
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
    /// The entry that applies. `None` if the principal is undeclared or ignored.
    pub entry: Option<&'a Entry>,
    /// The other entries that match an ambiguous principal.
    pub other_entries: Vec<&'a Entry>,
    /// The declared ceiling: what every entry allows. It allows nothing if the principal is undeclared.
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
    /// The guards without whose condition no path may lead to the guarded actions.
    pub path_guards: Vec<Arc<Check>>,
}

/// What the plan of an audit decides about a principal.
pub(crate) struct PlannedPrincipal<'a> {
    /// The account.
    pub account: &'a Account,
    /// The principal.
    pub principal: &'a Principal,
    /// How findings refer to it.
    pub principal_ref: PrincipalRef,
    /// The entries that apply: several if the principal is ambiguous, none if it is undeclared.
    pub entries: Vec<&'a Entry>,
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
        layer_collector: &LayerCollector<'a>,
        planned: PlannedPrincipal<'a>,
    ) -> AuditedPrincipal<'a> {
        let PlannedPrincipal { account, principal, .. } = planned;
        // The trust policy decides who can assume the role, not what the role can do.
        let decides_access = |missing: &MissingDocument| missing.layer != LayerKind::Trust;
        let missing_documents = find_missing_documents(snapshot, account, principal);
        let checked = planned.checks.iter().flat_map(|check| check.documents());
        let compared = planned.ceiling.documents.iter().chain(checked).map(|ceiling| &*ceiling.document);
        let layers = layer_collector.collect_with_role_trust(account, principal, compared);
        AuditedPrincipal {
            principal,
            account,
            principal_ref: planned.principal_ref,
            entry: planned.entries.first().copied(),
            other_entries: planned.entries.iter().skip(1).copied().collect(),
            ceiling: planned.ceiling,
            layers,
            known_context: layer_collector.build_known_context(principal),
            missing_documents: missing_documents.into_iter().filter(decides_access).collect(),
            classification: planned.classification,
            assumers: planned.assumers,
            checks: planned.checks,
            path_guards: Vec::new(),
        }
    }

    /// The entries that apply: several if the principal is ambiguous, none if it is undeclared.
    pub fn entries(&self) -> impl Iterator<Item = &'a Entry> {
        self.entry.into_iter().chain(self.other_entries.iter().copied())
    }

    /// `narrower_than` of the entry that applies, or of the first of several that has it.
    pub fn narrower_than(&self) -> Option<&'a Spanned<String>> {
        self.entries().find_map(|entry| entry.narrower_than.as_ref())
    }

    /// The declared class, or the inferred class if the principal is undeclared.
    pub fn class(&self) -> InferredClass {
        find_declared_class(self.entries()).unwrap_or(self.classification.class)
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

/// The class that entries declare for a principal: an agent if one of them declares an agent, else the class of the first. `None`
/// without an entry.
pub(crate) fn find_declared_class<'e>(entries: impl Iterator<Item = &'e Entry>) -> Option<InferredClass> {
    let classes: Vec<PrincipalClass> = entries.map(|entry| entry.class).collect();
    let is_agent = classes.contains(&PrincipalClass::Agent);
    let class = if is_agent { Some(PrincipalClass::Agent) } else { classes.first().copied() };
    class.map(InferredClass::from)
}

/// Whether humans use principals of a class.
pub(crate) fn is_human_class(class: InferredClass) -> bool {
    matches!(class, InferredClass::Known(PrincipalClass::Operator) | InferredClass::Known(PrincipalClass::BreakGlass))
}
