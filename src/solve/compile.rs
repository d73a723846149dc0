//! Statements compiled, once for each reading and binding of their variables; resources to literals.
//!
//! A document compiles once per run, whatever number of principals attach it, unless it holds policy
//! variables: then once for each binding of them.

use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock};

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::TooBig;
use super::action_set::ActionSet;
use super::conditions::Compiled;
use super::domain::{Domains, Told};
use super::glob::{Class, GlobRef, Interner, Tok};
use super::literal::{Field, Literal};
use super::symbols::Unknown;
use crate::catalog::{Catalog, Multiplicity, ShapeId};
use crate::iam::document::ResourceElement;
use crate::iam::{Choice, ContextKey, Listing, Part, Partition, PolicyDocument, Readings, Statement, Template};

/// What a run shares: the catalog, the patterns, the compiled documents.
#[derive(Debug)]
pub struct Solver<'c> {
    /// What AWS defines.
    pub catalog: &'c Catalog,
    /// The patterns of the run.
    pub interner: Interner,
    compiled: Mutex<CompiledStatements>,
    actions: Mutex<ActionSets>,
    pub(super) ranks: OnceLock<Vec<u32>>,
    pub(super) domains: Mutex<KnownDomains>,
    pub(super) told: OnceLock<Vec<Option<Told>>>,
}

/// The statements of a run, each with the document that keeps its key's address its own.
type CompiledStatements = FxHashMap<CompiledKey, (Arc<PolicyDocument>, Arc<CompiledStatement>)>;

/// The action sets of statements, by the document's address, which the entry keeps alive, and the position.
type ActionSets = FxHashMap<(usize, usize), (Arc<PolicyDocument>, Arc<ActionSet>)>;

/// The domains of each shape in a partition, or in all.
type KnownDomains = FxHashMap<(ShapeId, Option<Partition>), Arc<Domains>>;

/// A statement under one reading and one binding of its variables: the document's address, which the
/// entry keeps alive, and the position.
#[derive(Eq, PartialEq, Hash, Debug)]
struct CompiledKey {
    document: usize,
    index: usize,
    readings: Readings,
    bindings: Vec<Binding>,
}

/// One statement, compiled.
#[derive(Debug)]
pub struct CompiledStatement {
    /// The actions that it speaks of.
    pub actions: Arc<ActionSet>,
    /// All must hold.
    pub literals: Vec<Literal>,
    /// Whether it can match no request whatever.
    pub dead: bool,
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
        symbols: Unknown,
        /// Whether the key may be missing instead.
        or_missing: bool,
    },
}

