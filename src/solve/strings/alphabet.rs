//! The alphabet of the glob search: each character is a one-byte symbol.
//!
//! An ASCII character is its own symbol. Another character gets a symbol when a pattern names it. All characters that
//! no pattern names are equivalent and share one symbol. So `?` matches one character, not one byte, and the search
//! works on bytes. The last symbols represent the unknown values of policy variables.

use std::collections::BTreeMap;
use std::sync::RwLock;

use crate::iam::ContextKey;
use crate::solve::budget::LimitExceeded;

/// A character of the alphabet.
pub type Symbol = u8;

/// All characters outside ASCII that no pattern names.
pub const UNNAMED: Symbol = 255;
const FIRST_NAMED: usize = 128;
/// Variables with any value come first, then variables whose value contains no colon. Each has two symbols: its
/// value, and its value in the other letter case.
const FIRST_VARIABLE: Symbol = 224;
const FIRST_COLON_FREE: Symbol = FIRST_VARIABLE + 16;
const ANY_TEXT: Symbol = FIRST_COLON_FREE + 14;

/// Keys whose values contain no colon: account IDs, regions, organization IDs, user names.
// AWS: IAM and AWS STS quotas, "IAM name requirements"
const COLON_FREE_KEYS: [&str; 7] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:username",
];

/// Whether a symbol represents the unknown value of a variable.
pub fn is_variable(symbol: Symbol) -> bool {
    (FIRST_VARIABLE..UNNAMED).contains(&symbol)
}

/// Whether a symbol represents the unknown value of a variable, and the value contains no colon.
pub fn is_colon_free(symbol: Symbol) -> bool {
    (FIRST_COLON_FREE..ANY_TEXT).contains(&symbol)
}

/// The symbols of a variable's unknown value.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct VariableSymbols {
    /// The value.
    pub exact: Symbol,
    /// The value in the other letter case.
    pub other_case: Symbol,
}

impl VariableSymbols {
    /// An unknown string. Two occurrences may differ.
    pub const ANY_TEXT: VariableSymbols = VariableSymbols { exact: ANY_TEXT, other_case: ANY_TEXT };

    /// Whether a symbol is [`VariableSymbols::ANY_TEXT`].
    pub fn is_any_text(symbol: Symbol) -> bool {
        symbol == ANY_TEXT
    }
}

/// The symbols of some variables.
#[derive(Clone, Debug, Default)]
pub struct VariableSymbolTable(BTreeMap<ContextKey, VariableSymbols>);

impl VariableSymbolTable {
    /// Assigns symbols to variables. A variable gets [`VariableSymbols::ANY_TEXT`] if no symbols are left.
    pub fn from_keys<'k>(keys: impl IntoIterator<Item = &'k ContextKey>) -> VariableSymbolTable {
        let (mut any, mut plain) =
            ((FIRST_VARIABLE..FIRST_COLON_FREE).step_by(2), (FIRST_COLON_FREE..ANY_TEXT).step_by(2));
        let mut assign_symbols = |key: &ContextKey| {
            let next = if COLON_FREE_KEYS.contains(&key.lower()) { plain.next() } else { any.next() };
            next.map_or(VariableSymbols::ANY_TEXT, |exact| VariableSymbols { exact, other_case: exact + 1 })
        };
        VariableSymbolTable(keys.into_iter().map(|key| (key.clone(), assign_symbols(key))).collect())
    }

    /// The symbols of a variable.
    pub fn symbols(&self, key: &ContextKey) -> VariableSymbols {
        self.0.get(key).copied().unwrap_or(VariableSymbols::ANY_TEXT)
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no two variables share a symbol.
    pub fn has_distinct_symbols(&self) -> bool {
        self.0.values().all(|unknown| *unknown != VariableSymbols::ANY_TEXT)
    }
}

/// The characters outside ASCII that have a symbol. All patterns of a run share it.
#[derive(Debug, Default)]
pub struct Alphabet(RwLock<Vec<char>>);

impl Alphabet {
    /// The symbol of a character that a pattern names.
    ///
    /// # Errors
    /// If no symbol is left.
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

    /// The symbols of a string. A character that no pattern names becomes [`UNNAMED`].
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

    /// The string of some symbols. [`UNNAMED`] becomes a character that no pattern names.
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
