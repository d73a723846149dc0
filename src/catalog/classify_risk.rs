//! Assigns risk classes to actions: by a rule about name and access level, and by reviewed lists. `docs/catalog.md`
//! explains the rule.

use super::Catalog;
use super::ids::{AccessLevel, ActionId};
use super::lists::content_lines;
use super::risk_class::{RiskClass, RiskClasses};

const DESTRUCTIVE: &str = include_str!("lists/destructive.txt");
const DATA_READ: &str = include_str!("lists/data_read.txt");
const ESCALATION: &str = include_str!("lists/escalation.txt");

/// Verbs of actions that remove or disable something. Not included, since their effect can usually be reversed: stop,
/// reboot, detach, disassociate, remove, revoke, cancel, reset.
const DESTRUCTIVE_VERBS: [&str; 15] = [
    "decommission",
    "deactivate",
    "delete",
    "deprovision",
    "deregister",
    "destroy",
    "disable",
    "dispose",
    "drop",
    "erase",
    "forget",
    "purge",
    "redact",
    "terminate",
    "wipe",
];

/// Words that can precede the verb.
const VERB_PREFIXES: [&str; 3] = ["admin", "batch", "force"];

impl Catalog {
    /// The risk classes of an action.
    #[doc(hidden)]
    pub fn risk_classes(&self, action: ActionId) -> RiskClasses {
        self.risk_classes
            .get_or_init(|| self.derive_risk_classes())
            .get(action.0 as usize)
            .copied()
            .expect("an action ID comes from this catalog")
    }

    fn derive_risk_classes(&self) -> Vec<RiskClasses> {
        let mut classes: Vec<_> = self.actions().map(|id| self.derive_classes_by_rule(id)).collect();
        let mut set_membership = |name: &str, class: RiskClass, is_member: bool| {
            // An older or newer catalog may lack an action of a list.
            let found = self.find_action(name);
            if let Some(entry) = found.and_then(|id| classes.get_mut(id.0 as usize)) {
                *entry = entry.iter().filter(|existing| *existing != class).collect();
                if is_member {
                    *entry = entry.with(class);
                }
            }
        };
        for exception in parse_destructive_overrides() {
            set_membership(exception.action, RiskClass::Destructive, exception.is_member);
        }
        for (list, class) in [(DATA_READ, RiskClass::DataRead), (ESCALATION, RiskClass::Escalation)] {
            for action in parse_listed_actions(list) {
                set_membership(action, class, true);
            }
        }
        classes
    }

    fn derive_classes_by_rule(&self, action: ActionId) -> RiskClasses {
        let level = self.access_level(action);
        let mut classes = RiskClasses::default();
        if level == AccessLevel::PermissionsManagement {
            classes = classes.with(RiskClass::PermissionsManagement);
        }
        if is_destructive_by_rule(self.action_name(action), level) {
            classes = classes.with(RiskClass::Destructive);
        }
        classes
    }
}

/// The rule without the reviewed list: a destructive verb, and an access level above *Tagging*.
pub(super) fn is_destructive_by_rule(name: &str, level: AccessLevel) -> bool {
    let is_write = matches!(level, AccessLevel::Write | AccessLevel::PermissionsManagement);
    is_write
        && split_words(name)
            .find(|word| !contains_word(&VERB_PREFIXES, word))
            .is_some_and(|verb| contains_word(&DESTRUCTIVE_VERBS, verb))
}

fn contains_word(list: &[&str], word: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Splits a name in camel case: `BatchDeleteImage` is `Batch`, `Delete`, `Image`.
fn split_words(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let mut previous = None;
        let end = rest
            .char_indices()
            .find(|(_, letter)| {
                let starts_word =
                    letter.is_ascii_uppercase() && previous.is_some_and(|last: char| !last.is_ascii_uppercase());
                previous = Some(*letter);
                starts_word
            })
            .map_or(rest.len(), |(index, _)| index);
        let (word, after) = rest.split_at_checked(end)?;
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// A reviewed exception to the rule.
#[derive(Debug)]
pub(super) struct DestructiveOverride {
    pub(super) action: &'static str,
    pub(super) is_member: bool,
}

/// The lines of the list: `+ s3:PutObject  reason` adds an action to the class, and `- …` removes one.
pub(super) fn parse_destructive_overrides() -> impl Iterator<Item = DestructiveOverride> {
    content_lines(DESTRUCTIVE).map(|line| parse_destructive_override(line).expect("a test parses the embedded list"))
}

fn parse_destructive_override(line: &'static str) -> Option<DestructiveOverride> {
    let mut parts = line.split_whitespace();
    let is_member = match parts.next()? {
        "+" => true,
        "-" => false,
        _ => return None,
    };
    Some(DestructiveOverride { action: parts.next()?, is_member })
}

/// The first word of each line.
pub(super) fn parse_listed_actions(list: &'static str) -> impl Iterator<Item = &'static str> {
    content_lines(list).filter_map(|line| line.split_whitespace().next())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#[path = "classify_risk_tests.rs"]
mod tests;