/// How variables and keys are read while compiling.
pub struct Terms<'a> {
    /// How the choices of the specification are read.
    pub readings: Readings,
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
            interner: Interner::default(),
            compiled: Mutex::default(),
            actions: Mutex::default(),
            ranks: OnceLock::new(),
            domains: Mutex::default(),
            told: OnceLock::new(),
        }
    }

    /// The same, with the rank of each action, by its id: of the actions that a statement grants
    /// beyond, the witness is of the highest.
    pub fn with_ranks(catalog: &'c Catalog, ranks: Vec<u32>) -> Solver<'c> {
        Solver { ranks: ranks.into(), ..Solver::new(catalog) }
    }

    /// Compiles a statement of a document, once for each binding of the variables that it holds.
    pub(super) fn compile(
        &self,
        document: &Arc<PolicyDocument>,
        index: usize,
        terms: &Terms<'_>,
    ) -> Result<Option<Arc<CompiledStatement>>, TooBig> {
        let Some(statement) = document.statements.get(index) else { return Ok(None) };
        let key = CompiledKey {
            document: Arc::as_ptr(document) as usize,
            index,
            readings: terms.readings,
            bindings: statement.variables().map(|key| (terms.binding)(key)).collect(),
        };
        let lock = || self.compiled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, compiled)) = lock().get(&key) {
            return Ok(Some(Arc::clone(compiled)));
        }
        let actions = self.action_set(document, index, statement)?;
        let compiled = Arc::new(self.compile_statement(statement, actions, terms)?);
        lock().insert(key, (Arc::clone(document), Arc::clone(&compiled)));
        Ok(Some(compiled))
    }

    /// The actions of the catalog that a statement lists, by their ids; none where that cannot be told.
    pub fn listed_actions(
        &self,
        document: &Arc<PolicyDocument>,
        index: usize,
    ) -> Option<impl Deref<Target = FixedBitSet>> {
        struct Listed(Arc<ActionSet>);
        impl Deref for Listed {
            type Target = FixedBitSet;
            fn deref(&self) -> &FixedBitSet {
                &self.0.known
            }
        }
        let statement = document.statements.get(index)?;
        self.action_set(document, index, statement).ok().map(Listed)
    }

    /// The actions that a statement names and the catalog does not know, in lower case; none where it cannot be told.
    pub fn unknown_actions(&self, document: &Arc<PolicyDocument>, index: usize) -> Option<Vec<String>> {
        let statement = document.statements.get(index)?;
        let set = self.action_set(document, index, statement).ok()?;
        Some(set.unknown.iter().map(|(lower, _)| lower.clone()).collect())
    }

    /// Whether a statement lists an action that the catalog does not know, `service:name` in lower case.
    pub fn lists_unknown(&self, document: &Arc<PolicyDocument>, index: usize, action: &str) -> bool {
        let Some((service, name)) = action.split_once(':') else { return false };
        let statement = document.statements.get(index);
        let set = statement.and_then(|statement| self.action_set(document, index, statement).ok());
        set.is_none_or(|set| set.has_unknown(service, name))
    }

    fn action_set(
        &self,
        document: &Arc<PolicyDocument>,
        index: usize,
        statement: &Statement,
    ) -> Result<Arc<ActionSet>, TooBig> {
        let key = (Arc::as_ptr(document) as usize, index);
        let lock = || self.actions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, known)) = lock().get(&key) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(ActionSet::new(&statement.action, self.catalog, &self.interner)?);
        lock().insert(key, (Arc::clone(document), Arc::clone(&made)));
        Ok(made)
    }

    fn compile_statement(
        &self,
        statement: &Statement,
        actions: Arc<ActionSet>,
        terms: &Terms<'_>,
    ) -> Result<CompiledStatement, TooBig> {
        let mut out = CompiledStatement { actions, literals: Vec::new(), dead: false };
        if let Some(resource) = &statement.resource {
            self.compile_resource(resource, terms, &mut out)?;
        }
        for condition in &statement.conditions {
            match self.compile_condition(condition, terms)? {
                Compiled::Literal(literal) => out.literals.push(literal),
                Compiled::Always => {}
                Compiled::Never => out.dead = true,
            }
        }
        Ok(out)
    }

    fn compile_resource(
        &self,
        element: &ResourceElement,
        terms: &Terms<'_>,
        out: &mut CompiledStatement,
    ) -> Result<(), TooBig> {
        let mut globs: Vec<GlobRef> = Vec::with_capacity(element.patterns.len());
        let unresolved_matches_nothing =
            element.listing == Listing::AllBut && terms.readings.is_other(Choice::NotResourceUnresolved);
        for pattern in &element.patterns {
            if unresolved_matches_nothing && pattern.variables().any(|key| may_be_missing(&(terms.binding)(key))) {
                // Where it is missing the statement matches nothing, as if any resource were listed.
                globs.push(self.interner.glob(&[Tok::Sym(Unknown::ANY_TEXT.exact)]));
                continue;
            }
            match self.tokens(pattern, false, terms)? {
                Some(mut toks) => {
                    if terms.readings.is_other(Choice::MidSegmentStar) {
                        keep_stars_in_segments(&mut toks);
                    }
                    globs.push(self.interner.glob(&toks));
                }
                None => out.dead |= unresolved_matches_nothing,
            }
        }
        let everything = globs.iter().any(|g| g.is_everything());
        match element.listing {
            Listing::Only if everything => {}
            Listing::AllBut if everything => out.dead = true,
            Listing::Only => {
                out.dead |= globs.is_empty();
                out.literals.push(Literal::text(Field::Resource, globs.into(), false, true));
            }
            Listing::AllBut if globs.is_empty() => {}
            Listing::AllBut => out.literals.push(Literal::text(Field::Resource, globs.into(), false, false)),
        }
        Ok(())
    }

    /// The steps of a template with its variables replaced; none where one is unresolved.
    pub(super) fn tokens(
        &self,
        template: &Template,
        ignore_case: bool,
        terms: &Terms<'_>,
    ) -> Result<Option<Vec<Tok>>, TooBig> {
        let mut toks = Vec::new();
        for part in template.parts() {
            match part {
                Part::Literal(text) => toks.extend(self.interner.literal(text, ignore_case)?),
                Part::AnyRun => toks.push(Tok::Run(Class::Any)),
                Part::AnyOne => toks.push(Tok::One(Class::Any)),
                Part::Variable { key, default } => match ((terms.binding)(key), default) {
                    (Binding::Text(text), _) => toks.extend(self.interner.literal(&text, ignore_case)?),
                    (Binding::Missing, Some(default)) => toks.extend(self.interner.literal(default, ignore_case)?),
                    (Binding::Missing, None) | (Binding::Unresolvable, _) => return Ok(None),
                    // The value, or the default.
                    (Binding::Unknown { or_missing: true, .. }, Some(_)) => {
                        toks.push(Tok::Sym(Unknown::ANY_TEXT.exact));
                    }
                    (Binding::Unknown { symbols: Unknown { exact, other_case }, .. }, _) => {
                        toks.push(if ignore_case { Tok::Either(exact, other_case) } else { Tok::Sym(exact) });
                    }
                },
            }
        }
        Ok(Some(toks))
    }
}

fn may_be_missing(binding: &Binding) -> bool {
    matches!(binding, Binding::Unknown { or_missing: true, .. })
}

pub(super) fn is_colon(tok: &Tok) -> bool {
    *tok == Tok::Sym(b':')
}

/// The other reading of a star in mid-segment: it stays in its segment.
fn keep_stars_in_segments(toks: &mut [Tok]) {
    let ends: Vec<bool> = (0..toks.len()).map(|i| toks.get(i + 1).is_none_or(is_colon)).collect();
    for (tok, ends_segment) in toks.iter_mut().zip(ends) {
        if *tok == Tok::Run(Class::Any) && !ends_segment {
            *tok = Tok::Run(Class::NotColon);
        }
    }
}
