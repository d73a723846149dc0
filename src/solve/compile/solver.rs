//! The solver of a run, and its caches.
//!
//! A statement compiles once per run, for all principals that attach its document. A statement with policy variables
//! compiles once for each binding of them.

use std::ops::Deref;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashSet;

use super::arn_segment::ArnSegmentVariants;
use super::binding::{Binding, CompileEnv};
use super::resource_domain::{
    ResourceDomain, ShapeDomains, build_shape_domains, build_type_domains, compute_arn_segment_variants,
};
use crate::base::cache::Cache;
use crate::catalog::{Catalog, ResourceTypeId, ShapeId};
use crate::iam::{Interpretation, Partition, PolicyDocument};
use crate::solve::access::formula::StatementUse;
use crate::solve::actions::statement_actions::StatementActions;
use crate::solve::budget::LimitExceeded;
use crate::solve::strings::interner::GlobInterner;
use crate::solve::values::literal::Literal;

/// The shared state of a run: the catalog, the patterns, and the compiled statements.
#[derive(Debug)]
pub struct Solver<'c> {
    /// The definitions of AWS.
    pub catalog: &'c Catalog,
    /// The patterns of the run.
    pub(crate) interner: GlobInterner,
    statement_cache: StatementCache,
    action_cache: StatementActionsCache,
    pub(crate) action_ranks: OnceLock<Vec<u32>>,
    domain_cache: DomainCache,
    type_domain_cache: TypeDomainCache,
    arn_segment_variants: OnceLock<Vec<Option<ArnSegmentVariants>>>,
    rcp_services: OnceLock<Arc<FxHashSet<Box<str>>>>,
    /// The number of questions that were answered: tests compare it at two sizes.
    pub(crate) answered: AtomicUsize,
}

/// The compiled statements of a run. Each entry keeps its document alive, so that the address in the key stays unique.
type StatementCache = Cache<CompiledStatementKey, (Arc<PolicyDocument>, Arc<CompiledStatement>)>;

/// The action sets of statements, by the address of the document, which the entry keeps alive, and the index.
type StatementActionsCache = Cache<(usize, usize), (Arc<PolicyDocument>, Arc<StatementActions>)>;

/// The resource domains of each shape, in one partition or in all.
type DomainCache = Cache<(ShapeId, Option<Partition>), Arc<ShapeDomains>>;

/// The resource domains of each resource type, in one partition or in all.
type TypeDomainCache = Cache<(ResourceTypeId, Option<Partition>), Arc<Vec<ResourceDomain>>>;

/// A statement under one interpretation and one binding of its variables: the address of the document, which the entry
/// keeps alive, and the index.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
struct CompiledStatementKey {
    document: usize,
    index: usize,
    interpretation: Interpretation,
    bindings: Vec<Binding>,
}

/// A compiled statement.
#[derive(Debug)]
pub(crate) struct CompiledStatement {
    /// The actions of the statement.
    pub actions: Arc<StatementActions>,
    /// The literals, all of which must hold.
    pub literals: Vec<Literal>,
    /// Whether the statement matches no request.
    pub is_unsatisfiable: bool,
}

