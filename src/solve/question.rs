//! What is asked: which statements allow on each side, and what is known of the principal.

use std::sync::Arc;

use super::TooBig;
use super::action_set::ActionSet;
use super::compile::{Solver, Terms};
use super::domain::Carries;
use super::field::{FieldState, Left, test};
use super::literal::{Field, Literal, Values};
use super::search::Budget;
use crate::access::{Known, KnownContext, Request};
use crate::catalog::ShapeId;
use crate::iam::{ContextKey, Effect, Partition, PolicyDocument, Readings, Statement, Template};

/// One statement in a layer.
#[derive(Clone, Debug)]
pub struct Allowing {
    /// The document that it stands in.
    pub document: Arc<PolicyDocument>,
    /// Its position there, from 0.
    pub index: usize,
    /// For the policy of a resource: what it speaks for.
    pub covers: Option<Arc<Except>>,
    /// Whether it binds only the services that support resource control policies.
    pub rcp_services_only: bool,
    /// The asker's name for it; findings carry it back.
    pub tag: usize,
}

impl Allowing {
    /// All statements of a document that is no policy of a resource; nothing that is found is told by them.
    pub fn all_of(document: &Arc<PolicyDocument>) -> impl Iterator<Item = Allowing> {
        (0..document.statements.len()).map(|index| Allowing {
            document: Arc::clone(document),
            index,
            covers: None,
            rcp_services_only: false,
            tag: usize::MAX,
        })
    }

    /// The statement itself.
    pub fn statement(&self) -> Option<&Statement> {
        self.document.statements.get(self.index)
    }
}

/// A conjunction of layers.
#[derive(Clone, Debug, Default)]
pub struct Branch {
    /// Of each list, some statement must match. The first list is the one that findings are told by.
    pub require: Vec<Vec<Allowing>>,
    /// None of these may match.
    pub forbid: Vec<Allowing>,
    /// Requests of these kinds are not decided here, but by another branch.
    pub except: Vec<Except>,
}

/// Requests to a service for the resources that some patterns match.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Except {
    /// The service's prefix; none: any service.
    pub service: Option<String>,
    /// The resources.
    pub resources: Arc<[Template]>,
}

impl Branch {
    /// The branch of plain policies: some Allow matches and no Deny.
    pub fn of_policies<'a>(documents: impl IntoIterator<Item = (&'a Arc<PolicyDocument>, usize)>) -> Branch {
        let mut branch = Branch { require: vec![Vec::new()], ..Branch::default() };
        for (document, tag) in documents {
            branch.add_allows(0, document, tag);
            branch.add_denies(document, tag);
        }
        branch
    }

    /// The uses of statements in all lists.
    pub fn uses(&self) -> impl Iterator<Item = &Allowing> {
        self.require.iter().flatten().chain(&self.forbid)
    }

    /// Adds a document's Allow statements to a list.
    pub fn add_allows(&mut self, list: usize, document: &Arc<PolicyDocument>, tag: usize) {
        while self.require.len() <= list {
            self.require.push(Vec::new());
        }
        if let Some(list) = self.require.get_mut(list) {
            list.extend(statements(document, Effect::Allow, tag));
        }
    }

    /// Adds a document's Deny statements.
    pub fn add_denies(&mut self, document: &Arc<PolicyDocument>, tag: usize) {
        self.forbid.extend(statements(document, Effect::Deny, tag));
    }
}

/// The statements of one effect.
fn statements(document: &Arc<PolicyDocument>, effect: Effect, tag: usize) -> impl Iterator<Item = Allowing> {
    document.statements.iter().filter(move |s| s.effect == effect).map(move |s| Allowing {
        document: Arc::clone(document),
        index: s.index,
        covers: None,
        rcp_services_only: false,
        tag,
    })
}

/// What a side allows: what any of its branches does.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The branches.
    pub branches: Vec<Branch>,
}

impl Access {
    /// The uses of statements in all branches.
    pub fn uses(&self) -> impl Iterator<Item = &Allowing> {
        self.branches.iter().flat_map(Branch::uses)
    }

    /// What plain policies allow.
    pub fn of_policies<'a>(documents: impl IntoIterator<Item = (&'a Arc<PolicyDocument>, usize)>) -> Access {
        Access { branches: vec![Branch::of_policies(documents)] }
    }
}

/// Whether actions that do not exist yet belong to the question.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum World {
    /// The actions of the catalog, and those that the documents name.
    Closed,
    /// Actions that do not exist yet.
    Open,
}

/// How much of the answer is wanted.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Depth {
    /// Whether there is a difference at all.
    Verdict,
    /// The difference: for every granting statement all actions, with so many cubes for each group.
    Difference {
        /// How many cubes.
        cubes: usize,
        /// What witnesses are taken, and replayed, for.
        witnesses: Witnesses,
    },
}

