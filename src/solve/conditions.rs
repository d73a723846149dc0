//! A condition as a literal: which values of its key satisfy it.

use super::TooBig;
use super::compile::{Binding, Solver, Terms, is_colon};
use super::glob::{Class, Tok};
use super::interval::{Intervals, Point};
use super::literal::{Field, Kind, Literal, SetTest, SetValues, Values};
use super::symbols::{Unknown, is_variable, is_without_colon};
use crate::catalog::Multiplicity;
use crate::iam::condition::{Comparison, ConditionValue, Family};
use crate::iam::value::{Instant, Typed};
use crate::iam::{Choice, Condition, ContextKey, Operator, Quantifier, WhenMissing};

impl Solver<'_> {
    /// Compiles a condition.
    pub(super) fn compile_condition(&self, condition: &Condition, terms: &Terms<'_>) -> Result<Compiled, TooBig> {
        let (key, epoch) = match condition.key.lower() {
            // One clock, told in two ways.
            "aws:epochtime" | "aws:currenttime" => (ContextKey::new("aws:CurrentTime"), true),
            _ => (condition.key.clone(), false),
        };
        let field = Field::Key(key.clone());
        if condition.operator == Operator::Null {
            return Ok(self.compile_null(condition, field, terms));
        }
        let values = self.listed(condition, epoch, terms)?;
        let negated = condition.operator.is_negated();
        let if_exists = condition.when_missing == WhenMissing::Holds;
        let any_ignores_if_exists = !terms.readings.is_other(Choice::ForAnyValueIfExists);
        // What a missing key makes of the condition.
        let on_missing = match condition.quantifier {
            Quantifier::Plain => negated || if_exists,
            Quantifier::ForAllValues => true,
            Quantifier::ForAnyValue => if_exists && !any_ignores_if_exists,
        };
        let literal = if self.is_multi(&key, condition.quantifier, terms) {
            let Values::Text(globs) = values else {
                return Ok(Compiled::Literal(opaque(condition, field, on_missing)));
            };
            let test = match (condition.quantifier, negated) {
                (Quantifier::ForAllValues, _) => SetTest { empty: true, values: SetValues::Every(globs, !negated) },
                (Quantifier::ForAnyValue, _) => SetTest { empty: false, values: SetValues::Some(globs, !negated) },
                (Quantifier::Plain, false) => SetTest { empty: false, values: SetValues::Some(globs, true) },
                (Quantifier::Plain, true) => SetTest { empty: true, values: SetValues::Every(globs, false) },
            };
            let empty = if terms.readings.is_other(Choice::EmptySetNull) { on_missing } else { test.empty };
            let test = SetTest { empty, ..test };
            Literal { field, values: Values::Sets(test), missing: on_missing, unparsable: false, holds: true }
        } else {
            let unparsable = negated && terms.readings.is_other(Choice::UnparsableValue);
            // `missing` says whether the missing value is among those listed: a negated test holds outside.
            Literal { field, values, missing: on_missing != negated, unparsable, holds: !negated }
        };
        Ok(Compiled::Literal(literal))
    }

    fn compile_null(&self, condition: &Condition, field: Field, terms: &Terms<'_>) -> Compiled {
        let wanted = |wanted: bool| condition.values.contains(&ConditionValue::Typed(Typed::Bool(wanted)));
        let holds = match (wanted(true), wanted(false)) {
            (true, true) => return Compiled::Always,
            (false, false) => return Compiled::Never,
            (missing, _) => missing,
        };
        let Field::Key(key) = &field else { return Compiled::Never };
        let values = if self.is_multi(key, Quantifier::Plain, terms) {
            let empty = terms.readings.is_other(Choice::EmptySetNull);
            Values::Sets(SetTest { empty, values: SetValues::Never })
        } else {
            Values::Text([].into())
        };
        Compiled::Literal(Literal { field, values, missing: true, unparsable: false, holds })
    }

    /// Whether a key holds several values: by the catalog; for a key that it does not know, by its use.
    fn is_multi(&self, key: &ContextKey, quantifier: Quantifier, terms: &Terms<'_>) -> bool {
        (terms.multiplicity)(key)
            .or_else(|| self.catalog.key_facts(key.lower()).map(|facts| facts.multiplicity))
            .map_or(quantifier != Quantifier::Plain, |m| m == Multiplicity::Multi)
    }

    /// The values that a condition lists, negation aside.
    fn listed(&self, condition: &Condition, epoch: bool, terms: &Terms<'_>) -> Result<Values, TooBig> {
        let operator = condition.operator;
        match operator.family() {
            Family::String | Family::Arn => {
                let mut globs = Vec::with_capacity(condition.values.len());
                for value in &condition.values {
                    let ConditionValue::Text(template) = value else { continue };
                    if operator.family() == Family::String
                        && condition.quantifier == Quantifier::Plain
                        && template.as_variable() == Some(&condition.key)
                        && !matches!((terms.binding)(&condition.key), Binding::Unresolvable)
                    {
                        // A value that is there equals itself; where it is missing no value is compared.
                        globs.push(self.interner.everything());
                        continue;
                    }
                    let Some(toks) = self.tokens(template, operator.ignores_case(), terms)? else { continue };
                    if operator.family() == Family::String {
                        globs.push(self.interner.glob(&toks));
                    } else if template.is_everything() {
                        globs.push(self.interner.glob(&any_arn()));
                    } else if let Some(toks) = arn_segments(toks) {
                        globs.push(self.interner.glob(&toks));
                    }
                }
                if operator.family() == Family::Arn
                    && operator.is_negated()
                    && terms.readings.is_other(Choice::UnparsableValue)
                {
                    globs.extend(no_arn().iter().map(|toks| self.interner.glob(toks)));
                }
                Ok(Values::Text(globs.into()))
            }
            Family::Bool => {
                let mut globs = Vec::new();
                for value in &condition.values {
                    if let ConditionValue::Typed(Typed::Bool(truth)) = value {
                        globs.push(
                            self.interner.glob(&self.interner.literal(if *truth { "true" } else { "false" }, true)?),
                        );
                    }
                }
                Ok(Values::Text(globs.into()))
            }
            Family::Binary => {
                let mut globs = Vec::new();
                for value in &condition.values {
                    if let ConditionValue::Typed(typed) = value {
                        globs.push(self.interner.exact(&typed.to_string())?);
                    }
                }
                Ok(Values::Text(globs.into()))
            }
            _ => {
                let mut kind = Kind::Number;
                let mut set = Intervals::none();
                for value in &condition.values {
                    let ConditionValue::Typed(typed) = value else { continue };
                    let point = match typed {
                        Typed::Number(n) if epoch => Point::Instant(Instant(
                            n.checked_mul(rust_decimal::Decimal::from(1_000_000_000))
                                .and_then(|n| i128::try_from(n.trunc()).ok())
                                .ok_or(TooBig)?,
                        )),
                        Typed::Number(n) => Point::Number(*n),
                        Typed::Instant(i) => Point::Instant(*i),
                        Typed::Network(net) => {
                            set = set.or(&Intervals::network(*net));
                            continue;
                        }
                        Typed::Bool(_) | Typed::Binary(_) => continue,
                    };
                    set = set.or(&match operator.comparison() {
                        Comparison::Equals => Intervals::one(point),
                        Comparison::Less => Intervals::below(point, false),
                        Comparison::LessOrEqual => Intervals::below(point, true),
                        Comparison::Greater => Intervals::above(point, false),
                        Comparison::GreaterOrEqual => Intervals::above(point, true),
                    });
                }
                match operator.family() {
                    Family::Date => kind = Kind::Instant,
                    Family::Numeric if epoch => kind = Kind::Instant,
                    Family::Ip => kind = Kind::Address,
                    _ => {}
                }
                Ok(Values::Ordered(kind, set))
            }
        }
    }
}

