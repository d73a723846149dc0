//! What values a context key can have, by its type in the catalog, or by what is known of it.

use super::TooBig;
use super::compile::Solver;
use super::field::Present;
use super::interval::Intervals;
use super::literal::{Kind, SetTest, SetValues};
use super::set::TextSet;
use super::text::Text;
use crate::catalog::{Multiplicity, ValueType};
use crate::iam::ContextKey;

impl Solver<'_> {
    /// Any value of a key's type. A key that holds text may hold any text.
    pub(super) fn values_by_type(&self, key: &ContextKey) -> Result<Present, TooBig> {
        let Some(facts) = self.catalog.key_facts(key.lower()) else { return Ok(Present::Anything) };
        if facts.multiplicity == Multiplicity::Multi {
            return Ok(Present::Sets(TextSet::default()));
        }
        let ordered = |kind, set| Present::Ordered { kind, set, unparsable: false };
        Ok(match facts.value_type {
            ValueType::Bool => {
                let mut text = Text::default();
                text.add(&[self.interner.exact("true")?, self.interner.exact("false")?].into(), true);
                Present::Text(text)
            }
            ValueType::Numeric => ordered(Kind::Number, Intervals::all()),
            ValueType::Date => ordered(Kind::Instant, Intervals::all()),
            ValueType::IpAddress => ordered(Kind::Address, Intervals::all_addresses()),
            ValueType::String | ValueType::Arn | ValueType::Binary => Present::Anything,
        })
    }

    /// Exactly these values: each of them is there, and no other.
    pub(super) fn exact_set(&self, values: &[String]) -> Result<Present, TooBig> {
        let globs = values.iter().map(|v| self.interner.exact(v)).collect::<Result<Vec<_>, _>>()?;
        let mut set = TextSet::default();
        set.add(&SetTest { empty: globs.is_empty(), values: SetValues::Every(globs.clone().into(), true) });
        for glob in globs {
            set.add(&SetTest { empty: false, values: SetValues::Some([glob].into(), true) });
        }
        Ok(Present::Sets(set))
    }
}
