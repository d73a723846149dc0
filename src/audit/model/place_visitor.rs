//! Visits the places in a finding.

use super::finding::Finding;
use super::reason::Reason;
use super::remediation::Remediation;
use super::title::Title;
use crate::source::Place;

impl Finding {
    /// Changes every place that a report shows: in the finding, its principals, its proof, its reasons and its remediations.
    pub(crate) fn change_places(&mut self, change: &mut dyn FnMut(&mut Place)) {
        self.place.iter_mut().for_each(&mut *change);
        let principals = self.principal.iter_mut().chain(&mut self.principals);
        principals.for_each(|principal| change(&mut principal.place));
        for excess in &mut self.excess {
            change(&mut excess.granted_by.place);
            excess.expected.iter_mut().for_each(|nearest| change(&mut nearest.place));
        }
        if let Title::UndecidedBecause(reason) = &mut self.title {
            change_place_of_reason(reason, change);
        }
        self.reasons.iter_mut().for_each(|reason| change_place_of_reason(reason, change));
        self.remediations.iter_mut().for_each(|remediation| change_place_of_remediation(remediation, change));
        self.accepted.iter_mut().for_each(|accepted| change(&mut accepted.place));
    }
}

fn change_place_of_reason(reason: &mut Reason, change: &mut dyn FnMut(&mut Place)) {
    match reason {
        Reason::MissingDocument(missing) | Reason::Caveat(missing) => change(&mut missing.place),
        Reason::BoundaryDeclared { place, .. } => change(place),
        _ => {}
    }
}

fn change_place_of_remediation(remediation: &mut Remediation, change: &mut dyn FnMut(&mut Place)) {
    match remediation {
        Remediation::AddCondition { edit, .. }
        | Remediation::RestrictResources { edit, .. }
        | Remediation::RemoveActions { edit, .. }
        | Remediation::ListActions { edit, .. } => change(&mut edit.statement.place),
        Remediation::RestrictByHand(statement) | Remediation::RemoveOrGrant(statement) => change(&mut statement.place),
        Remediation::ProvideDocument(missing) => change(&mut missing.place),
        _ => {}
    }
}
