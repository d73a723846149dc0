//! The answer to a question: proven excess with its witnesses, and the reasons why something is undecided.

use std::collections::BTreeSet;

use serde::Serialize;

use super::access::formula::StatementId;
use super::actions::named_actions::Actions;
use super::range_constraint::RangeConstraint;
use super::values::interval::IntervalSet;
use crate::access::Request;
use crate::iam::Ambiguity;
use crate::snapshot::{MissingDocument, MissingReason};

/// Whether the effective access is contained in the declared access.
#[derive(Clone, Debug)]
pub enum ContainmentVerdict {
    /// Proven: every allowed request is declared.
    Contained,
    /// Some allowed requests are not declared: the excess of each granting statement.
    Broader(Vec<Grant>),
    /// Neither proven nor refuted.
    Undecided(Vec<UndecidedReason>),
}

/// The full answer to a question: the proven excess, and the reasons why there may be more.
#[derive(Clone, Debug, Default)]
pub struct SolverAnswer {
    /// Proven excess.
    pub grants: Vec<Grant>,
    /// Why there may be more.
    pub undecided: Vec<UndecidedReason>,
}

impl SolverAnswer {
    /// Whether there is excess. Proven excess takes precedence over undecided parts.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn has_excess(self) -> Result<bool, BTreeSet<UndecidedReason>> {
        match self.into_verdict() {
            ContainmentVerdict::Broader(_) => Ok(true),
            ContainmentVerdict::Contained => Ok(false),
            ContainmentVerdict::Undecided(reasons) => Err(reasons.into_iter().collect()),
        }
    }

    /// The verdict. Proven excess takes precedence over undecided parts.
    pub fn into_verdict(self) -> ContainmentVerdict {
        match (self.grants.is_empty(), self.undecided.is_empty()) {
            (false, _) => ContainmentVerdict::Broader(self.grants),
            (true, false) => ContainmentVerdict::Undecided(self.undecided),
            (true, true) => ContainmentVerdict::Contained,
        }
    }
}

/// The reason why a question is undecided.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum UndecidedReason {
    /// The solver budget is exhausted.
    Budget,
    /// The budget of the principal is exhausted.
    PrincipalBudget,
    /// The budget of the audit was exhausted before the principal was decided.
    AuditBudget,
    /// A policy exceeds a limit of the solver.
    LimitExceeded,
    /// The answer depends on the unknown value of a policy variable.
    Variable(String),
    /// Conditions compare this key in a way that the solver does not model.
    Condition(String),
    /// The answer depends on a question that AWS's documentation leaves open.
    Ambiguity(&'static str),
    /// The evaluator refutes the witness. This is a defect of this program.
    WitnessRefuted(String),
    /// A document that the answer depends on is missing.
    MissingDocument {
        /// Its name: `attached policy arn:…`.
        name: String,
        /// Why it is missing.
        reason: MissingReason,
    },
    /// A document that decides the access of a principal of a comparison is missing.
    MissingDocumentOf {
        /// Its name.
        name: String,
        /// Why it is missing.
        reason: MissingReason,
        /// The principal: `role/deploy`.
        principal: String,
    },
    /// The document of a policy that can be attached cannot be read.
    UnreadablePolicy {
        /// The ARN of the policy.
        arn: String,
    },
    /// A search for escalation paths ended at a limit.
    SearchLimit {
        /// The ARN of the principal that can be changed in too many ways.
        principal: String,
        /// The largest number of ways that a search considers.
        states: usize,
    },
    /// Policies limit the values of a tag, and name too many of them.
    TagValueLimit {
        /// The key of the tag, in lower case.
        key: String,
        /// The largest number of values that a search considers.
        values: usize,
    },
    /// Policies limit the values of too many tags that a principal can set.
    TagCombinationLimit {
        /// The largest number of combinations that a search considers.
        combinations: usize,
    },
    /// A search considers only so many of something.
    TooMany {
        /// The largest number that it considers.
        most: usize,
        /// What there are more of.
        items: &'static str,
    },
    /// A search does not combine some changes, which are possible.
    Uncombined {
        /// The ARN of the principal.
        principal: String,
        /// The changes.
        changes: &'static str,
    },
    /// The steps of a path need several values of a tag, and it is not known whether they can follow each other.
    TagOrder {
        /// The ARN of the principal with the tag.
        principal: String,
        /// The key of the tag, in lower case.
        key: String,
    },
    /// One of two trust policies names a principal, and the other names its account. If the role belongs to that account,
    /// only the first admits the principal without an identity policy.
    AccountOfRole {
        /// The ARN of the principal.
        principal: String,
    },
    /// No principal has the entry that `narrower_than` names.
    NoOperator {
        /// The name of the entry.
        entry: String,
    },
    /// A check of the principal is undecided.
    Check {
        /// The name of the check: `guard "x"`.
        name: String,
        /// Why.
        reason: Box<UndecidedReason>,
    },
    /// It is undecided whether a principal can satisfy a guard by itself.
    GuardEffect {
        /// The name of the check.
        name: String,
        /// Why.
        reason: Box<UndecidedReason>,
    },
}

