//! Templates: texts with wildcards and policy variables, in `Resource` elements and condition values.

use std::fmt;

use super::context_key::ContextKey;

/// A part of a [`Template`].
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum TemplatePart {
    /// Literal text.
    Literal(Box<str>),
    /// `*`: any run of characters, including the empty one.
    AnyString,
    /// `?`: exactly one character.
    AnyChar,
    /// `${key}` or `${key, 'default'}`: the value of the key in the request, as literal text.
    Variable {
        /// The context key.
        key: ContextKey,
        /// The text to use if the key is missing.
        default: Option<Box<str>>,
    },
}

/// Whether `*` and `?` are wildcards.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum WildcardMode {
    /// They are wildcards, as in `StringLike` and `Resource`.
    Active,
    /// They are literal, as in `StringEquals`.
    Literal,
}

/// The positions in which `${…}` is a policy variable.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum VariableScope {
    /// Everywhere (condition values, `Version` 2012-10-17).
    Anywhere,
    /// After the fifth colon (resources, `Version` 2012-10-17).
    AfterFifthColon,
    /// Nowhere (`Version` 2008-10-17).
    Nowhere,
}

/// A text, split into literals, wildcards and variables.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Template {
    written: Box<str>,
    parts: Vec<TemplatePart>,
    /// The parts if variables before the fifth colon of a resource are variables, too. None if there are none.
    parts_with_early_variables: Option<Vec<TemplatePart>>,
    /// Whether a policy has this resource pattern, with a wildcard in the service segment.
    has_service_wildcard: bool,
}

impl Template {
    /// Splits a text. A `${` without `}` is literal, and so is a variable without a name.
    pub fn parse(text: &str, wildcards: WildcardMode, variables: VariableScope) -> Template {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut colons = 0;
        let mut rest = text;
        // No variable starts after the last `}`. Without this check, a text of many `${` takes quadratic time.
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
        Template { written: text.into(), parts, parts_with_early_variables: None, has_service_wildcard: false }
    }

    /// A template that matches one text.
    pub fn from_literal(text: &str) -> Template {
        Template::parse(text, WildcardMode::Literal, VariableScope::Nowhere)
    }

    /// A resource pattern: with wildcards, and with `*` for missing segments. AWS: *IAM JSON policy elements: Resource*.
    pub fn from_resource(text: &str, variables: VariableScope) -> Template {
        let missing = 5usize.saturating_sub(text.matches(':').count());
        let completed = match missing == 0 || text.ends_with('*') {
            true => text.to_owned(),
            false => format!("{text}{}", ":*".repeat(missing)),
        };
        let template = Template::parse(&completed, WildcardMode::Active, variables);
        // AWS: *IAM policy elements: Variables and tags*: a variable cannot replace a part of the ARN before the fifth colon.
        // What such a pattern means is open.
        // A variable at the start can be the whole ARN, which then lacks nothing.
        let early_text = if text.starts_with("${") { text } else { &completed };
        let early = (variables == VariableScope::AfterFifthColon && has_early_key(&completed))
            .then(|| Template::parse(early_text, WildcardMode::Active, VariableScope::Anywhere).parts)
            .filter(|parts| *parts != template.parts);
        Template { written: text.into(), parts_with_early_variables: early, ..template }
    }

    /// The template in which variables before the fifth colon are variables, too. None if there are none.
    pub(crate) fn with_early_variables(&self) -> Option<Template> {
        let parts = self.parts_with_early_variables.clone()?;
        Some(Template { parts, parts_with_early_variables: None, ..self.clone() })
    }

    /// Whether a variable is before the fifth colon.
    pub(crate) fn has_early_variables(&self) -> bool {
        self.parts_with_early_variables.is_some()
    }

    /// Whether the default value of a variable contains `*` or `?`.
    pub(crate) fn has_default_wildcard(&self) -> bool {
        self.parts.iter().any(has_wildcard_in_default)
    }

    /// The template in which a default value that contains `*` or `?` is a pattern. `is_missing`: whether the request lacks
    /// the key of a variable. None if nothing changes.
    // AWS: IAM policy elements: Variables and tags, "Specifying default values": whether they are wildcards there is open.
    pub(crate) fn with_default_patterns(&self, is_missing: impl Fn(&ContextKey) -> bool) -> Option<Template> {
        let is_pattern = |part: &TemplatePart| match part {
            TemplatePart::Variable { key, .. } => has_wildcard_in_default(part) && is_missing(key),
            _ => false,
        };
        if !self.parts.iter().any(is_pattern) {
            return None;
        }
        let expand = |part: &TemplatePart| match part {
            TemplatePart::Variable { default: Some(default), .. } if is_pattern(part) => {
                Template::parse(default, WildcardMode::Active, VariableScope::Nowhere).parts
            }
            part => vec![part.clone()],
        };
        Some(Template { parts: self.parts.iter().flat_map(expand).collect(), ..self.clone() })
    }

    /// A pattern in a policy. AWS allows no wildcard in its service segment. Patterns that the product builds may have one.
    // AWS: IAM JSON policy elements: Resource
    pub(super) fn from_policy_resource(text: &str, variables: VariableScope) -> Template {
        let has_service_wildcard =
            text.starts_with("arn:") && text.split(':').nth(2).is_some_and(|service| service.contains(['*', '?']));
        Template { has_service_wildcard, ..Template::from_resource(text, variables) }
    }

