//! A question with its statements compiled under the known context.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::arn_segment::intern_arn_glob;
use super::binding::CompileEnv;
use super::key_topics::KeyTopics;
use super::solver::Solver;
use crate::access::KnownContext;
use crate::iam::Ambiguity;
use crate::solve::access::formula::{Access, ControlledResources, ResourceScope, StatementId, StatementUse};
use crate::solve::actions::future_patterns::FutureMatch;
use crate::solve::actions::named_actions::ActionRef;
use crate::solve::actions::partition::ShapeSensitivity;
use crate::solve::actions::statement_actions::StatementActions;
use crate::solve::budget::LimitExceeded;
use crate::solve::question::Question;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::values::literal::{Field, Literal};

/// The ARNs that contain an account.
const ANY_ARN_WITH_ACCOUNT: &str = "arn:*:*:*:?*:*";

const ANY_KMS_KEY: &str = "arn:*:kms:*:*:key/*";

/// A statement, compiled for one question. Literals that the known context satisfies are removed.
#[derive(Clone)]
pub(crate) struct CompiledUse {
    pub actions: Arc<StatementActions>,
    pub literals: Vec<Literal>,
    pub statement_id: StatementId,
    /// The facts about an action's resources and keys on which the statement depends.
    pub sensitivity: ShapeSensitivity,
    /// The topics of the keys that the literals name.
    pub topics: KeyTopics,
    /// For a resource policy, the requests that it governs.
    pub resource_scope: Option<Arc<ResourceScope>>,
    /// For a resource control policy, the services to which it applies.
    pub covered_services: Option<Arc<FxHashSet<Box<str>>>>,
}

/// A branch of a compiled question. Statements are positions in [`CompiledQuestion`]'s list.
#[derive(Clone)]
pub(crate) struct CompiledBranch {
    pub allow_layers: Vec<Vec<usize>>,
    pub deny_statements: Vec<usize>,
    /// By service, the literal that a request of this branch satisfies.
    pub scope_exclusions: Vec<(Option<String>, Literal)>,
}

/// A compiled question. A symbol represents the unknown value of a variable.
#[derive(Clone)]
pub(crate) struct CompiledQuestion<'q> {
    statements: Vec<Arc<CompiledUse>>,
    /// The source of each statement.
    sources: Vec<&'q StatementUse>,
    pub effective: Vec<CompiledBranch>,
    pub declared: Vec<CompiledBranch>,
}

impl Solver<'_> {
    /// Compiles the statements of a question.
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
                branches.push(CompiledBranch { allow_layers, deny_statements, scope_exclusions });
            }
            Ok(branches)
        };
        let effective = compile_side(question.effective)?;
        let declared = compile_side(question.declared)?;
        Ok(CompiledQuestion { statements, sources, effective, declared })
    }

    /// Compiles a statement under the known context. None if it matches no request.
    pub(crate) fn compile_use(
        &self,
        statement_use: &StatementUse,
        known: &KnownContext,
        env: &CompileEnv<'_>,
    ) -> Result<Option<CompiledUse>, LimitExceeded> {
        if !statement_use.validity.holds_under(env.interpretation) {
            return Ok(None);
        }
        let statement = self.compile_cached(statement_use, env)?;
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
        match self.compile_controlled_resources(statement_use, env)? {
            Some(controlled) => literals.extend(controlled),
            None => return Ok(None),
        }
        let topics = literals.iter().fold(KeyTopics::default(), |topics, literal| topics | literal_topics(literal));
        let sensitivity = literals.iter().map(literal_sensitivity).max().unwrap_or(ShapeSensitivity::Insensitive);
        let is_rcp = statement_use.controlled_resources.is_some();
        let actions = if statement_use.resource_scope.is_some() || is_rcp {
            let service = statement_use.resource_scope.as_ref().and_then(|c| c.service.as_deref());
            Arc::new(statement.actions.restrict_to_services(self.catalog, service, is_rcp))
        } else {
            Arc::clone(&statement.actions)
        };
        let statement_id = (statement_use.policy_index, statement_use.statement_index);
        Ok(Some(CompiledUse {
            actions,
            literals,
            statement_id,
            sensitivity,
            topics,
            resource_scope: statement_use.resource_scope.clone(),
            covered_services: is_rcp.then(|| self.rcp_services()),
        }))
    }
}

impl Solver<'_> {
    /// The literals that a resource control policy applies to a resource. None if it applies to none under the
    /// interpretation.
    fn compile_controlled_resources(
        &self,
        statement_use: &StatementUse,
        env: &CompileEnv<'_>,
    ) -> Result<Option<Vec<Literal>>, LimitExceeded> {
        let Some(controlled) = &statement_use.controlled_resources else { return Ok(Some(Vec::new())) };
        let is_alternative = |ambiguity| env.interpretation.is_alternative(ambiguity);
        let intern = |patterns: &mut dyn Iterator<Item = &str>| -> Result<Arc<[GlobRef]>, LimitExceeded> {
            let globs = patterns.map(|pattern| intern_arn_glob(&self.interner, pattern));
            Ok(globs.collect::<Result<Vec<_>, _>>()?.into())
        };
        let mut literals = Vec::new();
        match controlled {
            ControlledResources::Every => {}
            ControlledResources::OfUnknownOwner(_) if is_alternative(Ambiguity::UnknownResourceOwner) => {
                return Ok(None);
            }
            ControlledResources::Matching(patterns) => {
                let any_member = is_alternative(Ambiguity::OtherMemberOwner);
                let unowned = env.unowned.iter().filter(|_| any_member).map(String::as_str);
                let globs = intern(&mut patterns.iter().map(|pattern| &**pattern).chain(unowned))?;
                literals.push(Literal::matching(Field::Resource, globs));
            }
            ControlledResources::OfUnknownOwner(patterns) => {
                let known = patterns.iter().map(|pattern| &**pattern).chain([ANY_ARN_WITH_ACCOUNT]);
                literals.push(Literal::not_matching(Field::Resource, intern(&mut { known })?));
            }
        }
        if is_alternative(Ambiguity::KmsKeyManager) {
            literals.push(Literal::not_matching(Field::Resource, intern(&mut [ANY_KMS_KEY].into_iter())?));
        }
        Ok(Some(literals))
    }
}

