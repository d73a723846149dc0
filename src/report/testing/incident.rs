//! An audit with something in every part of the report.

use super::builders::*;
use crate::audit::*;
use crate::baseline::PrincipalClass;

pub(in crate::report) fn incident() -> Audit {
    let kiro = principal_ref(
        "role/agents/kiro-cost-explorer",
        DeclarationStatus::Declared(PrincipalClass::Agent),
        Some("cost-platform"),
    );
    let admin = principal_ref("user/deploy-legacy", DeclarationStatus::Undeclared, None);
    let oncall = principal_ref(
        "role/operators/cost-explorer-oncall",
        DeclarationStatus::Declared(PrincipalClass::Operator),
        Some("cost-platform"),
    );
    let etl =
        principal_ref("role/etl-nightly", DeclarationStatus::Declared(PrincipalClass::Workload), Some("data-platform"));
    let accepted =
        principal_ref("role/billing-export", DeclarationStatus::Declared(PrincipalClass::Workload), Some("billing"));

    let stack = "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/cost-explorer/*";
    let power = [
        ("cloudformation:Delete*", 6),
        ("rds:Delete*", 11),
        ("ce:Delete*", 3),
        ("rds:StopDBInstance", 1),
        ("elasticbeanstalk:TerminateEnvironment", 1),
        ("dynamodb:Delete*", 4),
        ("cloudformation:Create*", 7),
        ("cloudformation:Update*", 9),
        ("ec2:*", 172),
    ];
    let readonly = "agents/cost-explorer-readonly.json";
    let mut broad = finding(
        RuleId::Broader,
        Severity::Critical,
        Some(kiro.clone()),
        "may do 220 actions beyond its ceiling, 57 of them destructive",
    );
    (broad.action_count, broad.destructive_count) = (220, 57);
    broad.excess = vec![
        Excess {
            destructive_count: 56,
            expected: expected(readonly, MismatchReason::ActionNotListed, "action not listed by any statement"),
            ..excess(
                Severity::Critical,
                granting_statement("OperatorPower", PolicySource::Attached, 1, Some("Deploy"), 418),
                &power,
                witness("cloudformation:DeleteStack", stack, &[]),
            )
        },
        Excess {
            destructive_count: 1,
            resources: vec!["arn:aws-cn:s3:::billing-exports/*".into()],
            conditions: vec!["aws:PrincipalTag/team is \"billing\"".into(), "aws:SourceIp in 10.0.0.0/8".into()],
            expected: expected(
                readonly,
                MismatchReason::ResourceNotListed,
                "statement 1 \"ReadCosts\" allows it, but only on arn:aws-cn:s3:::cost-reports/*",
            ),
            ..excess(
                Severity::Medium,
                granting_statement("exports", PolicySource::Inline, 0, None, 77),
                &[("s3:PutObject", 1), ("s3:DeleteObject", 1), ("s3:GetObject", 1)],
                witness(
                    "s3:PutObject",
                    "arn:aws-cn:s3:::billing-exports/a",
                    &[("aws:PrincipalTag/team", &["billing"]), ("aws:SourceIp", &["10.0.0.0"])],
                ),
            )
        },
    ];
    broad.advice = vec![
        "detach OperatorPower: nothing that is declared depends on it".into(),
        format!("limit the resources of statement 1 of exports to those of {readonly}"),
    ];
    broad.first_seen = Some("2026-11-13T06:00:00Z".into());

    let mut latent = finding(
        RuleId::Latent,
        Severity::Low,
        Some(oncall.clone()),
        "will be allowed actions that AWS has not released yet, by ce:*",
    );
    latent.excess = vec![excess(
        Severity::Low,
        granting_statement("CostOperator", PolicySource::AttachedToGroup("operators".into()), 0, None, 233),
        &[("ce:*", 0)],
        witness("ce:NotReleasedYet", "*", &[]),
    )];
    latent.advice = vec!["list the actions of ce, or declare ce:* in operators/cost-explorer.json".into()];

    let mut undeclared = finding(
        RuleId::Undeclared,
        Severity::Critical,
        Some(admin.clone()),
        "no entry of the baseline speaks of it; it may do 4,000 actions, 1,012 of them destructive",
    );
    let mut everything = granting_statement("AdministratorAccess", PolicySource::Attached, 0, None, 951);
    everything.arn = Some("arn:aws-cn:iam::aws:policy/AdministratorAccess".into());
    undeclared.excess = vec![Excess {
        destructive_count: 1012,
        ..excess(
            Severity::Critical,
            everything,
            &[("*", 4000)],
            witness("iam:CreateAccessKey", &arn("user/root-ops"), &[]),
        )
    }];
    (undeclared.action_count, undeclared.destructive_count) = (4000, 1012);
    undeclared.advice = vec![
        "delete it, if nobody needs it".into(),
        concat!(
            "or declare it:\n[[principal]]\nname  = \"deploy-legacy\"\n",
            "match = \"arn:aws-cn:iam::111122223333:user/deploy-legacy\"\n",
            "kind  = \"workload\"  # operator | agent | workload | break-glass\nallow = []"
        )
        .into(),
        concat!(
            "or leave it out:\n[[ignore]]\n",
            "match  = \"arn:aws-cn:iam::111122223333:user/deploy-legacy\"\nreason = \"…\""
        )
        .into(),
    ];

    let mut undecided = finding(RuleId::Undecided, Severity::Info, Some(etl.clone()), "could not be proven either way");
    undecided.reasons = vec![format!("attached policy {} is not in the snapshot", arn("policy/etl"))];
    undecided.advice = vec!["collect the snapshot again, with iam:GetPolicyVersion allowed".into()];

    let mut stale = finding(RuleId::Baseline, Severity::Low, None, "stale entry \"retired roles\"");
    stale.reasons = vec!["no principal of the snapshot matches it".into()];
    stale.place = Some(place("policies/baseline.toml", 41));
    stale.advice = vec!["remove the entry".into()];

    let mut accepted_finding =
        finding(RuleId::Broader, Severity::High, Some(accepted.clone()), "may do 2 actions beyond its ceiling");
    accepted_finding.accepted = Some(AcceptedException {
        reason: "migration of the billing export, see ticket 1234".into(),
        requested_by: "a.operator".into(),
        approved_by: "s.security".into(),
        expires: "2026-12-31".into(),
        place: place("policies/baseline.toml", 50),
    });

    let mut principals = vec![
        principal_report(&kiro, PrincipalStatus::Broader),
        principal_report(&oncall, PrincipalStatus::Latent),
        principal_report(&admin, PrincipalStatus::Undeclared),
        principal_report(&etl, PrincipalStatus::Undecided),
        principal_report(&accepted, PrincipalStatus::Accepted),
    ];
    principals.extend(numbered_reports(
        9,
        "role/app/worker",
        DeclarationStatus::Declared(PrincipalClass::Workload),
        PrincipalStatus::AsDeclared,
    ));
    principals.extend(numbered_reports(2, "role/cdk", DeclarationStatus::Ignored, PrincipalStatus::Ignored));
    principals.extend(numbered_reports(
        26,
        "role/aws-service-role/x",
        DeclarationStatus::ServiceLinked,
        PrincipalStatus::Ignored,
    ));
    let mut incident = build_audit(principals, vec![latent, undeclared, accepted_finding, broad, undecided, stale]);
    incident.unread = vec![UnreadInput {
        subject: "policy of arn:aws-cn:s3:::billing-exports".into(),
        place: Some(place("snapshot/resource-policies.json", 31)),
        reason: "unknown operator `StringLikes`".into(),
        account: None,
        permission: None,
    }];
    incident.notes = vec![Note {
        kind: NoteKind::LayerAbsent,
        text: "no organization in the snapshot: service control policies are not part of the verdict".into(),
        place: None,
    }];
    incident
}