/// What a difference has witnesses for.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Witnesses {
    /// Each granting statement.
    EachStatement,
    /// Each granting statement, and cubes are told with a witness only.
    EachStatementAlone,
    /// The difference as a whole.
    One,
    /// Nothing: there is a witness from elsewhere.
    None,
}

/// Replays a witness under a reading of the choices; the error says what was found instead.
pub type Confirm<'a> = dyn Fn(&Request, Readings) -> Result<(), String> + Sync + 'a;

/// Is there a request that `effective` allows and `declared` does not?
#[derive(Clone)]
pub struct Question<'a> {
    /// The side that should be the narrower one.
    pub effective: &'a Access,
    /// The side that should be the broader one.
    pub declared: &'a Access,
    /// What is known of the context.
    pub known: &'a KnownContext,
    /// The principal's partition; none: any.
    pub partition: Option<Partition>,
    /// Which actions are asked about.
    pub world: World,
    /// Only this request is asked about (the test corpus): action and resource; the context is `known`.
    pub only: Option<(&'a str, &'a str)>,
    /// Steps that may be spent.
    pub budget: u64,
    /// How much of the answer is wanted.
    pub depth: Depth,
    /// The account whose number witnesses would rather show.
    pub account: Option<&'a str>,
    /// Replays a witness through the evaluator; the error says what it found instead.
    pub confirm: Option<&'a Confirm<'a>>,
}

/// A statement made ready for one question.
#[derive(Clone)]
pub(super) struct Ready {
    pub actions: Arc<ActionSet>,
    pub literals: Vec<Literal>,
    pub tag: (usize, usize),
    /// Whether what it says depends on which resources and keys an action has.
    pub sensitive: Sensitive,
    /// The only service that it speaks of, for the policy of a resource.
    pub service: Option<Arc<Except>>,
}

/// What of an action's resources and keys a statement depends on.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Sensitive {
    /// Nothing.
    No,
    /// Which of region and account the ARNs of its resources tell.
    ToArnsTell,
    /// All.
    ToAll,
}

/// A branch made ready: positions in the list of statements.
#[derive(Clone)]
pub(super) struct ReadyBranch {
    pub require: Vec<Vec<usize>>,
    pub forbid: Vec<usize>,
    pub except: Vec<(Option<String>, Literal)>,
}

/// All of a question, made ready. Where a variable's value is not known its symbol stands for it.
#[derive(Clone)]
pub(super) struct Prepared<'q> {
    pub statements: Vec<Arc<Ready>>,
    /// What each statement was made from.
    pub sources: Vec<&'q Allowing>,
    pub effective: Vec<ReadyBranch>,
    pub declared: Vec<ReadyBranch>,
}

