//! `Principal` and `NotPrincipal` of resource and trust policies.

use std::hash::{Hash, Hasher};

use super::arn::{AccountId, Arn};
use super::element::ElementKind;
use crate::source::Span;

/// The principals that a statement applies to, or does not apply to.
#[derive(Clone, Debug)]
pub struct PrincipalElement {
    /// Whether it is `Principal` or `NotPrincipal`.
    pub kind: ElementKind,
    /// The entries, in order.
    pub entries: Vec<PrincipalEntry>,
    /// The position of the element.
    pub span: Span,
}

// Equality ignores the position.
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

/// One entry of a principal element.
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

/// An `AWS` principal.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum AwsPrincipal {
    /// An account number. It delegates to the identity policies of the account.
    Account(AccountId),
    /// The root ARN of an account. Equivalent to the account number, with a partition.
    Root(Arn),
    /// The ARN of a user, role, session or federated user.
    Arn(Arn),
    /// A unique ID (`AROA…`, `AIDA…`). It matches no principal after the user or role has been deleted.
    UniqueId(Box<str>),
}

impl AwsPrincipal {
    /// Parses an `AWS` principal. `None` if the text has none of the documented forms.
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

/// The name of a service without the Region: `states.amazonaws.com` for `states.eu-west-1.amazonaws.com`. None if it has none.
// AWS: Creating IAM roles for use with AWS Step Functions names the regional form.
pub(crate) fn strip_service_region(name: &str) -> Option<String> {
    let (service, rest) = name.split_once('.')?;
    let region = rest.strip_suffix(".amazonaws.com")?;
    let mut words = region.split('-');
    let is_region = !region.contains('.')
        && region.split('-').count() >= 3
        && words.next_back().is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        && words.all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()));
    is_region.then(|| format!("{service}.amazonaws.com"))
}

/// The name that an AWS service has in partition `aws`, from its name in any partition: `ec2.amazonaws.com` for
/// `ec2.amazonaws.com.cn`.
pub(crate) fn normalize_service_name(name: &str) -> String {
    const SUFFIXES: [&str; 6] =
        [".amazonaws.com.cn", ".amazonaws.eu", ".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov"];
    let name = name.to_ascii_lowercase();
    match SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)) {
        Some(stem) => format!("{stem}.amazonaws.com"),
        None => name,
    }
}
