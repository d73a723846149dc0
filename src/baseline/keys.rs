//! The keys of every table of the manifest; a test holds the published schema to them.

pub(super) const ROOT: &[&str] =
    &["version", "settings", "principal", "persona", "guard", "ignore", "exception", "hint"];
pub(super) const SETTINGS: &[&str] = &["agent_hints", "through_agents"];
pub(super) const PRINCIPAL: &[&str] = &[
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
pub(super) const PERSONA: &[&str] = &["name", "of", "when", "kind", "allow", "levels", "resources"];
pub(super) const GUARD: &[&str] = &["name", "actions", "unless", "severity"];
pub(super) const IGNORE: &[&str] = &["match", "tags", "reason"];
pub(super) const EXCEPTION: &[&str] = &["fingerprint", "reason", "requested_by", "approved_by", "expires"];
pub(super) const HINT: &[&str] = &[
    "name", "kind", "because", "source", "strength", "of", "when", "service", "oidc", "saml", "trusted", "tags",
    "policy", "match", "words",
];
pub(super) const ASSUMER: &[&str] = &["principal", "when"];
