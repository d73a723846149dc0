//! One step of a pattern: a symbol, a wildcard, or a run of symbols of a class.

use super::alphabet::{Symbol, is_colon_free, is_variable};

/// The symbols that a wildcard matches.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum SymbolClass {
    /// Any character. A run may also contain the value of a variable.
    Any,
    /// Any character except this one.
    Not(Symbol),
    /// Any character except a colon.
    NotColon,
    /// Any character except a colon and a slash.
    NotColonOrSlash,
    /// Any character. A run contains no value of a variable.
    Character,
    /// A decimal digit.
    Digit,
    /// The characters of region names: lowercase letters, digits, hyphens.
    Region,
    /// The characters of action names: letters and digits.
    ActionName,
}

impl SymbolClass {
    /// Whether one character may be this symbol.
    pub fn contains(self, s: Symbol) -> bool {
        if is_variable(s) {
            return false;
        }
        match self {
            SymbolClass::Any | SymbolClass::Character => true,
            SymbolClass::Not(other) => s != other,
            SymbolClass::NotColon => s != b':',
            SymbolClass::NotColonOrSlash => s != b':' && s != b'/',
            SymbolClass::Digit => s.is_ascii_digit(),
            SymbolClass::Region => s.is_ascii_lowercase() || s.is_ascii_digit() || s == b'-',
            SymbolClass::ActionName => s.is_ascii_alphanumeric(),
        }
    }

    /// Whether a run may contain this symbol.
    pub fn run_contains(self, s: Symbol) -> bool {
        self.contains(s)
            || match self {
                SymbolClass::Any => is_variable(s),
                SymbolClass::NotColon => is_colon_free(s),
                SymbolClass::Character
                | SymbolClass::Not(_)
                | SymbolClass::NotColonOrSlash
                | SymbolClass::Digit
                | SymbolClass::Region
                | SymbolClass::ActionName => false,
            }
    }
}

/// One step of a pattern.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum GlobToken {
    /// One symbol.
    Literal(Symbol),
    /// One of two symbols: a letter in either case.
    EitherCase(Symbol, Symbol),
    /// One symbol of a class.
    AnyOne(SymbolClass),
    /// Any number of symbols of a class.
    AnyRun(SymbolClass),
}

impl GlobToken {
    /// Whether the token matches exactly this one symbol. False for runs.
    pub fn matches_one(self, s: Symbol) -> bool {
        match self {
            GlobToken::Literal(a) => a == s,
            GlobToken::EitherCase(a, b) => a == s || b == s,
            GlobToken::AnyOne(class) => class.contains(s),
            GlobToken::AnyRun(_) => false,
        }
    }

    /// The characters that the token matches. None if it is a wildcard or the unknown value of a variable.
    pub(crate) fn literal_symbols(self) -> Option<(Symbol, Symbol)> {
        match self {
            _ if self.is_variable() => None,
            GlobToken::Literal(a) => Some((a, a)),
            GlobToken::EitherCase(a, b) => Some((a, b)),
            GlobToken::AnyOne(_) | GlobToken::AnyRun(_) => None,
        }
    }

    /// Whether the token is the unknown value of a variable.
    pub fn is_variable(self) -> bool {
        matches!(self, GlobToken::Literal(s) | GlobToken::EitherCase(s, _) if is_variable(s))
    }

    /// Whether the token is a literal colon, which separates the segments of an ARN.
    pub(crate) fn is_colon(&self) -> bool {
        *self == GlobToken::Literal(b':')
    }
}
