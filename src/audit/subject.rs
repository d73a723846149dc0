//! One principal, with all that its verdict rests on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::{PrincipalBrief, Sort};
use super::topic::Topic;
use crate::access::{Gatherer, KnownContext, Layers, PolicyOrigin, PolicyRef, known_context, missing};
use crate::baseline::{Baseline, Ceiling, CeilingDocument, CeilingPart, Entry, Kind, LevelCatalog, aws_managed_arn};
use crate::iam::PolicyDocument;
use crate::kinds::{Comer, Recognised, Who};
use crate::snapshot::{Account, LayerKind, MissingDocument, Principal, Snapshot};
use crate::solve::Access;
use crate::source::Diagnostics;

/// A principal and what it is held against.
pub(super) struct Subject<'a> {
    /// The principal.
    pub principal: &'a Principal,
    /// Its account.
    pub account: &'a Account,
    /// How findings name it.
    pub brief: PrincipalBrief,
    /// The entry that binds it; none where it is undeclared.
    pub entry: Option<&'a Entry>,
    /// What is declared; nothing where it is undeclared.
    pub declared: Arc<Declared>,
    /// Its layers.
    pub layers: Layers,
    /// What is known of its context.
    pub known: KnownContext,
    /// The documents that decide over it and are missing.
    pub missing: Vec<MissingDocument>,
    /// What hints take it for.
    pub recognised: &'a Recognised,
    /// Who may take it on, as far as hints tell.
    pub comers: &'a [Comer],
    /// What is asked of it beside its ceiling.
    pub topics: Vec<Arc<Topic>>,
}

/// A ceiling, ready to be asked about.
pub(super) struct Declared {
    /// The documents; a statement's tag is its document's index.
    pub documents: Vec<CeilingDocument>,
    /// What they allow, for the solver.
    pub access: Access,
    /// The same, for the evaluator.
    pub layers: Layers,
}

impl Declared {
    /// The ceiling of these documents.
    pub fn of(documents: Vec<CeilingDocument>) -> Declared {
        let access = Access::of_policies(documents.iter().enumerate().map(|(tag, d)| (&d.document, tag)));
        let policy = |d: &CeilingDocument| PolicyRef {
            name: d.name.clone(),
            origin: PolicyOrigin::Given,
            document: Arc::clone(&d.document),
        };
        let layers = Layers::of_identity(documents.iter().map(policy).collect());
        Declared { documents, access, layers }
    }
}

impl<'a> Subject<'a> {
    /// Gathers a principal.
    pub fn gather(
        snapshot: &Snapshot,
        gatherer: &Gatherer<'_>,
        (account, principal): (&'a Account, &'a Principal),
        brief: PrincipalBrief,
        (recognised, comers): (&'a Recognised, &'a [Comer]),
        entry: Option<&'a Entry>,
        (declared, topics): (Arc<Declared>, Vec<Arc<Topic>>),
    ) -> Subject<'a> {
        // The trust policy decides who becomes the role, not what the role may do.
        let decides = |missing: &MissingDocument| missing.layer != LayerKind::Trust;
        Subject {
            principal,
            account,
            brief,
            recognised,
            comers,
            topics,
            entry,
            declared,
            layers: gatherer.gather(account, principal),
            known: known_context(snapshot, principal),
            missing: missing(snapshot, account, principal).into_iter().filter(decides).collect(),
        }
    }

    /// What it is: as its entry says, else as hints have it.
    pub fn who(&self) -> Who {
        self.entry.map_or(self.recognised.who, |entry| entry.kind.into())
    }

    /// Whether it decides by itself, so that its findings weigh more.
    pub fn is_agent(&self) -> bool {
        self.who() == Who::Agent
    }

    /// Whether something is missing that could take back what the layers at hand allow, on whatever resource.
    pub fn may_be_narrower(&self) -> bool {
        self.missing.iter().any(|missing| !matches!(missing.layer, LayerKind::Identity | LayerKind::Resource))
    }

    /// Whether the policy of a resource is missing that could take back what the layers at hand allow on it.
    pub fn may_be_denied(&self, resource: &str) -> bool {
        self.missing.iter().any(|missing| missing.layer == LayerKind::Resource && missing.decides_on(resource))
    }
}

impl From<Kind> for Sort {
    fn from(kind: Kind) -> Sort {
        match kind {
            Kind::Operator => Sort::Operator,
            Kind::Agent => Sort::Agent,
            Kind::Workload => Sort::Workload,
            Kind::BreakGlass => Sort::BreakGlass,
        }
    }
}

/// Whose ceiling it is, by the place in the baseline.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
enum Holder {
    Entry(usize),
    Persona(usize),
}

/// The ceilings of a baseline, each resolved once for what the accounts have of its AWS managed policies.
pub(super) struct Ceilings<'a> {
    snapshot: &'a Snapshot,
    baseline: &'a Baseline,
    levels: &'a dyn LevelCatalog,
    resolved: BTreeMap<(Holder, Vec<usize>), Arc<Declared>>,
}

impl<'a> Ceilings<'a> {
    /// The ceilings, none of them resolved yet.
    pub fn new(snapshot: &'a Snapshot, baseline: &'a Baseline, levels: &'a dyn LevelCatalog) -> Ceilings<'a> {
        Ceilings { snapshot, baseline, levels, resolved: BTreeMap::new() }
    }

    /// The ceiling of an entry, for principals of an account.
    ///
    /// # Errors
    /// An AWS managed policy whose document no account of the partition has.
    pub fn of(&mut self, index: usize, account: &Account) -> Result<Arc<Declared>, Diagnostics> {
        let baseline = self.baseline;
        self.resolve(Holder::Entry(index), baseline.entries.get(index).map(|entry| &entry.ceiling), account)
    }

    /// The ceiling of a persona, for principals of an account.
    ///
    /// # Errors
    /// As of an entry.
    pub fn of_persona(&mut self, index: usize, account: &Account) -> Result<Arc<Declared>, Diagnostics> {
        let baseline = self.baseline;
        self.resolve(Holder::Persona(index), baseline.personas.get(index).map(|persona| &persona.ceiling), account)
    }

    fn resolve(
        &mut self,
        holder: Holder,
        ceiling: Option<&Ceiling>,
        account: &Account,
    ) -> Result<Arc<Declared>, Diagnostics> {
        let Some(ceiling) = ceiling else { return Ok(Arc::new(Declared::of(Vec::new()))) };
        let managed = |path: &str| self.managed(account, path);
        let documents = ceiling.parts.iter().filter_map(|part| match part {
            CeilingPart::AwsManaged { path, .. } => Some(managed(path).map_or(0, |d| Arc::as_ptr(&d) as usize)),
            CeilingPart::Document { .. } | CeilingPart::Levels(_) => None,
        });
        let key = (holder, documents.collect::<Vec<_>>());
        if let Some(found) = self.resolved.get(&key) {
            return Ok(Arc::clone(found));
        }
        let declared = Arc::new(Declared::of(ceiling.resolve(self.levels, managed)?));
        self.resolved.insert(key, Arc::clone(&declared));
        Ok(declared)
    }

    /// An AWS managed policy: the account's own copy, else another's of the same partition.
    fn managed(&self, account: &Account, path: &str) -> Option<Arc<PolicyDocument>> {
        let arn = aws_managed_arn(account.partition.as_str(), path);
        let of =
            |account: &Account| account.policies.get(&arn).and_then(|p| p.document.document.as_ref().ok().cloned());
        let others = || self.snapshot.accounts.iter().filter(|other| other.partition == account.partition).find_map(of);
        of(account).or_else(others)
    }
}
