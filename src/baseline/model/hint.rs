//! Hints: by what a principal is taken for an agent, an operator, a workload or for emergencies.
//!
//! Those that are built in stand in `hints.toml`; a manifest adds its own, or replaces one of the same name.
//! What each part means: `docs/classification.md`. What they say of a principal is decided in [`crate::classify`].

use std::sync::{Arc, LazyLock};

use super::entry::{PrincipalClass, Spanned};
use super::selector::TagSelector;
use crate::base::glob::Glob;
use crate::base::word_match::WordSequence;
use crate::baseline::parse::reader::{ManifestReader, ManifestTable};
use crate::iam::ContextKey;
use crate::source::{Diagnostics, SourceFile, Span, toml};

/// The hints that come with the program.
const BUILT_IN: &str = include_str!("hints.toml");

/// One `[[hint]]`.
#[derive(Clone, Debug)]
pub struct Hint {
    /// `name`, unique among the hints of a file.
    pub name: Spanned<String>,
    /// `kind`: what it hints at.
    pub class: PrincipalClass,
    /// What it looks at.
    pub selector: HintSelector,
    /// `when`: what the statement of the trust policy must ask, every one.
    pub when: Vec<HintCondition>,
    /// `of`: what the principal must be.
    pub identity_type: Option<IdentityType>,
    /// How much it tells.
    pub strength: Strength,
    /// `because`: why, after what was found.
    pub reason: String,
    /// `source`: where that is documented.
    pub source: Option<String>,
    /// Where it begins.
    pub span: Span,
}

/// What a hint looks at. Globs are alternatives: one must match.
#[derive(Clone, Debug)]
pub enum HintSelector {
    /// `service`: AWS services that the trust policy names, as `lambda.amazonaws.com` in every partition.
    Service(Vec<Glob>),
    /// `oidc`: OIDC providers that it names, without `https://`.
    Oidc(Vec<Glob>),
    /// `saml`: names of SAML providers that it names.
    Saml(Vec<Glob>),
    /// `trusted`: ARNs of AWS principals that it names, or lets in by `aws:PrincipalArn`.
    TrustedPrincipal(Vec<Glob>),
    /// `when` alone: a statement of the trust policy, whomever it names.
    Condition,
    /// `tags` of the principal, every one.
    Tags(Vec<TagSelector>),
    /// `policy`: ARNs of managed policies that are attached.
    Policy(Vec<Glob>),
    /// `match`: the principal's ARN.
    Arn(Vec<Glob>),
    /// `words` of its name or path, or of a session name that its trust policy asks for.
    Words(Vec<WordSequence>),
    /// `of` alone: that it is a user, or a role.
    IdentityType,
}

/// What a statement of a trust policy must ask of a request.
#[derive(Clone, Debug)]
pub struct HintCondition {
    /// The context key; `sub`, `aud` and other names without a colon are claims of the OIDC provider.
    pub key: ContextKey,
    /// Globs over the values that it accepts: one value must match one of them.
    pub values: Vec<Glob>,
}

/// A user or a role.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[allow(missing_docs)]
pub enum IdentityType {
    User,
    Role,
}

impl IdentityType {
    /// Both, with the names that a hint uses.
    pub const ALL: [(&'static str, IdentityType); 2] = [("user", IdentityType::User), ("role", IdentityType::Role)];
}

/// How much a hint tells; of several, the strongest decides.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Where there is nothing else to go by.
    Faint,
    /// Anyone can give a name.
    Weak,
    /// It tells what sort of credentials these are.
    Fair,
    /// It tells what uses them.
    Strong,
    /// AWS reserves it: nobody can pretend. No hint of a file is certain.
    Certain,
}

impl Strength {
    /// Those that a hint may have, with the names that it uses.
    pub const ALL: [(&'static str, Strength); 4] =
        [("strong", Strength::Strong), ("fair", Strength::Fair), ("weak", Strength::Weak), ("faint", Strength::Faint)];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Strength::ALL.iter().find(|(_, strength)| *strength == self).map_or("certain", |(name, _)| name)
    }
}

impl HintSelector {
    /// The key that a file gives it under.
    pub fn key(&self) -> &'static str {
        match self {
            HintSelector::Service(_) => "service",
            HintSelector::Oidc(_) => "oidc",
            HintSelector::Saml(_) => "saml",
            HintSelector::TrustedPrincipal(_) => "trusted",
            HintSelector::Condition => "when",
            HintSelector::Tags(_) => "tags",
            HintSelector::Policy(_) => "policy",
            HintSelector::Arn(_) => "match",
            HintSelector::Words(_) => "words",
            HintSelector::IdentityType => "of",
        }
    }

    /// Whether it looks at a statement of the trust policy, so that `when` can narrow it.
    pub fn is_trust_selector(&self) -> bool {
        matches!(
            self,
            HintSelector::Service(_)
                | HintSelector::Oidc(_)
                | HintSelector::Saml(_)
                | HintSelector::TrustedPrincipal(_)
                | HintSelector::Condition
        )
    }

    /// How much it tells where the hint does not say.
    pub(crate) fn default_strength(&self) -> Strength {
        match self {
            HintSelector::Policy(_) => Strength::Fair,
            HintSelector::Words(_) => Strength::Weak,
            HintSelector::IdentityType => Strength::Faint,
            _ => Strength::Strong,
        }
    }
}

impl Hint {
    /// The hints that come with the program, in order.
    pub fn load_built_in() -> &'static [Hint] {
        static HINTS: LazyLock<Vec<Hint>> = LazyLock::new(|| {
            let source = SourceFile::new("hints.toml", BUILT_IN);
            parse_hints(&source).expect("a test reads the embedded file")
        });
        &HINTS
    }
}

/// Reads a file that holds hints and nothing else.
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

    #[test]
    fn built_in_hints_parse_and_have_a_source() {
        let hints =
            parse_hints(&SourceFile::new("hints.toml", BUILT_IN)).map_err(|problems| problems.to_string()).unwrap();
        let names: BTreeSet<&str> = hints.iter().map(|hint| hint.name.value.as_str()).collect();
        assert_eq!(names.len(), hints.len(), "a name stands twice");
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

    /// The services that this is about at the least, by the AWS documentation of each.
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
