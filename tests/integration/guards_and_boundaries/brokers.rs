//! IAM004: who can be the second person that sets the value of a guard.

use iamdrift::audit::RuleId;
use serde_json::json;

use super::{Case, arn, entry, lets, role, statement, trusting};

/// The guard and its entry, which matches roles by a glob.
fn guarded(glob: &str) -> String {
    entry(glob, "workload", "allow = \"all.json\"\nguards = \"g\"")
        + "[[guard]]\nname = \"g\"\nactions = \"sqs:DeleteQueue\"\nunless = { StringLike = { \"aws:PrincipalTag/ok\" = \"CHG-*\" } }\nseverity = \"critical\"\n"
}

#[test]
fn what_the_guard_binds_is_not_its_second_person() {
    let approved = json!({ "StringLike": { "aws:PrincipalTag/ok": "CHG-*" } });
    let both = || json!(["sts:AssumeRole", "sts:TagSession"]);
    let statements = [statement("Allow", json!("sqs:DeleteQueue"), json!("*"), approved)];
    let session = "arn:aws:sts::111122223333:assumed-role/team-y/s";
    let only_y = json!({ "ArnLike": { "aws:PrincipalArn": arn("role/team-y") } });
    let mut by_condition = lets(json!({ "AWS": arn("root") }), both());
    by_condition["Condition"] = only_y;
    for trust in
        [lets(json!({ "AWS": arn("role/team-y") }), both()), lets(json!({ "AWS": session }), both()), by_condition]
    {
        let of = |manifest: &str| {
            let roles = [trusting(role("team-x", &statements), std::slice::from_ref(&trust)), role("team-y", &[])];
            Case::new(&roles, manifest).facts(RuleId::Unguarded)
        };
        assert_eq!(of(&guarded("team-*")), ["team-x 1/0 sts:AssumeRole"], "{trust}");
        let apart = guarded("team-x") + &entry("team-y", "workload", "allow = []");
        assert!(of(&apart).is_empty(), "{trust}");
        let bound_apart = guarded("team-x") + &entry("team-y", "workload", "allow = []\nguards = \"g\"");
        assert_eq!(of(&bound_apart), ["team-x 1/0 sts:AssumeRole"], "{trust}");
    }
}
