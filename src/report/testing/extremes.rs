//! Audits without findings, with hostile names, and with many findings.

use super::builders::*;
use crate::audit::*;
use crate::baseline::PrincipalClass;
use crate::snapshot::MissingReason;
use crate::solve::UndecidedReason;

/// An audit without findings.
pub(super) fn calm() -> Audit {
    let mut principals = numbered_reports(
        9,
        "role/app/worker",
        DeclaredClass::Declared(PrincipalClass::Workload),
        PrincipalStatus::AsDeclared,
    );
    principals.extend(numbered_reports(
        26,
        "role/aws-service-role/x",
        DeclaredClass::ServiceLinked,
        PrincipalStatus::Ignored,
    ));
    let mut calm = build_audit(principals, Vec::new());
    calm.notes = vec![Note {
        kind: NoteKind::UnknownAction,
        text: "unknown action cost-optimization-hub:ListRecommendationsForEveryone".into(),
        place: Some(place("policies/baseline.toml", 22)),
    }];
    calm
}

/// Hostile characters in names, tags, Sids and files.
pub(in crate::report) fn hostile() -> Audit {
    let name = "arn:aws:iam::444455556666:role/\u{1b}[2J\u{1b}[1;1Hok\r\nCRITICAL 0\u{202e}nimda";
    let evil = principal_ref(
        name,
        DeclaredClass::Declared(PrincipalClass::Agent),
        Some("<script>alert(1)</script>\u{9b}31m\u{200b}"),
    );
    let mut broad = finding(
        RuleId::Broader,
        Severity::High,
        Some(evil.clone()),
        Title::BeyondPersona { persona: "\u{7}x".into(), actions: counts(1, 0) },
    );
    broad.excess = vec![Excess {
        cubes: vec![cube("arn:aws:s3:::\u{2066}x\u{2069}/*", &[("aws:PrincipalTag/\u{1b}[8m", "a\u{2028}b")])],
        expected: nearest("agents/\u{8}\u{8}x.json", "\u{1b}]8;;http://x\u{7}it", MismatchReason::Denied),
        ..excess(
            Severity::High,
            GrantingStatement {
                policy: "pow\u{ad}er\u{0}".into(),
                sid: Some("\"=cmd|' /C calc'!A0\n".into()),
                origin: PolicySource::InlineOfGroup("ad\u{200d}mins\u{1b}c".into()),
                place: place("snap\u{1b}[31m/a.json", 3),
                ..granting_statement("", PolicySource::Inline, 0, None, 3)
            },
            &[("s3:\u{7f}Get*", 1)],
            witness("s3:GetObject", "arn:aws:s3:::x/\u{85}", &[("aws:PrincipalTag/\u{feff}", &["\u{1b}[0m", "b"])]),
        )
    }];
    broad.remediations = vec![Remediation::Deny {
        scope: DenyScope::Persona,
        policies: vec![serde_json::json!({ "Statement": [{ "Effect": "Deny", "Sid": "\u{202e}\u{200b}x" }] })],
    }];
    let name = "group \u{1b}[31mred\r".into();
    let reason = Reason::Undecided(UndecidedReason::MissingDocument { name, reason: MissingReason::NotCollected });
    let title = Title::UndecidedForReasons { count: 2 };
    let mut undecided = finding(RuleId::Undecided, Severity::Info, Some(evil.clone()), title);
    undecided.reasons = vec![reason];
    let title = Title::UnguardedAgentUse { operators: 1, count: 1 };
    let mut of_entry = entry_finding("on\u{202e}call\r\n", vec![evil.clone()], title);
    of_entry.remediations = vec![Remediation::DeclarePersona { entry: "on\u{1b}[2Jcall".into(), block: None }];
    let findings = vec![broad, of_entry, undecided];
    let mut hostile = build_audit(vec![principal_report(&evil, PrincipalStatus::Broader)], findings);
    hostile.head.snapshot.accounts = vec![account_info("444455556666")];
    hostile.head.snapshot.partitions = vec!["aws".into()];
    hostile.head.snapshot.taken_at = "\u{1b}[5mnow".into();
    hostile.head.snapshot.origin = "snap\u{1b}[31m/".into();
    hostile.head.baseline.path = "pol\u{202e}icies".into();
    hostile.notes = vec![Note {
        kind: NoteKind::UnknownAction,
        text: "action \u{1b}[1mx:y".into(),
        place: Some(place("\u{7}", 1)),
    }];
    hostile.unread = vec![UnreadInput {
        subject: "a\u{1b}[2Jb".into(),
        place: None,
        reason: "\u{9d}0;x\u{9c}".into(),
        account: None,
        permission: Some("\u{202e}iam:Get".into()),
    }];
    hostile.not_examined = NotExamined {
        principals: 2,
        rules: vec![RuleId::Trust],
        below_severity: Some(Severity::Low),
        unread: hostile.unread.clone(),
    };
    hostile
}

/// Many principals in several accounts, one of them with excess from many statements.
pub(in crate::report) fn large() -> Audit {
    let mut principals = Vec::new();
    let mut findings = Vec::new();
    for i in 0..12_usize {
        let account = ["111122223333", "444455556666", "777788889999"][i % 3];
        let role = principal_ref(
            &format!(
                "arn:aws:iam::{account}:role/platform/teams/payments/production/service-role-with-a-long-name-{i:02}"
            ),
            if i.is_multiple_of(2) {
                DeclaredClass::Declared(PrincipalClass::Workload)
            } else {
                DeclaredClass::Declared(PrincipalClass::Operator)
            },
            (i != 4).then_some("payments-platform-engineering"),
        );
        let severity = Severity::ALL[i % 4].1;
        let n = if i == 0 { 9 } else { 1 };
        let mut broad = finding(RuleId::Broader, severity, Some(role.clone()), Title::BeyondCeiling(counts(n, n)));
        (broad.action_count, broad.destructive_count) = (n, n);
        broad.excess = (0..n)
            .map(|k| {
                excess(
                    if k < 4 { severity } else { Severity::Low },
                    granting_statement(&format!("policy-{k}"), PolicySource::Attached, k, None, 100 + k),
                    &[("dynamodb:DeleteTable", 1)],
                    witness("dynamodb:DeleteTable", &format!("arn:aws:dynamodb:eu-central-1:{account}:table/payments-ledger-production-archive-2019-2026-eu-central-1"), &[]),
                )
            })
            .collect();
        broad.remediations = vec![Remediation::RemoveActions {
            patterns: vec!["dynamodb:DeleteTable".into()],
            omitted: 0,
            edit: statement_edit(granting_statement("policy-0", PolicySource::Attached, 0, None, 100)),
        }];
        principals.push(principal_report(&role, PrincipalStatus::Broader));
        findings.push(broad);
    }
    let mut large = build_audit(principals, findings);
    large.head.snapshot.accounts = ["111122223333", "444455556666", "777788889999"].map(account_info).to_vec();
    large.head.snapshot.partitions = vec!["aws".into()];
    large.notes = (1..=8)
        .map(|i| Note {
            kind: NoteKind::UnknownAction,
            text: format!("unknown action svc:Unknown{i}"),
            place: Some(snapshot(i)),
        })
        .collect();
    large
}
