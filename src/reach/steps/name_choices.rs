//! The names of users and roles that a state creates or renames: one within each pattern that policies have, one within
//! several of them, and one outside of all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::new_resources::{NameLimits, NewArns};
use super::step_finder::StepFinder;
use crate::iam::{ContextKey, Effect, PolicyDocument, Statement};
use crate::reach::decide::action_bounds::{UnknownActions, collect_listed_actions};
use crate::reach::model::attachable_policies::find_attachable_policy;
use crate::reach::model::chosen_boundary::ChosenBoundary;
use crate::reach::model::created_principal::CreatedAccess;
use crate::reach::model::name_patterns::{NamePattern, NamePatternIndex, USER_NAME};
use crate::reach::model::tag_condition_keys::find_resource_tag;
use crate::reach::model::valid_names::is_name_character;
use crate::reach::model::variable_values::SoughtVariable;
use crate::solve::{StatementUse, UndecidedReason};

/// The largest number of patterns over names that are tried.
const MAX_PATTERNS: usize = 64;
/// The largest number of patterns and sets of overlapping patterns that are tried.
const MAX_SETS: usize = 128;
/// The largest number of attempts without an answer.
const MAX_FAILURES: usize = 2;

impl StepFinder<'_> {
    /// The names of a user or role that the state can create with these permissions.
    pub(super) fn choose_created_names(
        &self,
        arns: &NewArns,
        (access, boundary): (&CreatedAccess, Option<&ChosenBoundary>),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> BTreeSet<String> {
        let account = self.world.node(self.state.principal).account;
        // A policy without a readable document is undecided elsewhere (`UndecidedReason::UnreadablePolicy`).
        let find_document = |arn: &Arc<str>| find_attachable_policy(account, arn)?.document;
        let granted: Vec<Arc<PolicyDocument>> = match access {
            CreatedAccess::Nothing | CreatedAccess::Everything => Vec::new(),
            CreatedAccess::Policy(arn) => find_document(arn).into_iter().collect(),
            CreatedAccess::Group(at) => {
                let group = account.groups.get(*at);
                group.into_iter().flat_map(|group| &group.identity_policies).map(|p| Arc::clone(&p.document)).collect()
            }
        };
        let mut patterns = self.world.name_patterns.clone();
        if !granted.is_empty() {
            let actions = self.list_granted_actions(&granted);
            patterns.retain(|_, of_pattern| !of_pattern.is_disjoint(&actions));
        }
        let boundary = boundary.and_then(ChosenBoundary::limiting_policy).and_then(find_document);
        granted.iter().chain(&boundary).for_each(|document| self.add_own_patterns(document, &mut patterns));
        self.choose_names(arns, patterns, None, undecided)
    }

    /// The actions that the Allow statements of some documents list.
    fn list_granted_actions(&self, documents: &[Arc<PolicyDocument>]) -> FixedBitSet {
        let uses: Vec<StatementUse> = documents.iter().flat_map(StatementUse::from_document).collect();
        let allowing = uses.iter().filter(|statement_use| statement_use.statement().effect == Effect::Allow);
        collect_listed_actions(self.world.solver, allowing, UnknownActions::AssumeAll)
    }

    /// Adds the patterns over names in a policy of the principal that gets a name. A user name that makes the policy name
    /// a principal of the account is one, too.
    pub(super) fn add_own_patterns(&self, document: &Arc<PolicyDocument>, patterns: &mut NamePatternIndex) {
        let solver = self.world.solver;
        patterns.add_document(solver, document);
        for statement_use in StatementUse::from_document(document) {
            for name in self.list_matching_names(statement_use.statement()) {
                for pattern in NamePattern::of_user_name(&name) {
                    patterns.add(solver, pattern, &statement_use);
                }
            }
        }
    }

    /// The user names with which a statement names a user or role: by its ARN (`role/${aws:username}-admin`), or by a tag
    /// (`iam:ResourceTag/owner` is `${aws:username}`).
    fn list_matching_names(&self, statement: &Statement) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let user_name = user_name();
        let resources = statement.resource.iter().flat_map(|resource| &resource.patterns);
        for pattern in resources.filter(|pattern| user_name.is_in(pattern)) {
            let named = self.world.principals.find_matching(&user_name.to_glob(pattern, "*"));
            named.ones().for_each(|principal| names.extend(user_name.find_values(pattern, self.world.arn(principal))));
        }
        for condition in &statement.conditions {
            let tag = find_resource_tag(condition.key.lower()).and_then(|tag| self.world.tag_index.keys().get(tag));
            for template in condition.texts().filter(|template| user_name.is_in(template)) {
                let values = tag.iter().flat_map(|tag| &tag.values);
                values.for_each(|value| names.extend(user_name.find_values(template, value)));
            }
        }
        names
    }

    /// ARNs that can be given: one outside of all patterns, one within each of them, and one within all of several that
    /// overlap. Each is outside of all other patterns if it can be. `instead_of`: the ARN of what gets
    /// it. None if that is new.
    pub(super) fn choose_names(
        &self,
        arns: &NewArns,
        mut patterns: NamePatternIndex,
        instead_of: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> BTreeSet<String> {
        patterns.retain(|pattern, _| arns.may_contain(&pattern.glob));
        let all: Vec<&NamePattern> = patterns.iter().map(|(pattern, _)| pattern).collect();
        let (sets, is_complete) = list_overlapping(&all);
        if !is_complete {
            undecided.insert(UndecidedReason::TooMany {
                most: MAX_SETS,
                items: "patterns over names in policies, and combinations of them",
            });
        }
        // By the patterns that match it.
        let mut names: BTreeMap<Vec<bool>, String> = BTreeMap::new();
        let mut failures = 0;
        for within in sets {
            if within.len() > 1 && names.values().any(|name| within.iter().all(|pattern| pattern.matches(name))) {
                continue;
            }
            let mut of_set = BTreeSet::new();
            let found = self.choose_name_within(arns, (&within, &all), instead_of, &mut of_set);
            failures += usize::from(!of_set.is_empty());
            undecided.append(&mut of_set);
            if failures > MAX_FAILURES {
                // The result is undecided, and each further attempt may take as long.
                break;
            }
            if let Some(name) = found {
                names.entry(all.iter().map(|pattern| pattern.matches(&name)).collect()).or_insert(name);
            }
        }
        names.into_values().collect()
    }

    /// An ARN that some patterns match: one that no other pattern matches, or else any.
    fn choose_name_within(
        &self,
        arns: &NewArns,
        (within, all): (&[&NamePattern], &[&NamePattern]),
        instead_of: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<String> {
        let globs: Vec<String> = within.iter().map(|pattern| pattern.glob.clone()).collect();
        let excepted: Vec<String> = within.iter().filter_map(|pattern| pattern.except.clone()).collect();
        let is_other = |pattern: &&NamePattern| !within.iter().any(|wanted| pattern.covers(wanted));
        let others = all.iter().copied().filter(is_other).map(|pattern| pattern.glob.clone());
        let outside_of_others: Vec<String> = excepted.iter().cloned().chain(others).collect();
        [&outside_of_others, &excepted].into_iter().find_map(|outside| {
            let limits = NameLimits { within: &globs, outside, instead_of };
            self.choose_new_arn(arns, limits, undecided)
        })
    }
}

/// The sets of patterns within which a name is tried, smaller ones first: none, each alone, and those of which each two overlap. The second value says whether these are all.
fn list_overlapping<'p>(all: &[&'p NamePattern]) -> (Vec<Vec<&'p NamePattern>>, bool) {
    let is_pair = |first: usize, second: usize| match (all.get(first), all.get(second)) {
        (Some(a), Some(b)) => a.overlaps(b) && !a.covers(b) && !b.covers(a),
        _ => false,
    };
    let mut sets: Vec<Vec<usize>> = (0..all.len().min(MAX_PATTERNS)).map(|at| vec![at]).collect();
    let mut is_complete = all.len() <= MAX_PATTERNS;
    let mut next = 0;
    while let Some(set) = sets.get(next).cloned() {
        next += 1;
        let after = set.last().map_or(0, |last| last + 1);
        let larger = (after..all.len()).filter(|other| set.iter().all(|member| is_pair(*member, *other)));
        sets.extend(larger.map(|other| set.iter().copied().chain([other]).collect::<Vec<usize>>()));
        if sets.len() > MAX_SETS {
            is_complete = false;
            sets.truncate(MAX_SETS);
            break;
        }
    }
    let patterns = |set: Vec<usize>| set.into_iter().filter_map(|at| all.get(at)).copied().collect();
    let all_sets = [Vec::new()].into_iter().chain(sets.into_iter().map(patterns)).collect();
    (all_sets, is_complete)
}

/// The name of the user as a variable.
fn user_name() -> SoughtVariable<'static> {
    SoughtVariable { is_key: &|key: &ContextKey| key.lower() == USER_NAME, is_character: is_name_character }
}
