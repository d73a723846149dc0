//! The content id of the policies that were read.

use crate::access::PolicyRef;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::iam::PolicyDocument;
use crate::snapshot::{LayerKind, MissingDocument, MissingReason, Principal, Snapshot};

/// The content id of what was read about a principal: an exception for a principal that is undecided cannot rest on a
/// decision, so it ends with every change, also of text that means the same.
///
/// `others` is the content id of the snapshot if the reasons depend on other principals. Then the id covers all of them.
pub(crate) fn compute_content_digest(subject: &AuditedPrincipal<'_>, others: Option<&str>) -> String {
    let layers = &subject.layers;
    let mut digest = Digest::default();
    digest.add_policies("identity", layers.identity.iter());
    digest.add_policies("boundary", layers.boundary.iter().flatten());
    for level in layers.scps.iter().flatten() {
        digest.add_policies("scp", level.policies.iter());
    }
    for control in layers.rcps.iter().flat_map(|rcps| rcps.levels()) {
        digest.add_policies("rcp", control.level.policies.iter());
    }
    digest.add_policies("resource", layers.resource_policies.iter().map(|policy| &policy.policy));
    digest.add_principal(subject.principal);
    let trust = subject.principal.missing_documents.iter().filter(|missing| missing.layer == LayerKind::Trust);
    digest.add_unread("unread", subject.missing_documents.iter().chain(trust));
    if let Some(snapshot_id) = others {
        digest.add("others");
        digest.add(snapshot_id);
    }
    digest.0.finalize().to_hex().chars().take(16).collect()
}

/// The content id of what was read about all principals of a snapshot. It takes as long as reading them again, so that an audit
/// computes it once.
pub(crate) fn compute_snapshot_digest(snapshot: &Snapshot) -> String {
    let mut digest = Digest::default();
    for (_, principal) in snapshot.principals() {
        digest.add_principal(principal);
        digest.add_unread(principal.arn.as_str(), principal.missing_documents.iter());
    }
    digest.0.finalize().to_hex().to_string()
}

/// A hash over texts. A length before each text keeps different lists from having the same bytes.
#[derive(Default)]
struct Digest(blake3::Hasher);

impl Digest {
    fn add(&mut self, text: &str) {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn add_policies<'p>(&mut self, layer: &str, policies: impl Iterator<Item = &'p PolicyRef>) {
        self.add_texts(layer, policies.map(|policy| text_of(&policy.document)).collect());
    }

    /// Adds texts. Their order does not matter.
    fn add_texts(&mut self, name: &str, mut texts: Vec<&str>) {
        texts.sort_unstable();
        self.add(name);
        self.add(&texts.len().to_string());
        texts.into_iter().for_each(|text| self.add(text));
    }

    /// Adds the texts of documents that are not valid. Nothing is added without such a document.
    fn add_unread<'m>(&mut self, name: &str, missing: impl Iterator<Item = &'m MissingDocument>) {
        let ids: Vec<&str> = missing.filter_map(unread_content).collect();
        if !ids.is_empty() {
            self.add_texts(name, ids);
        }
    }

    fn add_principal(&mut self, principal: &Principal) {
        self.add(principal.arn.as_str());
        self.add_texts("identity", principal.identity_policies.iter().map(|p| text_of(&p.document)).collect());
        self.add_texts("trust", principal.trust_policy.iter().map(|trust| text_of(&trust.document)).collect());
        let boundary = principal.boundary.as_ref();
        self.add(boundary.map_or("", |boundary| boundary.arn.as_str()));
        let documents = boundary.and_then(|boundary| boundary.policy.as_ref()).into_iter();
        self.add_texts("boundary", documents.map(|policy| text_of(&policy.document)).collect());
        for (key, value) in &principal.tags {
            self.add(key);
            self.add(value);
        }
    }
}

fn unread_content(missing: &MissingDocument) -> Option<&str> {
    match &missing.reason {
        MissingReason::Invalid { content_id, .. } => Some(content_id),
        // Their names are a part of the extent by themselves.
        MissingReason::NotCollected | MissingReason::CollectionFailed { .. } => None,
    }
}

fn text_of(document: &PolicyDocument) -> &str {
    let (text, span) = (document.source().text(), document.span());
    text.get(span.start..span.end).unwrap_or(text)
}