    /// Whether a wildcard is in the service segment of a policy's resource, which AWS forbids.
    pub fn has_service_wildcard(&self) -> bool {
        self.has_service_wildcard
    }

    /// The parts, in order. Adjacent literals are joined, and `**` is one `*`.
    pub fn parts(&self) -> &[TemplatePart] {
        &self.parts
    }

    /// The original text.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The keys of the variables.
    pub fn variables(&self) -> impl Iterator<Item = &ContextKey> {
        list_variables(&self.parts)
    }

    /// The keys of the variables, those before the fifth colon of a resource included.
    pub(crate) fn all_variables(&self) -> impl Iterator<Item = &ContextKey> {
        list_variables(self.parts_with_early_variables.as_ref().unwrap_or(&self.parts))
    }

    /// The template with other keys in its variables. A key for which `new_key` returns `None` is kept.
    pub fn rename_keys(&self, new_key: impl Fn(&ContextKey) -> Option<ContextKey>) -> Template {
        let rename_part = |part: &TemplatePart| match part {
            TemplatePart::Variable { key, default } => {
                TemplatePart::Variable { key: new_key(key).unwrap_or_else(|| key.clone()), default: default.clone() }
            }
            part => part.clone(),
        };
        let rename = |parts: &Vec<TemplatePart>| parts.iter().map(rename_part).collect();
        Template {
            parts: rename(&self.parts),
            parts_with_early_variables: self.parts_with_early_variables.as_ref().map(rename),
            ..self.clone()
        }
    }

    /// The template with literal texts in place of some variables. `value_of` takes the key and the default of a variable;
    /// a variable for which it returns `None` is kept. `as_written` keeps the original text.
    pub(crate) fn substitute_variables(
        &self,
        value_of: impl Fn(&ContextKey, Option<&str>) -> Option<String>,
    ) -> Template {
        let mut parts: Vec<TemplatePart> = Vec::new();
        for part in &self.parts {
            let part = match part {
                TemplatePart::Variable { key, default } => match value_of(key, default.as_deref()) {
                    Some(value) => TemplatePart::Literal(value.into()),
                    None => part.clone(),
                },
                part => part.clone(),
            };
            match (parts.last_mut(), part) {
                (Some(TemplatePart::Literal(last)), TemplatePart::Literal(text)) => {
                    *last = format!("{last}{text}").into()
                }
                (_, part) => parts.push(part),
            }
        }
        Template { parts, ..self.clone() }
    }

    /// The text. `None` if the template has wildcards or variables.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [TemplatePart::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The key, if the template is one variable without a default.
    pub fn as_variable(&self) -> Option<&ContextKey> {
        match self.parts.as_slice() {
            [TemplatePart::Variable { key, default: None }] => Some(key),
            _ => None,
        }
    }

    /// Whether the template is `*`.
    pub fn is_match_all(&self) -> bool {
        matches!(self.parts.as_slice(), [TemplatePart::AnyString])
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

fn has_wildcard_in_default(part: &TemplatePart) -> bool {
    matches!(part, TemplatePart::Variable { default: Some(default), .. } if default.contains(['*', '?']))
}

fn list_variables(parts: &[TemplatePart]) -> impl Iterator<Item = &ContextKey> {
    parts.iter().filter_map(|part| match part {
        TemplatePart::Variable { key, .. } => Some(key),
        _ => None,
    })
}

/// Whether the first five fields of an ARN contain a variable with a context key. A placeholder of an infrastructure
/// template (`${Account}`, `${AWS::Region}`) is none.
fn has_early_key(arn: &str) -> bool {
    let Some((before, after)) = arn.split_once("${") else { return false };
    let key = after.split(['}', ',']).next().unwrap_or_default();
    let is_early = before.matches(':').count() < 5;
    let is_key = key.contains(':') && !key.contains("::");
    is_early && (is_key || has_early_key(&format!("{before}{after}")))
}

fn push_literal(literal: &mut String, parts: &mut Vec<TemplatePart>) {
    if literal.is_empty() {
        return;
    }
    parts.push(TemplatePart::Literal(std::mem::take(literal).into()));
}

/// The variable at the start of a text, and the rest of the text. `None` if the text does not start with a variable.
fn parse_variable(text: &str) -> Option<(TemplatePart, &str)> {
    let inner = text.strip_prefix("${")?;
    // A default value can contain `}`: it ends at its closing quote.
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

/// Escapes a text so that it is literal in the value of a condition with wildcards and variables.
pub(crate) fn escape_wildcards(text: &str) -> String {
    let mut escaped_text = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' | '?' | '$' => escaped_text.extend(["${", c.encode_utf8(&mut [0; 4]), "}"]),
            c => escaped_text.push(c),
        }
    }
    escaped_text
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
    fn a_variable_can_be_a_whole_arn() {
        let parse = |text: &str| Template::from_resource(text, VariableScope::AfterFifthColon);
        let key = ContextKey::new("aws:PrincipalTag/x");
        for (text, default) in [
            ("${aws:PrincipalTag/x}", None),
            ("${aws:PrincipalTag/x, 'arn:aws:s3:::secret/*'}", Some("arn:aws:s3:::secret/*".into())),
        ] {
            let early = parse(text).with_early_variables().map(|template| template.parts);
            assert_eq!(early, Some(vec![TemplatePart::Variable { key: key.clone(), default }]), "{text}");
        }
        assert!(!parse("${Account}").has_early_variables());
        assert!(!parse("arn:aws:s3:::b/${aws:PrincipalTag/x}").has_early_variables());
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
