//! What an audit examines and reports.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::model::declared_class::DeclaredClass;
use super::model::principal_ref::PrincipalRef;
use super::model::rule_id::RuleId;
use super::model::severity::Severity;
use crate::base::glob::Glob;

/// What rules ask about a principal.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct RuleQuestions {
    /// What it can do, and what it can obtain.
    pub access: bool,
    /// What it can do beyond its ceiling and its checks.
    pub excess: bool,
    /// Who can assume it.
    pub trust: bool,
}

/// What an audit examines and reports.
#[derive(Clone, Debug)]
pub struct AuditOptions {
    /// Only principals whose ARN or name the glob matches. `None` for all.
    pub principal: Option<Glob>,
    /// Only principals with these classes or statuses. Empty for all.
    pub classes: Vec<DeclaredClass>,
    /// Only these rules. Empty for the rules that are on by default.
    pub rules: Vec<RuleId>,
    /// Only findings of at least this severity, and undecided ones (IAM010). `None` for all.
    pub severity: Option<Severity>,
    /// The day that the expiry of exceptions is compared with.
    pub today: Date,
    /// When the audit is made.
    pub now: Timestamp,
    /// Whether findings have extents, which exceptions can accept.
    pub extents: ExtentMode,
    /// How long it may take.
    #[doc(hidden)]
    pub budget: AuditBudget,
}

/// How long an audit may take. What is not decided by then is undecided, by the name of the principal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuditBudget {
    /// The largest number of solver steps about one principal, and again of its search for escalation paths. `None` for no limit.
    pub principal_steps: Option<u64>,
    /// The longest time for the same. `None` for no limit.
    pub principal_time: Option<Duration>,
    /// When the audit of all principals must end. `None` for no limit.
    pub deadline: Option<Instant>,
}

impl AuditBudget {
    /// Far above what a principal takes, also on a machine that is busy with other work.
    pub const DEFAULT_PRINCIPAL_TIME: Duration = Duration::from_secs(1800);
}

impl Default for AuditBudget {
    fn default() -> AuditBudget {
        let principal_time = Some(AuditBudget::DEFAULT_PRINCIPAL_TIME);
        AuditBudget { principal_steps: None, principal_time, deadline: None }
    }
}

/// Whether findings have extents, which exceptions can accept. Each takes several proofs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExtentMode {
    /// Without.
    Without,
    /// With.
    Offered,
}

impl AuditOptions {
    /// Options for an audit of all principals by the rules that are on by default.
    ///
    /// ```
    /// use iamdrift::audit::{AuditOptions, Severity};
    ///
    /// let options = AuditOptions { severity: Some(Severity::High), ..AuditOptions::new(jiff::civil::date(2026, 11, 27)) };
    /// # assert!(options.rules.is_empty());
    /// ```
    pub fn new(today: Date) -> AuditOptions {
        // A date of no time zone is that of UTC. Its first second is a timestamp, except at the ends of the calendar.
        let now = today.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp());
        AuditOptions {
            principal: None,
            classes: Vec::new(),
            rules: Vec::new(),
            severity: None,
            today,
            now,
            extents: ExtentMode::Without,
            budget: AuditBudget::default(),
        }
    }

    /// Options for an audit that is made at this time.
    #[doc(hidden)]
    pub fn at(now: Timestamp) -> AuditOptions {
        AuditOptions { now, ..AuditOptions::new(now.to_zoned(TimeZone::UTC).date()) }
    }

    /// A text that is the same for the same chosen part, whenever the audit is made.
    pub(super) fn to_identity(&self) -> String {
        let AuditOptions { principal, classes, rules, severity, extents, today: _, now: _, budget: _ } = self;
        format!("{:?}", (principal, classes, rules, severity, extents))
    }

    pub(in crate::audit) fn wants_rule(&self, rule: RuleId) -> bool {
        match self.rules.as_slice() {
            [] => rule.on_by_default(),
            listed => listed.contains(&rule),
        }
    }

    pub(super) fn selects_principal(&self, principal: &PrincipalRef) -> bool {
        let matches = |glob: &Glob| glob.matches(&principal.arn) || glob.matches(&principal.name);
        self.principal.as_ref().is_none_or(matches)
            && (self.classes.is_empty() || self.classes.contains(&principal.kind))
    }

    /// What the requested rules ask about a principal.
    pub(in crate::audit) fn questions(&self) -> RuleQuestions {
        let wants_any = |rules: &[RuleId]| rules.iter().any(|rule| self.wants_rule(*rule));
        let wants_other_than =
            |rules: &[RuleId]| RuleId::ALL.iter().any(|(_, rule)| !rules.contains(rule) && self.wants_rule(*rule));
        RuleQuestions {
            access: wants_other_than(&[RuleId::Trust, RuleId::Baseline]),
            excess: wants_other_than(&[RuleId::Trust, RuleId::Baseline, RuleId::Escalation]),
            trust: wants_any(&[RuleId::Trust, RuleId::NotNarrower, RuleId::Undecided]),
        }
    }

    /// Whether the audit examines all principals.
    pub(super) fn has_all_principals(&self) -> bool {
        self.principal.is_none() && self.classes.is_empty()
    }

    /// Whether the audit examines all principals by the rules that are on by default.
    pub(super) fn is_unfiltered(&self) -> bool {
        self.has_all_principals() && self.rules.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_of_rules() {
        let questions = |rules: &[RuleId]| {
            let options = AuditOptions { rules: rules.to_vec(), ..AuditOptions::new(jiff::civil::date(2026, 11, 20)) };
            let questions = options.questions();
            (questions.access, questions.excess, questions.trust)
        };
        assert_eq!(questions(&[]), (true, true, true));
        assert_eq!(questions(&[RuleId::Broader]), (true, true, false));
        assert_eq!(questions(&[RuleId::Escalation]), (true, false, false));
        assert_eq!(questions(&[RuleId::Trust]), (false, false, true));
        assert_eq!(questions(&[RuleId::Baseline]), (false, false, false));
        assert_eq!(questions(&[RuleId::Undecided]), (true, true, true));
    }
}
