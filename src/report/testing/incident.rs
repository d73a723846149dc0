//! An audit with something in every section of the report.

use super::builders::*;
use crate::audit::*;
use crate::baseline::PrincipalClass;
use crate::snapshot::{LayerKind, MissingDocument, MissingReason};

const READONLY: &str = "agents/cost-explorer-readonly.json";
const RETIRED: &str = "retired roles";

pub(in crate::report) fn incident() -> Audit {
    let agent = principal_ref(
        "role/agents/kiro-cost-explorer",
        DeclaredClass::Declared(PrincipalClass::Agent),
        Some("cost-platform"),
    );
    let admin = principal_ref("user/deploy-legacy", DeclaredClass::Undeclared, None);
    let oncall = principal_ref(
        "role/operators/cost-explorer-oncall",
        DeclaredClass::Declared(PrincipalClass::Operator),
        Some("cost-platform"),
    );
    let etl =
        principal_ref("role/etl-nightly", DeclaredClass::Declared(PrincipalClass::Workload), Some("data-platform"));
    let accepted =
        principal_ref("role/billing-export", DeclaredClass::Declared(PrincipalClass::Workload), Some("billing"));
    let findings = vec![
        latent_finding(&oncall),
        undeclared_finding(&admin),
        accepted_finding(&accepted),
        broader_finding(&agent),
        undecided_finding(&etl),
        stale_finding(),
        agent_use_finding(),
    ];
    let mut principals = vec![
        principal_report(&agent, PrincipalStatus::Broader),
        principal_report(&oncall, PrincipalStatus::Latent),
        principal_report(&admin, PrincipalStatus::Undeclared),
        principal_report(&etl, PrincipalStatus::Undecided),
        principal_report(&accepted, PrincipalStatus::Accepted),
    ];
    principals.extend(numbered_reports(
        9,
        "role/app/worker",
        DeclaredClass::Declared(PrincipalClass::Workload),
        PrincipalStatus::AsDeclared,
    ));
    principals.extend(numbered_reports(2, "role/cdk", DeclaredClass::Ignored, PrincipalStatus::Ignored));
    principals.extend(numbered_reports(
        26,
        "role/aws-service-role/x",
        DeclaredClass::ServiceLinked,
        PrincipalStatus::Ignored,
    ));
    let mut incident = build_audit(principals, findings);
    incident.unread = vec![UnreadInput {
        subject: "policy of arn:aws-cn:s3:::billing-exports".into(),
        place: Some(place("snapshot/resource-policies.json", 31)),
        reason: "unknown operator `StringLikes`".into(),
        account: None,
        permission: None,
    }];
    incident.notes = vec![Note {
        kind: NoteKind::LayerAbsent,
        text: "no resource policies were given: they are not evaluated".into(),
        place: None,
    }];
    incident
}

fn broader_finding(agent: &PrincipalRef) -> Finding {
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
    let stack = "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/cost-explorer/*";
    let exports = granting_statement("exports", PolicySource::Inline, 0, None, 77);
    let title = Title::BeyondCeiling(counts(217, 57));
    let mut broader = finding(RuleId::Broader, Severity::Critical, Some(agent.clone()), title);
    (broader.action_count, broader.destructive_count) = (217, 57);
    broader.excess = vec![
        Excess {
            destructive_count: 56,
            expected: nearest(READONLY, "ReadCosts", MismatchReason::ActionNotListed),
            ..excess(
                Severity::Critical,
                granting_statement("OperatorPower", PolicySource::Attached, 1, Some("Deploy"), 418),
                &power,
                witness("cloudformation:DeleteStack", stack, &[]),
            )
        },
        Excess {
            destructive_count: 1,
            cubes: vec![cube(
                "arn:aws-cn:s3:::billing-exports/*",
                &[("aws:PrincipalTag/team", "billing"), ("aws:SourceIp", "10.0.0.0/8")],
            )],
            expected: nearest(
                READONLY,
                "ReadCosts",
                MismatchReason::ResourceNotListed { listed: vec!["arn:aws-cn:s3:::cost-reports/*".into()] },
            ),
            ..excess(
                Severity::Medium,
                exports.clone(),
                &[("s3:PutObject", 1), ("s3:DeleteObject", 1), ("s3:GetObject", 1)],
                witness(
                    "s3:PutObject",
                    "arn:aws-cn:s3:::billing-exports/a",
                    &[("aws:PrincipalTag/team", &["billing"]), ("aws:SourceIp", &["10.0.0.0"])],
                ),
            )
        },
    ];
    broader.remediations = vec![
        Remediation::RemovePolicy(PolicyRemoval::Detach {
            policy: "OperatorPower".into(),
            arn: "arn:aws-cn:iam::111122223333:policy/OperatorPower".into(),
        }),
        Remediation::RestrictResources { document: READONLY.into(), edit: statement_edit(exports) },
    ];
    broader.first_seen = Some("2026-11-13T06:00:00Z".into());
    broader
}

