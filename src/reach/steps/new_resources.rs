//! The ARN of something that a state can create: one on which each of several actions is allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::freed_names::FREED_NAME;
use super::new_resource_kind::NewResource;
use super::step_finder::StepFinder;
use crate::base::glob::{globs_overlap, list_rests};
use crate::catalog::ActionId;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Ambiguity, PolicyDocument, Statement};
use crate::reach::decide::context_facts::{ContextFacts, add_context_facts};
use crate::reach::decide::effective::{EffectiveAccess, RequiredLayers, restrict_to_action};
use crate::reach::model::arn_index::name_in_arn;
use crate::reach::model::valid_names::{
    MAX_NAMES, is_valid_name, list_unavailable_arns, max_name_length, may_be_valid_name,
};
use crate::solve::{
    Access, AnswerDetail, Branch, Cube, FieldRange, Question, StatementUse, UndecidedReason, WitnessPolicy,
};

/// The largest number of cubes of one request.
const MAX_CUBES: usize = 8;
/// The largest number of combinations of cubes that are tried.
const MAX_COMBINATIONS: usize = 256;

/// Keys of conditions on tags of what is created, in lower case.
pub(super) const TAG_KEYS: [&str; 3] = ["aws:requesttag/", "aws:resourcetag/", "iam:resourcetag/"];

/// A request on something new.
#[derive(Clone, Copy)]
pub(super) struct NewRequest<'q> {
    pub(super) action: &'q str,
    pub(super) required_layers: RequiredLayers,
    pub(super) facts: &'q ContextFacts<'q>,
}

/// What the ARN of something new must meet.
#[derive(Clone, Copy, Default)]
pub(super) struct NameLimits<'q> {
    /// Patterns that all match it, as values of conditions.
    pub(super) within: &'q [String],
    /// Patterns that do not match it, as values of conditions.
    pub(super) outside: &'q [String],
    /// The ARN of what gets it, and may keep its name. None if it is for something new.
    pub(super) instead_of: Option<&'q str>,
}

