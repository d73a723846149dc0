//! What is asked: which statements allow on each side, and what is known of the principal.

use std::sync::Arc;

use super::LimitExceeded;
use super::actions::statement_actions::StatementActions;
use super::compile::resource_domain::ArnSegmentsKnown;
use super::compile::solver::{CompileEnv, Solver};
use super::strings::glob_search::Budget;
use super::values::field_state::{Emptiness, FieldState, text_satisfies};
use super::values::literal::{Field, Literal, LiteralValues};
use crate::access::{KeyFact, KnownContext, Request};
use crate::catalog::ShapeId;
use crate::iam::{ContextKey, Effect, Interpretation, Partition, PolicyDocument, Statement, Template};

/// One statement in a layer.
#[derive(Clone, Debug)]
pub struct StatementUse {
    /// The document that it stands in.
    pub document: Arc<PolicyDocument>,
    /// Its position there, from 0.
    pub statement_index: usize,
    /// For the policy of a resource: what it speaks for.
    pub resource_scope: Option<Arc<ResourceScope>>,
    /// Whether it binds only the services that support resource control policies.
    pub rcp_services_only: bool,
    /// The asker's name for it; findings carry it back.
    pub policy_index: usize,
}

impl StatementUse {
    /// All statements of a document that is no policy of a resource; nothing that is found is told by them.
    pub fn from_document(document: &Arc<PolicyDocument>) -> impl Iterator<Item = StatementUse> {
        (0..document.statements.len()).map(|index| StatementUse {
            document: Arc::clone(document),
            statement_index: index,
            resource_scope: None,
            rcp_services_only: false,
            policy_index: usize::MAX,
        })
    }

    /// The statement itself.
    pub fn statement(&self) -> Option<&Statement> {
        self.document.statements.get(self.statement_index)
    }
}

/// A conjunction of layers.
#[derive(Clone, Debug, Default)]
pub struct Branch {
    /// Of each list, some statement must match. The first list is the one that findings are told by.
    pub allow_layers: Vec<Vec<StatementUse>>,
    /// None of these may match.
    pub deny_statements: Vec<StatementUse>,
    /// Requests of these kinds are not decided here, but by another branch.
    pub scope_exclusions: Vec<ResourceScope>,
}

/// Requests to a service for the resources that some patterns match.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ResourceScope {
    /// The service's prefix; none: any service.
    pub service: Option<String>,
    /// The resources.
    pub resources: Arc<[Template]>,
}

impl Branch {
    /// The branch of plain policies: some Allow matches and no Deny.
    pub fn from_policies<'a>(documents: impl IntoIterator<Item = (&'a Arc<PolicyDocument>, usize)>) -> Branch {
        let mut branch = Branch { allow_layers: vec![Vec::new()], ..Branch::default() };
        for (document, policy_index) in documents {
            branch.add_allows(0, document, policy_index);
            branch.add_denies(document, policy_index);
        }
        branch
    }

    /// The uses of statements in all lists.
    pub fn uses(&self) -> impl Iterator<Item = &StatementUse> {
        self.allow_layers.iter().flatten().chain(&self.deny_statements)
    }

    /// Adds a document's Allow statements to a list.
    pub fn add_allows(&mut self, layer_index: usize, document: &Arc<PolicyDocument>, policy_index: usize) {
        while self.allow_layers.len() <= layer_index {
            self.allow_layers.push(Vec::new());
        }
        if let Some(layer) = self.allow_layers.get_mut(layer_index) {
            layer.extend(select_by_effect(document, Effect::Allow, policy_index));
        }
    }

    /// Adds a document's Deny statements.
    pub fn add_denies(&mut self, document: &Arc<PolicyDocument>, policy_index: usize) {
        self.deny_statements.extend(select_by_effect(document, Effect::Deny, policy_index));
    }
}

