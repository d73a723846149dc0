//! A value with its position in the manifest.

use crate::source::Span;

/// A value and its position in the manifest.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// The bytes of the manifest that hold it.
    pub span: Span,
}
