//! The keys of each table of the manifest. A test compares them with the published schema.

pub(in crate::baseline) const ROOT: &[&str] =
    &["version", "settings", "principal", "persona", "guard", "ignore", "exception", "hint"];
pub(in crate::baseline) const SETTINGS: &[&str] = &["agent_hints", "through_agents"];
pub(in crate::baseline) const PRINCIPAL: &[&str] = &[
    "name",
    "match",
    "tags",
    "kind",
    "owner",
    "allow",
    "levels",
    "resources",
    "assumable_by",
    "narrower_than",
    "boundary",
    "guards",
    "overrides",
];
pub(in crate::baseline) const PERSONA: &[&str] = &["name", "of", "when", "kind", "allow", "levels", "resources"];
pub(in crate::baseline) const GUARD: &[&str] = &["name", "actions", "unless", "severity"];
pub(in crate::baseline) const IGNORE: &[&str] = &["match", "tags", "reason"];
pub(in crate::baseline) const EXCEPTION: &[&str] =
    &["finding", "accepts", "reason", "requested_by", "approved_by", "expires"];
/// The keys of an exception that does not say how much it accepts.
pub(in crate::baseline) const OLD_EXCEPTION: &[&str] = &["fingerprint", "rule", "principal"];
pub(in crate::baseline) const ACCEPTS: &[&str] =
    &["documents", "methods", "declared", "attached", "items", "principals", "missing", "undecided", "content_id"];
pub(in crate::baseline) const HINT: &[&str] = &[
    "name", "kind", "because", "source", "strength", "of", "when", "service", "oidc", "saml", "trusted", "tags",
    "policy", "match", "words",
];
pub(in crate::baseline) const ASSUMER: &[&str] = &["principal", "when"];
