//! A condition as a literal: which values of its key satisfy it.

use std::sync::Arc;

use super::binding::CompileEnv;
use super::condition_values::ValueUnit;
use super::solver::Solver;
use crate::catalog::Multiplicity;
use crate::iam::condition::ConditionValue;
use crate::iam::value::TypedValue;
use crate::iam::{Ambiguity, Condition, ConditionOperator, ContextKey, MissingKeyRule, Quantifier};
use crate::solve::budget::LimitExceeded;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::token::{GlobToken, SymbolClass};
use crate::solve::values::literal::{Field, Literal, LiteralValues, OpaqueTest, SetTest, SetValues};

/// A compiled condition.
pub(crate) enum CompiledCondition {
    Literal(Literal),
    Always,
    Never,
}

impl Solver<'_> {
    /// Compiles a condition.
    pub(crate) fn compile_condition(
        &self,
        condition: &Condition,
        env: &CompileEnv<'_>,
    ) -> Result<CompiledCondition, LimitExceeded> {
        let (key, unit) = match condition.key.lower() {
            // The two keys are the same clock.
            "aws:epochtime" | "aws:currenttime" => (ContextKey::new("aws:CurrentTime"), ValueUnit::EpochSeconds),
            _ => (condition.key.clone(), ValueUnit::Plain),
        };
        if condition.operator == ConditionOperator::Null {
            return self.compile_null(condition, key, env);
        }
        let values = self.compile_values(condition, unit, env)?;
        let negated = condition.operator.is_negated();
        let missing_holds = holds_if_missing(condition, env);
        if self.is_multi_valued_key(&key, condition.quantifier, env) {
            let literal = compile_set_literal(condition, key, values, missing_holds, env);
            return Ok(CompiledCondition::Literal(literal));
        }
        let may_be_missing = env.interpretation.is_alternative(Ambiguity::EmptySetNull);
        let values = match may_be_missing && !condition.compares_empty_string() {
            true => self.treat_empty_as_missing(values, missing_holds != negated)?,
            false => values,
        };
        let unparsable = negated && env.interpretation.is_alternative(Ambiguity::UnparsableValue);
        Ok(CompiledCondition::Literal(Literal {
            field: Field::Key(key),
            values,
            // A negated condition holds for the values that the literal does not list.
            includes_missing: missing_holds != negated,
            includes_unparsable: unparsable,
            is_positive: !negated,
        }))
    }

    fn compile_null(
        &self,
        condition: &Condition,
        key: ContextKey,
        env: &CompileEnv<'_>,
    ) -> Result<CompiledCondition, LimitExceeded> {
        let lists_bool = |expected: bool| condition.values.contains(&ConditionValue::Typed(TypedValue::Bool(expected)));
        let holds = match (lists_bool(true), lists_bool(false)) {
            (true, true) => return Ok(CompiledCondition::Always),
            (false, false) => return Ok(CompiledCondition::Never),
            (missing, _) => missing,
        };
        let values = if self.is_multi_valued_key(&key, Quantifier::Plain, env) {
            let accepts_empty = env.interpretation.is_alternative(Ambiguity::EmptySetNull);
            LiteralValues::Sets(SetTest { accepts_empty, values: SetValues::Never })
        } else if env.interpretation.is_alternative(Ambiguity::EmptySetNull) {
            LiteralValues::Text([self.interner.intern_exact("")?].into())
        } else {
            LiteralValues::Text([].into())
        };
        Ok(CompiledCondition::Literal(Literal {
            field: Field::Key(key),
            values,
            includes_missing: true,
            includes_unparsable: false,
            is_positive: holds,
        }))
    }

    /// The values of a condition on a single-valued key, if an empty string counts as a missing key.
    fn treat_empty_as_missing(
        &self,
        values: LiteralValues,
        includes_missing: bool,
    ) -> Result<LiteralValues, LimitExceeded> {
        let LiteralValues::Text(globs) = values else { return Ok(values) };
        let mut adapted = Vec::new();
        for glob in globs.iter() {
            if !glob.matches(&[]) {
                adapted.push(glob.clone());
            } else if glob.as_exact().is_none() {
                adapted.push(
                    self.interner.intern(&[GlobToken::AnyOne(SymbolClass::Any), GlobToken::AnyRun(SymbolClass::Any)]),
                );
            }
        }
        if includes_missing {
            adapted.push(self.interner.intern_exact("")?);
        }
        Ok(LiteralValues::Text(adapted.into()))
    }

    /// Whether a key is multi-valued: by the catalog, or by its use if the catalog does not know the key.
    fn is_multi_valued_key(&self, key: &ContextKey, quantifier: Quantifier, env: &CompileEnv<'_>) -> bool {
        (env.multiplicity)(key)
            .or_else(|| self.catalog.key_definition(key.lower()).map(|facts| facts.multiplicity))
            .map_or(quantifier != Quantifier::Plain, |m| m == Multiplicity::Multi)
    }
}

/// Whether a condition holds if its key is missing.
fn holds_if_missing(condition: &Condition, env: &CompileEnv<'_>) -> bool {
    let if_exists = condition.when_missing == MissingKeyRule::Satisfied;
    match condition.quantifier {
        Quantifier::Plain => condition.operator.is_negated() || if_exists,
        Quantifier::ForAllValues => true,
        Quantifier::ForAnyValue => if_exists && env.interpretation.is_alternative(Ambiguity::ForAnyValueIfExists),
    }
}

/// The literal of a condition on a multi-valued key.
fn compile_set_literal(
    condition: &Condition,
    key: ContextKey,
    values: LiteralValues,
    missing_holds: bool,
    env: &CompileEnv<'_>,
) -> Literal {
    let literal = |values: LiteralValues| Literal {
        field: Field::Key(key),
        values,
        includes_missing: missing_holds,
        includes_unparsable: false,
        is_positive: true,
    };
    let LiteralValues::Text(globs) = values else {
        // Sets of numbers, dates or addresses are not modelled. Equal tests are the same opaque predicate.
        let test = OpaqueTest { operator: condition.operator_name(), values: condition.values.clone() };
        return literal(LiteralValues::Opaque(Arc::new(test)));
    };
    let mut test = build_set_test(condition, globs);
    if env.interpretation.is_alternative(Ambiguity::EmptySetNull) {
        test.accepts_empty = missing_holds;
    }
    literal(LiteralValues::Sets(test))
}

fn build_set_test(condition: &Condition, globs: Arc<[GlobRef]>) -> SetTest {
    let negated = condition.operator.is_negated();
    match (condition.quantifier, negated) {
        (Quantifier::ForAllValues, _) => SetTest { accepts_empty: true, values: SetValues::Every(globs, !negated) },
        (Quantifier::ForAnyValue, _) => SetTest { accepts_empty: false, values: SetValues::Some(globs, !negated) },
        (Quantifier::Plain, false) => SetTest { accepts_empty: false, values: SetValues::Some(globs, true) },
        (Quantifier::Plain, true) => SetTest { accepts_empty: true, values: SetValues::Every(globs, false) },
    }
}
