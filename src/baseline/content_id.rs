//! The content id: which baseline a report was made against.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::source::SourceFile;

/// Seven hexadecimal digits of a hash over the manifest and the documents that it names, by their paths.
pub(super) fn compute_content_id<'a>(
    manifest: &SourceFile,
    documents: impl IntoIterator<Item = (&'a str, &'a Arc<SourceFile>)>,
) -> String {
    let documents: BTreeMap<&str, &Arc<SourceFile>> = documents.into_iter().collect();
    let mut hasher = blake3::Hasher::new();
    // Each text goes in behind its length, so that no two baselines run together into the same bytes.
    let mut hash_text = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    hash_text(manifest.text());
    for (path, document) in documents {
        hash_text(path);
        hash_text(document.text());
    }
    hasher.finalize().to_hex().chars().take(7).collect()
}
