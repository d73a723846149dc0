//! All ways to bypass a guard.

use std::collections::BTreeSet;

use super::bypass::{CallersByArn, GuardBypass};
use super::caller_session::{ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION, build_session_name_condition};
use super::finder::BypassFinder;
use super::guard_condition::build_tag_request;
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::check::Check;
use crate::baseline::Guard;
use crate::catalog::{TagKeyMeaning, find_tag_key};
use crate::iam::Condition;
use crate::solve::UndecidedReason;

const PRINCIPAL_TAG: &str = "aws:principaltag/";

/// Whether a guard is effective for a principal.
pub(crate) enum GuardEffect {
    /// The principal cannot satisfy some condition by itself, or no guarded action is allowed even if all match.
    Effective,
    /// The principal can satisfy every condition by itself, one way for each.
    Bypassed(Vec<GuardBypass>),
    /// Neither is proven.
    Undecided(BTreeSet<UndecidedReason>),
}

/// Decides whether a principal can satisfy every condition of a guard by itself.
pub(crate) fn find_bypasses(
    analyzer: &Analyzer<'_>,
    subject: &AuditedPrincipal<'_>,
    guard: &Guard,
    check: &Check,
    callers: &CallersByArn<'_>,
) -> GuardEffect {
    let mut finder = BypassFinder { analyzer, subject, guard, check, callers, undecided: BTreeSet::new() };
    let mut bypasses = Vec::new();
    let mut undecided = BTreeSet::new();
    for condition in &guard.unless.conditions {
        let bypass = finder.find_bypass(condition);
        let reasons = std::mem::take(&mut finder.undecided);
        match bypass {
            Some(bypass) => bypasses.push(bypass),
            // One condition that the principal cannot satisfy is enough, even if others are undecided.
            None if reasons.is_empty() => return GuardEffect::Effective,
            None => undecided.extend(reasons),
        }
    }
    if !finder.may_have_guarded_access() {
        return GuardEffect::Effective;
    }
    if undecided.is_empty() { GuardEffect::Bypassed(bypasses) } else { GuardEffect::Undecided(undecided) }
}

impl BypassFinder<'_> {
    /// How the principal can satisfy a condition. `None` if it cannot, or if that is undecided: then `undecided` has the
    /// reasons.
    fn find_bypass(&mut self, condition: &Condition) -> Option<GuardBypass> {
        let key = condition.key.as_written();
        let lower = condition.key.lower();
        if let Some(tag) = key.get(PRINCIPAL_TAG.len()..).filter(|_| lower.starts_with(PRINCIPAL_TAG)) {
            return self
                .find_existing_tag(condition, tag)
                .or_else(|| self.find_self_tagging(condition, tag))
                .or_else(|| self.find_session_tag(condition, tag))
                .or_else(|| self.find_federation_token(condition, tag))
                .or_else(|| self.find_rewritten_trust(condition, TAG_SESSION, build_tag_request(condition, tag)?))
                .or_else(|| self.find_replaced_provider(condition, TAG_SESSION, &build_tag_request(condition, tag)?));
        }
        match lower {
            "aws:sourceidentity" => {
                let request = vec![condition.with_key("sts:SourceIdentity")];
                return self
                    .find_source_identity(condition)
                    .or_else(|| self.find_rewritten_trust(condition, SET_SOURCE_IDENTITY, request.clone()))
                    .or_else(|| self.find_replaced_provider(condition, SET_SOURCE_IDENTITY, &request));
            }
            "aws:userid" => {
                return self.find_session_name(condition).or_else(|| {
                    self.find_rewritten_trust(condition, ASSUME_ROLE, vec![build_session_name_condition(condition)?])
                });
            }
            _ => {}
        }
        if let Some(found) = self.find_key_alias(condition).or_else(|| self.find_resource_setting(condition)) {
            return Some(found);
        }
        let tag_key = find_tag_key(key);
        let is_caller_chosen = match tag_key.as_ref().map(|tag_key| tag_key.meaning) {
            Some(TagKeyMeaning::Resource | TagKeyMeaning::Container) => {
                return self.find_resource_tagging(condition, &tag_key?);
            }
            Some(TagKeyMeaning::Request | TagKeyMeaning::RequestNames) => true,
            _ => matches!(lower, "aws:useragent" | "aws:referer" | "sts:rolesessionname" | "sts:sourceidentity"),
        };
        is_caller_chosen
            .then(|| GuardBypass::without_request(GuardBypassMethod::ChosenByCaller { key: key.to_owned() }))
    }
}
