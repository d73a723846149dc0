//! The built-in hints, `hints.toml`.

use std::sync::{Arc, LazyLock};

use super::reader::{ManifestReader, ManifestTable};
use crate::baseline::model::hint::Hint;
use crate::source::{Diagnostics, SourceFile, Span, toml};

const BUILT_IN: &str = include_str!("hints.toml");

impl Hint {
    /// The built-in hints, in order.
    pub(crate) fn load_built_in() -> &'static [Hint] {
        static HINTS: LazyLock<Vec<Hint>> = LazyLock::new(|| {
            let source = SourceFile::new("hints.toml", BUILT_IN);
            parse_hints(&source).expect("a test parses the embedded file")
        });
        &HINTS
    }
}

/// Parses a file that contains `[[hint]]` tables only.
fn parse_hints(source: &Arc<SourceFile>) -> Result<Vec<Hint>, Diagnostics> {
    let tree = toml::parse(source)?;
    let root = ManifestTable { items: tree.get_ref(), description: "file", span: Span::default() };
    let mut reader = ManifestReader { source, problems: Vec::new() };
    reader.check_keys(&root, &["hint"]);
    let tables = reader.read_tables(&root, "hint", "[[hint]]");
    let hints: Vec<Hint> = tables.iter().filter_map(|table| reader.parse_hint(table)).collect();
    if reader.problems.is_empty() { Ok(hints) } else { Err(Diagnostics(reader.problems)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::baseline::model::hint::{HintSelector, Strength};
    use crate::baseline::model::principal_class::PrincipalClass;

    #[test]
    fn built_in_hints_parse_and_have_a_source() {
        let hints =
            parse_hints(&SourceFile::new("hints.toml", BUILT_IN)).map_err(|problems| problems.to_string()).unwrap();
        let names: BTreeSet<&str> = hints.iter().map(|hint| hint.name.value.as_str()).collect();
        assert_eq!(names.len(), hints.len(), "duplicate name");
        assert!(hints.len() > 30, "{}", hints.len());
        for hint in &hints {
            let name = &hint.name.value;
            let source = hint.source.as_deref().unwrap_or_else(|| panic!("{name} has no source"));
            assert!(source.starts_with("https://"), "{name}: {source}");
            assert!(!hint.reason.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn every_built_in_hint_is_documented() {
        let page = std::fs::read_to_string("docs/classification.md").unwrap();
        let rows: Vec<&str> = page.split("## The built-in hints").nth(1).unwrap().lines().collect();
        let rows: Vec<&str> = rows.into_iter().filter(|line| line.starts_with("| `")).collect();
        let expected = Hint::load_built_in().iter().map(|hint| {
            let (name, class, strength) = (&hint.name.value, hint.class.as_str(), hint.strength.as_str());
            let source = hint.source.as_deref().unwrap();
            format!("| `{name}` | {class} | {strength} | {} ([source]({source})) |", hint.reason)
        });
        assert_eq!(rows, expected.collect::<Vec<_>>());
    }

    /// The AWS documentation of each of these services says that it runs agents.
    #[test]
    fn knows_the_agent_services_of_aws() {
        let is_agent_service = |service: &str| {
            Hint::load_built_in().iter().any(|hint| {
                let matches =
                    matches!(&hint.selector, HintSelector::Service(globs) if globs.iter().any(|g| g.matches(service)));
                hint.class == PrincipalClass::Agent
                    && hint.strength == Strength::Strong
                    && hint.when.is_empty()
                    && matches
            })
        };
        for service in [
            "bedrock",
            "bedrock-agentcore",
            "runtime-identity.bedrock-agentcore",
            "aidevops",
            "aiops",
            "q",
            "securityagent",
            "transform-custom",
        ] {
            assert!(is_agent_service(&format!("{service}.amazonaws.com")), "{service}");
        }
        for service in ["lambda.amazonaws.com", "sqs.amazonaws.com", "bedrock.amazonaws.com.example.com"] {
            assert!(!is_agent_service(service), "{service}");
        }
    }
}
