//! The content ID: identifies the baseline of a report.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::source::SourceFile;

/// Seven hexadecimal digits of a hash of the manifest and its documents with their paths.
pub(super) fn compute_content_id<'a>(
    manifest: &SourceFile,
    documents: impl IntoIterator<Item = (&'a str, &'a Arc<SourceFile>)>,
) -> String {
    let documents: BTreeMap<&str, &Arc<SourceFile>> = documents.into_iter().collect();
    let mut hasher = blake3::Hasher::new();
    // The length before each text keeps two different baselines from having the same bytes.
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
