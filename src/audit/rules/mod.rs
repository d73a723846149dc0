//! The rules: one file a rule, and their registry.
//!
//! Each file holds the rule's explanation; `docs/rules.md` is these explanations one after the other, and a
//! test keeps it so.

mod context;
mod iam001_broader;
mod iam002_latent;
mod iam003_not_narrower;
mod iam004_unguarded;
mod iam005_escalation;
mod iam006_trust;
mod iam007_undeclared;
mod iam008_boundary;
mod iam009_baseline;
mod iam010_undecided;
mod iam011_narrower;

pub use super::model::rule_id::RuleId;
pub(super) use context::{BaselineContext, RuleContext};

use super::model::finding::Finding;

/// What people are told of a rule.
#[derive(Debug)]
pub struct RuleInfo {
    /// The rule.
    pub id: RuleId,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// Whether it is on where no rules are asked for.
    pub on_by_default: bool,
    /// What it does, why that is bad, an example, how to fix it, how to accept it: Markdown.
    pub explanation: &'static str,
}

/// One rule.
pub(super) trait Rule: Sync {
    /// What people are told of it.
    fn info(&self) -> &'static RuleInfo;

    /// What it finds of one principal.
    fn find_for_principal(&self, _context: &RuleContext<'_>) -> Option<Finding> {
        None
    }

    /// What it finds of one principal, where that can be several things.
    fn find_all_for_principal(&self, context: &RuleContext<'_>) -> Vec<Finding> {
        self.find_for_principal(context).into_iter().collect()
    }

    /// What it finds of the baseline itself.
    fn find_in_baseline(&self, _context: &BaselineContext<'_>) -> Vec<Finding> {
        Vec::new()
    }
}

/// All rules, in order.
pub(super) const RULES: [&dyn Rule; 11] = [
    &iam001_broader::BroaderRule,
    &iam002_latent::LatentRule,
    &iam003_not_narrower::NotNarrowerRule,
    &iam004_unguarded::UnguardedRule,
    &iam005_escalation::EscalationRule,
    &iam006_trust::TrustRule,
    &iam007_undeclared::UndeclaredRule,
    &iam008_boundary::BoundaryRule,
    &iam009_baseline::BaselineEntryRule,
    &iam010_undecided::UndecidedRule,
    &iam011_narrower::NarrowerRule,
];

/// What people are told of each rule, in order.
pub fn list_rules() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| rule.info())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const INTRODUCTION: &str = concat!(
        "# The rules\n\n",
        "`iamdrift audit` finds these. Ids and fingerprints stay the same from version to version.\n",
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
            let default = if info.on_by_default { "" } else { "\nOff unless it is asked for with `--rule`.\n" };
            page.push_str(&format!("\n## {}: {}\n{default}\n{}\n", info.id, info.title, info.explanation.trim()));
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
        // `IAMDRIFT_UPDATE=1` writes the page anew.
        if std::env::var_os("IAMDRIFT_UPDATE").is_some() {
            std::fs::write("docs/rules.md", &page).unwrap();
        }
        assert_eq!(std::fs::read_to_string("docs/rules.md").unwrap(), page);
    }
}
