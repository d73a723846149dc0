//! Texts in TOML, with the characters escaped that could harm a terminal or mislead a reader.

use super::sanitize::is_hostile;

/// A text as a TOML basic string.
///
/// ```
/// use iamdrift::base::toml_text::quote_toml;
///
/// assert_eq!(quote_toml("a \"b\"\u{202e}"), r#""a \"b\"\u202E""#);
/// ```
pub fn quote_toml(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_hostile(c) && u32::from(c) <= 0xFFFF => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if is_hostile(c) => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_back(quoted: &str) -> String {
        let table: ::toml::Table = format!("x = {quoted}").parse().unwrap();
        table.get("x").unwrap().as_str().unwrap().to_owned()
    }

    proptest! {
        #[test]
        fn quoted_texts_are_harmless_and_read_back(text in any::<String>()) {
            let quoted = quote_toml(&text);
            prop_assert!(!quoted.contains(is_hostile), "{quoted:?}");
            prop_assert_eq!(read_back(&quoted), text);
        }
    }

    #[test]
    fn direction_marks_and_invisible_characters_are_escaped() {
        assert_eq!(quote_toml("a\u{202e}\u{200b}\u{2028}\u{e0041}\u{7f}"), r#""a\u202E\u200B\u2028\U000E0041\u007F""#);
        assert_eq!(quote_toml("é\t✓\n"), r#""é\t✓\n""#);
    }
}
