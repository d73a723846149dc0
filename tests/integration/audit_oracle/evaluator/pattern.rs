//! Text with wildcards and policy variables. AWS: *IAM policy elements: Variables and tags*.

use std::borrow::Cow;

use super::{Context, Value};

/// One part of a pattern.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    Char(char),
    /// `*`
    AnyRun,
    /// `?`
    AnyChar,
    /// `${key}` or `${key, 'default'}`
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// Parsed text.
#[derive(Clone, Debug)]
pub struct Pattern {
    parts: Vec<Part>,
    has_variables: bool,
}

/// What is special in a text.
#[derive(Copy, Clone, Debug)]
pub struct Syntax {
    pub wildcards: bool,
    pub variables: bool,
}

impl Pattern {
    /// A pattern of resources: variables before the fifth colon are literal text.
    pub fn parse_resource(text: &str, syntax: Syntax) -> Pattern {
        let Some((end, _)) = text.match_indices(':').nth(4) else { return Pattern::parse(text, syntax) };
        // A colon inside a variable of these fields counts, too: the variable is text.
        let mut pattern = Pattern::parse(&text[..end], Syntax { variables: false, ..syntax });
        let rest = Pattern::parse(&text[end..], syntax);
        pattern.parts.extend(rest.parts);
        pattern.has_variables = rest.has_variables;
        pattern
    }

    pub fn parse(text: &str, syntax: Syntax) -> Pattern {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let variable = rest.strip_prefix("${").and_then(|inner| inner.split_once('}'));
            if let (true, Some((inner, after))) = (syntax.variables, variable) {
                parts.push(parse_variable(inner));
                rest = after;
                continue;
            }
            parts.push(match next {
                '*' if syntax.wildcards => Part::AnyRun,
                '?' if syntax.wildcards => Part::AnyChar,
                other => Part::Char(other),
            });
            rest = &rest[next.len_utf8()..];
        }
        let has_variables = parts.iter().any(|part| matches!(part, Part::Variable { .. }));
        Pattern { parts, has_variables }
    }

    /// The pattern with the values of its variables. `None` if a variable has no value.
    pub fn resolve(&self, context: &Context) -> Option<Cow<'_, [Part]>> {
        if !self.has_variables {
            return Some(Cow::Borrowed(&self.parts));
        }
        let mut resolved = Vec::new();
        for part in &self.parts {
            let Part::Variable { key, default } = part else {
                resolved.push(part.clone());
                continue;
            };
            let value = match context.get(key) {
                Some(Value::One(value)) => value.clone(),
                // A key with several values cannot be a variable.
                Some(Value::Many(_)) => return None,
                None => default.clone()?,
            };
            resolved.extend(value.chars().map(Part::Char));
        }
        Some(Cow::Owned(resolved))
    }
}

/// `${*}`, `${?}` and `${$}` are the characters themselves.
fn parse_variable(inner: &str) -> Part {
    match inner {
        "*" | "?" | "$" => Part::Char(inner.chars().next().unwrap()),
        _ => {
            let (key, default) = match inner.split_once(',') {
                Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
                None => (inner, None),
            };
            Part::Variable { key: key.trim().to_lowercase(), default }
        }
    }
}

/// Whether resolved parts match a text.
pub fn matches_parts(parts: &[Part], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // The last `*`, and the position of the text that follows what it has matched.
    let mut star: Option<(usize, usize)> = None;
    let (mut part, mut position) = (0, 0);
    while position < text.len() {
        match parts.get(part) {
            Some(Part::AnyRun) => {
                star = Some((part, position));
                part += 1;
                continue;
            }
            Some(Part::AnyChar) => (part, position) = (part + 1, position + 1),
            Some(Part::Char(c)) if *c == text[position] => (part, position) = (part + 1, position + 1),
            _ => {
                let Some((star_part, after)) = star else { return false };
                star = Some((star_part, after + 1));
                (part, position) = (star_part + 1, after + 1);
            }
        }
    }
    parts[part..].iter().all(|part| *part == Part::AnyRun)
}

