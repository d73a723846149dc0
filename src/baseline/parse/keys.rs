//! The keys of every table of the manifest; a test holds the published schema to them.

pub(crate) const ROOT: &[&str] =
    &["version", "settings", "principal", "persona", "guard", "ignore", "exception", "hint"];
pub(crate) const SETTINGS: &[&str] = &["agent_hints", "through_agents"];
pub(crate) const PRINCIPAL: &[&str] = &[
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
pub(crate) const PERSONA: &[&str] = &["name", "of", "when", "kind", "allow", "levels", "resources"];
pub(crate) const GUARD: &[&str] = &["name", "actions", "unless", "severity"];
pub(crate) const IGNORE: &[&str] = &["match", "tags", "reason"];
pub(crate) const EXCEPTION: &[&str] = &["fingerprint", "reason", "requested_by", "approved_by", "expires"];
pub(crate) const HINT: &[&str] = &[
    "name", "kind", "because", "source", "strength", "of", "when", "service", "oidc", "saml", "trusted", "tags",
    "policy", "match", "words",
];
pub(crate) const ASSUMER: &[&str] = &["principal", "when"];
