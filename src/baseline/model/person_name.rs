//! Names of people: whether two texts name the same person.
//!
//! This catches a slip or a simple disguise. It proves nothing about people: the control is the review of the
//! repository that contains the manifest.

use unicode_security::confusable_detection::skeleton;

use crate::base::sanitize::is_hostile;

/// Whether two texts name the same person: equal without case, white space, invisible characters and confusable
/// characters (Unicode Technical Standard 39).
pub fn is_same_person(a: &str, b: &str) -> bool {
    let (a, b) = (list_forms(a), list_forms(b));
    a.iter().any(|form| b.contains(form))
}

/// The forms of a name to compare. A capital can look like a small letter (`I` and `l`), so that the order of removing
/// case and look-alikes matters: both orders count.
fn list_forms(name: &str) -> [String; 2] {
    let visible: String = name.chars().filter(|c| !c.is_whitespace() && !is_hostile(*c)).collect();
    let to_skeleton = |text: &str| -> String { skeleton(text).flat_map(char::to_lowercase).collect() };
    let settle = |text: String| to_skeleton(&to_skeleton(&text));
    [settle(visible.to_lowercase()), settle(to_skeleton(&visible))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_space_and_look_alike_characters_do_not_make_another_person() {
        for (a, b) in [
            ("a.person", " A.Person "),
            ("a.person", "a. person"),
            ("a.person", "\u{430}.person"),
            ("a.person", "a.pers\u{200b}on"),
            ("a.person", "\u{ff41}.person"),
            ("alice", "a1ice"),
            ("ALICE", "aIice"),
            ("PAUL", "\u{420}aul"),
        ] {
            assert!(is_same_person(a, b), "{:?} {:?}", list_forms(a), list_forms(b));
        }
        for (a, b) in [("a.person", "b.person"), ("a", "b"), ("ann", "anna")] {
            assert!(!is_same_person(a, b), "{a} {b}");
        }
    }
}
