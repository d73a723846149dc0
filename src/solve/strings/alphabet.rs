//! The alphabet of the glob search: characters as bytes.
//!
//! ASCII stands for itself. Other characters get a symbol when a pattern names them; all those that no
//! pattern names behave alike and share one. So `?` matches one character, not one byte, and the search
//! still works on bytes. The last symbols stand for the unknown values of policy variables.

use std::collections::BTreeMap;
use std::sync::RwLock;

use crate::iam::ContextKey;
use crate::solve::LimitExceeded;

/// A character of the alphabet.
pub type Symbol = u8;

/// Every character outside ASCII that no pattern names.
pub const UNNAMED: Symbol = 255;
const FIRST_NAMED: usize = 128;
/// Variables that may hold any text come first, then those whose value holds no colon. Each has two symbols:
/// its value, and its value in other letter case.
const FIRST_VARIABLE: Symbol = 224;
const FIRST_COLON_FREE: Symbol = FIRST_VARIABLE + 16;
const ANY_TEXT: Symbol = FIRST_COLON_FREE + 14;

/// Keys whose values hold no colon: numbers of accounts, regions, identifiers of organizations, names of users
/// (*IAM and AWS STS quotas*, "IAM name requirements").
const COLON_FREE_KEYS: [&str; 7] = [
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
    (FIRST_VARIABLE..UNNAMED).contains(&symbol)
}

/// Whether a symbol stands for a variable's unknown value that holds no colon.
pub fn is_colon_free(symbol: Symbol) -> bool {
    (FIRST_COLON_FREE..ANY_TEXT).contains(&symbol)
}

/// A variable's unknown value, as symbols.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct VariableSymbols {
    /// The value.
    pub exact: Symbol,
    /// The value written in other letter case.
    pub other_case: Symbol,
}

impl VariableSymbols {
    /// A text of which nothing is known, not even that it is the same wherever it stands.
    pub const ANY_TEXT: VariableSymbols = VariableSymbols { exact: ANY_TEXT, other_case: ANY_TEXT };

    /// Whether nothing is known of the text.
    pub fn is_any_text(symbol: Symbol) -> bool {
        symbol == ANY_TEXT
    }
}

/// The symbols of some variables.
#[derive(Clone, Debug, Default)]
pub struct VariableSymbolTable(BTreeMap<ContextKey, VariableSymbols>);

impl VariableSymbolTable {
    /// Gives each variable its symbols; those for which none are left get [`Unknown::ANY_TEXT`].
    pub fn from_keys<'k>(keys: impl IntoIterator<Item = &'k ContextKey>) -> VariableSymbolTable {
        let (mut any, mut plain) =
            ((FIRST_VARIABLE..FIRST_COLON_FREE).step_by(2), (FIRST_COLON_FREE..ANY_TEXT).step_by(2));
        let mut assign_symbols = |key: &ContextKey| {
            let next = if COLON_FREE_KEYS.contains(&key.lower()) { plain.next() } else { any.next() };
            next.map_or(VariableSymbols::ANY_TEXT, |exact| VariableSymbols { exact, other_case: exact + 1 })
        };
        VariableSymbolTable(keys.into_iter().map(|key| (key.clone(), assign_symbols(key))).collect())
    }

    /// A variable's symbols.
    pub fn symbols(&self, key: &ContextKey) -> VariableSymbols {
        self.0.get(key).copied().unwrap_or(VariableSymbols::ANY_TEXT)
    }

    /// Whether there are no variables.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every variable has symbols of its own.
    pub fn has_distinct_symbols(&self) -> bool {
        self.0.values().all(|unknown| *unknown != VariableSymbols::ANY_TEXT)
    }
}

/// Which characters outside ASCII have a symbol; shared by all patterns of a run.
#[derive(Debug, Default)]
pub struct Alphabet(RwLock<Vec<char>>);

impl Alphabet {
    /// The symbol of a character that a pattern names.
    pub fn intern_char(&self, c: char) -> Result<Symbol, LimitExceeded> {
        if c.is_ascii() {
            return u8::try_from(u32::from(c)).map_err(|_| LimitExceeded);
        }
        let mut non_ascii = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let index = match non_ascii.iter().position(|n| *n == c) {
            Some(index) => index,
            None => {
                non_ascii.push(c);
                non_ascii.len() - 1
            }
        };
        u8::try_from(FIRST_NAMED + index).ok().filter(|s| *s < FIRST_VARIABLE).ok_or(LimitExceeded)
    }

    /// A text as symbols; characters that no pattern names become [`OTHER`].
    pub fn encode(&self, text: &str) -> Vec<Symbol> {
        if text.is_ascii() {
            return text.as_bytes().to_vec();
        }
        let non_ascii = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        text.chars()
            .map(|c| match u8::try_from(u32::from(c)) {
                Ok(byte) if c.is_ascii() => byte,
                _ => non_ascii
                    .iter()
                    .position(|n| *n == c)
                    .and_then(|i| u8::try_from(FIRST_NAMED + i).ok())
                    .filter(|s| *s < FIRST_VARIABLE)
                    .unwrap_or(UNNAMED),
            })
            .collect()
    }

    /// Symbols as a text; [`OTHER`] becomes a character that no pattern names.
    pub fn decode(&self, symbols: &[Symbol]) -> String {
        let non_ascii = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        symbols
            .iter()
            .map(|s| match usize::from(*s) {
                ascii if ascii < FIRST_NAMED => char::from(*s),
                index => non_ascii.get(index - FIRST_NAMED).copied().unwrap_or_else(|| {
                    ('\u{e0}'..).find(|c| !non_ascii.contains(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
                }),
            })
            .collect()
    }
}