/// What a condition comes to.
pub(super) enum Compiled {
    Literal(Literal),
    Always,
    Never,
}

/// A test that is not modelled: the same test is the same predicate, and nothing else is known of it.
fn opaque(condition: &Condition, field: Field, on_missing: bool) -> Literal {
    let hash = blake3::hash(
        format!("{:?} {:?} {:?}", condition.operator_name(), condition.key.lower(), condition.values).as_bytes(),
    );
    let id = hash.as_bytes().first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b));
    Literal { field, values: Values::Opaque(id), missing: on_missing, unparsable: false, holds: true }
}

/// What every ARN begins with.
const ARN: &[u8] = b"arn:";

/// The steps of an ARN pattern whose wildcards stay in their segment in the first five; none where it has
/// fewer than six segments, or its first cannot be `arn`.
fn arn_segments(mut toks: Vec<Tok>) -> Option<Vec<Tok>> {
    let mut colons = 0;
    for tok in &mut toks {
        match tok {
            tok if is_colon(tok) => colons += 1,
            // A variable's unknown value may hold colons, and then the segments are others: any text stands for
            // it, and any may follow.
            Tok::Sym(s) | Tok::Either(s, _) if is_variable(*s) && !is_without_colon(*s) && colons < 5 => {
                *tok = Tok::Sym(Unknown::ANY_TEXT.exact);
                colons = 5;
            }
            Tok::Run(class) | Tok::One(class) if colons < 5 => *class = Class::NotColon,
            _ => {}
        }
    }
    let first = toks.iter().position(is_colon).unwrap_or(toks.len());
    let (first, rest) = toks.split_at(first);
    if colons >= 5 && first.iter().any(|tok| tok.is_variable()) {
        return Some(toks);
    }
    (colons >= 5 && is_matched(first, b"arn"))
        .then(|| b"arn".iter().map(|b| Tok::Sym(*b)).chain(rest.iter().copied()).collect())
}