/// The statements of one effect.
fn select_by_effect(
    document: &Arc<PolicyDocument>,
    effect: Effect,
    policy_index: usize,
) -> impl Iterator<Item = StatementUse> {
    document.statements.iter().filter(move |s| s.effect == effect).map(move |s| StatementUse {
        document: Arc::clone(document),
        statement_index: s.index,
        resource_scope: None,
        rcp_services_only: false,
        policy_index: policy_index,
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
    pub fn uses(&self) -> impl Iterator<Item = &StatementUse> {
        self.branches.iter().flat_map(Branch::uses)
    }

    /// What plain policies allow.
    pub fn from_policies<'a>(documents: impl IntoIterator<Item = (&'a Arc<PolicyDocument>, usize)>) -> Access {
        Access { branches: vec![Branch::from_policies(documents)] }
    }
}

/// Whether actions that do not exist yet belong to the question.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ActionWorld {
    /// The actions of the catalog, and those that the documents name.
    Existing,
    /// Actions that do not exist yet.
    Future,
}

/// How much of the answer is wanted.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum AnswerDetail {
    /// Whether there is a difference at all.
    Verdict,
    /// The difference: for every granting statement all actions, with so many cubes for each group.
    Difference {
        /// How many cubes.
        max_cubes: usize,
        /// What witnesses are taken, and replayed, for.
        witnesses: WitnessPolicy,
    },
}

/// What a difference has witnesses for.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum WitnessPolicy {
    /// Each granting statement.
    PerStatement,
    /// Each granting statement, and cubes are told with a witness only.
    PerStatementRequired,
    /// The difference as a whole.
    Single,
    /// Nothing: there is a witness from elsewhere.
    None,
}

/// Replays a witness under a reading of the choices; the error says what was found instead.
pub type WitnessReplay<'a> = dyn Fn(&Request, Interpretation) -> Result<(), String> + Sync + 'a;

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
    pub world: ActionWorld,
    /// Only this request is asked about (the test corpus): action and resource; the context is `known`.
    pub single_request: Option<(&'a str, &'a str)>,
    /// Steps that may be spent.
    pub budget: u64,
    /// How much of the answer is wanted.
    pub detail: AnswerDetail,
    /// The account whose number witnesses would rather show.
    pub witness_account: Option<&'a str>,
    /// Replays a witness through the evaluator; the error says what it found instead.
    pub replay: Option<&'a WitnessReplay<'a>>,
}

/// A statement made ready for one question.
#[derive(Clone)]
pub(crate) struct CompiledUse {
    pub actions: Arc<StatementActions>,
    pub literals: Vec<Literal>,
    pub statement_id: (usize, usize),
    /// Whether what it says depends on which resources and keys an action has.
    pub sensitivity: ShapeSensitivity,
    /// The only service that it speaks of, for the policy of a resource.
    pub resource_scope: Option<Arc<ResourceScope>>,
}

/// What of an action's resources and keys a statement depends on.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum ShapeSensitivity {
    /// Nothing.
    Insensitive,
    /// Which of region and account the ARNs of its resources tell.
    ArnSegments,
    /// All.
    Full,
}

/// A branch made ready: positions in the list of statements.
#[derive(Clone)]
pub(crate) struct CompiledBranch {
    pub allow_layers: Vec<Vec<usize>>,
    pub deny_statements: Vec<usize>,
    pub scope_exclusions: Vec<(Option<String>, Literal)>,
}

/// All of a question, made ready. Where a variable's value is not known its symbol stands for it.
#[derive(Clone)]
pub(crate) struct CompiledQuestion<'q> {
    pub statements: Vec<Arc<CompiledUse>>,
    /// What each statement was made from.
    pub sources: Vec<&'q StatementUse>,
    pub effective: Vec<CompiledBranch>,
    pub declared: Vec<CompiledBranch>,
}

