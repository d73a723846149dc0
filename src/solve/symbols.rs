//! The alphabet of the glob search: characters as bytes.
//!
//! ASCII stands for itself. Other characters get a symbol when a pattern names them; all those that no
//! pattern names behave alike and share one. So `?` matches one character, not one byte, and the search
//! still works on bytes. The last symbols stand for the unknown values of policy variables.

use std::sync::RwLock;

use super::TooBig;

/// A character of the alphabet.
pub type Symbol = u8;

/// Every character outside ASCII that no pattern names.
pub const OTHER: Symbol = 255;
const FIRST_NAMED: usize = 128;
const FIRST_VARIABLE: Symbol = 240;
const VARIABLES: usize = 15;

/// Whether a symbol stands for a variable's unknown value.
pub fn is_variable(symbol: Symbol) -> bool {
    (FIRST_VARIABLE..OTHER).contains(&symbol)
}

/// The symbol of the n-th open variable of a problem.
pub fn variable(index: usize) -> Result<Symbol, TooBig> {
    let offset = u8::try_from(index).ok().filter(|i| usize::from(*i) < VARIABLES).ok_or(TooBig)?;
    Ok(FIRST_VARIABLE + offset)
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
