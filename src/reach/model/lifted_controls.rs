//! SCPs and RCPs that no longer apply to a principal.

use std::sync::{Arc, LazyLock};

use crate::access::{Layers, PolicyOrigin, PolicyRef};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{PolicyDocument, Statement};

const FULL_ACCESS: &str = "FullAWSAccess";

static FULL_ACCESS_POLICY: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| {
    let statement = Statement::allow(ActionElement::any(), ResourceElement::any());
    Arc::new(PolicyDocument::from_statements(FULL_ACCESS, vec![statement]))
});

/// A change of the SCPs or RCPs of a root, an organizational unit or an account.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LiftedControl {
    /// The id of the root, the organizational unit or the account.
    pub target: Arc<str>,
    /// The id of the policy that no longer applies there. None if an SCP that allows everything is added.
    pub policy: Option<Arc<str>>,
}

impl LiftedControl {
    pub(crate) fn without(target: &str, policy: &str) -> LiftedControl {
        LiftedControl { target: Arc::from(target), policy: Some(Arc::from(policy)) }
    }

    pub(crate) fn full_access(target: &str) -> LiftedControl {
        LiftedControl { target: Arc::from(target), policy: None }
    }
}

/// The ids of an SCP or RCP and of what it is attached to. None for other policies.
pub(crate) fn control_of(policy: &PolicyRef) -> Option<(&str, &str)> {
    match &policy.origin {
        PolicyOrigin::Organization { id, target } => Some((id.as_str(), target.as_str())),
        _ => None,
    }
}

/// Changes the SCPs and RCPs of a principal.
pub(super) fn lift_controls(layers: &mut Layers, lifted: &[LiftedControl]) {
    let is_lifted = |policy: &PolicyRef| {
        control_of(policy).is_some_and(|(id, target)| {
            lifted.iter().any(|control| *control.target == *target && control.policy.as_deref() == Some(id))
        })
    };
    for level in layers.scps.iter_mut().flatten() {
        let target = level.policies.iter().find_map(control_of).map(|(_, target)| target.to_owned());
        level.policies.retain(|policy| !is_lifted(policy));
        let has_full_access =
            lifted.iter().any(|control| control.policy.is_none() && Some(&*control.target) == target.as_deref());
        if has_full_access {
            level.policies.push(PolicyRef::new(FULL_ACCESS, PolicyOrigin::Given, Arc::clone(&FULL_ACCESS_POLICY)));
        }
    }
    layers.rcps = layers.rcps.take().map(|rcps| rcps.without_policies(&is_lifted));
}
