//! A condition as a literal: which values of its key satisfy it.

use super::solver::{Binding, CompileEnv, Solver, is_colon};
use crate::catalog::Multiplicity;
use crate::iam::condition::ConditionValue;
use crate::iam::operator::{OperatorFamily, ValueComparison};
use crate::iam::value::{Instant, TypedValue};
use crate::iam::{Ambiguity, Condition, ConditionOperator, ContextKey, MissingKeyRule, Quantifier};
use crate::solve::LimitExceeded;
use crate::solve::strings::alphabet::{VariableSymbols, is_colon_free, is_variable};
use crate::solve::strings::interned_glob::{GlobToken, SymbolClass};
use crate::solve::values::interval::{IntervalSet, OrderedValue};
use crate::solve::values::literal::{Field, Literal, LiteralValues, OrderedKind, SetTest, SetValues};

impl Solver<'_> {
    /// Compiles a condition.
    pub(crate) fn compile_condition(
        &self,
        condition: &Condition,
        env: &CompileEnv<'_>,
    ) -> Result<CompiledCondition, LimitExceeded> {
        let (key, is_epoch) = match condition.key.lower() {
            // One clock, told in two ways.
            "aws:epochtime" | "aws:currenttime" => (ContextKey::new("aws:CurrentTime"), true),
            _ => (condition.key.clone(), false),
        };
        let field = Field::Key(key.clone());
        if condition.operator == ConditionOperator::Null {
            return Ok(self.compile_null(condition, field, env));
        }
        let values = self.compile_values(condition, is_epoch, env)?;
        let negated = condition.operator.is_negated();
        let if_exists = condition.when_missing == MissingKeyRule::Satisfied;
        let any_ignores_if_exists = !env.interpretation.is_alternative(Ambiguity::ForAnyValueIfExists);
        // What a missing key makes of the condition.
        let missing_holds = match condition.quantifier {
            Quantifier::Plain => negated || if_exists,
            Quantifier::ForAllValues => true,
            Quantifier::ForAnyValue => if_exists && !any_ignores_if_exists,
        };
        let literal = if self.is_multi_valued_key(&key, condition.quantifier, env) {
            let LiteralValues::Text(globs) = values else {
                return Ok(CompiledCondition::Literal(build_opaque_literal(condition, field, missing_holds)));
            };
            let test = match (condition.quantifier, negated) {
                (Quantifier::ForAllValues, _) => {
                    SetTest { accepts_empty: true, values: SetValues::Every(globs, !negated) }
                }
                (Quantifier::ForAnyValue, _) => {
                    SetTest { accepts_empty: false, values: SetValues::Some(globs, !negated) }
                }
                (Quantifier::Plain, false) => SetTest { accepts_empty: false, values: SetValues::Some(globs, true) },
                (Quantifier::Plain, true) => SetTest { accepts_empty: true, values: SetValues::Every(globs, false) },
            };
            let empty = if env.interpretation.is_alternative(Ambiguity::EmptySetNull) {
                missing_holds
            } else {
                test.accepts_empty
            };
            let test = SetTest { accepts_empty: empty, ..test };
            Literal {
                field,
                values: LiteralValues::Sets(test),
                includes_missing: missing_holds,
                includes_unparsable: false,
                is_positive: true,
            }
        } else {
            let unparsable = negated && env.interpretation.is_alternative(Ambiguity::UnparsableValue);
            // `missing` says whether the missing value is among those listed: a negated test holds outside.
            Literal {
                field,
                values,
                includes_missing: missing_holds != negated,
                includes_unparsable: unparsable,
                is_positive: !negated,
            }
        };
        Ok(CompiledCondition::Literal(literal))
    }

    fn compile_null(&self, condition: &Condition, field: Field, env: &CompileEnv<'_>) -> CompiledCondition {
        let lists_bool = |wanted: bool| condition.values.contains(&ConditionValue::Typed(TypedValue::Bool(wanted)));
        let holds = match (lists_bool(true), lists_bool(false)) {
            (true, true) => return CompiledCondition::Always,
            (false, false) => return CompiledCondition::Never,
            (missing, _) => missing,
        };
        let Field::Key(key) = &field else { return CompiledCondition::Never };
        let values = if self.is_multi_valued_key(key, Quantifier::Plain, env) {
            let empty = env.interpretation.is_alternative(Ambiguity::EmptySetNull);
            LiteralValues::Sets(SetTest { accepts_empty: empty, values: SetValues::Never })
        } else {
            LiteralValues::Text([].into())
        };
        CompiledCondition::Literal(Literal {
            field,
            values,
            includes_missing: true,
            includes_unparsable: false,
            is_positive: holds,
        })
    }

    /// Whether a key holds several values: by the catalog; for a key that it does not know, by its use.
    fn is_multi_valued_key(&self, key: &ContextKey, quantifier: Quantifier, env: &CompileEnv<'_>) -> bool {
        (env.multiplicity)(key)
            .or_else(|| self.catalog.key_definition(key.lower()).map(|facts| facts.multiplicity))
            .map_or(quantifier != Quantifier::Plain, |m| m == Multiplicity::Multi)
    }

    /// The values that a condition lists, negation aside.
    fn compile_values(
        &self,
        condition: &Condition,
        is_epoch: bool,
        env: &CompileEnv<'_>,
    ) -> Result<LiteralValues, LimitExceeded> {
        let operator = condition.operator;
        match operator.family() {
            OperatorFamily::String | OperatorFamily::Arn => {
                let mut globs = Vec::with_capacity(condition.values.len());
                for value in &condition.values {
                    let ConditionValue::Text(template) = value else { continue };
                    if operator.family() == OperatorFamily::String
                        && condition.quantifier == Quantifier::Plain
                        && template.as_variable() == Some(&condition.key)
                        && !matches!((env.binding)(&condition.key), Binding::Unresolvable)
                    {
                        // A value that is there equals itself; where it is missing no value is compared.
                        globs.push(self.interner.intern_match_all());
                        continue;
                    }
                    let Some(toks) = self.tokenize_template(template, operator.ignores_case(), env)? else { continue };
                    if operator.family() == OperatorFamily::String {
                        globs.push(self.interner.intern(&toks));
                    } else if template.is_match_all() {
                        globs.push(self.interner.intern(&build_any_arn_tokens()));
                    } else if let Some(toks) = normalize_arn_pattern(toks) {
                        globs.push(self.interner.intern(&toks));
                    }
                }
                if operator.family() == OperatorFamily::Arn
                    && operator.is_negated()
                    && env.interpretation.is_alternative(Ambiguity::UnparsableValue)
                {
                    globs.extend(build_non_arn_tokens().iter().map(|toks| self.interner.intern(toks)));
                }
                Ok(LiteralValues::Text(globs.into()))
            }
            OperatorFamily::Bool => {
                let mut globs = Vec::new();
                for value in &condition.values {
                    if let ConditionValue::Typed(TypedValue::Bool(truth)) = value {
                        globs.push(
                            self.interner
                                .intern(&self.interner.tokenize_literal(if *truth { "true" } else { "false" }, true)?),
                        );
                    }
                }
                Ok(LiteralValues::Text(globs.into()))
            }
            OperatorFamily::Binary => {
                let mut globs = Vec::new();
                for value in &condition.values {
                    if let ConditionValue::Typed(typed) = value {
                        globs.push(self.interner.intern_exact(&typed.to_string())?);
                    }
                }
                Ok(LiteralValues::Text(globs.into()))
            }
            _ => {
                let mut kind = OrderedKind::Number;
                let mut set = IntervalSet::empty();
                for value in &condition.values {
                    let ConditionValue::Typed(typed) = value else { continue };
                    let point = match typed {
                        TypedValue::Number(n) if is_epoch => OrderedValue::Instant(Instant(
                            n.checked_mul(rust_decimal::Decimal::from(1_000_000_000))
                                .and_then(|n| i128::try_from(n.trunc()).ok())
                                .ok_or(LimitExceeded)?,
                        )),
                        TypedValue::Number(n) => OrderedValue::Number(*n),
                        TypedValue::Instant(i) => OrderedValue::Instant(*i),
                        TypedValue::Network(net) => {
                            set = set.unite(&IntervalSet::from_network(*net));
                            continue;
                        }
                        TypedValue::Bool(_) | TypedValue::Binary(_) => continue,
                    };
                    set = set.unite(&match operator.comparison() {
                        ValueComparison::Equals => IntervalSet::from_point(point),
                        ValueComparison::Less => IntervalSet::below(point, false),
                        ValueComparison::LessOrEqual => IntervalSet::below(point, true),
                        ValueComparison::Greater => IntervalSet::above(point, false),
                        ValueComparison::GreaterOrEqual => IntervalSet::above(point, true),
                    });
                }
                match operator.family() {
                    OperatorFamily::Date => kind = OrderedKind::Instant,
                    OperatorFamily::Numeric if is_epoch => kind = OrderedKind::Instant,
                    OperatorFamily::Ip => kind = OrderedKind::Address,
                    _ => {}
                }
                Ok(LiteralValues::Ordered(kind, set))
            }
        }
    }
}

