//! One principal, with all that its verdict rests on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::{
    KnownContext, LayerCollector, Layers, PolicyOrigin, PolicyRef, build_known_context, find_missing_documents,
};
use crate::audit::checks::planner::Check;
use crate::audit::model::principal_ref::{PrincipalRef, ReportedClass};
use crate::baseline::{
    Baseline, Ceiling, CeilingDocument, CeilingPart, Entry, LevelCatalog, PrincipalClass, to_aws_managed_arn,
};
use crate::classify::{Assumer, Classification, InferredClass};
use crate::iam::PolicyDocument;
use crate::snapshot::{Account, LayerKind, MissingDocument, Principal, Snapshot};
use crate::solve::Access;
use crate::source::Diagnostics;

/// A principal and what it is held against.
pub(crate) struct AuditedPrincipal<'a> {
    /// The principal.
    pub principal: &'a Principal,
    /// Its account.
    pub account: &'a Account,
    /// How findings name it.
    pub principal_ref: PrincipalRef,
    /// The entry that binds it; none where it is undeclared.
    pub entry: Option<&'a Entry>,
    /// What is declared; nothing where it is undeclared.
    pub ceiling: Arc<ResolvedCeiling>,
    /// Its layers.
    pub layers: Layers,
    /// What is known of its context.
    pub known_context: KnownContext,
    /// The documents that decide over it and are missing.
    pub missing_documents: Vec<MissingDocument>,
    /// What hints take it for.
    pub classification: &'a Classification,
    /// Who may take it on, as far as hints tell.
    pub assumers: &'a [Assumer],
    /// What is asked of it beside its ceiling.
    pub checks: Vec<Arc<Check>>,
}

/// A ceiling, ready to be asked about.
pub(crate) struct ResolvedCeiling {
    /// The documents; a statement's tag is its document's index.
    pub documents: Vec<CeilingDocument>,
    /// What they allow, for the solver.
    pub access: Access,
    /// The same, for the evaluator.
    pub layers: Layers,
}

impl ResolvedCeiling {
    /// The ceiling of these documents.
    pub fn from_documents(documents: Vec<CeilingDocument>) -> ResolvedCeiling {
        let access = Access::from_policies(documents.iter().enumerate().map(|(tag, d)| (&d.document, tag)));
        let to_policy = |d: &CeilingDocument| PolicyRef {
            name: d.name.clone(),
            origin: PolicyOrigin::Given,
            document: Arc::clone(&d.document),
        };
        let layers = Layers::from_identity(documents.iter().map(to_policy).collect());
        ResolvedCeiling { documents, access, layers }
    }
}

impl<'a> AuditedPrincipal<'a> {
    /// Gathers a principal.
    pub fn assemble(
        snapshot: &Snapshot,
        gatherer: &LayerCollector<'_>,
        (account, principal): (&'a Account, &'a Principal),
        principal_ref: PrincipalRef,
        (classification, assumers): (&'a Classification, &'a [Assumer]),
        entry: Option<&'a Entry>,
        (ceiling, checks): (Arc<ResolvedCeiling>, Vec<Arc<Check>>),
    ) -> AuditedPrincipal<'a> {
        // The trust policy decides who becomes the role, not what the role may do.
        let is_deciding = |missing: &MissingDocument| missing.layer != LayerKind::Trust;
        AuditedPrincipal {
            principal,
            account,
            principal_ref: principal_ref,
            classification: classification,
            assumers: assumers,
            checks: checks,
            entry,
            ceiling: ceiling,
            layers: gatherer.collect(account, principal),
            known_context: build_known_context(snapshot, principal),
            missing_documents: find_missing_documents(snapshot, account, principal)
                .into_iter()
                .filter(is_deciding)
                .collect(),
        }
    }

    /// What it is: as its entry says, else as hints have it.
    pub fn class(&self) -> InferredClass {
        self.entry.map_or(self.classification.class, |entry| entry.class.into())
    }

    /// Whether it decides by itself, so that its findings weigh more.
    pub fn is_agent(&self) -> bool {
        self.class() == InferredClass::Agent
    }

    /// Whether something is missing that could take back what the layers at hand allow, on whatever resource.
    pub fn has_missing_restricting_layer(&self) -> bool {
        self.missing_documents.iter().any(|missing| !matches!(missing.layer, LayerKind::Identity | LayerKind::Resource))
    }

    /// Whether the policy of a resource is missing that could take back what the layers at hand allow on it.
    pub fn resource_policy_missing_for(&self, resource: &str) -> bool {
        self.missing_documents
            .iter()
            .any(|missing| missing.layer == LayerKind::Resource && missing.may_affect_resource(resource))
    }
}

