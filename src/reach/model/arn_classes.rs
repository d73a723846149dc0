//! Classes of ARNs of something new: the policies of an account treat all ARNs that the same patterns match in the same way, so
//! that one ARN of each class is enough.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::arn_index::name_in_arn;
use super::valid_names::{MAX_NAMES, is_valid_name, list_unavailable_arns, max_name_length};
use crate::access::KnownContext;
use crate::baseline::Glob;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Ambiguity, PolicyDocument, Statement};
use crate::snapshot::Account;
use crate::solve::budget::ESCALATION_STEPS;
use crate::solve::{
    Access, ActionWorld, AnswerDetail, Branch, Question, Solver, StatementUse, UndecidedReason, WitnessPolicy,
};

/// The largest number of classes of one kind in one account.
pub(crate) const MAX_CLASSES: usize = 16;

/// The patterns of an account over the ARNs of something new of one kind.
pub(super) struct NewArnPatterns<'p> {
    pub(super) account: &'p Account,
    pub(super) known: &'p KnownContext,
    /// The first part of the resource in the ARN.
    pub(super) prefix: &'static str,
    pub(super) create_action: &'static str,
    /// The names that are in use, in lower case.
    // AWS: IAM identifiers: names are unique in an account, whatever the case
    pub(super) names_in_use: BTreeSet<String>,
    /// Those of statements that allow to create it.
    pub(super) create: BTreeSet<String>,
    pub(super) others: BTreeSet<String>,
}

/// ARNs that the same patterns match.
struct ArnClass {
    within: Vec<String>,
    outside: Vec<String>,
    /// One of them.
    arn: String,
}

impl NewArnPatterns<'_> {
    /// One ARN for each class of ARNs that may be created, and whether these are all.
    pub(super) fn choose_arns(&self, solver: &Solver<'_>) -> (BTreeSet<String>, bool) {
        if self.create.is_empty() {
            return (BTreeSet::new(), true);
        }
        let mut finder = ClassFinder { patterns: self, solver, is_complete: true };
        let mut classes: Vec<ArnClass> = finder.find_class(Vec::new(), Vec::new()).into_iter().collect();
        let mut split_by = |classes: Vec<ArnClass>, pattern: &str, most: usize| {
            let mut classes = finder.split(classes, pattern);
            finder.is_complete &= classes.len() <= most;
            classes.truncate(most);
            classes
        };
        for pattern in &self.create {
            // One of these is outside of all patterns.
            classes = split_by(classes, pattern, MAX_CLASSES + 1);
        }
        classes.retain(|class| !class.within.is_empty());
        for pattern in self.others.difference(&self.create) {
            classes = split_by(classes, pattern, MAX_CLASSES);
        }
        (classes.into_iter().map(|class| class.arn).collect(), finder.is_complete)
    }
}

/// Finds classes, and notes whether one may be missing.
struct ClassFinder<'p> {
    patterns: &'p NewArnPatterns<'p>,
    solver: &'p Solver<'p>,
    is_complete: bool,
}

impl ClassFinder<'_> {
    /// The parts of the classes that a pattern matches, and those that it does not match. The former come first.
    fn split(&mut self, classes: Vec<ArnClass>, pattern: &str) -> Vec<ArnClass> {
        let glob = Glob::new(pattern);
        let mut inside = Vec::new();
        let mut outside = Vec::new();
        for class in classes {
            let added = |patterns: &[String]| patterns.iter().cloned().chain([pattern.to_owned()]).collect();
            let (within, without) = (added(&class.within), added(&class.outside));
            if glob.matches(&class.arn) {
                outside.extend(self.find_class(class.within.clone(), without));
                inside.push(ArnClass { within, outside: class.outside, arn: class.arn });
            } else {
                inside.extend(self.find_class(within, class.outside.clone()));
                outside.push(ArnClass { outside: without, ..class });
            }
        }
        inside.into_iter().chain(outside).collect()
    }

    /// The class of the ARNs that some patterns match and others do not match. None if each of its ARNs is in use, or if none was
    /// found among the first names.
    fn find_class(&mut self, within: Vec<String>, outside: Vec<String>) -> Option<ArnClass> {
        let NewArnPatterns { account, prefix: kind, create_action: create, ref names_in_use, .. } = *self.patterns;
        let prefix = format!("arn:{}:iam::{}:{kind}", account.partition.as_str(), account.id.as_str());
        let action = || ActionElement::listing([create]);
        let to_uses = |statement| {
            let document = Arc::new(PolicyDocument::from_statements("new principals", vec![statement]));
            StatementUse::from_document(&document).collect::<Vec<StatementUse>>()
        };
        let allow = |pattern: &String| to_uses(Statement::allow(action(), ResourceElement::listing([pattern])));
        let allow_layers: Vec<Vec<StatementUse>> = [format!("{prefix}*")].iter().chain(&within).map(allow).collect();
        let reserved = ["aws-service-role", "aws-reserved"].map(|path| format!("{prefix}{path}/*"));
        let mut denied: Vec<String> = outside.iter().cloned().chain(reserved).collect();
        for _ in 0..MAX_NAMES {
            let deny_statements = to_uses(Statement::deny(action(), ResourceElement::listing(&denied)));
            let branch = Branch { allow_layers: allow_layers.clone(), deny_statements, ..Branch::default() };
            let arn = self.find_witness(&Access { branches: vec![branch] })?;
            let is_valid = arn.strip_prefix(&prefix).is_some_and(|rest| is_valid_name(max_name_length(kind), rest));
            if is_valid && !names_in_use.contains(&name_in_arn(&arn).to_lowercase()) {
                return Some(ArnClass { within, outside, arn });
            }
            denied.extend(list_unavailable_arns(&prefix, &arn, is_valid));
        }
        self.is_complete = false;
        None
    }

    fn find_witness(&mut self, access: &Access) -> Option<String> {
        let NewArnPatterns { account, known, .. } = *self.patterns;
        let answer = self.solver.answer(&Question {
            effective: access,
            declared: &Access::default(),
            known,
            partition: Some(account.partition),
            world: ActionWorld::Existing,
            single_request: None,
            budget: ESCALATION_STEPS,
            detail: AnswerDetail::Difference { max_cubes: 1, witnesses: WitnessPolicy::Single },
            witness_account: Some(account.id.as_str()),
            replay: None,
        });
        let witness = answer.grants.into_iter().find_map(|grant| grant.witness);
        // Both readings of a `*` agree on ARNs without further colons.
        let colons = UndecidedReason::from(Ambiguity::MidSegmentStar);
        self.is_complete &= witness.is_some() || answer.undecided.iter().all(|reason| *reason == colons);
        witness.map(|request| request.resource)
    }
}
