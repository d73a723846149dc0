//! The order of findings in every format.

use crate::audit::Finding;

/// The worst first, then by principal (findings about the baseline first), rule and key.
pub(super) fn sort_findings(findings: &[Finding]) -> Vec<&Finding> {
    let mut ordered: Vec<&Finding> = findings.iter().collect();
    ordered.sort_by_key(|finding| {
        let arn = finding.all_principals().next().map(|principal| principal.arn.as_str());
        (std::cmp::Reverse(finding.severity), arn, finding.rule, finding.key.as_str())
    });
    ordered
}
