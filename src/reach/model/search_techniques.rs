//! The techniques that a search decides by itself: tags, federated sessions, and what several sessions create and use. Read from `search_techniques.toml`.

use std::sync::LazyLock;

use super::technique::Technique;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchTechniqueFile {
    technique: Vec<Technique>,
}

static SEARCH_TECHNIQUES: LazyLock<Vec<Technique>> = LazyLock::new(|| {
    let text = include_str!("search_techniques.toml");
    toml::from_str::<SearchTechniqueFile>(text).expect("search_techniques.toml is valid").technique
});

/// The techniques of a search, in the order of the file.
pub fn search_techniques() -> &'static [Technique] {
    &SEARCH_TECHNIQUES
}

/// The technique that assumes a new role from an account outside.
pub(crate) fn find_technique_from_outside() -> &'static Technique {
    let is_wanted = |technique: &&Technique| technique.required_actions.is_empty();
    // INVARIANT: the file has one technique without actions of the account.
    SEARCH_TECHNIQUES.iter().find(is_wanted).expect("a technique without actions")
}

/// The technique whose first required action is `action`.
pub(crate) fn find_search_technique(action: &str) -> &'static Technique {
    let mut found = SEARCH_TECHNIQUES
        .iter()
        .filter(|technique| technique.required_actions.first().is_some_and(|first| first == action));
    // INVARIANT: callers name an action of the file.
    found.next().expect("a technique with this action")
}
