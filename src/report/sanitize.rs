//! Makes untrusted text safe to show: names, tags, Sids, ARNs, context values, file names.
//!
//! A principal that can name a role can put any character into the name: codes that move the cursor, marks that change
//! the text direction, invisible characters. Reports show these escaped as `\u{1b}`, and all other characters unchanged
//! (`docs/report.md`, *Hostile names*).

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// The maximum number of marks on one letter. Scripts need at most two, and more would cover other lines.
const MAX_MARKS: usize = 2;

/// Escapes every character that could control a terminal, is invisible, or looks like another one.
///
/// The result has no line break, no tab, and no space except U+0020. Sanitizing twice changes nothing.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    // Most names are printable ASCII.
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut sanitized = String::with_capacity(text.len() + 16);
    // A mark at the start would be drawn on the text before it.
    let mut marks = MAX_MARKS;
    for c in text.chars() {
        if is_hostile(c) {
            push_escaped(&mut sanitized, c);
            marks = 0;
        } else if c.width() != Some(0) {
            sanitized.push(c);
            marks = 0;
        } else if marks < MAX_MARKS {
            sanitized.push(c);
            marks += 1;
        } else {
            push_escaped(&mut sanitized, c);
        }
    }
    Cow::Owned(sanitized)
}

fn push_escaped(sanitized: &mut String, c: char) {
    // Writing to a string does not fail.
    let _ = write!(sanitized, "\\u{{{:x}}}", u32::from(c));
}

/// Whether a character must be escaped.
pub(super) fn is_hostile(c: char) -> bool {
    // C0, DEL and C1; characters that look like a space, and the line and paragraph separators.
    c.is_control() || (c.is_whitespace() && c != ' ') || is_invisible(c)
}

/// Invisible characters: formatting, direction, joiners, fillers, tags
/// (general category Cf and Default_Ignorable_Code_Point of the Unicode Character Database).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}'
        | '\u{34f}'
        | '\u{600}'..='\u{605}'
        | '\u{61c}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn harmless_text_is_unchanged() {
        for text in ["arn:aws-cn:iam::111122223333:role/agents/kiro", "", "a b", "\\u{1b}"] {
            assert!(matches!(sanitize(text), Cow::Borrowed(same) if same == text));
        }
        for text in ["Kostenprüfung", "費用管理", "e\u{301}", "กำลัง", "🚀"] {
            assert_eq!(sanitize(text), text);
        }
    }

    #[test]
    fn hostile_text_is_escaped() {
        for (text, shown) in [
            // Clears the screen, sets the title, makes a link, with 7-bit and 8-bit codes.
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{1b}]0;owned\u{7}", "\\u{1b}]0;owned\\u{7}"),
            ("\u{9b}31m\u{9d}8;;", "\\u{9b}31m\\u{9d}8;;"),
            // Starts a line, and overwrites a line.
            ("kiro\nCRITICAL 0", "kiro\\u{a}CRITICAL 0"),
            ("no drift\r\u{8}\u{7f}", "no drift\\u{d}\\u{8}\\u{7f}"),
            ("a\tb\u{b}\u{c}\u{0}", "a\\u{9}b\\u{b}\\u{c}\\u{0}"),
            // Line separators of Unicode.
            ("a\u{85}b\u{2028}c\u{2029}", "a\\u{85}b\\u{2028}c\\u{2029}"),
            // Trojan source: overrides, embeddings, isolates, marks.
            ("\u{202e}nimda\u{202c}", "\\u{202e}nimda\\u{202c}"),
            ("\u{2066}x\u{2069}\u{200f}\u{61c}", "\\u{2066}x\\u{2069}\\u{200f}\\u{61c}"),
            // Invisible.
            ("ad\u{200b}min\u{200d}\u{feff}", "ad\\u{200b}min\\u{200d}\\u{feff}"),
            ("a\u{ad}b\u{2060}\u{3164}\u{e0041}", "a\\u{ad}b\\u{2060}\\u{3164}\\u{e0041}"),
            // Look like a space.
            ("a\u{a0}b\u{2003}c\u{3000}", "a\\u{a0}b\\u{2003}c\\u{3000}"),
            // Too many marks, and a mark on the text of the report.
            ("\u{301}x", "\\u{301}x"),
            ("e\u{301}\u{302}\u{303}", "e\u{301}\u{302}\\u{303}"),
        ] {
            assert_eq!(sanitize(text), shown);
        }
    }

    proptest! {
        #[test]
        fn result_has_no_hostile_character_and_is_stable(text in any::<String>()) {
            let once = sanitize(&text).into_owned();
            prop_assert!(!once.chars().any(is_hostile));
            prop_assert_eq!(&sanitize(&once), &once);
        }
    }
}