/// Like [`matches_parts`], but a `*` that another character than `:` follows does not match a colon.
pub fn matches_within_segments(parts: &[Part], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // The positions of the text at which the parts so far can end.
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for (index, part) in parts.iter().enumerate() {
        let mut next = vec![false; text.len() + 1];
        match part {
            Part::AnyRun => {
                let is_last_of_segment = matches!(parts.get(index + 1), None | Some(Part::Char(':')));
                let mut open = false;
                for position in 0..=text.len() {
                    if !is_last_of_segment && position > 0 && text[position - 1] == ':' {
                        open = false;
                    }
                    open |= ends[position];
                    next[position] = open;
                }
            }
            part => {
                for position in 0..text.len() {
                    let fits = !matches!(part, Part::Char(c) if *c != text[position]);
                    next[position + 1] = ends[position] && fits;
                }
            }
        }
        ends = next;
    }
    ends[text.len()]
}

/// Whether a glob matches a text.
pub fn matches_glob(glob: &str, text: &str) -> bool {
    let pattern = Pattern::parse(glob, Syntax { wildcards: true, variables: false });
    matches_parts(&pattern.parts, text)
}

/// A pattern of actions: case-insensitive, service and name one by one.
#[derive(Clone, Debug)]
pub struct ActionPattern {
    /// `None` for `*`, which matches every action.
    service_and_name: Option<(Pattern, Pattern)>,
}

impl ActionPattern {
    pub fn parse(text: &str) -> ActionPattern {
        let syntax = Syntax { wildcards: true, variables: false };
        let lower = text.trim().to_lowercase();
        let parse_both =
            |(service, name): (&str, &str)| (Pattern::parse(service, syntax), Pattern::parse(name, syntax));
        assert!(lower == "*" || lower.contains(':'), "{text} is no action pattern");
        ActionPattern { service_and_name: lower.split_once(':').map(parse_both) }
    }

    /// Whether it matches an action that is written in lower case.
    pub fn matches(&self, action: &str) -> bool {
        let (service, name) = action.split_once(':').unwrap();
        self.service_and_name.as_ref().is_none_or(|(service_pattern, name_pattern)| {
            matches_parts(&service_pattern.parts, service) && matches_parts(&name_pattern.parts, name)
        })
    }
}

/// Whether an action pattern matches an action.
pub fn matches_action(pattern: &str, action: &str) -> bool {
    ActionPattern::parse(pattern).matches(&action.to_lowercase())
}

/// Splits parts at the first five colons.
pub fn split_arn_parts(parts: &[Part]) -> Vec<Vec<Part>> {
    let mut segments = vec![Vec::new()];
    for part in parts {
        match part {
            Part::Char(':') if segments.len() < 6 => segments.push(Vec::new()),
            part => segments.last_mut().unwrap().push(part.clone()),
        }
    }
    segments
}

#[test]
fn patterns_match_as_aws_documents() {
    assert!(matches_glob("a*c", "abbc") && !matches_glob("a?c", "ac") && matches_glob("*", ""));
    assert!(matches_action("S3:get*", "s3:GetObject") && !matches_action("s3:Get", "s3:GetObject"));
    assert!(matches_glob("*b*b", "abab") && !matches_glob("a*bc", "abb"));
    let syntax = Syntax { wildcards: true, variables: true };
    let context = Context::from([("aws:username".to_owned(), Value::One("a*".to_owned()))]);
    let matches = |pattern: &str, text: &str| {
        Pattern::parse(pattern, syntax).resolve(&context).map(|parts| matches_parts(&parts, text))
    };
    // The value of a variable is literal text.
    assert_eq!(matches("x/${aws:UserName}", "x/ab"), Some(false));
    assert_eq!(matches("x/${aws:username}", "x/a*"), Some(true));
    assert_eq!(matches("${aws:x}", ""), None);
    assert_eq!(matches("${aws:x, 'd'}${*}", "d*"), Some(true));
    let star = Pattern::parse("a:b*c", syntax);
    assert!(matches_parts(&star.parts, "a:bx:c") && !matches_within_segments(&star.parts, "a:bx:c"));
}
