//! Statements of bucket policies that leave the decision to the policies of access points, which a snapshot does not have.

use crate::iam::{Ambiguity, Condition, ConditionOperator, Effect, Interpretation, MissingKeyRule, Statement};

/// The condition keys of requests through an access point, in lower case.
// AWS: Configuring IAM policies for using access points (Amazon S3 User Guide), "Condition keys"
const ACCESS_POINT_KEYS: [&str; 6] = [
    "s3:accesspointnetworkorigin",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3express:accesspointnetworkorigin",
    "s3express:dataaccesspointaccount",
    "s3express:dataaccesspointarn",
];

/// Whether a statement of a resource policy is one that grants nothing by itself: it allows requests through an access point
/// alone, whose policy must allow them, too.
// AWS: the same page, "Delegating access control to access points"
pub(crate) fn is_left_to_access_points(statement: &Statement, interpretation: Interpretation) -> bool {
    let is_required = |condition: &Condition| {
        ACCESS_POINT_KEYS.contains(&condition.key.lower())
            && condition.when_missing == MissingKeyRule::OperatorDefault
            && condition.operator != ConditionOperator::Null
            && !condition.operator.is_negated()
    };
    statement.effect == Effect::Allow
        && statement.principal.is_some()
        && !interpretation.is_alternative(Ambiguity::AccessPointPolicy)
        && statement.conditions.iter().any(is_required)
}
