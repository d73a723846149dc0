//! Globs over ARNs, matched as the operator `ArnLike` matches: six fields, one by one.

use std::fmt;

use crate::base::glob::{Glob, matches_glob};

/// The number of fields of an ARN.
const FIELD_COUNT: usize = 6;
/// The types of IAM resources whose patterns are completed in error messages.
const IAM_TYPES: [&str; 6] = ["role/", "user/", "policy/", "saml-provider/", "oidc-provider/", "group/"];

/// A glob over an ARN: `*` for every ARN, or six fields. In the first five fields, a `*` does not match a colon. The
/// sixth field is the rest of the ARN, colons included: the path of a role can contain colons.
///
/// AWS: *IAM JSON policy elements: Condition operators*, "Amazon Resource Name (ARN) condition operators".
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct ArnGlob(Glob);

/// A text that is not a glob over an ARN.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidArnGlob;

impl ArnGlob {
    /// Parses `*`, or a pattern of six fields whose first field matches `arn`.
    ///
    /// # Errors
    /// The text has fewer fields, or cannot match an ARN.
    pub fn parse(text: &str) -> Result<ArnGlob, InvalidArnGlob> {
        let fields: Vec<&str> = split_fields(text).collect();
        let is_valid = match fields.as_slice() {
            ["*"] => true,
            [first, .., last] => fields.len() == FIELD_COUNT && matches_glob(first, "arn") && !last.is_empty(),
            _ => false,
        };
        if is_valid { Ok(ArnGlob(Glob::new(text))) } else { Err(InvalidArnGlob) }
    }

    /// The text of the glob.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is `*`.
    pub fn matches_everything(&self) -> bool {
        self.as_str() == "*"
    }

    /// Whether the glob matches a whole ARN. Comparison is case-sensitive.
    pub fn matches(&self, arn: &str) -> bool {
        if self.matches_everything() {
            return true;
        }
        let (fields, values): (Vec<&str>, Vec<&str>) =
            (split_fields(self.as_str()).collect(), split_fields(arn).collect());
        fields.len() == values.len() && fields.iter().zip(values).all(|(field, value)| matches_glob(field, value))
    }

    /// The field with this index, from 0. `None` if the glob is `*`.
    pub fn field(&self, index: usize) -> Option<&str> {
        let fields = split_fields(self.as_str());
        (!self.matches_everything()).then(|| fields.into_iter().nth(index)).flatten()
    }
}

/// The fields of an ARN or a pattern: the text between the first five colons.
fn split_fields(text: &str) -> impl Iterator<Item = &str> {
    text.splitn(FIELD_COUNT, ':')
}

/// The pattern with six fields that a shorter one means: `arn:*:iam::*:role/x` for `*:role/x`. A name without a type has
/// `default_type`: `role`.
pub fn complete_arn_glob(text: &str, default_type: &str) -> String {
    let after_colon = text.rsplit_once(':').map_or(text, |(_, after)| after);
    let typed = IAM_TYPES.iter().filter_map(|name| text.get(text.find(name)?..)).max_by_key(|rest| rest.len());
    match typed {
        Some(rest) => format!("arn:*:iam::*:{rest}"),
        None if after_colon == "root" => "arn:*:iam::*:root".to_owned(),
        None => format!("arn:*:iam::*:{default_type}/{}", after_colon.trim_start_matches('/')),
    }
}

