//! Statements compiled, once for each reading and binding of their variables; resources to literals.
//!
//! A document compiles once per run, whatever number of principals attach it, unless it holds policy
//! variables: then once for each binding of them.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use fixedbitset::FixedBitSet;

use super::condition_literal::CompiledCondition;
use super::resource_domain::{ArnSegmentVariants, ShapeDomains};
use crate::base::cache::Cache;
use crate::catalog::{Catalog, Multiplicity, ShapeId};
use crate::iam::element::ResourceElement;
use crate::iam::{
    Ambiguity, ContextKey, ElementKind, Interpretation, Partition, PolicyDocument, Statement, Template, TemplatePart,
};
use crate::solve::LimitExceeded;
use crate::solve::actions::statement_actions::StatementActions;
use crate::solve::strings::alphabet::VariableSymbols;
use crate::solve::strings::interned_glob::{GlobInterner, GlobRef, GlobToken, SymbolClass};
use crate::solve::values::literal::{Field, Literal};

/// What a run shares: the catalog, the patterns, the compiled documents.
#[derive(Debug)]
pub struct Solver<'c> {
    /// What AWS defines.
    pub catalog: &'c Catalog,
    /// The patterns of the run.
    pub interner: GlobInterner,
    statement_cache: StatementCache,
    action_cache: StatementActionsCache,
    pub(crate) action_ranks: OnceLock<Vec<u32>>,
    pub(crate) domain_cache: DomainCache,
    pub(crate) arn_segment_variants: OnceLock<Vec<Option<ArnSegmentVariants>>>,
}

/// The statements of a run, each with the document that keeps its key's address its own.
type StatementCache = Cache<CompiledStatementKey, (Arc<PolicyDocument>, Arc<CompiledStatement>)>;

/// The action sets of statements, by the document's address, which the entry keeps alive, and the position.
type StatementActionsCache = Cache<(usize, usize), (Arc<PolicyDocument>, Arc<StatementActions>)>;

/// The domains of each shape in a partition, or in all.
type DomainCache = Cache<(ShapeId, Option<Partition>), Arc<ShapeDomains>>;

/// A statement under one reading and one binding of its variables: the document's address, which the
/// entry keeps alive, and the position.
#[derive(Eq, PartialEq, Hash, Debug)]
struct CompiledStatementKey {
    document: usize,
    index: usize,
    interpretation: Interpretation,
    bindings: Vec<Binding>,
}

/// One statement, compiled.
#[derive(Debug)]
pub struct CompiledStatement {
    /// The actions that it speaks of.
    pub actions: Arc<StatementActions>,
    /// All must hold.
    pub literals: Vec<Literal>,
    /// Whether it can match no request whatever.
    pub is_unsatisfiable: bool,
}

/// What stands in the place of a policy variable.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum Binding {
    /// This text.
    Text(String),
    /// The key is missing: the default stands, if there is one.
    Missing,
    /// It can have no value (a multi-valued key): nothing stands.
    Unresolvable,
    /// A text that is not known.
    Unknown {
        /// What stands for it.
        symbols: VariableSymbols,
        /// Whether the key may be missing instead.
        may_be_missing: bool,
    },
}

/// How variables and keys are read while compiling.
pub struct CompileEnv<'a> {
    /// How the choices of the specification are read.
    pub interpretation: Interpretation,
    /// What each variable stands for.
    pub binding: &'a dyn Fn(&ContextKey) -> Binding,
    /// Whether a key holds one value or several, where the catalog is not to be asked.
    pub multiplicity: &'a dyn Fn(&ContextKey) -> Option<Multiplicity>,
}