/// The facts about an action's resources and keys on which a literal depends.
fn literal_sensitivity(literal: &Literal) -> ShapeSensitivity {
    let settled = KeyTopics::REGION
        | KeyTopics::OWNER
        | KeyTopics::ORGANIZATION
        | KeyTopics::TAGS
        | KeyTopics::RESOURCE_TAGS
        | KeyTopics::ENDPOINT;
    match &literal.field {
        Field::Key(key) if !key.lower().starts_with("aws:") => ShapeSensitivity::Full,
        Field::Key(_) if literal_topics(literal).intersects(settled) => ShapeSensitivity::RequestFacts,
        Field::Key(_) => ShapeSensitivity::Insensitive,
        _ => ShapeSensitivity::Full,
    }
}

fn literal_topics(literal: &Literal) -> KeyTopics {
    match &literal.field {
        Field::Key(key) => KeyTopics::of_key(key),
        Field::Resource => KeyTopics::RESOURCE,
        Field::Action => KeyTopics::default(),
    }
}

impl CompiledUse {
    /// Whether the statement lists an action.
    pub(crate) fn lists_action(&self, action: &ActionRef) -> bool {
        match action {
            ActionRef::Known(id) => self.actions.known.contains(id.0 as usize),
            ActionRef::Unknown(lower, _) => lower.split_once(':').is_some_and(|(service, name)| {
                let scope_service = self.resource_scope.as_ref().and_then(|scope| scope.service.as_deref());
                scope_service.is_none_or(|s| s == service)
                    && self.covers_service(Some(service))
                    && self.actions.lists_unknown_action(service, name)
            }),
        }
    }

    /// Whether the statement applies to a service. `None` means the services that no statement names.
    fn covers_service(&self, service: Option<&str>) -> bool {
        self.covered_services.as_ref().is_none_or(|covered| service.is_some_and(|service| covered.contains(service)))
    }

    /// The future actions of a service that the statement lists. `None` means the services that no statement names.
    pub(crate) fn future_match(&self, service: Option<&str>) -> FutureMatch {
        if !self.covers_service(service) {
            return FutureMatch::NoActions;
        }
        match &self.resource_scope {
            Some(scope) if scope.service.is_some() && scope.service.as_deref() != service => FutureMatch::NoActions,
            _ => self.actions.future_patterns.future_match(service),
        }
    }

    /// Whether the statement may list a future action of a service.
    pub(crate) fn may_list_future_actions(&self, service: Option<&str>) -> bool {
        !matches!(self.future_match(service), FutureMatch::NoActions)
    }
}

impl<'q> CompiledQuestion<'q> {
    /// All statements, by their index.
    pub(crate) fn statements(&self) -> &[Arc<CompiledUse>] {
        &self.statements
    }

    /// A statement of a branch.
    pub(crate) fn statement(&self, index: usize) -> &Arc<CompiledUse> {
        // INVARIANT: branches refer to the statements of their own question, and statements are never removed.
        self.statements.get(index).expect("the index of a statement of this question")
    }

    /// The source of a statement.
    pub(crate) fn source(&self, index: usize) -> &'q StatementUse {
        // INVARIANT: as for `statement`.
        self.sources.get(index).copied().expect("the index of a statement of this question")
    }

    /// Replaces a statement.
    pub(crate) fn replace_statement(&mut self, index: usize, statement: Arc<CompiledUse>) {
        // INVARIANT: as for `statement`.
        *self.statements.get_mut(index).expect("the index of a statement of this question") = statement;
    }
}

impl CompiledBranch {
    /// The granting statements.
    pub(crate) fn granting_layer(&self) -> impl Iterator<Item = usize> {
        self.allow_layers.first().into_iter().flatten().copied()
    }

    /// The branch with some statements only.
    pub(crate) fn filter_statements(&self, keep: impl Fn(usize) -> bool) -> CompiledBranch {
        let filter = |list: &Vec<usize>| list.iter().copied().filter(|i| keep(*i)).collect();
        CompiledBranch {
            allow_layers: self.allow_layers.iter().map(filter).collect(),
            deny_statements: filter(&self.deny_statements),
            scope_exclusions: self.scope_exclusions.clone(),
        }
    }

    /// All statements.
    pub(crate) fn statement_indices(&self) -> impl Iterator<Item = usize> {
        self.allow_layers.iter().flatten().chain(&self.deny_statements).copied()
    }
}