impl Solver<'_> {
    pub(crate) fn compile_question<'q>(
        &self,
        question: &Question<'q>,
        env: &CompileEnv<'_>,
    ) -> Result<CompiledQuestion<'q>, LimitExceeded> {
        let mut statements = Vec::new();
        let mut sources = Vec::new();
        let mut compile_side = |access: &'q Access| -> Result<Vec<CompiledBranch>, LimitExceeded> {
            let mut branches = Vec::with_capacity(access.branches.len());
            for branch in &access.branches {
                let mut compile_list = |uses: &'q [StatementUse]| -> Result<Vec<usize>, LimitExceeded> {
                    let mut out = Vec::with_capacity(uses.len());
                    for statement_use in uses {
                        if let Some(compiled) = self.compile_use(statement_use, question.known, env)? {
                            out.push(statements.len());
                            statements.push(Arc::new(compiled));
                            sources.push(statement_use);
                        }
                    }
                    Ok(out)
                };
                let allow_layers =
                    branch.allow_layers.iter().map(|l| compile_list(l)).collect::<Result<Vec<_>, _>>()?;
                let deny_statements = compile_list(&branch.deny_statements)?;
                let mut scope_exclusions = Vec::with_capacity(branch.scope_exclusions.len());
                for scope in &branch.scope_exclusions {
                    scope_exclusions.push((scope.service.clone(), self.compile_scope(&scope.resources, env)?.negate()));
                }
                branches.push(CompiledBranch {
                    allow_layers: allow_layers,
                    deny_statements: deny_statements,
                    scope_exclusions: scope_exclusions,
                });
            }
            Ok(branches)
        };
        let effective = compile_side(question.effective)?;
        let declared = compile_side(question.declared)?;
        Ok(CompiledQuestion { statements, sources, effective, declared })
    }

    /// A statement with its literals on known keys settled; none if it can match nothing.
    pub(crate) fn compile_use(
        &self,
        statement_use: &StatementUse,
        known: &KnownContext,
        env: &CompileEnv<'_>,
    ) -> Result<Option<CompiledUse>, LimitExceeded> {
        let Some(statement) = self.compile_cached(&statement_use.document, statement_use.statement_index, env)? else {
            return Ok(None);
        };
        if statement.is_unsatisfiable {
            return Ok(None);
        }
        let mut literals = Vec::with_capacity(statement.literals.len() + 1);
        for literal in &statement.literals {
            match self.evaluate_with_known(literal, known)? {
                Some(true) => {}
                Some(false) => return Ok(None),
                None => literals.push(literal.clone()),
            }
        }
        if let Some(scope) = &statement_use.resource_scope {
            literals.push(self.compile_scope(&scope.resources, env)?);
        }
        let literal_sensitivity = |literal: &Literal| match &literal.field {
            Field::Key(key) if find_arn_segment(key).is_some() => ShapeSensitivity::ArnSegments,
            Field::Key(key) if key.lower().starts_with("aws:") => ShapeSensitivity::Insensitive,
            _ => ShapeSensitivity::Full,
        };
        let sensitivity = literals.iter().map(literal_sensitivity).max().unwrap_or(ShapeSensitivity::Insensitive);
        let actions = if statement_use.resource_scope.is_some() || statement_use.rcp_services_only {
            let service = statement_use.resource_scope.as_ref().and_then(|c| c.service.as_deref());
            Arc::new(statement.actions.restrict_to_services(self.catalog, service, statement_use.rcp_services_only))
        } else {
            Arc::clone(&statement.actions)
        };
        let statement_id = (statement_use.policy_index, statement_use.statement_index);
        Ok(Some(CompiledUse {
            actions,
            literals,
            statement_id: statement_id,
            sensitivity: sensitivity,
            resource_scope: statement_use.resource_scope.clone(),
        }))
    }

    fn compile_scope(&self, patterns: &[Template], env: &CompileEnv<'_>) -> Result<Literal, LimitExceeded> {
        let mut globs = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            if let Some(toks) = self.tokenize_template(pattern, false, env)? {
                globs.push(self.interner.intern(&toks));
            }
        }
        Ok(Literal::from_globs(Field::Resource, globs.into(), false, true))
    }

    /// Whether what is known of a key already tells whether a literal holds.
    fn evaluate_with_known(&self, literal: &Literal, known: &KnownContext) -> Result<Option<bool>, LimitExceeded> {
        let Field::Key(key) = &literal.field else { return Ok(None) };
        let symbols = &self.interner.alphabet;
        match lookup_key_fact(key, known) {
            KeyFact::Free | KeyFact::Present => Ok(None),
            KeyFact::Missing => Ok(Some(literal.includes_missing == literal.is_positive)),
            KeyFact::Value(_) | KeyFact::Set(_) if literal.has_variable() => Ok(None),
            KeyFact::Value(value) => Ok(match &literal.values {
                LiteralValues::Sets(test) => Some(test.accepts(&[symbols.encode(&value)]) == literal.is_positive),
                _ => text_satisfies(literal, &symbols.encode(&value), &self.interner),
            }),
            KeyFact::Set(values) => Ok(match &literal.values {
                LiteralValues::Sets(test) => {
                    let values: Vec<_> = values.iter().map(|v| symbols.encode(v)).collect();
                    Some(test.accepts(&values) == literal.is_positive)
                }
                _ => None,
            }),
            KeyFact::StartsWith(_) => {
                let before = self.compute_key_state(key, known, None)?;
                let budget = Budget::new(10_000);
                let is_possible = |literal: &Literal| {
                    let mut state = before.clone();
                    state.add(literal);
                    state.check_emptiness(&self.interner, &budget) != Emptiness::Empty
                };
                Ok(match (is_possible(literal), is_possible(&literal.negate())) {
                    (false, _) => Some(false),
                    (_, false) => Some(true),
                    _ => None,
                })
            }
        }
    }

    /// What is known of a key before any statement is looked at, for an action of a shape.
    pub(crate) fn compute_key_state(
        &self,
        key: &ContextKey,
        known: &KnownContext,
        shape: Option<ShapeId>,
    ) -> Result<FieldState, LimitExceeded> {
        let mut state = FieldState::unconstrained();
        let exact_literal = |text: &str| -> Result<Literal, LimitExceeded> {
            Ok(Literal::from_globs(Field::Key(key.clone()), [self.interner.intern_exact(text)?].into(), false, true))
        };
        match lookup_key_fact(key, known) {
            KeyFact::Value(value) => {
                state.add(&exact_literal(&value)?);
                return Ok(state);
            }
            KeyFact::Set(values) => {
                state.may_be_missing = false;
                state.constraint = self.build_exact_set_constraint(&values)?;
                return Ok(state);
            }
            KeyFact::Missing => {
                state.may_be_present = false;
                return Ok(state);
            }
            KeyFact::StartsWith(prefix) => {
                let mut toks = self.interner.tokenize_literal(&prefix, false)?;
                toks.push(super::strings::interned_glob::GlobToken::AnyRun(
                    super::strings::interned_glob::SymbolClass::Any,
                ));
                let globs = [self.interner.intern(&toks)].into();
                state.add(&Literal::from_globs(Field::Key(key.clone()), globs, false, true));
                return Ok(state);
            }
            KeyFact::Present => state.may_be_missing = false,
            KeyFact::Free => {}
        }
        if let Some(shape) = shape
            && !key.lower().starts_with("aws:")
            && !self.catalog.has_key(shape, key.lower())
        {
            state.may_be_present = false;
        }
        state.constraint = self.build_type_constraint(key)?;
        Ok(state)
    }
}

/// What is known of a key. The two keys of the clock are one field, known by either.
fn lookup_key_fact(key: &ContextKey, known: &KnownContext) -> KeyFact {
    match (key.lower(), known.fact(key)) {
        ("aws:currenttime", KeyFact::Missing) => known.fact(&ContextKey::new("aws:EpochTime")),
        (_, fact) => fact,
    }
}

/// The segment of the ARN that a key agrees with, where the ARN tells it.
pub(crate) fn find_arn_segment(key: &ContextKey) -> Option<usize> {
    match key.lower() {
        "aws:requestedregion" => Some(3),
        "aws:resourceaccount" => Some(4),
        _ => None,
    }
}

impl ArnSegmentsKnown {
    /// Whether a segment is told.
    pub(crate) fn has_segment(self, segment: usize) -> bool {
        match segment {
            3 => self.region,
            4 => self.account,
            _ => false,
        }
    }
}