impl fmt::Display for ArnGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn matches_field_by_field() {
        for (glob, arn, expected) in [
            ("*", "arn:aws:iam::111122223333:role/x", true),
            ("arn:*:iam::*:role/agents/*", "arn:aws-cn:iam::111122223333:role/agents/a:b/c", true),
            ("arn:*:iam::*:role/agents/*", "arn:aws:iam::111122223333:user/x:role/agents/evil", false),
            (
                "arn:*:iam::999988887777:role/cdk-*",
                "arn:aws:iam::444455556666:role/x:iam::999988887777:role/cdk-/evil",
                false,
            ),
            ("arn:*:iam::999988887777:role/cdk-*", "arn:aws:iam::999988887777:role/cdk-x", true),
            ("arn:aws:iam::*:*", "arn:aws:iam::111122223333:role/x", true),
            ("arn:aws:iam::*:*", "arn:aws:sts::111122223333:assumed-role/x/y", false),
            ("arn:*:iam::????????????:role/x", "arn:aws:iam::111122223333:role/x", true),
            ("*:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/x", true),
            ("arn:*:iam::*:role/x", "arn:aws:iam::111122223333:role/X", false),
        ] {
            assert_eq!(ArnGlob::parse(glob).unwrap().matches(arn), expected, "{glob} on {arn}");
        }
    }

    #[test]
    fn a_pattern_with_fewer_fields_is_an_error_that_shows_six() {
        for (text, full_form) in [
            ("*:role/agents/*", "arn:*:iam::*:role/agents/*"),
            ("arn:*:role/x", "arn:*:iam::*:role/x"),
            ("arn:*", "arn:*:iam::*:role/*"),
            ("role/kiro-*", "arn:*:iam::*:role/kiro-*"),
            ("*:saml-provider/corp", "arn:*:iam::*:saml-provider/corp"),
            ("**", "arn:*:iam::*:role/**"),
            ("", "arn:*:iam::*:role/"),
            ("x:*:iam::*:role/x", "arn:*:iam::*:role/x"),
            ("agent-boundary", "arn:*:iam::*:role/agent-boundary"),
        ] {
            assert!(ArnGlob::parse(text).is_err(), "{text}");
            assert_eq!(complete_arn_glob(text, "role"), full_form, "{text}");
        }
        assert!(ArnGlob::parse("arn:aws:iam::111122223333:").is_err(), "an empty resource matches nothing");
    }

    /// The definition: `*` matches every ARN; otherwise each of the six fields matches by definition.
    fn matches_by_definition(pattern: &str, arn: &str) -> bool {
        fn field_matches(pattern: &[char], text: &[char]) -> bool {
            match pattern {
                [] => text.is_empty(),
                ['*', after @ ..] => (0..=text.len()).any(|i| field_matches(after, &text[i..])),
                ['?', after @ ..] => !text.is_empty() && field_matches(after, &text[1..]),
                [c, after @ ..] => text.first() == Some(c) && field_matches(after, &text[1..]),
            }
        }
        let split = |text: &str| {
            let mut fields = vec![Vec::new()];
            for c in text.chars() {
                match c {
                    ':' if fields.len() < 6 => fields.push(Vec::new()),
                    c => fields.last_mut().unwrap().push(c),
                }
            }
            fields
        };
        let (pattern_fields, arn_fields) = (split(pattern), split(arn));
        pattern == "*" || (0..6).all(|i| field_matches(&pattern_fields[i], &arn_fields[i]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn agrees_with_the_definition(
            pattern in "arn:[*a]{1,2}:(iam|\\*):[*]?:(1|2|\\*|\\?|1\\*):(role|user|\\*|r\\?le)/[a:*?/]{0,8}",
            arn in "arn:a{1,2}:iam::(1|2|12):(role|user)/([a:/]|:role/|:iam::1:role/){0,4}",
        ) {
            let glob = ArnGlob::parse(&pattern).unwrap();
            prop_assert_eq!(glob.matches(&arn), matches_by_definition(&pattern, &arn), "{} on {}", pattern, arn);
        }

        #[test]
        fn a_hostile_path_does_not_change_the_type_or_the_account(
            path in "([a-z:/*?]|:role/|:iam::111122223333:role/agents/|:user/){0,6}",
        ) {
            let user = format!("arn:aws:iam::111122223333:user/{path}x");
            let foreign = format!("arn:aws:iam::444455556666:role/{path}x");
            prop_assert!(!ArnGlob::parse("arn:*:iam::*:role/*").unwrap().matches(&user));
            prop_assert!(!ArnGlob::parse("arn:*:iam::111122223333:*").unwrap().matches(&foreign));
        }
    }
}
