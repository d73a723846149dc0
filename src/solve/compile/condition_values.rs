//! The values that a condition lists, by the family of its operator.

use rust_decimal::Decimal;

use super::arn_pattern::{build_any_arn_tokens, build_non_arn_tokens, complete_arn_pattern, normalize_arn_pattern};
use super::binding::{Binding, CompileEnv};
use super::solver::Solver;
use crate::iam::condition::ConditionValue;
use crate::iam::operator::{OperatorFamily, ValueComparison};
use crate::iam::value::{Instant, TypedValue};
use crate::iam::{Ambiguity, Condition, Quantifier};
use crate::solve::budget::LimitExceeded;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::interner::LetterCase;
use crate::solve::values::interval::{EndpointKind, IntervalSet, OrderedValue};
use crate::solve::values::literal::{LiteralValues, OrderedKind};

/// Nanoseconds per second: the values of `aws:EpochTime` are seconds, and instants are nanoseconds.
const NANOSECONDS: u32 = 1_000_000_000;

/// The unit of a key's values.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum ValueUnit {
    /// Numbers are seconds since 1970: the key is `aws:EpochTime` or `aws:CurrentTime`.
    EpochSeconds,
    /// Numbers are numbers.
    Plain,
}

impl Solver<'_> {
    /// The values that a condition lists. Negation is not applied.
    pub(super) fn compile_values(
        &self,
        condition: &Condition,
        unit: ValueUnit,
        env: &CompileEnv<'_>,
    ) -> Result<LiteralValues, LimitExceeded> {
        match condition.operator.family() {
            OperatorFamily::String => self.compile_string_values(condition, env),
            OperatorFamily::Arn => self.compile_arn_values(condition, env),
            OperatorFamily::Bool => self.compile_bool_values(condition),
            OperatorFamily::Binary => self.compile_binary_values(condition),
            OperatorFamily::Date => compile_ordered_values(condition, OrderedKind::Instant, unit),
            OperatorFamily::Ip => compile_ordered_values(condition, OrderedKind::Address, unit),
            OperatorFamily::Numeric | OperatorFamily::Null => {
                let kind = match unit {
                    ValueUnit::EpochSeconds => OrderedKind::Instant,
                    ValueUnit::Plain => OrderedKind::Number,
                };
                compile_ordered_values(condition, kind, unit)
            }
        }
    }

    fn compile_string_values(
        &self,
        condition: &Condition,
        env: &CompileEnv<'_>,
    ) -> Result<LiteralValues, LimitExceeded> {
        let letter_case = condition_letter_case(condition);
        let mut globs = Vec::with_capacity(condition.values.len());
        let has_default_patterns =
            env.interpretation.is_alternative(Ambiguity::DefaultWildcard) && condition.operator.has_wildcards();
        for template in condition.texts() {
            if condition.quantifier == Quantifier::Plain
                && template.as_variable() == Some(&condition.key)
                && !matches!((env.binding)(&condition.key), Binding::Unresolvable)
            {
                // A present value equals itself. For a missing key no value is compared.
                globs.push(self.interner.intern_match_all());
                continue;
            }
            let expanded = has_default_patterns.then(|| env.expand_defaults(template)).flatten();
            let template = expanded.as_ref().unwrap_or(template);
            // A template with an unresolved variable matches nothing.
            if let Some(toks) = self.tokenize_template(template, letter_case, env)? {
                globs.push(self.interner.intern(&toks));
            }
        }
        Ok(LiteralValues::Text(globs.into()))
    }

    fn compile_arn_values(&self, condition: &Condition, env: &CompileEnv<'_>) -> Result<LiteralValues, LimitExceeded> {
        let letter_case = condition_letter_case(condition);
        let mut globs: Vec<GlobRef> = Vec::with_capacity(condition.values.len());
        let has_default_patterns =
            env.interpretation.is_alternative(Ambiguity::DefaultWildcard) && condition.operator.has_wildcards();
        for template in condition.texts() {
            let expanded = has_default_patterns.then(|| env.expand_defaults(template)).flatten();
            let template = expanded.as_ref().unwrap_or(template);
            // A template with an unresolved variable matches nothing.
            let Some(mut toks) = self.tokenize_template(template, letter_case, env)? else { continue };
            if env.interpretation.is_alternative(Ambiguity::ShortArnPattern) {
                complete_arn_pattern(&mut toks);
            }
            if template.is_match_all() {
                globs.push(self.interner.intern(&build_any_arn_tokens()));
            } else if let Some(toks) = normalize_arn_pattern(toks) {
                globs.push(self.interner.intern(&toks));
            }
        }
        if condition.operator.is_negated() && env.interpretation.is_alternative(Ambiguity::UnparsableValue) {
            globs.extend(build_non_arn_tokens().iter().map(|toks| self.interner.intern(toks)));
        }
        Ok(LiteralValues::Text(globs.into()))
    }

    fn compile_bool_values(&self, condition: &Condition) -> Result<LiteralValues, LimitExceeded> {
        let mut globs = Vec::new();
        for value in &condition.values {
            if let ConditionValue::Typed(TypedValue::Bool(truth)) = value {
                let text = if *truth { "true" } else { "false" };
                globs.push(self.interner.intern(&self.interner.tokenize_literal(text, LetterCase::Ignore)?));
            }
        }
        Ok(LiteralValues::Text(globs.into()))
    }

    fn compile_binary_values(&self, condition: &Condition) -> Result<LiteralValues, LimitExceeded> {
        let mut globs = Vec::new();
        for value in &condition.values {
            if let ConditionValue::Typed(typed) = value {
                globs.push(self.interner.intern_exact(&typed.to_string())?);
            }
        }
        Ok(LiteralValues::Text(globs.into()))
    }
}

fn condition_letter_case(condition: &Condition) -> LetterCase {
    if condition.operator.ignores_case() { LetterCase::Ignore } else { LetterCase::Exact }
}

fn compile_ordered_values(
    condition: &Condition,
    kind: OrderedKind,
    unit: ValueUnit,
) -> Result<LiteralValues, LimitExceeded> {
    let mut set = IntervalSet::empty();
    for value in &condition.values {
        // INVARIANT: the parser reads the values of numeric, date and IP address operators as values of that type.
        let ConditionValue::Typed(typed) = value else { continue };
        let point = match typed {
            TypedValue::Number(n) if unit == ValueUnit::EpochSeconds => {
                let nanoseconds = n.checked_mul(Decimal::from(NANOSECONDS));
                let nanoseconds = nanoseconds.and_then(|n| i128::try_from(n.trunc()).ok()).ok_or(LimitExceeded)?;
                OrderedValue::Instant(Instant(nanoseconds))
            }
            TypedValue::Number(n) => OrderedValue::Number(*n),
            TypedValue::Instant(i) => OrderedValue::Instant(*i),
            TypedValue::Network(net) => {
                set = set.unite(&IntervalSet::from_network(*net));
                continue;
            }
            TypedValue::Bool(_) | TypedValue::Binary(_) => continue,
        };
        set = set.unite(&match condition.operator.comparison() {
            ValueComparison::Equals => IntervalSet::from_point(point),
            ValueComparison::Less => IntervalSet::below(point, EndpointKind::Excluded),
            ValueComparison::LessOrEqual => IntervalSet::below(point, EndpointKind::Included),
            ValueComparison::Greater => IntervalSet::above(point, EndpointKind::Excluded),
            ValueComparison::GreaterOrEqual => IntervalSet::above(point, EndpointKind::Included),
        });
    }
    Ok(LiteralValues::Ordered(kind, set))
}
