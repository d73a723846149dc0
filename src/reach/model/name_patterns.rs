//! The patterns over the names of users and roles in policies. They can treat users and roles of other names differently.

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashSet;

use super::node::PrincipalNode;
use super::tag_index::list_resource_side_policies;
use crate::base::glob::{covers_glob, globs_overlap, matches_glob};
use crate::iam::{Condition, PolicyDocument, Template, TemplatePart};
use crate::solve::{Solver, StatementUse};

const PRINCIPAL_ARN: &str = "aws:principalarn";
/// The condition key of the name of a user, in lower case.
pub(crate) const USER_NAME: &str = "aws:username";

/// A pattern over the ARN of a user or role.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct NamePattern {
    /// A glob that matches the ARN.
    pub(crate) glob: String,
    /// A glob that does not match it. None if there is none.
    pub(crate) except: Option<String>,
}

impl NamePattern {
    fn of_arn(glob: String) -> NamePattern {
        NamePattern { glob, except: None }
    }

    /// The patterns over the ARNs of users whose name matches a glob: without a path, and with one.
    pub(crate) fn of_user_name(name: &str) -> [NamePattern; 2] {
        let users = "arn:*:iam::*:user/";
        [
            NamePattern { glob: format!("{users}{name}"), except: Some(format!("{users}*/*")) },
            NamePattern { glob: format!("{users}*/{name}"), except: Some(format!("{users}*/{name}/*")) },
        ]
    }

    pub(crate) fn matches(&self, arn: &str) -> bool {
        matches_glob(&self.glob, arn) && !self.except.as_ref().is_some_and(|except| matches_glob(except, arn))
    }

    /// Whether every ARN that another pattern matches is one that this pattern matches. False if that is unclear.
    pub(crate) fn covers(&self, other: &NamePattern) -> bool {
        (self.except.is_none() || self.except == other.except) && covers_glob(&self.glob, &other.glob)
    }

    /// Whether an ARN may match both patterns.
    pub(crate) fn overlaps(&self, other: &NamePattern) -> bool {
        globs_overlap(&self.glob, &other.glob)
    }
}

/// Patterns over names, each with the actions of the statements that have it.
#[derive(Clone, Default)]
pub(crate) struct NamePatternIndex(BTreeMap<NamePattern, FixedBitSet>);

impl NamePatternIndex {
    /// Those of trust policies, resource policies, SCPs and RCPs.
    pub(crate) fn of_snapshot(solver: &Solver<'_>, nodes: &[PrincipalNode<'_>]) -> NamePatternIndex {
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        let mut patterns = NamePatternIndex::default();
        let mut add = |document: &Arc<PolicyDocument>| {
            if seen.insert(Arc::as_ptr(document) as usize) {
                patterns.add_document(solver, document);
            }
        };
        for node in nodes {
            node.principal.trust_policy.iter().for_each(|trust| add(&trust.document));
            let levels = node.layers.scps.iter().flatten().flat_map(|level| &level.policies);
            levels.for_each(|policy| add(&policy.document));
        }
        // All principals of a snapshot have the same RCPs and resource policies.
        nodes.first().into_iter().flat_map(list_resource_side_policies).for_each(|policy| add(&policy.document));
        patterns
    }

    /// Adds those of one document.
    pub(crate) fn add_document(&mut self, solver: &Solver<'_>, document: &Arc<PolicyDocument>) {
        for statement_use in StatementUse::from_document(document) {
            let found = statement_use.statement().conditions.iter().flat_map(list_patterns);
            for pattern in found.collect::<Vec<NamePattern>>() {
                self.add(solver, pattern, &statement_use);
            }
        }
    }

    /// Adds a pattern on which a statement rests.
    pub(crate) fn add(&mut self, solver: &Solver<'_>, pattern: NamePattern, statement_use: &StatementUse) {
        let no_actions = || FixedBitSet::with_capacity(solver.catalog.action_count());
        let actions = self.0.entry(pattern).or_insert_with(no_actions);
        match solver.listed_actions(statement_use) {
            Ok(listed) => actions.union_with(&listed),
            // The statement may list all actions.
            Err(_) => actions.insert_range(..),
        }
    }

    /// Keeps those for which a filter of the pattern and its actions is true.
    pub(crate) fn retain(&mut self, filter: impl Fn(&NamePattern, &FixedBitSet) -> bool) {
        self.0.retain(|pattern, actions| filter(pattern, actions));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&NamePattern, &FixedBitSet)> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a pattern may match users.
    pub(crate) fn has_users(&self) -> bool {
        self.0.keys().any(|pattern| globs_overlap(&pattern.glob, "arn:*:iam::*:user/*"))
    }
}

/// The patterns of a condition on the ARN of the principal, or on the name of the user.
fn list_patterns(condition: &Condition) -> Vec<NamePattern> {
    // A name within a pattern without case is one of small letters.
    let ignores_case = condition.operator.ignores_case();
    let globs = condition.texts().filter_map(to_glob).flat_map(|glob| {
        let lower = ignores_case.then(|| glob.to_ascii_lowercase());
        [glob].into_iter().chain(lower)
    });
    match condition.key.lower() {
        PRINCIPAL_ARN => globs.map(NamePattern::of_arn).collect(),
        USER_NAME => globs.flat_map(|name| NamePattern::of_user_name(&name)).collect(),
        _ => Vec::new(),
    }
}

/// A template as a glob, in which a variable has any value. None if no name matches it.
// AWS: IAM identifiers: names and paths have no `*`, `?` and `$`
fn to_glob(template: &Template) -> Option<String> {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => (!text.contains(['*', '?', '$'])).then(|| text.to_string()),
        TemplatePart::AnyString | TemplatePart::Variable { .. } => Some("*".to_owned()),
        TemplatePart::AnyChar => Some("?".to_owned()),
    };
    template.parts().iter().map(part).collect()
}
