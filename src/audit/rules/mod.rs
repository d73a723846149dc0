//! The rules: one file a rule, and their registry.
//!
//! Each file holds the rule's explanation; `docs/rules.md` is these explanations one after the other, and a
//! test keeps it so.

mod baseline_entry;
mod boundary;
mod broader;
mod id;
mod judged;
mod latent;
mod narrower;
mod not_narrower;
mod reach;
mod trust;
mod undecided;
mod undeclared;
mod unguarded;

pub use id::RuleId;
pub(super) use judged::{Judged, Whole};

use super::finding::Finding;

/// What people are told of a rule.
#[derive(Debug)]
pub struct About {
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
    fn about(&self) -> &'static About;

    /// What it finds of one principal.
    fn of_principal(&self, _judged: &Judged<'_>) -> Option<Finding> {
        None
    }

    /// What it finds of one principal, where that can be several things.
    fn all_of_principal(&self, judged: &Judged<'_>) -> Vec<Finding> {
        self.of_principal(judged).into_iter().collect()
    }

    /// What it finds of the baseline itself.
    fn of_baseline(&self, _whole: &Whole<'_>) -> Vec<Finding> {
        Vec::new()
    }
}

/// All rules, in order.
pub(super) const RULES: [&dyn Rule; 11] = [
    &broader::Broader,
    &latent::Latent,
    &not_narrower::NotNarrower,
    &unguarded::Unguarded,
    &reach::Reach,
    &trust::Trust,
    &undeclared::Undeclared,
    &boundary::Boundary,
    &baseline_entry::BaselineEntry,
    &undecided::Undecided,
    &narrower::Narrower,
];

/// What people are told of each rule, in order.
pub fn all() -> impl Iterator<Item = &'static About> {
    RULES.iter().map(|rule| rule.about())
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
        let ids: Vec<RuleId> = all().map(|about| about.id).collect();
        assert_eq!(ids, RuleId::ALL.map(|(_, rule)| rule));
        let schema = serde_json::to_value(schemars::schema_for!(RuleId)).unwrap();
        let listed: Vec<&str> =
            schema["oneOf"].as_array().unwrap().iter().filter_map(|one| one["const"].as_str()).collect();
        assert_eq!(listed, RuleId::ALL.map(|(id, _)| id));
        let mut page = INTRODUCTION.to_owned();
        for about in all() {
            let default = if about.on_by_default { "" } else { "\nOff unless it is asked for with `--rule`.\n" };
            page.push_str(&format!("\n## {}: {}\n{default}\n{}\n", about.id, about.title, about.explanation.trim()));
            for part in [
                "**What it does.**",
                "**Why is this bad?**",
                "**Example.**",
                "**How to fix it.**",
                "**How to accept it.**",
            ] {
                assert!(about.explanation.contains(part), "{}: {part}", about.id);
            }
        }
        // `IAMDRIFT_UPDATE=1` writes the page anew.
        if std::env::var_os("IAMDRIFT_UPDATE").is_some() {
            std::fs::write("docs/rules.md", &page).unwrap();
        }
        assert_eq!(std::fs::read_to_string("docs/rules.md").unwrap(), page);
    }
}
