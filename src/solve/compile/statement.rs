//! A statement as a conjunction of literals: its resource element, and its conditions.

use std::sync::Arc;

use super::binding::{Binding, CompileEnv};
use super::condition_literal::CompiledCondition;
use super::solver::{CompiledStatement, Solver};
use crate::iam::element::ResourceElement;
use crate::iam::{Ambiguity, ElementKind, Statement, Template, TemplatePart};
use crate::solve::actions::statement_actions::StatementActions;
use crate::solve::budget::LimitExceeded;
use crate::solve::strings::alphabet::VariableSymbols;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::interner::LetterCase;
use crate::solve::strings::token::{GlobToken, SymbolClass};
use crate::solve::values::literal::{Field, Literal};

impl Solver<'_> {
    /// Compiles a statement whose action set is known.
    pub(super) fn compile_statement(
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
        let early_variables = env.interpretation.is_alternative(Ambiguity::EarlyVariable);
        let default_patterns = env.interpretation.is_alternative(Ambiguity::DefaultWildcard);
        for pattern in element.patterns_under(env.interpretation) {
            let early = early_variables.then(|| pattern.with_early_variables()).flatten();
            let pattern = early.as_ref().unwrap_or(pattern);
            let expanded = default_patterns.then(|| env.expand_defaults(pattern)).flatten();
            let pattern = expanded.as_ref().unwrap_or(pattern);
            if unresolved_matches_nothing && pattern.variables().any(|key| (env.binding)(key).may_be_missing()) {
                // If the key is missing, the statement matches nothing, as if every resource were listed.
                globs.push(self.interner.intern(&[GlobToken::Literal(VariableSymbols::ANY_TEXT.exact)]));
                continue;
            }
            match self.tokenize_template(pattern, LetterCase::Exact, env)? {
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
                out.literals.push(Literal::matching(Field::Resource, globs.into()));
            }
            ElementKind::NotList if globs.is_empty() => {}
            ElementKind::NotList => out.literals.push(Literal::not_matching(Field::Resource, globs.into())),
        }
        Ok(())
    }

    /// The tokens of a template with its variables replaced. None if a variable is unresolved: the template then matches
    /// nothing.
    pub(crate) fn tokenize_template(
        &self,
        template: &Template,
        letter_case: LetterCase,
        env: &CompileEnv<'_>,
    ) -> Result<Option<Vec<GlobToken>>, LimitExceeded> {
        let mut toks = Vec::new();
        for part in template.parts() {
            match part {
                TemplatePart::Literal(text) => toks.extend(self.interner.tokenize_literal(text, letter_case)?),
                TemplatePart::AnyString => toks.push(GlobToken::AnyRun(SymbolClass::Any)),
                TemplatePart::AnyChar => toks.push(GlobToken::AnyOne(SymbolClass::Any)),
                TemplatePart::Variable { key, default } => match ((env.binding)(key), default) {
                    (Binding::Text(text), _) => toks.extend(self.interner.tokenize_literal(&text, letter_case)?),
                    (Binding::Missing, Some(default)) => {
                        toks.extend(self.interner.tokenize_literal(default, letter_case)?)
                    }
                    (Binding::Missing, None) | (Binding::Unresolvable, _) => return Ok(None),
                    // The value, or the default.
                    (Binding::Unknown { may_be_missing: true, .. }, Some(_)) => {
                        toks.push(GlobToken::Literal(VariableSymbols::ANY_TEXT.exact));
                    }
                    (Binding::Unknown { symbols: VariableSymbols { exact, other_case }, .. }, _) => {
                        toks.push(match letter_case {
                            LetterCase::Ignore => GlobToken::EitherCase(exact, other_case),
                            LetterCase::Exact => GlobToken::Literal(exact),
                        });
                    }
                },
            }
        }
        Ok(Some(toks))
    }

    /// The literal that a resource is in a scope. A pattern with an unresolved variable matches nothing.
    pub(crate) fn compile_scope(&self, patterns: &[Template], env: &CompileEnv<'_>) -> Result<Literal, LimitExceeded> {
        let mut globs = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            if let Some(toks) = self.tokenize_template(pattern, LetterCase::Exact, env)? {
                globs.push(self.interner.intern(&toks));
            }
        }
        Ok(Literal::matching(Field::Resource, globs.into()))
    }
}

/// The alternative interpretation of a star inside a segment: it does not match a colon.
fn keep_stars_in_segments(toks: &mut [GlobToken]) {
    let ends: Vec<bool> = (0..toks.len()).map(|i| toks.get(i + 1).is_none_or(GlobToken::is_colon)).collect();
    for (tok, ends_segment) in toks.iter_mut().zip(ends) {
        if *tok == GlobToken::AnyRun(SymbolClass::Any) && !ends_segment {
            *tok = GlobToken::AnyRun(SymbolClass::NotColon);
        }
    }
}
