//! Ranks actions by how alarming they are. The most alarming action comes first in lists and has the witness.

use super::action_severity::rate_action;
use crate::audit::model::severity::Severity;
use crate::catalog::{ActionId, Catalog, RiskClass};

/// Actions whose harm most readers know, worst first. They rank before equally severe actions that few readers know.
const WELL_KNOWN: [&str; 24] = [
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:CreatePolicyVersion",
    "iam:CreateAccessKey",
    "iam:UpdateAssumeRolePolicy",
    "iam:PassRole",
    "lambda:UpdateFunctionCode",
    "cloudformation:DeleteStack",
    "rds:DeleteDBCluster",
    "rds:DeleteDBInstance",
    "ec2:TerminateInstances",
    "dynamodb:DeleteTable",
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "kms:ScheduleKeyDeletion",
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "s3:PutBucketPolicy",
    "organizations:LeaveOrganization",
    "secretsmanager:GetSecretValue",
    "s3:GetObject",
    "s3:PutObject",
];

/// How alarming an action is. The fields are in order of precedence.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub struct ActionRank {
    /// The severity, with critical lowered to high: a well-known high action ranks before an obscure critical one.
    tier: Severity,
    well_known_rank: usize,
    severity: Severity,
    is_destructive: bool,
}

impl ActionRank {
    /// The rank of an action that the catalog does not know. The action may write.
    const UNKNOWN: ActionRank =
        ActionRank { tier: Severity::Medium, well_known_rank: 0, severity: Severity::Medium, is_destructive: false };

    /// The severity of the action.
    pub fn severity(self) -> Severity {
        self.severity
    }

    /// Whether the action is destructive.
    pub fn is_destructive(self) -> bool {
        self.is_destructive
    }
}

/// The ranks of all actions of a catalog.
#[derive(Clone, Debug)]
pub struct ActionRanking<'c> {
    /// The catalog.
    pub catalog: &'c Catalog,
    ranks: Vec<ActionRank>,
}

impl<'c> ActionRanking<'c> {
    /// Ranks the actions of a catalog.
    pub fn new(catalog: &'c Catalog) -> ActionRanking<'c> {
        let mut ranks: Vec<ActionRank> = catalog
            .actions()
            .map(|id| {
                let severity = rate_action(catalog, id);
                let is_destructive = catalog.risk_classes(id).contains(RiskClass::Destructive);
                ActionRank { tier: severity.min(Severity::High), well_known_rank: 0, severity, is_destructive }
            })
            .collect();
        for (position, name) in WELL_KNOWN.iter().rev().enumerate() {
            if let Some(rank) = catalog.find_action(name).and_then(|id| ranks.get_mut(id.0 as usize)) {
                rank.well_known_rank = position + 1;
            }
        }
        ActionRanking { catalog, ranks }
    }

    /// The ranks as numbers, by action id. A higher number is more alarming.
    pub fn to_numeric_ranks(&self) -> Vec<u32> {
        let mut distinct: Vec<ActionRank> = self.ranks.clone();
        distinct.sort_unstable();
        distinct.dedup();
        // INVARIANT: `distinct` contains every rank, and a catalog has fewer than `u32::MAX` actions.
        let position_of = |rank: &ActionRank| {
            let position = distinct.binary_search(rank).expect("a rank of the catalog");
            u32::try_from(position).expect("fewer ranks than actions")
        };
        self.ranks.iter().map(position_of).collect()
    }

    /// The rank of an action.
    pub(crate) fn rank_of(&self, action: ActionId) -> ActionRank {
        // Every action of the catalog has a rank; the rank of another one is that of an unknown action.
        self.ranks.get(action.0 as usize).copied().unwrap_or(ActionRank::UNKNOWN)
    }

    /// The rank of an action by its name.
    pub(crate) fn rank_of_name(&self, name: &str) -> ActionRank {
        self.catalog.find_action(name).map_or(ActionRank::UNKNOWN, |action| self.rank_of(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_actions_rank_first() {
        let ranking = ActionRanking::new(Catalog::embedded());
        for name in WELL_KNOWN {
            assert_ne!(ranking.rank_of_name(name).well_known_rank, 0, "{name} is not an action");
        }
        let order = [
            "iam:AttachRolePolicy",
            "cloudformation:DeleteStack",
            "cloudformation:ExecuteChangeSet",
            "ec2:DeleteVpc",
            "s3:GetObject",
            "no:Such",
            "ec2:DescribeVpcs",
        ];
        let ranks: Vec<ActionRank> = order.iter().map(|name| ranking.rank_of_name(name)).collect();
        assert!(ranks.is_sorted_by(|a, b| a > b), "{ranks:?}");
    }
}
