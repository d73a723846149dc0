//! Policy documents to copy: a value that fits is on one line, and long lists fill their lines.

use serde_json::Value;

use crate::base::json_writer::escape_json_text;

/// The maximum length of a line: indented in a report, it fits in 100 columns.
const WIDTH: usize = 72;

/// A value as text, without a newline at the end.
pub fn render_json(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, 0, 0, &mut out);
    out
}

/// Writes a value at an indentation. `used` columns of its first line are taken.
fn write_value(value: &Value, indent: usize, used: usize, out: &mut String) {
    let inner_indent = " ".repeat(indent + 2);
    let write_closing = |out: &mut String, bracket: char| {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
        out.push(bracket);
    };
    let one_line = to_one_line(value);
    let is_nested = |value: &Value| value.is_array() || value.is_object();
    if indent > 0 && used + one_line.len() < WIDTH && !is_statement(value) {
        return out.push_str(&one_line);
    }
    match value {
        Value::Array(values) if values.iter().any(is_nested) => {
            out.push('[');
            for (i, value) in values.iter().enumerate() {
                out.push_str(if i == 0 { "\n" } else { ",\n" });
                out.push_str(&inner_indent);
                write_value(value, indent + 2, indent + 2, out);
            }
            write_closing(out, ']');
        }
        Value::Array(values) => {
            out.push('[');
            let mut column = WIDTH;
            for (i, value) in values.iter().enumerate() {
                let text = to_one_line(value);
                let comma = if i == 0 { "" } else { "," };
                // The two columns are for the comma after the value and the space before it.
                if column + 2 + text.len() >= WIDTH {
                    out.push_str(&format!("{comma}\n{inner_indent}{text}"));
                    column = indent + 2 + text.len();
                } else {
                    out.push_str(&format!("{comma} {text}"));
                    column += 2 + text.len();
                }
            }
            write_closing(out, ']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                let name = format!("{}: ", render_scalar(&Value::from(name.as_str())));
                out.push_str(if i == 0 { "\n" } else { ",\n" });
                out.push_str(&inner_indent);
                out.push_str(&name);
                write_value(value, indent + 2, indent + 2 + name.len(), out);
            }
            write_closing(out, '}');
        }
        _ => out.push_str(&one_line),
    }
}

/// Whether it is a statement, or a list of statements. Their elements are on lines of their own.
fn is_statement(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(is_statement),
        Value::Object(members) => members.contains_key("Effect"),
        _ => false,
    }
}

fn to_one_line(value: &Value) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Array(values) => format!("[{}]", join(values.iter().map(to_one_line).collect())),
        Value::Object(members) if !members.is_empty() => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}: {}", render_scalar(&Value::from(name.as_str())), to_one_line(value))
            };
            format!("{{ {} }}", join(members.iter().map(member).collect()))
        }
        scalar => render_scalar(scalar),
    }
}

/// A scalar with the characters escaped that could mislead a reader: the review of a document is about what it shows.
fn render_scalar(scalar: &Value) -> String {
    escape_json_text(&scalar.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn layout_keeps_the_value_and_limits_line_length() {
        let actions: Vec<String> = (0..40).map(|i| format!("service:Delete{}", "x".repeat(i))).collect();
        let condition = json!({ "StringNotLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
        for actions in [json!(actions), json!([]), json!("s3:*"), json!(["a\"b:\nc"])] {
            let statement =
                json!({ "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition, "None": {} });
            let document = json!({ "Version": "2012-10-17", "Statement": [statement, statement] });
            let text = render_json(&document);
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document, "{text}");
            assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        }
    }

    #[test]
    fn characters_that_mislead_a_reader_are_escaped() {
        let document = json!({ "Statement": [{ "Effect": "Deny", "\u{200b}": ["a\u{202e}b", "é\u{2028}"] }] });
        let text = render_json(&document);
        assert!(text.contains(r#""\u200b": ["a\u202eb", "é\u2028"]"#), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }

    #[test]
    fn a_short_condition_is_on_one_line() {
        let statement =
            json!({ "Effect": "Deny", "Action": ["s3:*"], "Condition": { "Null": { "aws:SourceIp": "true" } } });
        let expected = r#"{
  "Statement": [
    {
      "Effect": "Deny",
      "Action": ["s3:*"],
      "Condition": { "Null": { "aws:SourceIp": "true" } }
    }
  ]
}"#;
        assert_eq!(render_json(&json!({ "Statement": [statement] })), expected);
    }
}
