//! What to tell first: the order in which actions alarm.

use crate::audit::actions::severity_rating::rate_action;
use crate::audit::model::severity::Severity;
use crate::catalog::{ActionId, Catalog, RiskClass};

/// What everyone in the room knows the harm of, the worst first: told before what is as bad and obscure.
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

/// How much an action alarms: whether it is high or worse, how well it is known, how bad it is, whether it destroys.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub struct ActionRank {
    tier: Severity,
    well_known_rank: usize,
    severity: Severity,
    is_destructive: bool,
}

impl ActionRank {
    /// The rank of an action that the catalog does not know: it may write.
    const UNKNOWN: ActionRank =
        ActionRank { tier: Severity::Medium, well_known_rank: 0, severity: Severity::Medium, is_destructive: false };

    /// How bad it is.
    pub fn severity(self) -> Severity {
        self.severity
    }

    /// Whether it destroys.
    pub fn is_destructive(self) -> bool {
        self.is_destructive
    }
}

/// The ranks of all actions of a catalog, made once.
#[derive(Debug)]
pub struct ActionRanking<'c> {
    /// The catalog.
    pub catalog: &'c Catalog,
    ranks: Vec<ActionRank>,
}

impl<'c> ActionRanking<'c> {
    /// The ranks of a catalog's actions.
    pub fn new(catalog: &'c Catalog) -> ActionRanking<'c> {
        let mut ranks: Vec<ActionRank> = catalog
            .actions()
            .map(|id| {
                let severity = rate_action(catalog, id);
                let is_destructive = catalog.risk_classes(id).contains(RiskClass::Destructive);
                ActionRank {
                    tier: severity.min(Severity::High),
                    well_known_rank: 0,
                    severity,
                    is_destructive: is_destructive,
                }
            })
            .collect();
        for (position, name) in WELL_KNOWN.iter().rev().enumerate() {
            if let Some(rank) = catalog.find_action(name).and_then(|id| ranks.get_mut(id.0 as usize)) {
                rank.well_known_rank = position + 1;
            }
        }
        ActionRanking { catalog, ranks: ranks }
    }

    /// The ranks as numbers, by action: the higher, the more alarming.
    pub fn to_numeric_ranks(&self) -> Vec<u32> {
        let mut distinct: Vec<ActionRank> = self.ranks.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let position_of =
            |rank: &ActionRank| distinct.binary_search(rank).ok().and_then(|p| u32::try_from(p).ok()).unwrap_or(0);
        self.ranks.iter().map(position_of).collect()
    }

    /// The rank of an action.
    pub fn rank_of(&self, action: ActionId) -> ActionRank {
        self.ranks.get(action.0 as usize).copied().unwrap_or(ActionRank::UNKNOWN)
    }

    /// The rank of a name.
    pub fn rank_of_name(&self, name: &str) -> ActionRank {
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
            assert_ne!(ranking.rank_of_name(name).well_known_rank, 0, "{name} is no action");
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
