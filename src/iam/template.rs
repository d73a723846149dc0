//! Texts with wildcards and policy variables, as `Resource` elements and condition values hold them.

use std::fmt;

use super::context_key::ContextKey;

/// A piece of a [`Template`].
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum TemplatePart {
    /// Text that stands for itself.
    Literal(Box<str>),
    /// `*`: any run of characters, the empty one too.
    AnyString,
    /// `?`: exactly one character.
    AnyChar,
    /// `${key}` or `${key, 'default'}`: the request's value of the key, as literal text.
    Variable {
        /// The context key.
        key: ContextKey,
        /// What stands in its place when the key is missing.
        default: Option<Box<str>>,
    },
}

/// Whether `*` and `?` are wildcards in a text.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum WildcardMode {
    /// As in `StringLike` and `Resource`.
    Active,
    /// As in `StringEquals`: they stand for themselves.
    Literal,
}

/// Where policy variables are replaced in a text.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum VariableScope {
    /// Everywhere (condition values under `Version` 2012-10-17).
    Anywhere,
    /// After the fifth colon only (resources under `Version` 2012-10-17).
    AfterFifthColon,
    /// Nowhere (`Version` 2008-10-17).
    Nowhere,
}

/// A text split into literals, wildcards and variables.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Template {
    written: Box<str>,
    parts: Vec<TemplatePart>,
}