impl<'c> Solver<'c> {
    /// A solver for a catalog.
    pub fn new(catalog: &'c Catalog) -> Solver<'c> {
        Solver {
            catalog,
            interner: GlobInterner::default(),
            statement_cache: Cache::default(),
            action_cache: Cache::default(),
            action_ranks: OnceLock::new(),
            domain_cache: Cache::default(),
            type_domain_cache: Cache::default(),
            arn_segment_variants: OnceLock::new(),
            rcp_services: OnceLock::new(),
            answered: AtomicUsize::new(0),
        }
    }

    /// A solver with a rank for each action, by its id. The witness of a statement's excess uses the action with the
    /// highest rank.
    pub fn with_ranks(catalog: &'c Catalog, ranks: Vec<u32>) -> Solver<'c> {
        Solver { action_ranks: ranks.into(), ..Solver::new(catalog) }
    }

    /// The services to which resource control policies apply.
    pub(crate) fn rcp_services(&self) -> Arc<FxHashSet<Box<str>>> {
        let catalog = self.catalog;
        let supported = || catalog.services().filter(|id| catalog.supports_rcp(*id));
        let services = || Arc::new(supported().map(|id| catalog.service_prefix(id).into()).collect());
        Arc::clone(self.rcp_services.get_or_init(services))
    }

    /// Compiles a statement, once for each binding of its variables.
    pub(crate) fn compile_cached(
        &self,
        statement_use: &StatementUse,
        env: &CompileEnv<'_>,
    ) -> Result<Arc<CompiledStatement>, LimitExceeded> {
        let (document, statement) = (&statement_use.document, statement_use.statement());
        let key = CompiledStatementKey {
            document: Arc::as_ptr(document) as usize,
            index: statement_use.statement_index,
            interpretation: env.interpretation,
            bindings: statement.variables().map(|key| (env.binding)(key)).collect(),
        };
        let (_, compiled) = self.statement_cache.get_or_try_compute(key, || {
            let actions = self.load_statement_actions(statement_use, env.interpretation)?;
            Ok((Arc::clone(document), Arc::new(self.compile_statement(statement, actions, env)?)))
        })?;
        Ok(compiled)
    }

    /// The actions of the catalog that a statement lists, by their ids.
    ///
    /// # Errors
    /// If a pattern of the statement exceeds a limit.
    pub(crate) fn listed_actions(
        &self,
        statement_use: &StatementUse,
    ) -> Result<impl Deref<Target = FixedBitSet>, LimitExceeded> {
        struct ListedActions(Arc<StatementActions>);
        impl Deref for ListedActions {
            type Target = FixedBitSet;
            fn deref(&self) -> &FixedBitSet {
                &self.0.known
            }
        }
        self.load_statement_actions(statement_use, Interpretation::default()).map(ListedActions)
    }

    /// The actions that a statement names and the catalog does not know, in lower case.
    ///
    /// # Errors
    /// If a pattern of the statement exceeds a limit.
    pub(crate) fn unknown_actions(&self, statement_use: &StatementUse) -> Result<Vec<String>, LimitExceeded> {
        let set = self.load_statement_actions(statement_use, Interpretation::default())?;
        Ok(set.unknown.iter().map(|(lower, _)| lower.clone()).collect())
    }

    /// Whether a statement lists an action that the catalog does not know, `service:name` in lower case.
    ///
    /// # Errors
    /// If a pattern of the statement exceeds a limit.
    pub(crate) fn may_list_unknown_action(
        &self,
        statement_use: &StatementUse,
        action: &str,
    ) -> Result<bool, LimitExceeded> {
        let Some((service, name)) = action.split_once(':') else { return Ok(false) };
        Ok(self.load_statement_actions(statement_use, Interpretation::default())?.lists_unknown_action(service, name))
    }

    fn load_statement_actions(
        &self,
        statement_use: &StatementUse,
        interpretation: Interpretation,
    ) -> Result<Arc<StatementActions>, LimitExceeded> {
        let element = &statement_use.statement().action;
        if let Some(element) = element.under(interpretation) {
            return Ok(Arc::new(StatementActions::new(&element, self.catalog, &self.interner)?));
        }
        let key = (Arc::as_ptr(&statement_use.document) as usize, statement_use.statement_index);
        let (_, actions) = self.action_cache.get_or_try_compute(key, || {
            let actions = StatementActions::new(element, self.catalog, &self.interner)?;
            Ok((Arc::clone(&statement_use.document), Arc::new(actions)))
        })?;
        Ok(actions)
    }

    /// Which of region and account the ARNs of an action's resources contain. None if the ARNs differ in more than that.
    pub(crate) fn arn_segment_variants(&self, shape: ShapeId) -> Option<ArnSegmentVariants> {
        let table = self.arn_segment_variants.get_or_init(|| {
            self.catalog.shapes().map(|shape| compute_arn_segment_variants(self.catalog, shape)).collect()
        });
        table.get(shape.0 as usize).copied().flatten()
    }

    /// The resource domains of an action's shape, built once.
    pub(crate) fn shape_domains(
        &self,
        shape: ShapeId,
        partition: Option<Partition>,
    ) -> Result<Arc<ShapeDomains>, LimitExceeded> {
        let build = || build_shape_domains(self.catalog, &self.interner, shape, partition).map(Arc::new);
        self.domain_cache.get_or_try_compute((shape, partition), build)
    }

    /// The resource domains of a resource type, built once.
    pub(crate) fn type_domains(
        &self,
        resource_type: ResourceTypeId,
        partition: Option<Partition>,
    ) -> Result<Arc<Vec<ResourceDomain>>, LimitExceeded> {
        let build = || build_type_domains(self.catalog, &self.interner, resource_type, partition).map(Arc::new);
        self.type_domain_cache.get_or_try_compute((resource_type, partition), build)
    }
}
