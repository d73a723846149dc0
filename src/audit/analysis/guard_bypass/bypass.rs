//! One way to satisfy a condition of a guard.

use std::collections::BTreeMap;

use crate::access::PolicyRef;
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::classify::InferredClass;

/// How a principal satisfies a condition of a guard by itself.
pub(crate) struct GuardBypass {
    /// How.
    pub method: GuardBypassMethod,
    /// The requests that prove it, by statement. Empty if it takes no request.
    pub proof: ExcessByStatement,
    /// The policies that the statement ids of the proof refer to.
    pub policies: Vec<PolicyRef>,
}

impl GuardBypass {
    /// A bypass that takes no request.
    pub fn without_request(method: GuardBypassMethod) -> GuardBypass {
        GuardBypass { method, proof: ExcessByStatement::new(), policies: Vec::new() }
    }
}

/// What the search for a bypass needs to know about a principal of the snapshot that may assume the role.
pub(crate) struct CallerFacts<'a> {
    /// The declared class, or the inferred class.
    pub class: InferredClass,
    /// The names of the guards of its entries.
    pub guards: Vec<&'a str>,
}

/// The principals of the snapshot, by ARN.
pub(crate) type CallersByArn<'a> = BTreeMap<&'a str, CallerFacts<'a>>;