/// What a condition comes to.
pub(crate) enum CompiledCondition {
    Literal(Literal),
    Always,
    Never,
}

/// A test that is not modelled: the same test is the same predicate, and nothing else is known of it.
fn build_opaque_literal(condition: &Condition, field: Field, missing_holds: bool) -> Literal {
    let hash = blake3::hash(
        format!("{:?} {:?} {:?}", condition.operator_name(), condition.key.lower(), condition.values).as_bytes(),
    );
    let id = hash.as_bytes().first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b));
    Literal {
        field,
        values: LiteralValues::Opaque(id),
        includes_missing: missing_holds,
        includes_unparsable: false,
        is_positive: true,
    }
}

/// What every ARN begins with.
const ARN_PREFIX: &[u8] = b"arn:";

/// The steps of an ARN pattern whose wildcards stay in their segment in the first five; none where it has
/// fewer than six segments, or its first cannot be `arn`.
fn normalize_arn_pattern(mut toks: Vec<GlobToken>) -> Option<Vec<GlobToken>> {
    let mut colons = 0;
    for tok in &mut toks {
        match tok {
            tok if is_colon(tok) => colons += 1,
            // A variable's unknown value may hold colons, and then the segments are others: any text stands for
            // it, and any may follow.
            GlobToken::Literal(s) | GlobToken::EitherCase(s, _)
                if is_variable(*s) && !is_colon_free(*s) && colons < 5 =>
            {
                *tok = GlobToken::Literal(VariableSymbols::ANY_TEXT.exact);
                colons = 5;
            }
            GlobToken::AnyRun(class) | GlobToken::AnyOne(class) if colons < 5 => *class = SymbolClass::NotColon,
            _ => {}
        }
    }
    let first = toks.iter().position(is_colon).unwrap_or(toks.len());
    let (first, rest) = toks.split_at(first);
    if colons >= 5 && first.iter().any(|tok| tok.is_variable()) {
        return Some(toks);
    }
    (colons >= 5 && is_match(first, b"arn"))
        .then(|| b"arn".iter().map(|b| GlobToken::Literal(*b)).chain(rest.iter().copied()).collect())
}