impl UndecidedReason {
    /// Whether an audit ended before it had decided this.
    pub(crate) fn is_exhausted_budget(&self) -> bool {
        matches!(self, UndecidedReason::PrincipalBudget | UndecidedReason::AuditBudget)
    }
}

impl From<&MissingDocument> for UndecidedReason {
    /// The place does not matter: a document that several principals refer to is one reason.
    fn from(missing: &MissingDocument) -> UndecidedReason {
        UndecidedReason::MissingDocument { name: missing.name.clone(), reason: missing.reason.clone() }
    }
}

impl From<Ambiguity> for UndecidedReason {
    fn from(ambiguity: Ambiguity) -> UndecidedReason {
        UndecidedReason::Ambiguity(ambiguity.name())
    }
}

/// What an ambiguity is about, if it is not a question that AWS leaves open.
fn describe_open_fact(ambiguity: &str) -> Option<&'static str> {
    Some(match ambiguity {
        "role-session-mfa" => {
            "whether aws:MultiFactorAuthPresent can be true in a session of a role (\"role-session-mfa\"), on which AWS's \
             pages disagree"
        }
        "federated-session" => "what the user does in a session of sts:GetFederationToken (\"federated-session\")",
        "canonical-user" => "which account a canonical user ID in a resource policy identifies (\"canonical-user\")",
        "bucket-acl" => {
            "the access control lists of a bucket of another account (\"bucket-acl\"), which the snapshot does not have"
        }
        "kms-grant" => "the grants of a KMS key (\"kms-grant\"), which the snapshot does not have",
        _ => return None,
    })
}

impl std::fmt::Display for UndecidedReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UndecidedReason::Budget => f.write_str("solver budget exhausted"),
            UndecidedReason::PrincipalBudget => f.write_str("the budget for one principal is exhausted"),
            UndecidedReason::AuditBudget => f.write_str("the budget of the audit is exhausted"),
            UndecidedReason::LimitExceeded => f.write_str(
                "a pattern is too long, or the patterns contain too many different characters outside ASCII",
            ),
            UndecidedReason::Variable(key) => write!(f, "depends on the value of ${{{key}}}"),
            UndecidedReason::Condition(key) => {
                write!(f, "the conditions on {key} cannot be decided together")
            }
            UndecidedReason::Ambiguity(name) => match describe_open_fact(name) {
                Some(fact) => write!(f, "depends on {fact}"),
                None => write!(f, "depends on \"{name}\", which AWS does not document"),
            },
            UndecidedReason::WitnessRefuted(request) => {
                write!(f, "the evaluator refutes the witness {request}; please report this defect")
            }
            UndecidedReason::MissingDocument { name, reason } => write!(f, "{name} {reason}"),
            UndecidedReason::MissingDocumentOf { name, reason, principal } => {
                write!(f, "{name} {reason}, and the access of {principal} depends on it")
            }
            UndecidedReason::UnreadablePolicy { arn } => {
                write!(f, "the document of {arn}, which can be attached, cannot be read")
            }
            UndecidedReason::SearchLimit { principal, states } => {
                write!(f, "{principal} can be changed in more than {states} ways")
            }
            UndecidedReason::TagValueLimit { key, values } => {
                write!(f, "policies name more than {values} values of the tag {key}, which can be set")
            }
            UndecidedReason::TagCombinationLimit { combinations } => {
                write!(f, "the tags that can be set have more than {combinations} combinations of values")
            }
            UndecidedReason::TooMany { most, items } => write!(f, "there are more than {most} {items}"),
            UndecidedReason::Uncombined { principal, changes } => {
                write!(f, "the search does not combine {changes} ({principal})")
            }
            UndecidedReason::TagOrder { principal, key } => {
                write!(f, "whether a path can have the values of the tag {key} of {principal} one after the other")
            }
            UndecidedReason::AccountOfRole { principal } => {
                write!(
                    f,
                    "one policy names {principal} and the other its account, which differs if the role belongs to that account"
                )
            }
            UndecidedReason::NoOperator { entry } => {
                write!(f, "no principal has the entry \"{entry}\", which `narrower_than` names")
            }
            UndecidedReason::Check { name, reason } => write!(f, "{name}: {reason}"),
            UndecidedReason::GuardEffect { name, reason } => write!(f, "whether {name} is effective: {reason}"),
        }
    }
}