fn latent_finding(oncall: &PrincipalRef) -> Finding {
    let granting = granting_statement("CostOperator", PolicySource::AttachedToGroup("operators".into()), 0, None, 233);
    let patterns = vec!["ce:*".to_owned()];
    let title = Title::FutureActions { patterns: patterns.clone() };
    let mut latent = finding(RuleId::Latent, Severity::Low, Some(oncall.clone()), title);
    latent.excess =
        vec![excess(Severity::Low, granting.clone(), &[("ce:*", 0)], witness("ce:NotReleasedYet", "*", &[]))];
    latent.remediations = vec![Remediation::ListActions { patterns, edit: statement_edit(granting) }];
    latent
}

fn undeclared_finding(admin: &PrincipalRef) -> Finding {
    let title = Title::Undeclared(counts(4000, 1012));
    let mut undeclared = finding(RuleId::Undeclared, Severity::Critical, Some(admin.clone()), title);
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
    undeclared.remediations = vec![
        Remediation::DeletePrincipal,
        Remediation::DeclarePrincipal {
            name: admin.name.clone(),
            arn: admin.arn.clone(),
            class: PrincipalClass::Workload,
        },
        Remediation::IgnorePrincipal { arn: admin.arn.clone() },
    ];
    undeclared
}

fn undecided_finding(etl: &PrincipalRef) -> Finding {
    let reason = MissingReason::CollectionFailed {
        error: "AccessDenied".into(),
        permission: Some("iam:GetPolicyVersion".into()),
    };
    let missing = MissingDocument::attached_policy(LayerKind::Identity, &arn("policy/etl"), reason, snapshot(12));
    let reason = Reason::MissingDocument(missing.clone());
    let title = Title::UndecidedBecause(reason.clone());
    let mut undecided = finding(RuleId::Undecided, Severity::Info, Some(etl.clone()), title);
    undecided.reasons = vec![reason];
    undecided.remediations = vec![Remediation::ProvideDocument(missing)];
    undecided
}

fn agent_use_finding() -> Finding {
    let names = ["role/operators/database-oncall", "role/operators/database-night"];
    let to_operator =
        |name: &&str| principal_ref(name, DeclaredClass::Declared(PrincipalClass::Operator), Some("data-platform"));
    let title = Title::UnguardedAgentUse { operators: names.len(), count: 14 };
    let mut agent_use = entry_finding("database operators", names.iter().map(to_operator).collect(), title);
    let mcp = [("aws:ViaAWSMCPService", ["true"].as_slice())];
    let database = "arn:aws-cn:rds:cn-north-1:111122223333:db:example";
    agent_use.excess = vec![Excess {
        destructive_count: 11,
        ..excess(
            Severity::High,
            granting_statement("DatabaseOperator", PolicySource::Attached, 0, None, 301),
            &[("rds:Delete*", 11)],
            witness("rds:DeleteDBInstance", database, &mcp),
        )
    }];
    (agent_use.action_count, agent_use.destructive_count) = (14, 14);
    let allow = vec!["operators/databases.json".to_owned()];
    let block = PersonaBlock { name: "database operators, through an agent".into(), allow, ..PersonaBlock::default() };
    let deny = serde_json::json!({ "Statement": [{
        "Effect": "Deny", "Action": ["rds:Delete*", "s3:DeleteObject*"], "Resource": "*",
        "Condition": { "Bool": { "aws:ViaAWSMCPService": "true" } },
    }] });
    agent_use.remediations = vec![
        Remediation::Deny { scope: DenyScope::Agents, policies: vec![deny] },
        Remediation::DeclarePersona { entry: "database operators".into(), block: Some(block) },
    ];
    agent_use
}

fn stale_finding() -> Finding {
    let title = Title::StaleItem { item: BaselineItem::Entry(RETIRED.into()), cause: StaleCause::MatchesNothing };
    let mut stale = finding(RuleId::Baseline, Severity::Low, None, title);
    stale.place = Some(place("policies/baseline.toml", 41));
    stale.remediations = vec![Remediation::RemoveStaleItem];
    stale
}

fn accepted_finding(principal: &PrincipalRef) -> Finding {
    let title = Title::BeyondCeiling(counts(2, 0));
    let mut accepted = finding(RuleId::Broader, Severity::High, Some(principal.clone()), title);
    accepted.accepted = Some(AcceptedException {
        finding: "iam001/111122223333/role/x".into(),
        reason: "migration of the billing export, see ticket 1234".into(),
        requested_by: "a.operator".into(),
        approved_by: "s.security".into(),
        expires: "2026-12-31".into(),
        place: place("policies/baseline.toml", 50),
    });
    accepted
}
