//! The one writer of JSON. It escapes every character that could harm a terminal or mislead a reader: C0, DEL, C1,
//! marks that change the reading direction, line separators, invisible characters.
//!
//! The text is harmless to print, and its content is the same for a program.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::sanitize::is_hostile;

/// How JSON is laid out.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum JsonLayout {
    /// Indented, with a line for each member.
    Indented,
    /// On one line.
    OneLine,
}

/// Writes a value, without a newline at the end.
///
/// # Errors
/// I/O errors, and values that JSON cannot represent.
pub fn write_json(value: &impl Serialize, layout: JsonLayout, out: &mut dyn Write) -> io::Result<()> {
    match layout {
        JsonLayout::Indented => {
            value.serialize(&mut Serializer::with_formatter(out, EscapingFormatter(PrettyFormatter::new())))
        }
        JsonLayout::OneLine => {
            value.serialize(&mut Serializer::with_formatter(out, EscapingFormatter(CompactFormatter)))
        }
    }
    .map_err(io::Error::from)
}

/// Renders a value, with a newline at the end.
///
/// # Errors
/// Values that JSON cannot represent.
pub fn render_json(value: &impl Serialize, layout: JsonLayout) -> io::Result<String> {
    let mut text = Vec::new();
    write_json(value, layout, &mut text)?;
    text.push(b'\n');
    String::from_utf8(text).map_err(io::Error::other)
}

/// A JSON text with the hostile characters of its strings escaped. Outside of strings, where JSON has no escapes, it drops
/// tabs and carriage returns.
pub fn escape_json_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let (mut is_in_string, mut is_after_backslash) = (false, false);
    for c in text.chars() {
        match c {
            '"' if !is_after_backslash => is_in_string = !is_in_string,
            '\t' | '\r' if !is_in_string => continue,
            _ => {}
        }
        is_after_backslash = is_in_string && c == '\\' && !is_after_backslash;
        if is_hostile(c) && (c != '\n' || is_in_string) {
            push_escape(&mut escaped, c);
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Appends the `\u` escapes of a character: two if it is beyond the Basic Multilingual Plane.
fn push_escape(text: &mut String, c: char) {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        text.push_str(&format!("\\u{unit:04x}"));
    }
}

/// Escapes every hostile character, not only those that JSON requires. The layout is that of the inner formatter.
struct EscapingFormatter<F>(F);

impl<F: Formatter> Formatter for EscapingFormatter<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        // Most text is printable ASCII, in which no character is hostile.
        if fragment.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return out.write_all(fragment.as_bytes());
        }
        let mut escaped = String::with_capacity(fragment.len() + 16);
        for c in fragment.chars() {
            if is_hostile(c) {
                push_escape(&mut escaped, c);
            } else {
                escaped.push(c);
            }
        }
        out.write_all(escaped.as_bytes())
    }

    /// Text that was read as JSON and is written back as it was.
    fn write_raw_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        out.write_all(escape_json_text(fragment).as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    fn is_harmless(text: &str) -> bool {
        !text.chars().any(|c| is_hostile(c) && c != '\n')
    }

    proptest! {
        #[test]
        fn json_is_harmless_and_keeps_its_content(key in any::<String>(), text in any::<String>()) {
            let value = json!({ key: [text, {"n": 1.5, "empty": {}}], "none": null });
            for layout in [JsonLayout::Indented, JsonLayout::OneLine] {
                let rendered = render_json(&value, layout).unwrap();
                prop_assert!(is_harmless(&rendered), "{rendered:?}");
                prop_assert_eq!(serde_json::from_str::<Value>(&rendered).unwrap(), value.clone());
                prop_assert!(layout == JsonLayout::Indented || rendered.lines().count() == 1);
            }
        }

        #[test]
        fn raw_json_is_harmless_and_keeps_its_content(text in any::<String>()) {
            let serialized = serde_json::to_string(&json!([text, "\\", "\"", {"k": text}])).unwrap();
            let spaced = serialized.replacen('[', "[\t\r\n", 1);
            let raw = RawValue::from_string(spaced.clone()).unwrap();
            let rendered = render_json(&json!({ "id": 1 }), JsonLayout::OneLine).unwrap();
            prop_assert_eq!(rendered, "{\"id\":1}\n");
            let rendered = render_json(&raw, JsonLayout::OneLine).unwrap();
            prop_assert!(is_harmless(&rendered), "{rendered:?}");
            prop_assert_eq!(
                serde_json::from_str::<Value>(&rendered).unwrap(),
                serde_json::from_str::<Value>(&spaced).unwrap()
            );
        }
    }

    #[test]
    fn the_layout_is_that_of_serde_json() {
        let value = json!({"a": [1, {"b": []}], "c": {}, "d": "é\u{1b}"});
        let indented = serde_json::to_string_pretty(&value).unwrap() + "\n";
        assert_eq!(render_json(&value, JsonLayout::Indented).unwrap(), indented);
        assert_eq!(
            render_json(&json!("\u{9b}\u{202e}\u{2028}\u{85}\u{7f}\u{e0041}\u{0}"), JsonLayout::OneLine).unwrap(),
            "\"\\u009b\\u202e\\u2028\\u0085\\u007f\\udb40\\udc41\\u0000\"\n"
        );
    }
}
