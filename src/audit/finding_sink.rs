//! What receives the findings of an audit while it runs.

use std::io;

use super::model::audit::AuditHead;
use super::model::finding::Finding;
use super::model::finding_class::FindingClass;
use super::model::principal_report::PrincipalReport;
use crate::source::Diagnostics;

/// Receives the findings of an audit, in a fixed order.
pub trait FindingSink: Send {
    /// Receives what is known before the first finding. The principals have the statuses of an audit without findings.
    fn begin(&mut self, head: &AuditHead, principals: &[PrincipalReport]) -> io::Result<()>;

    /// Receives the findings about equivalent principals, about several principals, or about the baseline.
    fn write(&mut self, classes: Vec<FindingClass>) -> io::Result<()>;
}

/// Why an audit has no result.
#[derive(Debug)]
pub enum AuditError {
    /// A ceiling cannot be resolved.
    Inputs(Diagnostics),
    /// The findings cannot be written.
    Output(io::Error),
}

/// Keeps all findings.
#[derive(Default)]
pub(super) struct FindingCollector(Vec<Finding>);

impl FindingSink for FindingCollector {
    fn begin(&mut self, _: &AuditHead, _: &[PrincipalReport]) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, classes: Vec<FindingClass>) -> io::Result<()> {
        // INVARIANT: each class has one finding.
        self.0.extend(classes.into_iter().map(|class| class.finding));
        Ok(())
    }
}

impl FindingCollector {
    /// The findings by severity, then by principal and rule.
    pub fn into_sorted_findings(self) -> Vec<Finding> {
        let FindingCollector(mut findings) = self;
        let principal_arn = |finding: &Finding| finding.all_principals().next().map(|principal| principal.arn.clone());
        findings.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then_with(|| (principal_arn(a), a.rule).cmp(&(principal_arn(b), b.rule)))
        });
        findings
    }
}
