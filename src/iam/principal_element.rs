//! `Principal` and `NotPrincipal` of resource and trust policies.

use std::hash::{Hash, Hasher};

use super::arn::{AccountId, Arn};
use super::element::ElementKind;
use crate::source::Span;

/// Who a statement of a resource policy speaks of.
#[derive(Clone, Debug)]
pub struct PrincipalElement {
    /// `Principal`, or `NotPrincipal`.
    pub kind: ElementKind,
    /// Those who are named.
    pub entries: Vec<PrincipalEntry>,
    /// Where the element stands.
    pub span: Span,
}

// Two elements are equal if they have the same meaning; the span is not compared.
impl PartialEq for PrincipalElement {
    fn eq(&self, other: &PrincipalElement) -> bool {
        self.kind == other.kind && self.entries == other.entries
    }
}

impl Eq for PrincipalElement {}

impl Hash for PrincipalElement {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.kind, &self.entries).hash(state);
    }
}

/// One name in a principal element.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum PrincipalEntry {
    /// `*` or `{"AWS": "*"}`.
    Anyone,
    /// `{"AWS": …}`
    Aws(AwsPrincipal),
    /// `{"Service": …}`
    Service(Box<str>),
    /// `{"Federated": …}`
    Federated(Box<str>),
    /// `{"CanonicalUser": …}`
    CanonicalUser(Box<str>),
}

/// What an `AWS` principal names.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum AwsPrincipal {
    /// An account, by its number: whoever that account lets.
    Account(AccountId),
    /// An account, by its root ARN, which tells its partition too.
    Root(Arn),
    /// A user, role, session or federated user.
    Arn(Arn),
    /// A unique id (`AROA…`, `AIDA…`): the entity of that id, or nobody once it is deleted.
    UniqueId(Box<str>),
}

impl AwsPrincipal {
    /// Reads an `AWS` principal; none where it is none of the documented forms.
    pub fn parse(text: &str) -> Option<AwsPrincipal> {
        if let Some(account) = AccountId::parse(text) {
            return Some(AwsPrincipal::Account(account));
        }
        if let Some(arn) = Arn::parse(text) {
            if arn.service() == "iam" && arn.resource() == "root" && AccountId::parse(arn.account()).is_some() {
                return Some(AwsPrincipal::Root(arn));
            }
            let has_wildcards = text.contains(['*', '?']);
            return (!has_wildcards).then_some(AwsPrincipal::Arn(arn));
        }
        let is_unique_id = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        is_unique_id.then(|| AwsPrincipal::UniqueId(text.into()))
    }
}
