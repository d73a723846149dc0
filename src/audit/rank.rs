//! What to tell first: the order in which actions alarm.

use super::severity::{Severity, of_action};
use crate::catalog::{ActionClass, ActionId, Catalog};

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
pub(super) struct Rank {
    tier: Severity,
    known: usize,
    severity: Severity,
    destroys: bool,
}

impl Rank {
    /// The rank of an action that the catalog does not know: it may write.
    const UNKNOWN: Rank = Rank { tier: Severity::Medium, known: 0, severity: Severity::Medium, destroys: false };

    /// How bad it is.
    pub fn severity(self) -> Severity {
        self.severity
    }

    /// Whether it destroys.
    pub fn destroys(self) -> bool {
        self.destroys
    }
}

/// The ranks of all actions of a catalog, made once.
#[derive(Debug)]
pub(super) struct Ranks<'c> {
    /// The catalog.
    pub catalog: &'c Catalog,
    table: Vec<Rank>,
}

impl<'c> Ranks<'c> {
    /// The ranks of a catalog's actions.
    pub fn new(catalog: &'c Catalog) -> Ranks<'c> {
        let mut table: Vec<Rank> = catalog
            .actions()
            .map(|id| {
                let severity = of_action(catalog, id);
                let destroys = catalog.classes(id).contains(ActionClass::Destructive);
                Rank { tier: severity.min(Severity::High), known: 0, severity, destroys }
            })
            .collect();
        for (place, name) in WELL_KNOWN.iter().rev().enumerate() {
            if let Some(rank) = catalog.find_action(name).and_then(|id| table.get_mut(id.0 as usize)) {
                rank.known = place + 1;
            }
        }
        Ranks { catalog, table }
    }

    /// The rank of an action.
    pub fn of(&self, action: ActionId) -> Rank {
        self.table.get(action.0 as usize).copied().unwrap_or(Rank::UNKNOWN)
    }

    /// The rank of a name.
    pub fn of_name(&self, name: &str) -> Rank {
        self.catalog.find_action(name).map_or(Rank::UNKNOWN, |action| self.of(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_harm_comes_first() {
        let ranks = Ranks::new(Catalog::embedded());
        for name in WELL_KNOWN {
            assert_ne!(ranks.of_name(name).known, 0, "{name} is no action");
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
        let found: Vec<Rank> = order.iter().map(|name| ranks.of_name(name)).collect();
        assert!(found.is_sorted_by(|a, b| a > b), "{found:?}");
    }
}
