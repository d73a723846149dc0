//! Which names and paths IAM accepts for what a state creates.

use super::arn_index::name_in_arn;
use crate::iam::template::escape_wildcards;

/// The largest number of names that are tried one after the other because the earlier ones are not available.
pub(crate) const MAX_NAMES: usize = 32;

/// The largest number of characters of a path.
const MAX_PATH_LENGTH: usize = 512;

/// The largest number of characters of a name, by the first part of the resource in the ARN (`role/`).
// AWS: IAM and AWS STS quotas, IAM name requirements
pub(crate) fn max_name_length(prefix: &str) -> usize {
    match prefix {
        "role/" | "user/" => 64,
        _ => 128,
    }
}

/// Whether IAM accepts the name and the path in an ARN, from which the first part of the resource is cut off.
// AWS: IAM API Reference, CreateRole: RoleName `[\w+=,.@-]+`, Path `/` or from `!` to `~` between two slashes
pub(crate) fn is_valid_name(max_length: usize, rest: &str) -> bool {
    let (path, name) = rest.rsplit_once('/').unwrap_or(("", rest));
    !name.is_empty()
        && name.len() <= max_length
        && name.chars().all(is_name_character)
        && path.len() + 2 <= MAX_PATH_LENGTH
        && path.chars().all(is_path_character)
}

/// Whether a pattern over paths and names may match something that IAM accepts. Compares only what no wildcard matches.
pub(crate) fn may_be_valid_name(max_length: usize, pattern: &str) -> bool {
    let last = pattern.rsplit('/').next().unwrap_or(pattern);
    // A wildcard can match the slash before the name.
    let end = last.rsplit('*').next().unwrap_or(last);
    let is_name = |c: char| is_name_character(c) || c == '?';
    end.chars().all(is_name) && end.len() <= max_length && pattern.chars().all(|c| is_path_character(c) || c == '*')
}

/// Patterns of the ARNs that are not available if one is not. `is_valid`: IAM accepts it, so that its name is in use.
// AWS: IAM identifiers: a name is unique in its account, on any path
pub(crate) fn list_unavailable_arns(prefix: &str, arn: &str, is_valid: bool) -> Vec<String> {
    let mut patterns = vec![escape_wildcards(arn)];
    if is_valid {
        let name = escape_wildcards(name_in_arn(arn));
        patterns.extend([format!("{prefix}{name}"), format!("{prefix}*/{name}")]);
    }
    patterns
}

pub(crate) fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+=,.@_-".contains(c)
}

fn is_path_character(c: char) -> bool {
    ('!'..='~').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_that_iam_refuses() {
        for rest in ["a", "team/a", "te:am/a+=,.@_-", &"a".repeat(64)] {
            assert!(is_valid_name(64, rest), "{rest}");
            assert!(may_be_valid_name(64, rest), "{rest}");
        }
        for rest in ["a b", "team/x:y", "te am/a", "team/b\u{e9}", &"a".repeat(65)] {
            assert!(!is_valid_name(64, rest), "{rest}");
            assert!(!may_be_valid_name(64, rest), "{rest}");
        }
        assert!(!is_valid_name(64, "team/"));
        assert!(is_valid_name(128, &"a".repeat(128)));
        assert!(may_be_valid_name(64, "x:*"), "the path can have a colon");
        assert!(!may_be_valid_name(64, "team/a b*"));
        assert!(!may_be_valid_name(64, "*:y"));
    }
}