/// Whether steps match a text.
fn is_match(toks: &[GlobToken], text: &[u8]) -> bool {
    match (toks.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((GlobToken::AnyRun(_), toks)), None) => is_match(toks, text),
        (Some((GlobToken::AnyRun(class), after)), Some((c, rest))) => {
            is_match(after, text) || (class.contains(*c) && is_match(toks, rest))
        }
        (Some(_), None) => false,
        (Some((tok, after)), Some((c, rest))) => {
            let matches_symbol = match tok {
                GlobToken::Literal(s) => s == c,
                GlobToken::EitherCase(s, t) => s == c || t == c,
                GlobToken::AnyOne(class) | GlobToken::AnyRun(class) => class.contains(*c),
            };
            matches_symbol && is_match(after, rest)
        }
    }
}

fn build_any_arn_tokens() -> Vec<GlobToken> {
    let mut toks: Vec<GlobToken> = b"arn".iter().map(|b| GlobToken::Literal(*b)).collect();
    for segment in 1..6 {
        toks.push(GlobToken::Literal(b':'));
        toks.push(GlobToken::AnyRun(if segment == 5 { SymbolClass::Any } else { SymbolClass::NotColon }));
    }
    toks
}

/// The texts that are no ARNs: of too few colons, or with another beginning.
fn build_non_arn_tokens() -> Vec<Vec<GlobToken>> {
    let with_colons = |colons: usize| {
        let mut toks = vec![GlobToken::AnyRun(SymbolClass::NotColon)];
        for _ in 0..colons {
            toks.push(GlobToken::Literal(b':'));
            toks.push(GlobToken::AnyRun(SymbolClass::NotColon));
        }
        toks
    };
    let differing_at = |(index, expected): (usize, &u8)| {
        let same = ARN_PREFIX.iter().take(index).map(|b| GlobToken::Literal(*b));
        same.chain([GlobToken::AnyOne(SymbolClass::Not(*expected)), GlobToken::AnyRun(SymbolClass::Any)]).collect()
    };
    (0..5).map(with_colons).chain(ARN_PREFIX.iter().enumerate().map(differing_at)).collect()
}
