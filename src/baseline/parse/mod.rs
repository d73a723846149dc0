//! Reads the manifest and its policy documents, and reports each mistake at its place.

pub(crate) mod ceiling;
pub(crate) mod hint;
pub(crate) mod keys;
pub(crate) mod load;
pub(crate) mod manifest_parser;
pub(crate) mod reader;
pub(crate) mod references;