impl Solver<'_> {
    pub(super) fn prepare<'q>(&self, question: &Question<'q>, terms: &Terms<'_>) -> Result<Prepared<'q>, TooBig> {
        let mut statements = Vec::new();
        let mut sources = Vec::new();
        let mut side = |access: &'q Access| -> Result<Vec<ReadyBranch>, TooBig> {
            let mut branches = Vec::with_capacity(access.branches.len());
            for branch in &access.branches {
                let mut list = |uses: &'q [Allowing]| -> Result<Vec<usize>, TooBig> {
                    let mut out = Vec::with_capacity(uses.len());
                    for one in uses {
                        if let Some(ready) = self.ready(one, question.known, terms)? {
                            out.push(statements.len());
                            statements.push(Arc::new(ready));
                            sources.push(one);
                        }
                    }
                    Ok(out)
                };
                let require = branch.require.iter().map(|l| list(l)).collect::<Result<Vec<_>, _>>()?;
                let forbid = list(&branch.forbid)?;
                let mut except = Vec::with_capacity(branch.except.len());
                for one in &branch.except {
                    except.push((one.service.clone(), self.covering(&one.resources, terms)?.negated()));
                }
                branches.push(ReadyBranch { require, forbid, except });
            }
            Ok(branches)
        };
        let effective = side(question.effective)?;
        let declared = side(question.declared)?;
        Ok(Prepared { statements, sources, effective, declared })
    }

    /// A statement with its literals on known keys settled; none if it can match nothing.
    pub(super) fn ready(
        &self,
        one: &Allowing,
        known: &KnownContext,
        terms: &Terms<'_>,
    ) -> Result<Option<Ready>, TooBig> {
        let Some(statement) = self.compile(&one.document, one.index, terms)? else { return Ok(None) };
        if statement.dead {
            return Ok(None);
        }
        let mut literals = Vec::with_capacity(statement.literals.len() + 1);
        for literal in &statement.literals {
            match self.settled(literal, known)? {
                Some(true) => {}
                Some(false) => return Ok(None),
                None => literals.push(literal.clone()),
            }
        }
        if let Some(covers) = &one.covers {
            literals.push(self.covering(&covers.resources, terms)?);
        }
        let of_literal = |literal: &Literal| match &literal.field {
            Field::Key(key) if agreeing(key).is_some() => Sensitive::ToArnsTell,
            Field::Key(key) if key.lower().starts_with("aws:") => Sensitive::No,
            _ => Sensitive::ToAll,
        };
        let sensitive = literals.iter().map(of_literal).max().unwrap_or(Sensitive::No);
        let actions = if one.covers.is_some() || one.rcp_services_only {
            let service = one.covers.as_ref().and_then(|c| c.service.as_deref());
            Arc::new(statement.actions.limited(self.catalog, service, one.rcp_services_only))
        } else {
            Arc::clone(&statement.actions)
        };
        let tag = (one.tag, one.index);
        Ok(Some(Ready { actions, literals, tag, sensitive, service: one.covers.clone() }))
    }

    fn covering(&self, patterns: &[Template], terms: &Terms<'_>) -> Result<Literal, TooBig> {
        let mut globs = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            if let Some(toks) = self.tokens(pattern, false, terms)? {
                globs.push(self.interner.glob(&toks));
            }
        }
        Ok(Literal::text(Field::Resource, globs.into(), false, true))
    }

    /// Whether what is known of a key already tells whether a literal holds.
    fn settled(&self, literal: &Literal, known: &KnownContext) -> Result<Option<bool>, TooBig> {
        let Field::Key(key) = &literal.field else { return Ok(None) };
        let symbols = &self.interner.symbols;
        match clock(key, known) {
            Known::Free | Known::Present => Ok(None),
            Known::Missing => Ok(Some(literal.missing == literal.holds)),
            Known::Value(_) | Known::Set(_) if literal.has_variable() => Ok(None),
            Known::Value(value) => Ok(match &literal.values {
                Values::Sets(test) => Some(test.accepts(&[symbols.encode(&value)]) == literal.holds),
                _ => test(literal, &symbols.encode(&value), &self.interner),
            }),
            Known::Set(values) => Ok(match &literal.values {
                Values::Sets(test) => {
                    let values: Vec<_> = values.iter().map(|v| symbols.encode(v)).collect();
                    Some(test.accepts(&values) == literal.holds)
                }
                _ => None,
            }),
            Known::StartsWith(_) => {
                let before = self.known_state(key, known, None)?;
                let budget = Budget::new(10_000);
                let possible = |literal: &Literal| {
                    let mut state = before.clone();
                    state.add(literal);
                    state.left(&self.interner, &budget) != Left::Nothing
                };
                Ok(match (possible(literal), possible(&literal.negated())) {
                    (false, _) => Some(false),
                    (_, false) => Some(true),
                    _ => None,
                })
            }
        }
    }

    /// What is known of a key before any statement is looked at, for an action of a shape.
    pub(super) fn known_state(
        &self,
        key: &ContextKey,
        known: &KnownContext,
        shape: Option<ShapeId>,
    ) -> Result<FieldState, TooBig> {
        let mut state = FieldState::free();
        let only = |text: &str| -> Result<Literal, TooBig> {
            Ok(Literal::text(Field::Key(key.clone()), [self.interner.exact(text)?].into(), false, true))
        };
        match clock(key, known) {
            Known::Value(value) => {
                state.add(&only(&value)?);
                return Ok(state);
            }
            Known::Set(values) => {
                state.missing = false;
                state.values = self.exact_set(&values)?;
                return Ok(state);
            }
            Known::Missing => {
                state.present = false;
                return Ok(state);
            }
            Known::StartsWith(prefix) => {
                let mut toks = self.interner.literal(&prefix, false)?;
                toks.push(super::glob::Tok::Run(super::glob::Class::Any));
                let globs = [self.interner.glob(&toks)].into();
                state.add(&Literal::text(Field::Key(key.clone()), globs, false, true));
                return Ok(state);
            }
            Known::Present => state.missing = false,
            Known::Free => {}
        }
        if let Some(shape) = shape
            && !key.lower().starts_with("aws:")
            && !self.catalog.has_key(shape, key.lower())
        {
            state.present = false;
        }
        state.values = self.values_by_type(key)?;
        Ok(state)
    }
}

/// What is known of a key. The two keys of the clock are one field, known by either.
fn clock(key: &ContextKey, known: &KnownContext) -> Known {
    match (key.lower(), known.of(key)) {
        ("aws:currenttime", Known::Missing) => known.of(&ContextKey::new("aws:EpochTime")),
        (_, told) => told,
    }
}

/// The segment of the ARN that a key agrees with, where the ARN tells it.
pub(super) fn agreeing(key: &ContextKey) -> Option<usize> {
    match key.lower() {
        "aws:requestedregion" => Some(3),
        "aws:resourceaccount" => Some(4),
        _ => None,
    }
}

impl Carries {
    /// Whether a segment is told.
    pub(super) fn tells(self, segment: usize) -> bool {
        match segment {
            3 => self.region,
            4 => self.account,
            _ => false,
        }
    }
}
