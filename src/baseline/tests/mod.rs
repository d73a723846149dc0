//! Tests of the manifest's parser.

mod invalid_manifests;
pub(crate) mod testing;
