//! Texts with wildcards and policy variables, as `Resource` elements and condition values hold them.

use std::fmt;

use super::condition::ContextKey;

/// A piece of a [`Template`].
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum Part {
    /// Text that stands for itself.
    Literal(Box<str>),
    /// `*`: any run of characters, the empty one too.
    AnyRun,
    /// `?`: exactly one character.
    AnyOne,
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
pub enum Wildcards {
    /// As in `StringLike` and `Resource`.
    Active,
    /// As in `StringEquals`: they stand for themselves.
    Literal,
}

/// Where policy variables are replaced in a text.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Variables {
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
    parts: Vec<Part>,
}

impl Template {
    /// Splits a text. A `${` without its `}` is literal, as is a variable without a name.
    pub fn parse(text: &str, wildcards: Wildcards, variables: Variables) -> Template {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut colons = 0;
        let mut rest = text;
        // Nothing is a variable after the last brace; so a text of open ones is not searched for each.
        let after_last_brace = text.rfind('}').map_or(text, |at| text.get(at..).unwrap_or("")).len();
        while let Some(c) = rest.chars().next() {
            let allowed = rest.len() > after_last_brace
                && match variables {
                    Variables::Anywhere => true,
                    Variables::AfterFifthColon => colons >= 5,
                    Variables::Nowhere => false,
                };
            if allowed && let Some((part, after)) = variable(rest) {
                match part {
                    Part::Literal(text) => literal.push_str(&text),
                    part => {
                        flush(&mut literal, &mut parts);
                        parts.push(part);
                    }
                }
                rest = after;
                continue;
            }
            match c {
                '*' if wildcards == Wildcards::Active => {
                    flush(&mut literal, &mut parts);
                    if parts.last() != Some(&Part::AnyRun) {
                        parts.push(Part::AnyRun);
                    }
                }
                '?' if wildcards == Wildcards::Active => {
                    flush(&mut literal, &mut parts);
                    parts.push(Part::AnyOne);
                }
                _ => {
                    colons += usize::from(c == ':');
                    literal.push(c);
                }
            }
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
        flush(&mut literal, &mut parts);
        Template { written: text.into(), parts }
    }

    /// A text that stands for itself.
    pub fn literal(text: &str) -> Template {
        Template::parse(text, Wildcards::Literal, Variables::Nowhere)
    }

    /// A resource pattern: wildcards, variables after the fifth colon, and `*` segments in the place of
    /// those that are not given (*IAM JSON policy elements: Resource*).
    pub fn resource(text: &str, variables: Variables) -> Template {
        let missing = 5usize.saturating_sub(text.matches(':').count());
        if missing == 0 || text.ends_with('*') {
            return Template::parse(text, Wildcards::Active, variables);
        }
        let completed = format!("{text}{}", ":*".repeat(missing));
        Template { written: text.into(), ..Template::parse(&completed, Wildcards::Active, variables) }
    }

    /// The pieces in order; neighbouring literals are joined and runs of `*` are one.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text as it was written.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The keys of the variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &ContextKey> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { key, .. } => Some(key),
            _ => None,
        })
    }

    /// The same text, its variables with other keys where there is one for them.
    pub fn with_keys(&self, other: impl Fn(&ContextKey) -> Option<ContextKey>) -> Template {
        let part = |part: &Part| match part {
            Part::Variable { key, default } => {
                Part::Variable { key: other(key).unwrap_or_else(|| key.clone()), default: default.clone() }
            }
            part => part.clone(),
        };
        Template { written: self.written.clone(), parts: self.parts.iter().map(part).collect() }
    }

    /// The text, if it holds neither wildcards nor variables.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The variable, if it is all that stands there, without a default.
    pub fn as_variable(&self) -> Option<&ContextKey> {
        match self.parts.as_slice() {
            [Part::Variable { key, default: None }] => Some(key),
            _ => None,
        }
    }

    /// Whether this is `*` alone.
    pub fn is_everything(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::AnyRun])
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

fn flush(literal: &mut String, parts: &mut Vec<Part>) {
    if literal.is_empty() {
        return;
    }
    parts.push(Part::Literal(std::mem::take(literal).into()));
}

/// The variable at the start of a text, and what follows it.
fn variable(text: &str) -> Option<(Part, &str)> {
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
        "*" | "?" | "$" => Part::Literal(body.into()),
        _ => match body.split_once(',') {
            Some((key, default)) => {
                let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                Part::Variable { key: ContextKey::new(key.trim()), default: Some(default.into()) }
            }
            None if body.trim().is_empty() => return None,
            None => Part::Variable { key: ContextKey::new(body.trim()), default: None },
        },
    };
    Some((part, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<Part> {
        Template::resource(text, Variables::AfterFifthColon).parts
    }

    #[test]
    fn variables_and_escapes() {
        let key = ContextKey::new("aws:username");
        assert_eq!(
            parts("arn:aws:s3:::b/${aws:username, 'no}body'}/${*}*"),
            [
                Part::Literal("arn:aws:s3:::b/".into()),
                Part::Variable { key: key.clone(), default: Some("no}body".into()) },
                Part::Literal("/*".into()),
                Part::AnyRun,
            ]
        );
        assert_eq!(parts("arn:aws:s3:::b/${aws:username"), [Part::Literal("arn:aws:s3:::b/${aws:username".into())]);
        assert_eq!(parts("arn:aws:iam::${aws:x}:role/a"), [Part::Literal("arn:aws:iam::${aws:x}:role/a".into())]);
        let value = Template::parse("${aws:username}", Wildcards::Literal, Variables::Anywhere);
        assert_eq!(value.parts, [Part::Variable { key, default: None }]);
    }

    #[test]
    fn short_arns_are_completed() {
        assert_eq!(parts("arn:aws:sqs"), parts("arn:aws:sqs:*:*:*"));
        assert_eq!(parts("*"), [Part::AnyRun]);
        assert_eq!(parts("arn:aws:s3:::*"), [Part::Literal("arn:aws:s3:::".into()), Part::AnyRun]);
    }
}