impl ContainmentVerdict {
    /// The verdict on two questions together. Excess in either one is excess.
    pub fn combine(self, other: ContainmentVerdict) -> ContainmentVerdict {
        match (self, other) {
            (ContainmentVerdict::Broader(mut grants), ContainmentVerdict::Broader(more)) => {
                grants.extend(more);
                ContainmentVerdict::Broader(grants)
            }
            (ContainmentVerdict::Broader(grants), _) | (_, ContainmentVerdict::Broader(grants)) => {
                ContainmentVerdict::Broader(grants)
            }
            (ContainmentVerdict::Undecided(mut reasons), ContainmentVerdict::Undecided(more)) => {
                reasons.extend(more.into_iter().filter(|w: &UndecidedReason| !reasons.contains(w)).collect::<Vec<_>>());
                ContainmentVerdict::Undecided(reasons)
            }
            (ContainmentVerdict::Undecided(reasons), ContainmentVerdict::Contained)
            | (ContainmentVerdict::Contained, ContainmentVerdict::Undecided(reasons)) => {
                ContainmentVerdict::Undecided(reasons)
            }
            (ContainmentVerdict::Contained, ContainmentVerdict::Contained) => ContainmentVerdict::Contained,
        }
    }
}

/// A set of requests: a range for each constrained field. A field without a range may have every value that the
/// action allows.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Cube {
    /// The range of the resource. None if it is unconstrained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<FieldRange>,
    /// The ranges of the constrained context keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<(String, FieldRange)>,
}

/// The values of one field in a cube.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FieldRange {
    /// Whether the key may be missing from the request.
    pub may_be_missing: bool,
    /// Whether the key may be present.
    pub may_be_present: bool,
    /// A present value matches a pattern of each list. Patterns have the syntax of policies; `${…}` is a policy variable
    /// whose value is unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matches_any_of: Vec<Vec<String>>,
    /// A present value matches no pattern of this list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matches_none_of: Vec<String>,
    /// A present number, date or address is in one of these intervals.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<String>,
    /// The same intervals as values.
    #[serde(skip)]
    #[doc(hidden)]
    pub interval_set: IntervalSet,
    /// Constraints on the values of a multi-valued key, or of tests of different kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub other_constraints: Vec<RangeConstraint>,
}

/// The requests that one statement allows and that are not declared.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The statement.
    pub statement_id: StatementId,
    /// The actions.
    pub actions: Actions,
    /// The exact difference for these actions, up to the requested number of cubes.
    pub cubes: Vec<Cube>,
    /// Whether the difference has more cubes.
    pub has_more_cubes: bool,
    /// A request that is allowed and not declared, replayed by the evaluator. Only the first grant of a statement, which
    /// has the highest rank, has one.
    pub witness: Option<Request>,
}
