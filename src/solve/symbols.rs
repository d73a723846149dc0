//! The alphabet of the glob search: characters as bytes.
//!
//! ASCII stands for itself. Other characters get a symbol when a pattern names them; all those that no
//! pattern names behave alike and share one. So `?` matches one character, not one byte, and the search
//! still works on bytes. The last symbols stand for the unknown values of policy variables.

use std::collections::BTreeMap;
use std::sync::RwLock;

use super::TooBig;
use crate::iam::ContextKey;

/// A character of the alphabet.
pub type Symbol = u8;

/// Every character outside ASCII that no pattern names.
pub const OTHER: Symbol = 255;
const FIRST_NAMED: usize = 128;
/// Variables that may hold any text come first, then those whose value holds no colon. Each has two symbols:
/// its value, and its value in other letter case.
const FIRST_VARIABLE: Symbol = 224;
const FIRST_WITHOUT_COLON: Symbol = FIRST_VARIABLE + 16;
const ANY_TEXT: Symbol = FIRST_WITHOUT_COLON + 14;

/// Keys whose values hold no colon: numbers of accounts, regions, identifiers of organizations, names of users
/// (*IAM and AWS STS quotas*, "IAM name requirements").
const WITHOUT_COLON: [&str; 7] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:username",
];

/// Whether a symbol stands for a variable's unknown value.
pub fn is_variable(symbol: Symbol) -> bool {
    (FIRST_VARIABLE..OTHER).contains(&symbol)
}

/// Whether a symbol stands for a variable's unknown value that holds no colon.
pub fn is_without_colon(symbol: Symbol) -> bool {
    (FIRST_WITHOUT_COLON..ANY_TEXT).contains(&symbol)
}

/// A variable's unknown value, as symbols.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct Unknown {
    /// The value.
    pub exact: Symbol,
    /// The value written in other letter case.
    pub other_case: Symbol,
}

impl Unknown {
    /// A text of which nothing is known, not even that it is the same wherever it stands.
    pub const ANY_TEXT: Unknown = Unknown { exact: ANY_TEXT, other_case: ANY_TEXT };

    /// Whether nothing is known of the text.
    pub fn is_any_text(symbol: Symbol) -> bool {
        symbol == ANY_TEXT
    }
}

/// The symbols of some variables.
#[derive(Clone, Debug, Default)]
pub struct Unknowns(BTreeMap<ContextKey, Unknown>);

impl Unknowns {
    /// Gives each variable its symbols; those for which none are left get [`Unknown::ANY_TEXT`].
    pub fn of<'k>(keys: impl IntoIterator<Item = &'k ContextKey>) -> Unknowns {
        let (mut any, mut plain) =
            ((FIRST_VARIABLE..FIRST_WITHOUT_COLON).step_by(2), (FIRST_WITHOUT_COLON..ANY_TEXT).step_by(2));
        let mut give = |key: &ContextKey| {
            let next = if WITHOUT_COLON.contains(&key.lower()) { plain.next() } else { any.next() };
            next.map_or(Unknown::ANY_TEXT, |exact| Unknown { exact, other_case: exact + 1 })
        };
        Unknowns(keys.into_iter().map(|key| (key.clone(), give(key))).collect())
    }

    /// A variable's symbols.
    pub fn symbols(&self, key: &ContextKey) -> Unknown {
        self.0.get(key).copied().unwrap_or(Unknown::ANY_TEXT)
    }

    /// Whether there are no variables.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every variable has symbols of its own.
    pub fn are_told_apart(&self) -> bool {
        self.0.values().all(|unknown| *unknown != Unknown::ANY_TEXT)
    }
}

/// Which characters outside ASCII have a symbol; shared by all patterns of a run.
#[derive(Debug, Default)]
pub struct Symbols(RwLock<Vec<char>>);

impl Symbols {
    /// The symbol of a character that a pattern names.
    pub fn name(&self, c: char) -> Result<Symbol, TooBig> {
        if c.is_ascii() {
            return u8::try_from(u32::from(c)).map_err(|_| TooBig);
        }
        let mut named = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let index = match named.iter().position(|n| *n == c) {
            Some(index) => index,
            None => {
                named.push(c);
                named.len() - 1
            }
        };
        u8::try_from(FIRST_NAMED + index).ok().filter(|s| *s < FIRST_VARIABLE).ok_or(TooBig)
    }

    /// A text as symbols; characters that no pattern names become [`OTHER`].
    pub fn encode(&self, text: &str) -> Vec<Symbol> {
        if text.is_ascii() {
            return text.as_bytes().to_vec();
        }
        let named = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        text.chars()
            .map(|c| match u8::try_from(u32::from(c)) {
                Ok(byte) if c.is_ascii() => byte,
                _ => named
                    .iter()
                    .position(|n| *n == c)
                    .and_then(|i| u8::try_from(FIRST_NAMED + i).ok())
                    .filter(|s| *s < FIRST_VARIABLE)
                    .unwrap_or(OTHER),
            })
            .collect()
    }

    /// Symbols as a text; [`OTHER`] becomes a character that no pattern names.
    pub fn decode(&self, symbols: &[Symbol]) -> String {
        let named = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        symbols
            .iter()
            .map(|s| match usize::from(*s) {
                ascii if ascii < FIRST_NAMED => char::from(*s),
                index => named.get(index - FIRST_NAMED).copied().unwrap_or_else(|| {
                    ('\u{e0}'..).find(|c| !named.contains(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
                }),
            })
            .collect()
    }
}
