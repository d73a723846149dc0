//! The values that a context key can have: by its type in the catalog, and by the known context.

use std::sync::Arc;

use super::solver::Solver;
use crate::access::{KeyFact, KnownContext};
use crate::catalog::{Multiplicity, ValueType};
use crate::iam::ContextKey;
use crate::solve::budget::PREFIX_STEPS;
use crate::solve::budget::{Budget, LimitExceeded};
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::interner::LetterCase;
use crate::solve::strings::token::{GlobToken, SymbolClass};
use crate::solve::values::field_state::{FieldState, ValueConstraint};
use crate::solve::values::field_value::{Emptiness, text_satisfies};
use crate::solve::values::interval::{EndpointKind, IntervalSet, OrderedValue};
use crate::solve::values::literal::{Field, Literal, LiteralValues, OrderedKind, SetTest, SetValues};
use crate::solve::values::string_constraint::StringConstraint;
use crate::solve::values::string_set::StringSetConstraint;

impl Solver<'_> {
    /// Whether the known context decides a literal. None if it does not.
    pub(crate) fn evaluate_with_known(
        &self,
        literal: &Literal,
        known: &KnownContext,
    ) -> Result<Option<bool>, LimitExceeded> {
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
            KeyFact::StartsWith(_) | KeyFact::NoneLike(_) | KeyFact::NotBefore(_) => {
                let before = self.compute_key_state(key, known)?;
                let budget = Budget::new(PREFIX_STEPS);
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

    /// The state of a key before any literal, by the known context.
    pub(crate) fn compute_key_state(
        &self,
        key: &ContextKey,
        known: &KnownContext,
    ) -> Result<FieldState, LimitExceeded> {
        let mut state = FieldState::unconstrained();
        let exact_literal = |text: &str| -> Result<Literal, LimitExceeded> {
            Ok(Literal::matching(Field::Key(key.clone()), [self.interner.intern_exact(text)?].into()))
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
                let mut toks = self.interner.tokenize_literal(&prefix, LetterCase::Exact)?;
                toks.push(GlobToken::AnyRun(SymbolClass::Any));
                let globs = [self.interner.intern(&toks)].into();
                state.add(&Literal::matching(Field::Key(key.clone()), globs));
                return Ok(state);
            }
            KeyFact::Present => state.may_be_missing = false,
            KeyFact::NoneLike(glob) => {
                state.constraint = self.build_type_constraint(key)?;
                state.add(&self.build_exclusion(key, &glob)?);
                return Ok(state);
            }
            KeyFact::NotBefore(start) => {
                state.may_be_missing = false;
                let set = IntervalSet::above(OrderedValue::Instant(start), EndpointKind::Included);
                state.constraint = ValueConstraint::Ordered { kind: OrderedKind::Instant, set, unparsable: false };
                return Ok(state);
            }
            KeyFact::Free => {}
        }
        state.constraint = self.build_type_constraint(key)?;
        Ok(state)
    }

    /// The literal that a key is missing, or has no value that matches a glob.
    pub(crate) fn build_exclusion(&self, key: &ContextKey, glob: &str) -> Result<Literal, LimitExceeded> {
        let mut toks = Vec::new();
        for (index, part) in glob.split('*').enumerate() {
            if index > 0 {
                toks.push(GlobToken::AnyRun(SymbolClass::Any));
            }
            toks.extend(self.interner.tokenize_literal(part, LetterCase::Exact)?);
        }
        let globs: Arc<[GlobRef]> = [self.interner.intern(&toks)].into();
        if !self.is_set_key(key) {
            return Ok(Literal::not_matching(Field::Key(key.clone()), globs));
        }
        let test = SetTest { accepts_empty: true, values: SetValues::Every(globs, false) };
        Ok(Literal { includes_missing: true, ..set_literal(key, test) })
    }

    /// The literals that a key is present, with exactly these values.
    pub(crate) fn build_exact_value(&self, key: &ContextKey, values: &[String]) -> Result<Vec<Literal>, LimitExceeded> {
        let globs = values.iter().map(|v| self.interner.intern_exact(v)).collect::<Result<Vec<_>, _>>()?;
        if !self.is_set_key(key) {
            return Ok(vec![Literal::matching(Field::Key(key.clone()), globs.into())]);
        }
        let every = SetValues::Every(globs.clone().into(), true);
        let some = globs.into_iter().map(|glob| SetValues::Some([glob].into(), true));
        let tests = std::iter::once(every).chain(some);
        Ok(tests.map(|values| set_literal(key, SetTest { accepts_empty: false, values })).collect())
    }

    /// The literal that a key is present.
    pub(crate) fn build_presence(&self, key: &ContextKey) -> Literal {
        let values = if self.is_set_key(key) {
            LiteralValues::Sets(SetTest { accepts_empty: false, values: SetValues::Never })
        } else {
            LiteralValues::Text([].into())
        };
        let field = Field::Key(key.clone());
        Literal { field, values, includes_missing: true, includes_unparsable: false, is_positive: false }
    }

    /// Whether the catalog defines a key as a set.
    pub(crate) fn is_set_key(&self, key: &ContextKey) -> bool {
        self.catalog.key_definition(key.lower()).is_some_and(|facts| facts.multiplicity == Multiplicity::Multi)
    }

    /// The constraint that a value has the key's type. A key of type string may have any string.
    pub(crate) fn build_type_constraint(&self, key: &ContextKey) -> Result<ValueConstraint, LimitExceeded> {
        let Some(facts) = self.catalog.key_definition(key.lower()) else { return Ok(ValueConstraint::Unconstrained) };
        if facts.multiplicity == Multiplicity::Multi {
            return Ok(ValueConstraint::Sets(StringSetConstraint::default()));
        }
        let ordered = |kind, set| ValueConstraint::Ordered { kind, set, unparsable: false };
        Ok(match facts.value_type {
            ValueType::Bool => {
                let mut text = StringConstraint::default();
                text.add(&[self.interner.intern_exact("true")?, self.interner.intern_exact("false")?].into(), true);
                ValueConstraint::Text(text)
            }
            ValueType::Numeric => ordered(OrderedKind::Number, IntervalSet::unbounded()),
            ValueType::Date => ordered(OrderedKind::Instant, IntervalSet::unbounded()),
            ValueType::IpAddress => ordered(OrderedKind::Address, IntervalSet::all_addresses()),
            ValueType::String | ValueType::Arn | ValueType::Binary => ValueConstraint::Unconstrained,
        })
    }

    /// The constraint that a multi-valued key has exactly these values.
    pub(crate) fn build_exact_set_constraint(&self, values: &[String]) -> Result<ValueConstraint, LimitExceeded> {
        let globs = values.iter().map(|v| self.interner.intern_exact(v)).collect::<Result<Vec<_>, _>>()?;
        let mut set = StringSetConstraint::default();
        set.add(&SetTest { accepts_empty: globs.is_empty(), values: SetValues::Every(globs.clone().into(), true) });
        for glob in globs {
            set.add(&SetTest { accepts_empty: false, values: SetValues::Some([glob].into(), true) });
        }
        Ok(ValueConstraint::Sets(set))
    }
}

/// The literal that a key is present, and that a test accepts its values.
pub(crate) fn set_literal(key: &ContextKey, test: SetTest) -> Literal {
    Literal {
        field: Field::Key(key.clone()),
        values: LiteralValues::Sets(test),
        includes_missing: false,
        includes_unparsable: false,
        is_positive: true,
    }
}

/// The fact about a key. `aws:CurrentTime` and `aws:EpochTime` are one field, and either key may be known.
fn lookup_key_fact(key: &ContextKey, known: &KnownContext) -> KeyFact {
    match (key.lower(), known.fact(key)) {
        ("aws:currenttime", KeyFact::Missing) => known.fact(&ContextKey::new("aws:EpochTime")),
        (_, fact) => fact,
    }
}