impl From<PrincipalClass> for ReportedClass {
    fn from(kind: PrincipalClass) -> ReportedClass {
        match kind {
            PrincipalClass::Operator => ReportedClass::Operator,
            PrincipalClass::Agent => ReportedClass::Agent,
            PrincipalClass::Workload => ReportedClass::Workload,
            PrincipalClass::BreakGlass => ReportedClass::BreakGlass,
        }
    }
}

/// Whose ceiling it is, by the place in the baseline.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
enum CeilingOwner {
    Entry(usize),
    Persona(usize),
}

/// The ceilings of a baseline, each resolved once for what the accounts have of its AWS managed policies.
pub(crate) struct CeilingCache<'a> {
    snapshot: &'a Snapshot,
    baseline: &'a Baseline,
    level_catalog: &'a dyn LevelCatalog,
    resolved: BTreeMap<(CeilingOwner, Vec<usize>), Arc<ResolvedCeiling>>,
}

impl<'a> CeilingCache<'a> {
    /// The ceilings, none of them resolved yet.
    pub fn new(
        snapshot: &'a Snapshot,
        baseline: &'a Baseline,
        level_catalog: &'a dyn LevelCatalog,
    ) -> CeilingCache<'a> {
        CeilingCache { snapshot, baseline, level_catalog: level_catalog, resolved: BTreeMap::new() }
    }

    /// The ceiling of an entry, for principals of an account.
    ///
    /// # Errors
    /// An AWS managed policy whose document no account of the partition has.
    pub fn resolve_entry(&mut self, index: usize, account: &Account) -> Result<Arc<ResolvedCeiling>, Diagnostics> {
        let baseline = self.baseline;
        self.resolve(CeilingOwner::Entry(index), baseline.entries.get(index).map(|entry| &entry.ceiling), account)
    }

    /// The ceiling of a persona, for principals of an account.
    ///
    /// # Errors
    /// As of an entry.
    pub fn resolve_persona(&mut self, index: usize, account: &Account) -> Result<Arc<ResolvedCeiling>, Diagnostics> {
        let baseline = self.baseline;
        self.resolve(
            CeilingOwner::Persona(index),
            baseline.personas.get(index).map(|persona| &persona.ceiling),
            account,
        )
    }

    fn resolve(
        &mut self,
        owner: CeilingOwner,
        ceiling: Option<&Ceiling>,
        account: &Account,
    ) -> Result<Arc<ResolvedCeiling>, Diagnostics> {
        let Some(ceiling) = ceiling else { return Ok(Arc::new(ResolvedCeiling::from_documents(Vec::new()))) };
        let find_managed = |path: &str| self.find_managed_policy(account, path);
        let documents = ceiling.parts.iter().filter_map(|part| match part {
            CeilingPart::AwsManaged { path, .. } => Some(find_managed(path).map_or(0, |d| Arc::as_ptr(&d) as usize)),
            CeilingPart::Document { .. } | CeilingPart::Levels(_) => None,
        });
        let key = (owner, documents.collect::<Vec<_>>());
        if let Some(cached) = self.resolved.get(&key) {
            return Ok(Arc::clone(cached));
        }
        let resolved_ceiling =
            Arc::new(ResolvedCeiling::from_documents(ceiling.resolve(self.level_catalog, find_managed)?));
        self.resolved.insert(key, Arc::clone(&resolved_ceiling));
        Ok(resolved_ceiling)
    }

    /// An AWS managed policy: the account's own copy, else another's of the same partition.
    fn find_managed_policy(&self, account: &Account, path: &str) -> Option<Arc<PolicyDocument>> {
        let arn = to_aws_managed_arn(account.partition.as_str(), path);
        let find_in =
            |account: &Account| account.policies.get(&arn).and_then(|p| p.document.document.as_ref().ok().cloned());
        let find_in_others =
            || self.snapshot.accounts.iter().filter(|other| other.partition == account.partition).find_map(find_in);
        find_in(account).or_else(find_in_others)
    }
}