/// Whether steps match a text.
fn is_matched(toks: &[Tok], text: &[u8]) -> bool {
    match (toks.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((Tok::Run(_), toks)), None) => is_matched(toks, text),
        (Some((Tok::Run(class), after)), Some((c, rest))) => {
            is_matched(after, text) || (class.has(*c) && is_matched(toks, rest))
        }
        (Some(_), None) => false,
        (Some((tok, after)), Some((c, rest))) => {
            let is_it = match tok {
                Tok::Sym(s) => s == c,
                Tok::Either(s, t) => s == c || t == c,
                Tok::One(class) | Tok::Run(class) => class.has(*c),
            };
            is_it && is_matched(after, rest)
        }
    }
}

fn any_arn() -> Vec<Tok> {
    let mut toks: Vec<Tok> = b"arn".iter().map(|b| Tok::Sym(*b)).collect();
    for segment in 1..6 {
        toks.push(Tok::Sym(b':'));
        toks.push(Tok::Run(if segment == 5 { Class::Any } else { Class::NotColon }));
    }
    toks
}

/// The texts that are no ARNs: of too few colons, or with another beginning.
fn no_arn() -> Vec<Vec<Tok>> {
    let of_colons = |colons: usize| {
        let mut toks = vec![Tok::Run(Class::NotColon)];
        for _ in 0..colons {
            toks.push(Tok::Sym(b':'));
            toks.push(Tok::Run(Class::NotColon));
        }
        toks
    };
    let other_at = |(index, expected): (usize, &u8)| {
        let same = ARN.iter().take(index).map(|b| Tok::Sym(*b));
        same.chain([Tok::One(Class::Not(*expected)), Tok::Run(Class::Any)]).collect()
    };
    (0..5).map(of_colons).chain(ARN.iter().enumerate().map(other_at)).collect()
}
