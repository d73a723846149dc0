//! `[[hint]]`: evidence for the class of an undeclared principal.
//!
//! The built-in hints are in `parse/hints.toml`. A manifest adds hints, or replaces a built-in hint by its name.
//! `docs/classification.md` describes the keys. [`crate::classify`] decides what the hints say about a principal.

use super::principal_class::PrincipalClass;
use super::selector::TagSelector;
use super::spanned::Spanned;
use crate::base::glob::Glob;
use crate::base::word_match::WordSequence;
use crate::iam::{ArnGlob, ContextKey};
use crate::source::Span;

/// One `[[hint]]`.
#[derive(Clone, Debug)]
pub struct Hint {
    /// `name`, unique among the hints of a file.
    pub name: Spanned<String>,
    /// `kind`: the class that it suggests.
    pub class: PrincipalClass,
    /// What it matches.
    pub selector: HintSelector,
    /// `when`: the conditions that the statement of the trust policy must have, all of them.
    pub when: Vec<HintCondition>,
    /// `of`: the required type of the principal.
    pub identity_type: Option<IdentityType>,
    /// `strength`: how strong the evidence is.
    pub strength: Strength,
    /// `because`: the explanation in reports.
    pub reason: String,
    /// `source`: the URL of the documentation.
    pub source: Option<String>,
    /// Where the table begins.
    pub span: Span,
}

/// What a hint matches. Globs are alternatives, one of which must match.
#[derive(Clone, Debug)]
pub enum HintSelector {
    /// `service`: AWS services in the trust policy, as `lambda.amazonaws.com` in every partition.
    Service(Vec<Glob>),
    /// `oidc`: OIDC providers in the trust policy, without `https://`.
    Oidc(Vec<Glob>),
    /// `saml`: names of SAML providers in the trust policy.
    Saml(Vec<Glob>),
    /// `trusted`: ARNs of AWS principals that the trust policy names, directly or with `aws:PrincipalArn`.
    TrustedPrincipal(Vec<ArnGlob>),
    /// `when` alone: any statement of the trust policy.
    Condition,
    /// `tags`: all of them must match tags of the principal.
    Tags(Vec<TagSelector>),
    /// `policy`: ARNs of attached managed policies.
    Policy(Vec<ArnGlob>),
    /// `match`: the principal's ARN.
    Arn(Vec<ArnGlob>),
    /// `words` of the name, the path, or a session name that the trust policy requires.
    Words(Vec<WordSequence>),
    /// `of` alone: the principal is a user, or a role.
    IdentityType,
}

/// A condition that a statement of a trust policy must have.
#[derive(Clone, Debug)]
pub struct HintCondition {
    /// The context key. `sub`, `aud` and other names without a colon are claims of the OIDC provider.
    pub key: ContextKey,
    /// Globs over the accepted values. One value must match one glob.
    pub values: Vec<Glob>,
}

/// The type of an IAM identity.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[allow(missing_docs)]
pub enum IdentityType {
    User,
    Role,
}

impl IdentityType {
    /// Both types with their names in a hint.
    pub const ALL: [(&'static str, IdentityType); 2] = [("user", IdentityType::User), ("role", IdentityType::Role)];
}

/// How strong the evidence of a hint is. The strongest evidence decides.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Decides only without other evidence.
    Faint,
    /// A name, which does not prove anything.
    Weak,
    /// The kind of credentials.
    Fair,
    /// The service or tool that uses the credentials.
    Strong,
    /// Reserved by AWS, so that nobody can forge it. No hint of a file has this strength.
    Certain,
}

impl Strength {
    /// The strengths that a hint can have, with their names.
    pub const ALL: [(&'static str, Strength); 4] =
        [("strong", Strength::Strong), ("fair", Strength::Fair), ("weak", Strength::Weak), ("faint", Strength::Faint)];

    /// The name of the strength.
    pub fn as_str(self) -> &'static str {
        match self {
            Strength::Faint => "faint",
            Strength::Weak => "weak",
            Strength::Fair => "fair",
            Strength::Strong => "strong",
            Strength::Certain => "certain",
        }
    }
}

impl HintSelector {
    /// The key in a hint.
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

    /// Whether it matches a statement of the trust policy, so that `when` can restrict it.
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

    /// The strength of a hint without `strength`.
    pub(in crate::baseline) fn default_strength(&self) -> Strength {
        match self {
            HintSelector::Policy(_) => Strength::Fair,
            HintSelector::Words(_) => Strength::Weak,
            HintSelector::IdentityType => Strength::Faint,
            _ => Strength::Strong,
        }
    }
}
