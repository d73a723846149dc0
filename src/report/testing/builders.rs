//! Builders of the parts of an audit.

use std::collections::BTreeMap;

use crate::audit::*;
use crate::solve::{Cube, FieldRange};
use crate::source::Place;

pub(super) const ACCOUNT: &str = "111122223333";

pub(super) fn place(file: &str, line: usize) -> Place {
    Place { file: file.into(), line, column: 9 }
}

pub(super) fn snapshot(line: usize) -> Place {
    place("snapshot/accounts/111122223333.json", line)
}

pub(super) fn arn(name: &str) -> String {
    format!("arn:aws-cn:iam::{ACCOUNT}:{name}")
}

pub(super) fn principal_ref(name: &str, kind: DeclaredClass, owner: Option<&str>) -> PrincipalRef {
    let arn = if name.starts_with("arn:") { name.to_owned() } else { arn(name) };
    let name = name.rsplit('/').next().unwrap();
    let principal = PrincipalRef::for_test(&arn, name, kind);
    PrincipalRef { owner: owner.map(Into::into), place: snapshot(12), ..principal }
}

pub(super) fn patterns(list: &[(&str, usize)]) -> Vec<PatternCount> {
    let levels = |n| BTreeMap::from([(ActionAccessLevel::Write, n)]);
    list.iter().map(|(p, n)| PatternCount { pattern: (*p).into(), count: *n, levels: levels(*n) }).collect()
}

pub(super) fn witness(action: &str, resource: &str, context: &[(&str, &[&str])]) -> Witness {
    let context = context.iter().map(|(k, v)| ((*k).into(), v.iter().map(|v| (*v).into()).collect())).collect();
    Witness { action: action.into(), resource: resource.into(), context }
}

pub(super) fn granting_statement(
    policy: &str,
    origin: PolicySource,
    statement: usize,
    sid: Option<&str>,
    line: usize,
) -> GrantingStatement {
    let arn = matches!(origin, PolicySource::Attached).then(|| arn(&format!("policy/{policy}")));
    GrantingStatement { policy: policy.into(), arn, origin, statement, sid: sid.map(Into::into), place: snapshot(line) }
}

pub(super) fn statement_edit(statement: GrantingStatement) -> StatementEdit {
    let policy = PolicyLocation::Managed { arn: arn(&format!("policy/{}", statement.policy)) };
    let replacement =
        vec![serde_json::json!({ "Effect": "Allow", "Action": ["ce:GetCostAndUsage"], "Resource": ["*"] })];
    StatementEdit { statement, policy, replacement }
}

pub(super) fn excess(
    severity: Severity,
    granted_by: GrantingStatement,
    actions: &[(&str, usize)],
    witness: Witness,
) -> Excess {
    let count = actions.iter().map(|(_, n)| n).sum();
    Excess {
        granted_by,
        severity,
        actions: patterns(actions).into(),
        action_count: count,
        destructive_count: 0,
        levels: BTreeMap::from([(ActionAccessLevel::Write, count)]),
        cubes: Vec::new(),
        more: false,
        witness,
        expected: None,
    }
}

/// The values that match a pattern.
pub(super) fn values(pattern: &str) -> FieldRange {
    FieldRange { may_be_present: true, matches_any_of: vec![vec![pattern.into()]], ..FieldRange::default() }
}

/// Requests on a resource, under a condition on each key.
pub(super) fn cube(resource: &str, conditions: &[(&str, &str)]) -> Cube {
    let context = conditions.iter().map(|(key, pattern)| ((*key).to_owned(), values(pattern))).collect();
    Cube { resource: Some(values(resource)), context }
}

pub(super) fn counts(all: usize, destructive: usize) -> ActionCounts {
    ActionCounts { all, destructive }
}

pub(super) fn nearest(document: &str, sid: &str, why: MismatchReason) -> Option<NearestDeclaredStatement> {
    Some(NearestDeclaredStatement {
        document: document.into(),
        statement: 0,
        sid: Some(sid.into()),
        is_only_statement: false,
        place: place(&format!("policies/{document}"), 5),
        why,
    })
}

pub(super) fn finding(rule: RuleId, severity: Severity, principal: Option<PrincipalRef>, title: Title) -> Finding {
    let cause = format!("{title:?}");
    let builder = match principal {
        Some(principal) => FindingBuilder::for_principal(rule, severity, title, principal, snapshot(12)),
        None => FindingBuilder::for_baseline(severity, title, snapshot(12), "iam009/entry/x".to_owned()),
    };
    Finding { fix_verification: FixVerification::Ends, ..builder.causes([cause]).build() }
}

/// A finding about several principals of an entry.
pub(super) fn entry_finding(entry: &str, principals: Vec<PrincipalRef>, title: Title) -> Finding {
    let place = place("policies/baseline.toml", 23);
    let subject = (Some(entry.to_owned()), principals);
    FindingBuilder::for_entry(Severity::Medium, title, subject, place).build()
}

pub(super) fn account_info(id: &str) -> AccountInfo {
    AccountInfo { id: id.into(), name: None }
}

/// An audit with the counts of its principals and findings.
pub(super) fn build_audit(principals: Vec<PrincipalReport>, findings: Vec<Finding>) -> Audit {
    let mut summary = AuditSummary::default();
    principals.iter().for_each(|principal| summary.add_principal(principal));
    findings.iter().for_each(|finding| summary.add_finding(finding));
    let status = if summary.undecided > 0 { AccountCompleteness::Incomplete } else { AccountCompleteness::Ok };
    let (counted, open) = (principals.len(), summary.by_account.values().sum());
    let account = account_info(ACCOUNT);
    let report = AccountReport { id: account.id.clone(), name: None, status, principals: counted, findings: open };
    Audit {
        head: AuditHead {
            version: "0.1.0".into(),
            run_id: "00c1d2e3f4a5b697".into(),
            generated_at: "2026-11-27T06:00:00Z".into(),
            catalog: CatalogInfo {
                version: "0.1.202610271".into(),
                updated_at: "2026-10-27".into(),
                content_id: "77a1b2c3d4e5f607".into(),
            },
            snapshot: SnapshotInfo {
                origin: "snapshot/".into(),
                content_id: "9e0d1c2b3a495867".into(),
                taken_at: "2026-11-20T06:00:00Z".into(),
                taken_at_source: TimeSource::Snapshot,
                accounts: vec![account],
                partitions: vec!["aws-cn".into()],
                organization: Some(OrganizationInfo {
                    id: "o-exampleorg1".into(),
                    content_id: "5b6a798897a6b5c4".into(),
                }),
            },
            baseline: BaselineInfo { path: "policies/baseline.toml".into(), content_id: "4f1c2aa712345678".into() },
        },
        notes: Vec::new(),
        summary,
        accounts: vec![report],
        principals,
        escalation_groups: Vec::new(),
        findings,
        unread: Vec::new(),
        not_examined: NotExamined::default(),
    }
}

pub(super) fn principal_report(principal: &PrincipalRef, status: PrincipalStatus) -> PrincipalReport {
    PrincipalReport {
        arn: principal.arn.clone(),
        kind: principal.kind,
        owner: principal.owner.clone(),
        entry: None,
        account: principal.account.clone(),
        account_name: None,
        status,
    }
}

pub(super) fn numbered_reports(
    n: usize,
    name: &str,
    kind: DeclaredClass,
    status: PrincipalStatus,
) -> Vec<PrincipalReport> {
    (1..=n).map(|i| principal_report(&principal_ref(&format!("{name}-{i}"), kind, None), status)).collect()
}
