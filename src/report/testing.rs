//! Handmade audits for the reports' tests.

use std::collections::BTreeMap;

use super::{Colour, Depth, Ending, Format, Layout, Options};
use crate::audit::*;
use crate::source::Place;

const ACCOUNT: &str = "111122223333";

fn ending(audit: &Audit) -> Ending {
    let is_incomplete = !audit.unread.is_empty() || audit.summary.undecided > 0;
    let is_drift = audit.summary.findings.values().sum::<usize>() > 0;
    let exit_status = if is_incomplete { 3 } else { u8::from(is_drift) };
    Ending { exit_status, fail_on: Some(Severity::Low) }
}

pub(super) fn options(layout: Layout) -> Options {
    Options { layout, depth: Depth::Brief, ending: Ending { exit_status: 1, fail_on: Some(Severity::Low) } }
}

pub(super) fn table(audit: &Audit, options: &Options) -> String {
    let options = &Options { ending: ending(audit), ..*options };
    let mut out = Vec::new();
    Format::Table.write(audit, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a terminal shows, colours apart.
pub(super) fn terminal(width: usize) -> Options {
    options(Layout::terminal(width).with_colour(Colour::None))
}

pub(super) fn json(audit: &Audit) -> String {
    let mut out = Vec::new();
    let options = Options { ending: ending(audit), ..options(Layout::piped(100)) };
    Format::Json.write(audit, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn audits() -> [(&'static str, Audit); 5] {
    [
        ("calm", calm()),
        ("incident", incident()),
        ("hostile", hostile()),
        ("large", large()),
        ("nothing", audit(Vec::new(), Vec::new())),
    ]
}

fn place(file: &str, line: usize) -> Place {
    Place { file: file.into(), line, column: 9 }
}

fn snapshot(line: usize) -> Place {
    place("snapshot/accounts/111122223333.json", line)
}

fn arn(name: &str) -> String {
    format!("arn:aws-cn:iam::{ACCOUNT}:{name}")
}

fn brief(name: &str, kind: Sort, owner: Option<&str>) -> PrincipalBrief {
    let arn = if name.starts_with("arn:") { name.to_owned() } else { arn(name) };
    let account = arn.split(':').nth(4).unwrap().to_owned();
    let name = name.rsplit('/').next().unwrap().into();
    PrincipalBrief { arn, name, kind, owner: owner.map(Into::into), account }
}

fn patterns(list: &[(&str, usize)]) -> Vec<ActionPattern> {
    let levels = |n| BTreeMap::from([(Level::Write, n)]);
    list.iter().map(|(p, n)| ActionPattern { pattern: (*p).into(), count: *n, levels: levels(*n) }).collect()
}

fn witness(action: &str, resource: &str, context: &[(&str, &[&str])]) -> Witness {
    let context = context.iter().map(|(k, v)| ((*k).into(), v.iter().map(|v| (*v).into()).collect())).collect();
    Witness { action: action.into(), resource: resource.into(), context }
}

fn granted(policy: &str, origin: Origin, statement: usize, sid: Option<&str>, line: usize) -> GrantedBy {
    let arn = matches!(origin, Origin::Attached).then(|| arn(&format!("policy/{policy}")));
    GrantedBy { policy: policy.into(), arn, origin, statement, sid: sid.map(Into::into), place: snapshot(line) }
}

fn excess(severity: Severity, granted_by: GrantedBy, actions: &[(&str, usize)], witness: Witness) -> Excess {
    let count = actions.iter().map(|(_, n)| n).sum();
    Excess {
        granted_by,
        severity,
        actions: patterns(actions),
        action_count: count,
        destructive_count: 0,
        levels: BTreeMap::from([(Level::Write, count)]),
        resources: Vec::new(),
        conditions: Vec::new(),
        cubes: Vec::new(),
        more: false,
        witness,
        expected: None,
    }
}

fn expected(document: &str, why: Why, text: &str) -> Option<Expected> {
    Some(Expected {
        document: document.into(),
        statement: 0,
        sid: Some("ReadCosts".into()),
        place: place(&format!("policies/{document}"), 5),
        why,
        text: text.into(),
    })
}

fn finding(rule: RuleId, severity: Severity, principal: Option<PrincipalBrief>, title: &str) -> Finding {
    let seed = format!("{rule}{title}{:?}", principal.as_ref().map(|p| &p.arn));
    Finding {
        rule,
        severity,
        fingerprint: blake3::hash(seed.as_bytes()).to_hex().chars().take(16).collect(),
        principal,
        title: title.into(),
        action_count: 0,
        destructive_count: 0,
        excess: Vec::new(),
        reasons: Vec::new(),
        place: Some(snapshot(12)),
        advice: Vec::new(),
        first_seen: None,
        accepted: None,
    }
}

/// An audit whose counts are those of its principals and findings.
fn audit(principals: Vec<PrincipalReport>, findings: Vec<Finding>) -> Audit {
    let mut summary = Summary::default();
    for principal in &principals {
        *summary.principals.entry(principal.status).or_default() += 1;
        summary.service_linked += usize::from(principal.kind == Sort::ServiceLinked);
    }
    for finding in &findings {
        match (&finding.accepted, finding.rule) {
            (Some(_), _) => summary.accepted += 1,
            (None, RuleId::Undecided) => summary.undecided += 1,
            (None, _) => *summary.findings.entry(finding.severity).or_default() += 1,
        }
    }
    Audit {
        version: "0.1.0".into(),
        catalog: CatalogFacts { version: "0.1.202610271".into(), updated_at: "2026-10-27".into() },
        snapshot: SnapshotFacts {
            origin: "snapshot/".into(),
            taken_at: Some("2026-11-20T06:00:00Z".into()),
            accounts: vec![ACCOUNT.into()],
            partitions: vec!["aws-cn".into()],
            organization: true,
        },
        baseline: BaselineFacts { path: "policies/".into(), content_id: "4f1c2aa".into() },
        notes: Vec::new(),
        summary,
        principals,
        findings,
        unread: Vec::new(),
    }
}

fn principal(brief: &PrincipalBrief, status: Status) -> PrincipalReport {
    PrincipalReport {
        arn: brief.arn.clone(),
        kind: brief.kind,
        owner: brief.owner.clone(),
        entry: None,
        account: brief.account.clone(),
        status,
    }
}

fn several(n: usize, name: &str, kind: Sort, status: Status) -> Vec<PrincipalReport> {
    (1..=n).map(|i| principal(&brief(&format!("{name}-{i}"), kind, None), status)).collect()
}

/// Nothing found.
pub(super) fn calm() -> Audit {
    let mut principals = several(9, "role/app/worker", Sort::Workload, Status::AsDeclared);
    principals.extend(several(26, "role/aws-service-role/x", Sort::ServiceLinked, Status::Ignored));
    let mut calm = audit(principals, Vec::new());
    calm.notes = vec![Note {
        kind: NoteKind::DutyUnchecked,
        text: "`boundary` of \"kiro on cost explorer\" is declared and not checked by this version".into(),
        place: Some(place("policies/baseline.toml", 22)),
    }];
    calm
}

/// The account of the story in the product's page.
pub(super) fn incident() -> Audit {
    let kiro = brief("role/agents/kiro-cost-explorer", Sort::Agent, Some("cost-platform"));
    let admin = brief("user/deploy-legacy", Sort::Undeclared, None);
    let oncall = brief("role/operators/cost-explorer-oncall", Sort::Operator, Some("cost-platform"));
    let etl = brief("role/etl-nightly", Sort::Workload, Some("data-platform"));
    let accepted = brief("role/billing-export", Sort::Workload, Some("billing"));

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
            expected: expected(readonly, Why::ActionNotListed, "action not listed by any statement"),
            ..excess(
                Severity::Critical,
                granted("OperatorPower", Origin::Attached, 1, Some("Deploy"), 418),
                &power,
                witness("cloudformation:DeleteStack", stack, &[]),
            )
        },
        Excess {
            destructive_count: 1,
            resources: vec!["arn:aws-cn:s3:::billing-exports/*".into()],
            conditions: vec!["aws:PrincipalTag/team is \"billing\"".into(), "aws:SourceIp in 10.0.0.0/8".into()],
            expected: expected(readonly, Why::ResourceNotListed, "lists the action, on arn:aws-cn:s3:::cost-reports/*"),
            ..excess(
                Severity::Medium,
                granted("exports", Origin::Inline, 0, None, 77),
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
        granted("CostOperator", Origin::AttachedToGroup("operators".into()), 0, None, 233),
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
    let mut everything = granted("AdministratorAccess", Origin::Attached, 0, None, 951);
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
        concat!(
            "declare it:\n[[principal]]\nname  = \"deploy-legacy\"\n",
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

    let mut excused =
        finding(RuleId::Broader, Severity::High, Some(accepted.clone()), "may do 2 actions beyond its ceiling");
    excused.accepted = Some(Accepted {
        reason: "migration of the billing export, see ticket 1234".into(),
        requested_by: "a.operator".into(),
        approved_by: "s.security".into(),
        expires: "2026-12-31".into(),
        place: place("policies/baseline.toml", 50),
    });

    let mut principals = vec![
        principal(&kiro, Status::Broader),
        principal(&oncall, Status::Latent),
        principal(&admin, Status::Undeclared),
        principal(&etl, Status::Undecided),
        principal(&accepted, Status::Accepted),
    ];
    principals.extend(several(9, "role/app/worker", Sort::Workload, Status::AsDeclared));
    principals.extend(several(2, "role/cdk", Sort::Ignored, Status::Ignored));
    principals.extend(several(26, "role/aws-service-role/x", Sort::ServiceLinked, Status::Ignored));
    let mut incident = audit(principals, vec![latent, undeclared, excused, broad, undecided, stale]);
    incident.unread = vec![Unread {
        what: "policy of arn:aws-cn:s3:::billing-exports".into(),
        place: Some(place("snapshot/resource-policies.json", 31)),
        why: "unknown operator `StringLikes`".into(),
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

/// Whatever a name, tag, Sid or file may bring.
pub(super) fn hostile() -> Audit {
    let name = "arn:aws:iam::444455556666:role/\u{1b}[2J\u{1b}[1;1Hok\r\nCRITICAL 0\u{202e}nimda";
    let evil = brief(name, Sort::Agent, Some("<script>alert(1)</script>\u{9b}31m\u{200b}"));
    let mut broad =
        finding(RuleId::Broader, Severity::High, Some(evil.clone()), "may do 1 action beyond its ceiling\u{7}");
    broad.excess = vec![Excess {
        resources: vec!["arn:aws:s3:::\u{2066}x\u{2069}/*".into()],
        conditions: vec!["aws:PrincipalTag/\u{1b}[8m is \"a\u{2028}b\"".into()],
        expected: expected("agents/\u{8}\u{8}x.json", Why::Denied, "denied by \u{1b}]8;;http://x\u{7}it"),
        ..excess(
            Severity::High,
            GrantedBy {
                policy: "pow\u{ad}er\u{0}".into(),
                sid: Some("\"=cmd|' /C calc'!A0\n".into()),
                origin: Origin::InlineOfGroup("ad\u{200d}mins\u{1b}c".into()),
                place: place("snap\u{1b}[31m/a.json", 3),
                ..granted("", Origin::Inline, 0, None, 3)
            },
            &[("s3:\u{7f}Get*", 1)],
            witness("s3:GetObject", "arn:aws:s3:::x/\u{85}", &[("aws:PrincipalTag/\u{feff}", &["\u{1b}[0m", "b"])]),
        )
    }];
    broad.advice = vec!["take this away:\n{\n\t\"Sid\": \"\u{1b}[2K\"\n}".into()];
    let mut undecided = finding(RuleId::Undecided, Severity::Info, Some(evil.clone()), "undecided\u{1b}[A");
    undecided.reasons = vec!["group \u{1b}[31mred\ris not in the snapshot".into()];
    let mut hostile = audit(vec![principal(&evil, Status::Broader)], vec![broad, undecided]);
    hostile.snapshot.accounts = vec!["444455556666".into()];
    hostile.snapshot.partitions = vec!["aws".into()];
    hostile.snapshot.taken_at = Some("\u{1b}[5mnow".into());
    hostile.snapshot.origin = "snap\u{1b}[31m/".into();
    hostile.baseline.path = "pol\u{202e}icies".into();
    hostile.notes = vec![Note {
        kind: NoteKind::UnknownAction,
        text: "action \u{1b}[1mx:y".into(),
        place: Some(place("\u{7}", 1)),
    }];
    hostile.unread = vec![Unread {
        what: "a\u{1b}[2Jb".into(),
        place: None,
        why: "\u{9d}0;x\u{9c}".into(),
        account: None,
        permission: Some("\u{202e}iam:Get".into()),
    }];
    hostile
}

/// Many principals in many accounts, one of them granted too much by many statements.
pub(super) fn large() -> Audit {
    let mut principals = Vec::new();
    let mut findings = Vec::new();
    for i in 0..12_usize {
        let account = ["111122223333", "444455556666", "777788889999"][i % 3];
        let who = brief(
            &format!(
                "arn:aws:iam::{account}:role/platform/teams/payments/production/service-role-with-a-long-name-{i:02}"
            ),
            if i.is_multiple_of(2) { Sort::Workload } else { Sort::Operator },
            (i != 4).then_some("payments-platform-engineering"),
        );
        let severity = Severity::ALL[i % 4].1;
        let n = if i == 0 { 9 } else { 1 };
        let mut broad = finding(
            RuleId::Broader,
            severity,
            Some(who.clone()),
            &format!("may do {n} action{} beyond its ceiling", if n == 1 { "" } else { "s" }),
        );
        (broad.action_count, broad.destructive_count) = (n, n);
        broad.excess = (0..n)
            .map(|k| {
                excess(
                    if k < 4 { severity } else { Severity::Low },
                    granted(&format!("policy-{k}"), Origin::Attached, k, None, 100 + k),
                    &[("dynamodb:DeleteTable", 1)],
                    witness("dynamodb:DeleteTable", &format!("arn:aws:dynamodb:eu-central-1:{account}:table/payments-ledger-production-archive-2019-2026-eu-central-1"), &[]),
                )
            })
            .collect();
        broad.advice = vec!["take dynamodb:DeleteTable out of the statement".into()];
        principals.push(principal(&who, Status::Broader));
        findings.push(broad);
    }
    let mut large = audit(principals, findings);
    large.snapshot.accounts = vec!["111122223333".into(), "444455556666".into(), "777788889999".into()];
    large.snapshot.partitions = vec!["aws".into()];
    large.notes = (1..=8)
        .map(|i| Note {
            kind: NoteKind::UnknownAction,
            text: format!("action svc:Unknown{i} is not in the catalog"),
            place: Some(snapshot(i)),
        })
        .collect();
    large
}