impl Template {
    /// Splits a text. A `${` without its `}` is literal, as is a variable without a name.
    pub fn parse(text: &str, wildcards: WildcardMode, variables: VariableScope) -> Template {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut colons = 0;
        let mut rest = text;
        // Nothing is a variable after the last brace; so a text of open ones is not searched for each.
        let length_from_last_brace = text.rfind('}').map_or(text, |at| text.get(at..).unwrap_or("")).len();
        while let Some(c) = rest.chars().next() {
            let is_variable_position = rest.len() > length_from_last_brace
                && match variables {
                    VariableScope::Anywhere => true,
                    VariableScope::AfterFifthColon => colons >= 5,
                    VariableScope::Nowhere => false,
                };
            if is_variable_position && let Some((part, after)) = parse_variable(rest) {
                match part {
                    TemplatePart::Literal(text) => literal.push_str(&text),
                    part => {
                        push_literal(&mut literal, &mut parts);
                        parts.push(part);
                    }
                }
                rest = after;
                continue;
            }
            match c {
                '*' if wildcards == WildcardMode::Active => {
                    push_literal(&mut literal, &mut parts);
                    if parts.last() != Some(&TemplatePart::AnyString) {
                        parts.push(TemplatePart::AnyString);
                    }
                }
                '?' if wildcards == WildcardMode::Active => {
                    push_literal(&mut literal, &mut parts);
                    parts.push(TemplatePart::AnyChar);
                }
                _ => {
                    colons += usize::from(c == ':');
                    literal.push(c);
                }
            }
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
        push_literal(&mut literal, &mut parts);
        Template { written: text.into(), parts }
    }

    /// A text that stands for itself.
    pub fn from_literal(text: &str) -> Template {
        Template::parse(text, WildcardMode::Literal, VariableScope::Nowhere)
    }

    /// A resource pattern: wildcards, variables after the fifth colon, and `*` segments in the place of
    /// those that are not given (*IAM JSON policy elements: Resource*).
    pub fn from_resource(text: &str, variables: VariableScope) -> Template {
        let missing = 5usize.saturating_sub(text.matches(':').count());
        if missing == 0 || text.ends_with('*') {
            return Template::parse(text, WildcardMode::Active, variables);
        }
        let completed = format!("{text}{}", ":*".repeat(missing));
        Template { written: text.into(), ..Template::parse(&completed, WildcardMode::Active, variables) }
    }

    /// The pieces in order; neighbouring literals are joined and runs of `*` are one.
    pub fn parts(&self) -> &[TemplatePart] {
        &self.parts
    }

    /// The text as it was written.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The keys of the variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &ContextKey> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Variable { key, .. } => Some(key),
            _ => None,
        })
    }

    /// The same text, its variables with other keys where there is one for them.
    pub fn rename_keys(&self, new_key: impl Fn(&ContextKey) -> Option<ContextKey>) -> Template {
        let rename_part = |part: &TemplatePart| match part {
            TemplatePart::Variable { key, default } => {
                TemplatePart::Variable { key: new_key(key).unwrap_or_else(|| key.clone()), default: default.clone() }
            }
            part => part.clone(),
        };
        Template { written: self.written.clone(), parts: self.parts.iter().map(rename_part).collect() }
    }

    /// The text, if it holds neither wildcards nor variables.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [TemplatePart::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The variable, if it is all that stands there, without a default.
    pub fn as_variable(&self) -> Option<&ContextKey> {
        match self.parts.as_slice() {
            [TemplatePart::Variable { key, default: None }] => Some(key),
            _ => None,
        }
    }

    /// Whether this is `*` alone.
    pub fn is_match_all(&self) -> bool {
        matches!(self.parts.as_slice(), [TemplatePart::AnyString])
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

fn push_literal(literal: &mut String, parts: &mut Vec<TemplatePart>) {
    if literal.is_empty() {
        return;
    }
    parts.push(TemplatePart::Literal(std::mem::take(literal).into()));
}

/// The variable at the start of a text, and what follows it.
fn parse_variable(text: &str) -> Option<(TemplatePart, &str)> {
    let inner = text.strip_prefix("${")?;
    // A default may hold a brace: it ends at its closing quote, which a doubled quote does not close.
    let (body, after) = match inner.find(['}', '\'']) {
        Some(i) if inner.get(i..)?.starts_with('\'') => {
            let close = i + 1 + inner.get(i + 1..)?.find('\'')?;
            let end = close + inner.get(close..)?.find('}')?;
            (inner.get(..end)?, inner.get(end + 1..)?)
        }
        Some(i) => (inner.get(..i)?, inner.get(i + 1..)?),
        None => return None,
    };
    let part = match body {
        "*" | "?" | "$" => TemplatePart::Literal(body.into()),
        _ => match body.split_once(',') {
            Some((key, default)) => {
                let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                TemplatePart::Variable { key: ContextKey::new(key.trim()), default: Some(default.into()) }
            }
            None if body.trim().is_empty() => return None,
            None => TemplatePart::Variable { key: ContextKey::new(body.trim()), default: None },
        },
    };
    Some((part, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_parts(text: &str) -> Vec<TemplatePart> {
        Template::from_resource(text, VariableScope::AfterFifthColon).parts
    }

    #[test]
    fn parses_variables_and_escapes() {
        let key = ContextKey::new("aws:username");
        assert_eq!(
            parse_parts("arn:aws:s3:::b/${aws:username, 'no}body'}/${*}*"),
            [
                TemplatePart::Literal("arn:aws:s3:::b/".into()),
                TemplatePart::Variable { key: key.clone(), default: Some("no}body".into()) },
                TemplatePart::Literal("/*".into()),
                TemplatePart::AnyString,
            ]
        );
        assert_eq!(
            parse_parts("arn:aws:s3:::b/${aws:username"),
            [TemplatePart::Literal("arn:aws:s3:::b/${aws:username".into())]
        );
        assert_eq!(
            parse_parts("arn:aws:iam::${aws:x}:role/a"),
            [TemplatePart::Literal("arn:aws:iam::${aws:x}:role/a".into())]
        );
        let value = Template::parse("${aws:username}", WildcardMode::Literal, VariableScope::Anywhere);
        assert_eq!(value.parts, [TemplatePart::Variable { key, default: None }]);
    }

    #[test]
    fn completes_short_arns() {
        assert_eq!(parse_parts("arn:aws:sqs"), parse_parts("arn:aws:sqs:*:*:*"));
        assert_eq!(parse_parts("*"), [TemplatePart::AnyString]);
        assert_eq!(
            parse_parts("arn:aws:s3:::*"),
            [TemplatePart::Literal("arn:aws:s3:::".into()), TemplatePart::AnyString]
        );
    }
}