impl<'q> NameLimits<'q> {
    pub(super) fn within(pattern: &'q String) -> NameLimits<'q> {
        NameLimits { within: std::slice::from_ref(pattern), ..NameLimits::default() }
    }
}

/// The ARNs of something new on which each of several requests is allowed.
pub(super) struct NewArns {
    kind: NewResource,
    /// In each, a cube of each request. An ARN is in all cubes of one of them.
    alternatives: Vec<Vec<Cube>>,
    /// Whether some are left out.
    is_incomplete: bool,
    /// A pattern that matches all.
    account_pattern: String,
}

impl NewArns {
    /// Whether one of the ARNs may match a glob. Compares patterns only.
    pub(super) fn may_contain(&self, glob: &str) -> bool {
        // The value of a variable is unknown.
        let overlaps = |pattern: &String| pattern.contains("${") || globs_overlap(pattern, glob);
        let meets = |range: &FieldRange| range.matches_any_of.iter().all(|list| list.iter().any(overlaps));
        let may_meet = |cubes: &Vec<Cube>| cubes.iter().filter_map(|cube| cube.resource.as_ref()).all(meets);
        globs_overlap(&self.account_pattern, glob) && (self.is_incomplete || self.alternatives.iter().any(may_meet))
    }
}

impl StepFinder<'_> {
    /// The ARNs on which each request is allowed.
    pub(super) fn list_new_arns(
        &self,
        kind: NewResource,
        requests: &[NewRequest<'_>],
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> NewArns {
        let account_pattern = self.account_pattern(kind);
        let mut arns = NewArns { kind, alternatives: vec![Vec::new()], is_incomplete: false, account_pattern };
        for request in requests {
            let (cubes, has_more) = self.list_cubes(kind, request, undecided);
            let extend = |previous: &Vec<Cube>| {
                let with = |cube: &Cube| previous.iter().chain([cube]).cloned().collect();
                cubes.iter().map(with).collect::<Vec<Vec<Cube>>>()
            };
            arns.alternatives = arns.alternatives.iter().flat_map(extend).collect();
            arns.is_incomplete |= has_more || arns.alternatives.len() > MAX_COMBINATIONS;
            arns.alternatives.truncate(MAX_COMBINATIONS);
            if arns.alternatives.is_empty() {
                break;
            }
        }
        arns
    }

    /// One of the ARNs that meets the limits: one that is not in use, or else one that the state can free. None if there is
    /// none.
    pub(super) fn choose_new_arn(
        &self,
        arns: &NewArns,
        limits: NameLimits<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<String> {
        let unused = self.choose_unused_arn(arns, limits, undecided);
        if unused.is_some() || !self.may_free_names(arns.kind) {
            return unused;
        }
        self.choose_arn((arns, true), limits, undecided)
    }

    /// One of the ARNs that meets the limits and is not in use. None if there is none.
    pub(super) fn choose_unused_arn(
        &self,
        arns: &NewArns,
        limits: NameLimits<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<String> {
        self.choose_arn((arns, false), limits, undecided)
    }

    fn choose_arn(
        &self,
        (arns, frees): (&NewArns, bool),
        limits: NameLimits<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<String> {
        let found = arns.alternatives.iter().find_map(|cubes| {
            let ranges: Vec<&FieldRange> = cubes.iter().filter_map(|cube| cube.resource.as_ref()).collect();
            let arn = self.find_available_arn((arns.kind, frees), limits, &ranges, undecided)?;
            match find_tag_conflict(cubes) {
                Some(key) => {
                    undecided.insert(UndecidedReason::Condition(key));
                    None
                }
                None => Some(arn),
            }
        });
        if found.is_none() && arns.is_incomplete {
            undecided.insert(UndecidedReason::TooMany {
                most: MAX_COMBINATIONS,
                items: "combinations of statements that allow to create something",
            });
        }
        found
    }

    /// The resources on which a request is allowed, as cubes, and whether there are more.
    fn list_cubes(
        &self,
        kind: NewResource,
        request: &NewRequest<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> (Vec<Cube>, bool) {
        let mut all = (Vec::new(), false);
        // The catalog lists the actions of all techniques (a test checks this).
        let Some(id) = self.world.solver.catalog.find_action(request.action) else { return all };
        let needs_own = request.required_layers == RequiredLayers::IdentityAndBoundary;
        for session in self.sessions().filter(|session| !needs_own || session.may_allow(id)) {
            let (cubes, has_more) = self.list_cubes_of(session, (kind, id), request, undecided);
            all.0.extend(cubes);
            all.1 |= has_more;
        }
        all
    }

    fn list_cubes_of(
        &self,
        session: &EffectiveAccess<'_>,
        (kind, id): (NewResource, ActionId),
        request: &NewRequest<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> (Vec<Cube>, bool) {
        let solver = self.world.solver;
        let mut access = restrict_to_action(solver, session, id, request.required_layers);
        let all = ResourceElement::listing([self.account_pattern(kind)]);
        let only = to_document(vec![Statement::allow(ActionElement::listing([request.action]), all)]);
        for branch in &mut access.branches {
            branch.allow_layers.push(StatementUse::from_document(&only).collect());
        }
        let known = add_context_facts(&session.known, &access, 0, request.facts);
        let detail = AnswerDetail::Difference { max_cubes: MAX_CUBES, witnesses: WitnessPolicy::None };
        let nothing = Access::default();
        let question = Question { known: &known, detail, ..self.world.build_question(session, &access, &nothing) };
        let answer = solver.answer(&question);
        if answer.grants.is_empty() {
            undecided.extend(answer.undecided);
        }
        let has_more = answer.grants.iter().any(|grant| grant.has_more_cubes);
        (answer.grants.into_iter().flat_map(|grant| grant.cubes).collect(), has_more)
    }

    /// An ARN in all ranges that no user, role, group or policy of the account has, or `frees` its name.
    fn find_available_arn(
        &self,
        (kind, frees): (NewResource, bool),
        limits: NameLimits<'_>,
        ranges: &[&FieldRange],
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<String> {
        let action = kind.create_action();
        let prefix = self.account_prefix(kind);
        let (mut branch, mut denied) = self.build_name_limits(kind, limits, ranges);
        let detail = AnswerDetail::Difference { max_cubes: 1, witnesses: WitnessPolicy::Single };
        let mut may_be_freed = false;
        for _ in 0..MAX_NAMES {
            branch.deny_statements = StatementUse::from_document(&deny_on(action, &denied)).collect();
            let access = Access { branches: vec![branch.clone()] };
            let nothing = Access::default();
            let question = Question { detail, ..self.world.build_question(self.effective, &access, &nothing) };
            let answer = self.world.solver.answer(&question);
            let witness = answer.grants.into_iter().find_map(|grant| grant.witness);
            let Some(request) = witness else {
                // Both readings of a `*` agree on ARNs without further colons.
                let colons = UndecidedReason::from(Ambiguity::MidSegmentStar);
                undecided.extend(answer.undecided.into_iter().filter(|reason| *reason != colons));
                undecided.extend(may_be_freed.then(|| self.describe_uncombined(FREED_NAME)));
                return None;
            };
            let is_valid = request
                .resource
                .strip_prefix(&prefix)
                .is_some_and(|rest| is_valid_name(max_name_length(kind.prefix()), rest));
            let is_available = is_valid
                && match self.find_name_holder(kind, &request.resource) {
                    Some(holder) if limits.instead_of == Some(&holder) => holder != request.resource,
                    Some(holder) => {
                        // With the same ARN, it is a change of the policy or group.
                        let is_other = holder != request.resource;
                        may_be_freed = may_be_freed || is_other && self.may_delete(kind, &holder, undecided);
                        frees && self.find_freeing_requests(kind, &holder, undecided).is_some()
                    }
                    None => true,
                };
            if is_available {
                return Some(request.resource);
            }
            denied.extend(list_unavailable_arns(&prefix, &request.resource, is_valid));
        }
        undecided
            .insert(UndecidedReason::TooMany { most: MAX_NAMES, items: "names that are in use, or that IAM refuses" });
        None
    }

    /// What allows the ARNs that meet the limits and ranges, and the patterns that match the others.
    fn build_name_limits(
        &self,
        kind: NewResource,
        limits: NameLimits<'_>,
        ranges: &[&FieldRange],
    ) -> (Branch, Vec<String>) {
        let action = kind.create_action();
        let statement = |resource| Statement::allow(ActionElement::listing([action]), resource);
        let allow = |resource| StatementUse::from_document(&to_document(vec![statement(resource)])).collect();
        let mut branch = Branch::default();
        branch.allow_layers.push(allow(ResourceElement::listing([self.account_pattern(kind)])));
        let to_resource = |pattern: &String| {
            let mut patterns = self.list_patterns_of_kind(kind, pattern);
            // A path can contain colons. A pattern whose wildcards match single fields needs none.
            let is_plain = |pattern: &String| pattern.matches(':').count() == 5;
            if patterns.iter().any(is_plain) {
                patterns.retain(is_plain);
            }
            ResourceElement::listing(patterns)
        };
        branch.allow_layers.extend(limits.within.iter().map(|pattern| allow(to_resource(pattern))));
        let prefix = self.account_prefix(kind);
        let may_be_valid = |pattern: &&String| {
            pattern.contains("${")
                || list_rests(pattern, &prefix)
                    .iter()
                    .any(|rest| may_be_valid_name(max_name_length(kind.prefix()), rest))
        };
        for list in ranges.iter().flat_map(|range| &range.matches_any_of) {
            let valid: Vec<&String> = list.iter().filter(may_be_valid).collect();
            branch.allow_layers.push(allow(ResourceElement::listing(valid)));
        }
        let mut denied: Vec<String> = ranges.iter().flat_map(|range| &range.matches_none_of).cloned().collect();
        denied.extend(limits.outside.iter().flat_map(|pattern| self.list_patterns_of_kind(kind, pattern)));
        if kind == NewResource::Role {
            let (partition, account) = (self.effective.partition.as_str(), self.effective.account);
            let reserved = ["aws-service-role", "aws-reserved"];
            denied.extend(reserved.map(|path| format!("arn:{partition}:iam::{account}:role/{path}/*")));
        }
        (branch, denied)
    }

    /// The ARN of what has the name in an ARN in the account, on any path. None if the name is not in use.
    // AWS: IAM identifiers: names of users, groups, roles and policies are unique in an account, whatever the case
    pub(super) fn find_name_holder(&self, kind: NewResource, arn: &str) -> Option<String> {
        let name = |arn: &str| name_in_arn(arn).to_lowercase();
        let wanted = name(arn);
        let index = match kind {
            NewResource::Role | NewResource::User => &self.world.principals,
            NewResource::Group => &self.world.groups,
            NewResource::Policy => &self.world.policies,
        };
        let of_kind = index.find_matching(&self.account_pattern(kind));
        let exists = |position: &usize| match kind {
            NewResource::Role | NewResource::User => !self.world.creatable.contains(*position),
            NewResource::Group | NewResource::Policy => true,
        };
        let holder =
            of_kind.ones().filter(exists).map(|position| index.arn(position)).find(|other| name(other) == wanted);
        holder.map(str::to_owned)
    }

    fn account_pattern(&self, kind: NewResource) -> String {
        format!("{}*", self.account_prefix(kind))
    }

    fn account_prefix(&self, kind: NewResource) -> String {
        format!("arn:{}:iam::{}:{}", self.effective.partition.as_str(), self.effective.account, kind.prefix())
    }

    /// The resource patterns for the ARNs of a kind that the value of a condition matches. A wildcard of the value can match
    /// several fields of the ARN.
    fn list_patterns_of_kind(&self, kind: NewResource, value: &str) -> Vec<String> {
        if value.contains("${") {
            return vec![value.to_owned()];
        }
        let prefix = self.account_prefix(kind);
        list_rests(value, &prefix).into_iter().map(|rest| format!("{prefix}{rest}")).collect()
    }
}

/// A tag on which the requests may differ: something new has one value of each tag, in the request that creates it and
/// in later ones. None if all requests agree.
fn find_tag_conflict(cubes: &[Cube]) -> Option<String> {
    let mut ranges: BTreeMap<String, &FieldRange> = BTreeMap::new();
    let ranges_of_keys = cubes.iter().flat_map(|cube| &cube.context);
    for (key, range) in ranges_of_keys {
        let lower = key.to_ascii_lowercase();
        let Some(tag) = TAG_KEYS.iter().find_map(|prefix| lower.strip_prefix(prefix)) else { continue };
        match ranges.get(tag) {
            Some(other) if *other != range => return Some(key.clone()),
            _ => drop(ranges.insert(tag.to_owned(), range)),
        }
    }
    None
}

fn deny_on(action: &str, patterns: &[String]) -> Arc<PolicyDocument> {
    let deny = |_: ()| Statement::deny(ActionElement::listing([action]), ResourceElement::listing(patterns));
    to_document((!patterns.is_empty()).then_some(()).map(deny).into_iter().collect())
}

fn to_document(statements: Vec<Statement>) -> Arc<PolicyDocument> {
    Arc::new(PolicyDocument::from_statements("new resources", statements))
}
