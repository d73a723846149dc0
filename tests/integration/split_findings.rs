//! The findings of a JSON report, one for each key: a report has one finding for principals with the same one.

use serde_json::Value;

/// One finding for each key, with the principals that have it.
pub fn split_findings(report: &Value) -> Vec<Value> {
    report["findings"].as_array().unwrap().iter().flat_map(split_finding).collect()
}

fn split_finding(finding: &Value) -> Vec<Value> {
    let principals = finding["principals"].as_array().unwrap();
    let mut split: Vec<Value> = Vec::new();
    for principal in principals {
        if let Some(same) = split.iter_mut().find(|other| other["key"] == principal["key"]) {
            same["principals"].as_array_mut().unwrap().push(principal.clone());
            continue;
        }
        let mut own = finding.clone();
        for field in ["key", "fingerprint", "place", "accepted"] {
            own[field] = principal[field].clone();
        }
        // The proof is about this principal.
        own["shown"] = principals[0]["arn"].clone();
        own["principals"] = Value::Array(vec![principal.clone()]);
        split.push(own);
    }
    if split.is_empty() { vec![finding.clone()] } else { split }
}
