//! JSON for people to copy: what fits on a line stands on one, and long lists fill lines.

use serde_json::Value;

/// How long a line may be: with what stands before it in a report, it fits on 100 columns.
const WIDTH: usize = 72;

/// A value as text, its last line not ended.
pub(super) fn to_copy(value: &Value) -> String {
    let mut out = String::new();
    // The whole is laid out, however short it is.
    write(value, 0, 0, &mut out);
    out
}

/// Writes a value whose first line begins with `used` columns.
fn write(value: &Value, indent: usize, used: usize, out: &mut String) {
    let inner = " ".repeat(indent + 2);
    let end = |out: &mut String, bracket: char| {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
        out.push(bracket);
    };
    let short = on_a_line(value);
    let is_nested = |value: &Value| value.is_array() || value.is_object();
    if indent > 0 && used + short.len() < WIDTH && !is_statement(value) {
        return out.push_str(&short);
    }
    match value {
        Value::Array(values) if values.iter().any(is_nested) => {
            out.push('[');
            for (i, value) in values.iter().enumerate() {
                out.push_str(if i == 0 { "\n" } else { ",\n" });
                out.push_str(&inner);
                write(value, indent + 2, indent + 2, out);
            }
            end(out, ']');
        }
        Value::Array(values) => {
            out.push('[');
            let mut column = WIDTH;
            for (i, value) in values.iter().enumerate() {
                let text = on_a_line(value);
                let comma = if i == 0 { "" } else { "," };
                // A comma follows all but the last.
                if column + 2 + text.len() >= WIDTH {
                    out.push_str(&format!("{comma}\n{inner}{text}"));
                    column = indent + 2 + text.len();
                } else {
                    out.push_str(&format!("{comma} {text}"));
                    column += 2 + text.len();
                }
            }
            end(out, ']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                let name = format!("{}: ", Value::from(name.as_str()));
                out.push_str(if i == 0 { "\n" } else { ",\n" });
                out.push_str(&inner);
                out.push_str(&name);
                write(value, indent + 2, indent + 2 + name.len(), out);
            }
            end(out, '}');
        }
        _ => out.push_str(&short),
    }
}

/// Whether it is a list of statements, or one: their elements stand below each other.
fn is_statement(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(is_statement),
        Value::Object(members) => members.contains_key("Effect"),
        _ => false,
    }
}

fn on_a_line(value: &Value) -> String {
    let all = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Array(values) => format!("[{}]", all(values.iter().map(on_a_line).collect())),
        Value::Object(members) if !members.is_empty() => {
            let member =
                |(name, value): (&String, &Value)| format!("{}: {}", Value::from(name.as_str()), on_a_line(value));
            format!("{{ {} }}", all(members.iter().map(member).collect()))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_the_same_value_and_no_line_is_long() {
        let actions: Vec<String> = (0..40).map(|i| format!("service:Delete{}", "x".repeat(i))).collect();
        let condition = json!({ "StringNotLike": { "aws:PrincipalTag/change-approval": "CHG-*" } });
        for actions in [json!(actions), json!([]), json!("s3:*"), json!(["a\"b:\nc"])] {
            let statement =
                json!({ "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition, "None": {} });
            let document = json!({ "Version": "2012-10-17", "Statement": [statement, statement] });
            let text = to_copy(&document);
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document, "{text}");
            assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        }
    }

    #[test]
    fn a_condition_stands_on_one_line() {
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
        assert_eq!(to_copy(&json!({ "Statement": [statement] })), expected);
    }
}