impl<'c> Solver<'c> {
    /// A solver over a catalog.
    pub fn new(catalog: &'c Catalog) -> Solver<'c> {
        Solver {
            catalog,
            interner: GlobInterner::default(),
            statement_cache: Cache::default(),
            action_cache: Cache::default(),
            action_ranks: OnceLock::new(),
            domain_cache: Cache::default(),
            arn_segment_variants: OnceLock::new(),
        }
    }

    /// The same, with the rank of each action, by its id: of the actions that a statement grants
    /// beyond, the witness is of the highest.
    pub fn with_ranks(catalog: &'c Catalog, ranks: Vec<u32>) -> Solver<'c> {
        Solver { action_ranks: ranks.into(), ..Solver::new(catalog) }
    }

    /// Compiles a statement of a document, once for each binding of the variables that it holds.
    pub(crate) fn compile_cached(
        &self,
        document: &Arc<PolicyDocument>,
        index: usize,
        env: &CompileEnv<'_>,
    ) -> Result<Option<Arc<CompiledStatement>>, LimitExceeded> {
        let Some(statement) = document.statements.get(index) else { return Ok(None) };
        let key = CompiledStatementKey {
            document: Arc::as_ptr(document) as usize,
            index,
            interpretation: env.interpretation,
            bindings: statement.variables().map(|key| (env.binding)(key)).collect(),
        };
        let (_, compiled) = self.statement_cache.get_or_try_compute(key, || {
            let actions = self.load_statement_actions(document, index, statement)?;
            Ok((Arc::clone(document), Arc::new(self.compile_statement(statement, actions, env)?)))
        })?;
        Ok(Some(compiled))
    }

    /// The actions of the catalog that a statement lists, by their ids; none where that cannot be told.
    pub fn listed_actions(
        &self,
        document: &Arc<PolicyDocument>,
        index: usize,
    ) -> Option<impl Deref<Target = FixedBitSet>> {
        struct ListedActions(Arc<StatementActions>);
        impl Deref for ListedActions {
            type Target = FixedBitSet;
            fn deref(&self) -> &FixedBitSet {
                &self.0.known
            }
        }
        let statement = document.statements.get(index)?;
        self.load_statement_actions(document, index, statement).ok().map(ListedActions)
    }

    /// The actions that a statement names and the catalog does not know, in lower case; none where it cannot be told.
    pub fn unknown_actions(&self, document: &Arc<PolicyDocument>, index: usize) -> Option<Vec<String>> {
        let statement = document.statements.get(index)?;
        let set = self.load_statement_actions(document, index, statement).ok()?;
        Some(set.unknown.iter().map(|(lower, _)| lower.clone()).collect())
    }

    /// Whether a statement lists an action that the catalog does not know, `service:name` in lower case.
    pub fn may_list_unknown_action(&self, document: &Arc<PolicyDocument>, index: usize, action: &str) -> bool {
        let Some((service, name)) = action.split_once(':') else { return false };
        let statement = document.statements.get(index);
        let set = statement.and_then(|statement| self.load_statement_actions(document, index, statement).ok());
        set.is_none_or(|set| set.lists_unknown_action(service, name))
    }

    fn load_statement_actions(
        &self,
        document: &Arc<PolicyDocument>,
        index: usize,
        statement: &Statement,
    ) -> Result<Arc<StatementActions>, LimitExceeded> {
        let key = (Arc::as_ptr(document) as usize, index);
        let (_, actions) = self.action_cache.get_or_try_compute(key, || {
            let actions = StatementActions::new(&statement.action, self.catalog, &self.interner)?;
            Ok((Arc::clone(document), Arc::new(actions)))
        })?;
        Ok(actions)
    }

    fn compile_statement(
        &self,
        statement: &Statement,
        actions: Arc<StatementActions>,
        env: &CompileEnv<'_>,
    ) -> Result<CompiledStatement, LimitExceeded> {
        let mut out = CompiledStatement { actions, literals: Vec::new(), is_unsatisfiable: false };
        if let Some(resource) = &statement.resource {
            self.compile_resource(resource, env, &mut out)?;
        }
        for condition in &statement.conditions {
            match self.compile_condition(condition, env)? {
                CompiledCondition::Literal(literal) => out.literals.push(literal),
                CompiledCondition::Always => {}
                CompiledCondition::Never => out.is_unsatisfiable = true,
            }
        }
        Ok(out)
    }

    fn compile_resource(
        &self,
        element: &ResourceElement,
        env: &CompileEnv<'_>,
        out: &mut CompiledStatement,
    ) -> Result<(), LimitExceeded> {
        let mut globs: Vec<GlobRef> = Vec::with_capacity(element.patterns.len());
        let unresolved_matches_nothing =
            element.kind == ElementKind::NotList && env.interpretation.is_alternative(Ambiguity::NotResourceUnresolved);
        for pattern in &element.patterns {
            if unresolved_matches_nothing && pattern.variables().any(|key| may_be_missing(&(env.binding)(key))) {
                // Where it is missing the statement matches nothing, as if any resource were listed.
                globs.push(self.interner.intern(&[GlobToken::Literal(VariableSymbols::ANY_TEXT.exact)]));
                continue;
            }
            match self.tokenize_template(pattern, false, env)? {
                Some(mut toks) => {
                    if env.interpretation.is_alternative(Ambiguity::MidSegmentStar) {
                        keep_stars_in_segments(&mut toks);
                    }
                    globs.push(self.interner.intern(&toks));
                }
                None => out.is_unsatisfiable |= unresolved_matches_nothing,
            }
        }
        let matches_all = globs.iter().any(|g| g.is_everything());
        match element.kind {
            ElementKind::List if matches_all => {}
            ElementKind::NotList if matches_all => out.is_unsatisfiable = true,
            ElementKind::List => {
                out.is_unsatisfiable |= globs.is_empty();
                out.literals.push(Literal::from_globs(Field::Resource, globs.into(), false, true));
            }
            ElementKind::NotList if globs.is_empty() => {}
            ElementKind::NotList => out.literals.push(Literal::from_globs(Field::Resource, globs.into(), false, false)),
        }
        Ok(())
    }

    /// The steps of a template with its variables replaced; none where one is unresolved.
    pub(crate) fn tokenize_template(
        &self,
        template: &Template,
        ignore_case: bool,
        env: &CompileEnv<'_>,
    ) -> Result<Option<Vec<GlobToken>>, LimitExceeded> {
        let mut toks = Vec::new();
        for part in template.parts() {
            match part {
                TemplatePart::Literal(text) => toks.extend(self.interner.tokenize_literal(text, ignore_case)?),
                TemplatePart::AnyString => toks.push(GlobToken::AnyRun(SymbolClass::Any)),
                TemplatePart::AnyChar => toks.push(GlobToken::AnyOne(SymbolClass::Any)),
                TemplatePart::Variable { key, default } => match ((env.binding)(key), default) {
                    (Binding::Text(text), _) => toks.extend(self.interner.tokenize_literal(&text, ignore_case)?),
                    (Binding::Missing, Some(default)) => {
                        toks.extend(self.interner.tokenize_literal(default, ignore_case)?)
                    }
                    (Binding::Missing, None) | (Binding::Unresolvable, _) => return Ok(None),
                    // The value, or the default.
                    (Binding::Unknown { may_be_missing: true, .. }, Some(_)) => {
                        toks.push(GlobToken::Literal(VariableSymbols::ANY_TEXT.exact));
                    }
                    (Binding::Unknown { symbols: VariableSymbols { exact, other_case }, .. }, _) => {
                        toks.push(if ignore_case {
                            GlobToken::EitherCase(exact, other_case)
                        } else {
                            GlobToken::Literal(exact)
                        });
                    }
                },
            }
        }
        Ok(Some(toks))
    }
}

fn may_be_missing(binding: &Binding) -> bool {
    matches!(binding, Binding::Unknown { may_be_missing: true, .. })
}

pub(crate) fn is_colon(tok: &GlobToken) -> bool {
    *tok == GlobToken::Literal(b':')
}

/// The other reading of a star in mid-segment: it stays in its segment.
fn keep_stars_in_segments(toks: &mut [GlobToken]) {
    let ends: Vec<bool> = (0..toks.len()).map(|i| toks.get(i + 1).is_none_or(is_colon)).collect();
    for (tok, ends_segment) in toks.iter_mut().zip(ends) {
        if *tok == GlobToken::AnyRun(SymbolClass::Any) && !ends_segment {
            *tok = GlobToken::AnyRun(SymbolClass::NotColon);
        }
    }
}
