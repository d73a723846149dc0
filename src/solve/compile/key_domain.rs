//! What values a context key can have, by its type in the catalog, or by what is known of it.

use super::solver::Solver;
use crate::catalog::{Multiplicity, ValueType};
use crate::iam::ContextKey;
use crate::solve::LimitExceeded;
use crate::solve::values::field_state::ValueConstraint;
use crate::solve::values::interval::IntervalSet;
use crate::solve::values::literal::{OrderedKind, SetTest, SetValues};
use crate::solve::values::string_constraint::StringConstraint;
use crate::solve::values::string_set::StringSetConstraint;

impl Solver<'_> {
    /// Any value of a key's type. A key that holds text may hold any text.
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

    /// Exactly these values: each of them is there, and no other.
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
