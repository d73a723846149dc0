//! Findings of one class: the same but for the principal, its account and its places.

use super::finding::{AcceptedException, Finding};
use super::path_fix::PathFix;
use super::principal_ref::PrincipalRef;
use crate::source::Place;

/// Findings that are the same but for the principal, its account and its places.
#[derive(Clone, Debug)]
pub struct FindingClass {
    /// The first of them.
    pub finding: Finding,
    /// The principals of all of them. Empty for a finding about the baseline.
    pub members: Vec<ClassMember>,
}

/// A principal with what is its own of a finding.
#[derive(Clone, Debug)]
pub struct ClassMember {
    /// The principal.
    pub principal: PrincipalRef,
    /// The key of its finding.
    pub key: String,
    /// The fingerprint of its finding.
    pub fingerprint: String,
    /// When an audit first found it: RFC 3339. None if the history does not say.
    pub first_seen: Option<String>,
    /// The exception that accepts its finding.
    pub accepted: Option<AcceptedException>,
    /// What ends its escalation path. Empty for other rules.
    pub path_fixes: Vec<PathFix>,
}

impl FindingClass {
    /// The class of one finding alone.
    #[doc(hidden)]
    pub fn from_finding(finding: &Finding) -> FindingClass {
        FindingClass::new(finding.clone())
    }

    pub(crate) fn new(finding: Finding) -> FindingClass {
        let members = list_members(&finding);
        FindingClass { finding, members }
    }

    /// Adds a finding that differs in the principal only.
    pub(crate) fn add(&mut self, finding: &Finding) {
        self.members.append(&mut list_members(finding));
    }

    /// Changes every place.
    pub(crate) fn change_places(&mut self, change: &mut dyn FnMut(&mut Place)) {
        self.finding.change_places(change);
        for member in &mut self.members {
            change(&mut member.principal.place);
            member.accepted.iter_mut().for_each(|accepted| change(&mut accepted.place));
        }
    }
}

/// The principals of a finding.
fn list_members(finding: &Finding) -> Vec<ClassMember> {
    let to_member = |principal: &PrincipalRef| ClassMember {
        principal: principal.clone(),
        key: finding.key.clone(),
        fingerprint: finding.fingerprint.clone(),
        first_seen: finding.first_seen.clone(),
        accepted: finding.accepted.clone(),
        path_fixes: finding.path_fixes.clone(),
    };
    finding.all_principals().map(to_member).collect()
}
