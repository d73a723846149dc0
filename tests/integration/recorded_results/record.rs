//! Turns the report of an audit into sorted lines of data. No line holds a sentence.
//!
//! A line starts with the name of the account. Its other columns are separated by tabs:
//!
//! | line | columns |
//! |---|---|
//! | `audit` | exit status, number of principals, findings, undecided findings, accepted findings, unread documents |
//! | `principal` | principal, class, status |
//! | `IAM…` | severity, principal or `-`, actions, destructive actions, steps of the path, witnesses, parts, `accepted` |
//!
//! A finding about several principals has all of them, separated by commas, and the witnesses of the first. A principal is its ARN without `arn:PARTITION:iam::`, and without the number of account 111122223333. Witnesses are `allowed/all`: how many requests the evaluator allows to the principal that makes them, by the
//! policies of the snapshot alone. A part is what one statement allows: the first letter of its severity, actions,
//! destructive actions, and the actions of each access level by its first letter.

use serde_json::Value;

use super::audit_run::AuditRun;
use crate::split_findings::split_findings;

/// Statuses and classes of principals, and severities: the word of the recorded results, and the words of reports for it.
const WORDS: [(&str, &[&str]); 22] = [
    ("broader", &["broader"]),
    ("escalatable", &["escalatable", "reaching"]),
    ("undeclared-trust", &["undeclared-trust", "exposed"]),
    ("undeclared", &["undeclared"]),
    ("ambiguous", &["ambiguous"]),
    ("requirement-violated", &["requirement-violated", "duty-broken"]),
    ("undecided", &["undecided"]),
    ("latent", &["latent"]),
    ("accepted", &["accepted"]),
    ("narrower", &["narrower"]),
    ("as-declared", &["as-declared"]),
    ("ignored", &["ignored"]),
    ("agent", &["agent"]),
    ("operator", &["operator"]),
    ("workload", &["workload"]),
    ("break-glass", &["break-glass"]),
    ("service-linked", &["service-linked"]),
    ("critical", &["critical"]),
    ("high", &["high"]),
    ("medium", &["medium"]),
    ("low", &["low"]),
    ("info", &["info"]),
];

/// Words that mean the same in reports and in recorded results.
fn find_word(word: &Value) -> String {
    let word = word.as_str().unwrap();
    let known = WORDS.iter().find(|(_, words)| words.contains(&word));
    known.unwrap_or_else(|| panic!("`{word}` is a new word of reports: add it to WORDS")).0.to_owned()
}

fn read_list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().unwrap_or_else(|| panic!("the report has no list `{field}`"))
}

fn read_count(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap_or_else(|| panic!("the report has no number `{field}`"))
}

/// Shortens an ARN to what tells principals apart.
fn shorten_arn(arn: &str) -> &str {
    let (_, principal) = arn.split_once(":iam::").unwrap();
    principal.strip_prefix("111122223333:").unwrap_or(principal)
}

/// Turns the report of an audit into sorted lines that start with the account's name.
pub fn record_audit(name: &str, run: &AuditRun) -> Vec<String> {
    let (report, summary) = (&run.report, &run.report["summary"]);
    let (principals, findings) = (read_list(report, "principals"), split_findings(report));
    let mut lines = vec![format!(
        "{name}\taudit\t{}\t{}\t{}\t{}\t{}\t{}",
        read_count(summary, "exit_status"),
        principals.len(),
        findings.len(),
        read_count(summary, "undecided"),
        read_count(summary, "accepted"),
        read_list(report, "unread").len(),
    )];
    lines.extend(principals.iter().map(|principal| {
        let (arn, class) = (shorten_arn(principal["arn"].as_str().unwrap()), find_word(&principal["kind"]));
        format!("{name}\tprincipal\t{arn}\t{class}\t{}", find_word(&principal["status"]))
    }));
    lines.extend(findings.iter().map(|finding| format!("{name}\t{}", record_finding(run, finding))));
    lines.sort();
    lines
}

fn record_finding(run: &AuditRun, finding: &Value) -> String {
    let principals: Vec<&str> =
        read_list(finding, "principals").iter().map(|principal| principal["arn"].as_str().unwrap()).collect();
    let mut names: Vec<&str> = principals.iter().copied().map(shorten_arn).collect();
    names.sort_unstable();
    let mut parts: Vec<String> = read_list(finding, "excess").iter().map(record_part).collect();
    parts.sort();
    let accepted = finding.get("accepted").expect("the report says of each finding whether it is accepted");
    let accepted = if accepted.is_null() { "" } else { "\taccepted" };
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}{accepted}",
        finding["rule"].as_str().unwrap(),
        find_word(&finding["severity"]),
        if names.is_empty() { "-".to_owned() } else { names.join(",") },
        read_count(finding, "action_count"),
        read_count(finding, "destructive_count"),
        read_list(finding, "path").len(),
        record_witnesses(run, finding, finding["shown"].as_str()),
        if parts.is_empty() { "-".to_owned() } else { parts.join(" ") },
    )
}

/// What one statement allows: `h:12:3:R8W4`.
fn record_part(excess: &Value) -> String {
    let levels = excess["levels"].as_object().unwrap();
    let levels: String =
        levels.iter().map(|(level, count)| format!("{}{count}", level[..1].to_ascii_uppercase())).collect();
    let (actions, destructive) = (read_count(excess, "action_count"), read_count(excess, "destructive_count"));
    format!("{}:{actions}:{destructive}:{levels}", &find_word(&excess["severity"])[..1])
}

/// Replays the requests of a finding. Those by which a role is assumed are made by someone else: they are counted only.
fn record_witnesses(run: &AuditRun, finding: &Value, arn: Option<&str>) -> String {
    let excess = read_list(finding, "excess").iter().map(|excess| &excess["witness"]);
    let Some(arn) = arn.filter(|_| finding["rule"] != "IAM006") else {
        return format!("-/{}", excess.count());
    };
    let path = read_list(finding, "path");
    let step_requests = path.iter().flat_map(|step| {
        let caller = step["from"].as_str().unwrap();
        read_list(step, "witnesses").iter().map(move |request| (caller, request))
    });
    let last = path.last().map_or(arn, |step| step["to"].as_str().unwrap());
    let mut requests: Vec<(&str, &Value)> = excess.map(|witness| (last, witness)).chain(step_requests).collect();
    requests.retain(|(caller, _)| run.has_principal(caller));
    let allowed = requests.iter().filter(|(caller, witness)| run.is_allowed(caller, witness)).count();
    format!("{allowed}/{}", requests.len())
}
