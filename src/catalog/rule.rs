//! Which classes an action has: a rule on its name and level, and the reviewed exceptions to it.
//! `docs/catalog.md` says why the rule is what it is.

use super::Catalog;
use super::class::{ActionClass, ActionClasses};
use super::ids::{AccessLevel, ActionId};

const DESTRUCTIVE: &str = include_str!("lists/destructive.txt");
const DATA_READ: &str = include_str!("lists/data_read.txt");
const ESCALATION: &str = include_str!("lists/escalation.txt");

/// Verbs after which something is gone, or off until someone notices. Not among them: stop,
/// reboot, detach, disassociate, remove, revoke, cancel, reset: mostly they can be undone.
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

/// Words that may stand before the verb.
const BEFORE_THE_VERB: [&str; 3] = ["admin", "batch", "force"];

impl Catalog {
    /// The classes of an action.
    pub fn classes(&self, action: ActionId) -> ActionClasses {
        self.classes
            .get_or_init(|| self.derive_classes())
            .get(action.0 as usize)
            .copied()
            .expect("an action's id comes from the catalog it is asked of")
    }

    fn derive_classes(&self) -> Vec<ActionClasses> {
        let mut classes: Vec<_> = self.actions().map(|id| self.classes_by_rule(id)).collect();
        let mut set = |name: &str, class: ActionClass, member: bool| {
            // A list may name an action that an older or newer catalog does not have.
            let found = self.find_action(name);
            if let Some(entry) = found.and_then(|id| classes.get_mut(id.0 as usize)) {
                *entry = entry.iter().filter(|other| *other != class).collect();
                if member {
                    *entry = entry.with(class);
                }
            }
        };
        for exception in destructive_exceptions() {
            set(exception.action, ActionClass::Destructive, exception.member);
        }
        for (list, class) in [(DATA_READ, ActionClass::DataRead), (ESCALATION, ActionClass::Escalation)] {
            for action in listed_actions(list) {
                set(action, class, true);
            }
        }
        classes
    }

    fn classes_by_rule(&self, action: ActionId) -> ActionClasses {
        let level = self.access_level(action);
        let mut classes = ActionClasses::default();
        if level == AccessLevel::PermissionsManagement {
            classes = classes.with(ActionClass::PermissionsManagement);
        }
        if is_destructive_by_rule(self.action_name(action), level) {
            classes = classes.with(ActionClass::Destructive);
        }
        classes
    }
}

/// The rule alone: a destructive verb on something that is more than a tag.
pub(super) fn is_destructive_by_rule(name: &str, level: AccessLevel) -> bool {
    let writes = matches!(level, AccessLevel::Write | AccessLevel::PermissionsManagement);
    writes
        && words(name)
            .find(|word| !is_among(&BEFORE_THE_VERB, word))
            .is_some_and(|verb| is_among(&DESTRUCTIVE_VERBS, verb))
}

fn is_among(list: &[&str], word: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The words of a name in camel case: `BatchDeleteImage` is `Batch`, `Delete`, `Image`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let mut before = None;
        let end = rest
            .char_indices()
            .find(|(_, letter)| {
                let starts = letter.is_ascii_uppercase() && before.is_some_and(|last: char| !last.is_ascii_uppercase());
                before = Some(*letter);
                starts
            })
            .map_or(rest.len(), |(place, _)| place);
        let (word, after) = rest.split_at_checked(end)?;
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// A reviewed departure from the rule.
#[derive(Debug)]
pub(super) struct Exception {
    pub(super) action: &'static str,
    pub(super) member: bool,
}

/// `+ s3:PutObject  why` adds to the class, `- …` takes from it.
pub(super) fn destructive_exceptions() -> impl Iterator<Item = Exception> {
    list_lines(DESTRUCTIVE).filter_map(|line| {
        let mut parts = line.split_whitespace();
        let member = match parts.next()? {
            "+" => true,
            "-" => false,
            _ => return None,
        };
        let action = parts.next()?;
        Some(Exception { action, member })
    })
}

/// The first word of each line of a list.
pub(super) fn listed_actions(list: &'static str) -> impl Iterator<Item = &'static str> {
    list_lines(list).filter_map(|line| line.split_whitespace().next())
}

/// The lines of a reviewed list that say something.
pub(super) fn list_lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#[path = "rule_tests.rs"]
mod tests;
