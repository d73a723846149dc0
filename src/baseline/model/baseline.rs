//! The baseline: everything that a manifest declares.

use std::sync::Arc;

use super::entry::{Entry, Ignore, Settings};
use super::exception::Exception;
use super::guard::Guard;
use super::hint::Hint;
use super::persona::Persona;
use crate::source::{Place, SourceFile, Span};

/// A manifest that was read without errors, including its policy documents.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// `[settings]`.
    #[doc(hidden)]
    pub settings: Settings,
    /// `[[principal]]`, in order.
    #[doc(hidden)]
    pub entries: Vec<Entry>,
    /// `[[ignore]]`, in order.
    #[doc(hidden)]
    pub ignores: Vec<Ignore>,
    /// `[[exception]]`, in order.
    #[doc(hidden)]
    pub exceptions: Vec<Exception>,
    /// `[[persona]]`, in order.
    #[doc(hidden)]
    pub personas: Vec<Persona>,
    /// `[[guard]]`, in order.
    #[doc(hidden)]
    pub guards: Vec<Guard>,
    /// `[[hint]]` of the manifest, in order. The built-in hints are not included.
    #[doc(hidden)]
    pub hints: Vec<Hint>,
    pub(in crate::baseline) source: Arc<SourceFile>,
    pub(in crate::baseline) content_id: String,
}

#[doc(hidden)]
impl Baseline {
    /// The text of the manifest.
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// Sixteen hexadecimal digits that change when the manifest or one of its documents changes.
    pub fn content_id(&self) -> &str {
        &self.content_id
    }

    /// The file, line and column of a part of the manifest.
    pub fn place(&self, span: Span) -> Place {
        self.source.place(span)
    }
}
