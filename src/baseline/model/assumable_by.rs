//! `assumable_by`: who may assume a role.

use super::condition_block::ConditionBlock;
use crate::base::glob::Glob;
use crate::iam::{AccountId, ArnGlob};
use crate::source::Span;

/// `assumable_by` of an entry.
#[derive(Clone, Debug)]
pub struct DeclaredAssumers {
    /// The declared assumers, in order. No other principal may assume the role.
    pub assumers: Vec<DeclaredAssumer>,
    /// The position of the key.
    pub span: Span,
}

/// One declared assumer of a role.
#[derive(Clone, Debug)]
pub struct DeclaredAssumer {
    /// The principals, services or identity providers.
    pub pattern: AssumerPattern,
    /// `when`: the conditions that the request must satisfy. `None` if every request of these principals is declared.
    pub when: Option<ConditionBlock>,
    /// The position of the item.
    pub span: Span,
}

/// The principals, services or identity providers that a declared assumer means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AssumerPattern {
    /// A glob over the ARN of a user, a role, a session or an identity provider. `*` means everybody, services included.
    Arn(ArnGlob),
    /// All principals of an account.
    Account(AccountId),
    /// A glob over the name of a service, or over the host name of an identity provider.
    Name(Glob),
}

impl AssumerPattern {
    /// The pattern of a text. `None` if the text is not an ARN glob, an account number, or a name. A name contains a dot
    /// and no colon.
    pub fn parse(text: &str) -> Option<AssumerPattern> {
        let is_name_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '/' | '_' | '*' | '?');
        if let Ok(glob) = ArnGlob::parse(text) {
            return Some(AssumerPattern::Arn(glob));
        }
        if let Some(account) = AccountId::parse(text) {
            return Some(AssumerPattern::Account(account));
        }
        (text.contains('.') && text.chars().all(is_name_char)).then(|| AssumerPattern::Name(Glob::new(text)))
    }

    /// The text in the manifest.
    pub fn as_str(&self) -> &str {
        match self {
            AssumerPattern::Arn(glob) => glob.as_str(),
            AssumerPattern::Account(account) => account.as_str(),
            AssumerPattern::Name(glob) => glob.as_str(),
        }
    }

    /// Whether it is an ARN glob other than `*` that does not name one account.
    pub fn has_account_wildcard(&self) -> bool {
        match self {
            AssumerPattern::Arn(glob) => glob.field(4).is_some_and(|account| account.contains(['*', '?'])),
            AssumerPattern::Account(_) | AssumerPattern::Name(_) => false,
        }
    }

    /// Whether it is `*`: everybody.
    pub fn matches_everything(&self) -> bool {
        matches!(self, AssumerPattern::Arn(glob) if glob.matches_everything())
    }

    /// Whether the text of a service, a provider or another party of a trust policy matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            AssumerPattern::Arn(glob) => glob.matches(text),
            AssumerPattern::Account(account) => account.as_str() == text,
            AssumerPattern::Name(glob) => glob.matches(text),
        }
    }
}
