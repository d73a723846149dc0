//! Users and roles that a principal can create: what they are allowed, and the condition keys of their requests.

use std::sync::Arc;

use super::arn_index::name_in_arn;
use super::chosen_boundary::ChosenBoundary;
use crate::access::{KeyFact, KnownContext, PrincipalInfo, PrincipalType, SessionProviders, SessionScope};
use crate::iam::{Ambiguity, Arn};

/// A user or role that does not exist yet.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CreatedPrincipal {
    /// Its ARN: one of those that the principal may create.
    pub arn: Arc<str>,
    /// Whether it is a user.
    pub is_user: bool,
    /// The permissions boundary that it must have. None if it needs none.
    pub boundary: Option<ChosenBoundary>,
    /// What its identity policies allow.
    pub access: CreatedAccess,
    /// Whether its tags, or those of its sessions, can have any value. Otherwise it has none.
    pub has_chosen_tags: bool,
    /// Whether it is created with tags.
    pub is_tagged: bool,
    /// Whether a service uses the role, because the principal cannot assume it.
    pub is_passed: bool,
}

/// What the identity policies of a created principal allow.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum CreatedAccess {
    /// Nothing. Resource policies and trust policies may name it by a pattern.
    Nothing,
    /// Everything.
    Everything,
    /// What an existing managed policy allows.
    Policy(Arc<str>),
    /// What a group allows, by its position in the account.
    Group(usize),
}

impl CreatedPrincipal {
    /// Whether it is allowed everything, and no boundary limits it.
    pub(crate) fn is_unlimited(&self) -> bool {
        let is_limited = self.boundary.as_ref().is_some_and(|boundary| boundary.limiting_policy().is_some());
        self.access == CreatedAccess::Everything && !is_limited
    }

    /// The principal of its requests.
    ///
    /// `is_recreated`: a user or role with this ARN was deleted before. Policies that name it as `Principal` name the unique
    /// id of the deleted one since then, and not its ARN.
    // AWS: AWS JSON policy elements: Principal
    pub(super) fn to_info(&self, creator: &PrincipalInfo, is_recreated: bool) -> PrincipalInfo {
        let named = if is_recreated { format!("{} (created again)", self.arn) } else { self.arn.to_string() };
        PrincipalInfo {
            arn: Arn::parse(&named),
            account: creator.account.clone(),
            principal_type: if self.is_user { PrincipalType::User } else { PrincipalType::Role },
            unique_id: None,
            sessions: SessionScope::Any,
            providers: SessionProviders::default(),
        }
    }

    /// Sets the condition keys of its requests, in the context of its creator.
    pub(super) fn set_facts(&self, known: &mut KnownContext) {
        let value = |text: &str| KeyFact::Value(text.to_owned());
        known.set("aws:PrincipalArn", value(&self.arn));
        known.set("aws:userid", KeyFact::Present);
        known.set("aws:FederatedProvider", KeyFact::Missing);
        let name = name_in_arn(&self.arn);
        let (principal_type, user_name, issue_time, source_identity) = match self.is_user {
            true => ("User", value(name), KeyFact::Free, KeyFact::Missing),
            false => ("AssumedRole", KeyFact::Missing, KeyFact::Present, KeyFact::Free),
        };
        known.set("aws:PrincipalType", value(principal_type));
        known.set("aws:username", user_name);
        known.set("aws:TokenIssueTime", issue_time);
        known.set("aws:SourceIdentity", source_identity);
        // It has no MFA device. Whether its creator uses one when it assumes the role is open.
        let (present, age) = ("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge");
        if self.is_user || self.is_passed {
            known.set(present, KeyFact::Missing);
            known.set(age, KeyFact::Missing);
        } else {
            let not_true = KeyFact::NoneLike("true".to_owned());
            known.set_ambiguous(present, KeyFact::Free, Ambiguity::RoleSessionMfa, not_true);
            known.set_ambiguous(age, KeyFact::Free, Ambiguity::RoleSessionMfa, KeyFact::Missing);
        }
        known.set_all_principal_tags(if self.has_chosen_tags { KeyFact::Free } else { KeyFact::Missing });
    }
}
