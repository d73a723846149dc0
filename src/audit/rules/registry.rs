//! The list of all rules. To add a rule, add its file, its `mod` line, and a line here.

use super::context::{BaselineContext, RuleContext};
use super::rule::{Rule, RuleInfo, RuleInput};
use super::{
    iam001_broader, iam002_latent, iam003_not_narrower, iam004_unguarded, iam005_escalation, iam006_trust,
    iam007_undeclared, iam008_boundary, iam009_baseline, iam010_undecided, iam011_narrower,
};
use crate::audit::explain::reserved_role::advise_on_reserved_role;
use crate::audit::model::finding::Finding;
use crate::audit::model::rule_id::RuleId;

/// All rules with their documentation, in order.
static RULES: [(&RuleInfo, &dyn Rule); 11] = [
    (&iam001_broader::INFO, &iam001_broader::BroaderRule),
    (&iam002_latent::INFO, &iam002_latent::LatentRule),
    (&iam003_not_narrower::INFO, &iam003_not_narrower::NotNarrowerRule),
    (&iam004_unguarded::INFO, &iam004_unguarded::UnguardedRule),
    (&iam005_escalation::INFO, &iam005_escalation::EscalationRule),
    (&iam006_trust::INFO, &iam006_trust::TrustRule),
    (&iam007_undeclared::INFO, &iam007_undeclared::UndeclaredRule),
    (&iam008_boundary::INFO, &iam008_boundary::BoundaryRule),
    (&iam009_baseline::INFO, &iam009_baseline::BaselineEntryRule),
    (&iam010_undecided::INFO, &iam010_undecided::UndecidedRule),
    (&iam011_narrower::INFO, &iam011_narrower::NarrowerRule),
];

/// The documentation of every rule, in order.
///
/// ```
/// use iamdrift::audit::rules::list_rules;
///
/// for rule in list_rules() {
///     println!("## {}: {}\n\n{}", rule.id.as_str(), rule.id.title(), rule.explanation);
/// }
/// ```
pub fn list_rules() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|(info, _)| *info)
}

/// What the requested rules find about a principal.
pub(in crate::audit) fn check_principal(context: &RuleContext<'_>) -> Vec<Finding> {
    // What is undecided about the chosen part is always reported.
    let is_wanted = |rule: RuleId| rule == RuleId::Undecided || context.options.wants_rule(rule);
    let findings = find_all(RuleInput::Principal(context), is_wanted);
    findings.into_iter().map(|finding| advise_on_reserved_role(context.subject.principal, finding)).collect()
}

/// What the rules about trust find about a principal: IAM006, and IAM010 if trust is undecided.
pub(in crate::audit) fn check_trust(context: &RuleContext<'_>) -> Vec<Finding> {
    let rules: [&dyn Rule; 2] = [&iam006_trust::TrustRule, &iam010_undecided::UndecidedRule];
    let findings = rules.iter().flat_map(|rule| rule.find(RuleInput::Principal(context)));
    findings.map(|finding| advise_on_reserved_role(context.subject.principal, finding)).collect()
}

/// What all rules find about the baseline.
pub(in crate::audit) fn check_baseline(context: &BaselineContext<'_>) -> Vec<Finding> {
    find_all(RuleInput::Baseline(context), |_| true)
}

fn find_all(input: RuleInput<'_>, is_wanted: impl Fn(RuleId) -> bool) -> Vec<Finding> {
    RULES.iter().filter(|(info, _)| is_wanted(info.id)).flat_map(|(_, rule)| rule.find(input)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const INTRODUCTION: &str = concat!(
        "# Rules\n\n",
        "`iamdrift audit` reports findings of these rules. Rule ids and the keys of findings are stable across versions.\n",
    );

    #[test]
    fn registry_ids_schema_and_docs_agree() {
        let ids: Vec<RuleId> = list_rules().map(|info| info.id).collect();
        assert_eq!(ids, RuleId::ALL.map(|(_, rule)| rule));
        let schema = serde_json::to_value(schemars::schema_for!(RuleId)).unwrap();
        let listed: Vec<&str> =
            schema["oneOf"].as_array().unwrap().iter().filter_map(|variant| variant["const"].as_str()).collect();
        assert_eq!(listed, RuleId::ALL.map(|(id, _)| id));
        let mut page = INTRODUCTION.to_owned();
        for info in list_rules() {
            let default = if info.id.on_by_default() { "" } else { "\nOff by default; enable it with `--rule`.\n" };
            page.push_str(&format!("\n## {}: {}\n{default}\n{}\n", info.id, info.id.title(), info.explanation.trim()));
            for heading in [
                "**What it does.**",
                "**Why is this bad?**",
                "**Example.**",
                "**How to fix it.**",
                "**How to accept it.**",
            ] {
                assert!(info.explanation.contains(heading), "{}: {heading}", info.id);
            }
        }
        // `IAMDRIFT_UPDATE=1` rewrites the page.
        if std::env::var_os("IAMDRIFT_UPDATE").is_some() {
            std::fs::write("docs/rules.md", &page).unwrap();
        }
        assert_eq!(std::fs::read_to_string("docs/rules.md").unwrap(), page);
    }
}
