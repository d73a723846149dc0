//! Compares a finding with what an exception accepts: the solver decides what is left.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::context::RuleContext;
use crate::access::{KnownContext, Layers, Request};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::analysis::analyzer::Requester;
use crate::audit::extent::coverage_question::{CoverageQuestion, IsExcess};
use crate::audit::extent::offer::offer_held;
use crate::audit::model::extent::{Extent, ExtentOffer};
use crate::audit::model::finding::{AcceptedException, FindingBuilder};
use crate::audit::model::finding_key::{KeyPart, build_principal_key};
use crate::audit::model::reason::Reason;
use crate::audit::model::rule_id::RuleId;
use crate::audit::options::ExtentMode;
use crate::audit::subject::accepted_extents::AcceptedFinding;
use crate::audit::subject::check::{Check, CheckKind};
use crate::baseline::{Baseline, Exception};
use crate::iam::Interpretation;
use crate::solve::{Access, ActionWorld};

/// Facts that an exception accepts, by the key of the manifest.
pub(super) type ExtentItems = BTreeMap<&'static str, BTreeSet<String>>;

/// What an exception leaves of a finding.
pub(in crate::audit) struct Judgement<'e> {
    key: String,
    /// The excess to report: what is not accepted, or everything if there is no exception or if it accepts all.
    pub excess: Cow<'e, ExcessByStatement>,
    /// The exception that accepts everything. `None` if something is left.
    pub accepted: Option<AcceptedException>,
    /// What a reader must know about the exception.
    pub reasons: Vec<Reason>,
    /// What an exception would accept. `None` if the audit was not asked for it, or if it is not needed.
    pub extent: Option<ExtentOffer>,
    /// The actions of `excess`.
    pub world: ActionWorld,
}

/// When an extent is offered, if the audit was asked for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::audit) enum OfferedIf {
    /// If something is not accepted yet.
    Open,
    /// Always: the exception is about several principals, and is renewed as a whole.
    Always,
}

impl Judgement<'_> {
    /// The same judgement of a finding that also consists of facts. All of them must be accepted, too.
    pub fn with_items(mut self, context: &RuleContext<'_>, items: ExtentItems) -> Self {
        if context.find_accepted(&self.key).is_some_and(|accepted| !accepted.covers(&items)) {
            self.accepted = None;
        }
        if let Some(ExtentOffer::Proven(extent)) = &mut self.extent {
            extent.items = items;
        }
        self
    }

    /// Adds the judgement to a finding.
    pub fn apply(self, finding: FindingBuilder) -> FindingBuilder {
        finding.key(self.key).reasons(self.reasons).accepted(self.accepted).extent(self.extent)
    }
}

/// The question that a finding answers.
pub(in crate::audit) struct ComparedAccess<'c> {
    /// What the principal is allowed, as far as the finding is about it.
    pub allowed: &'c Access,
    /// What is expected.
    pub expected: &'c Access,
    /// Whether a request is allowed and not expected, by the evaluator.
    pub is_excess: &'c IsExcess<'c>,
    /// What is known of the requests. None if that is what is known of the principal.
    pub known: Option<&'c KnownContext>,
    /// The actions that the finding is about. It shows those of the first world; an exception must accept all.
    pub worlds: &'static [ActionWorld],
    /// When an extent is offered.
    pub offered: OfferedIf,
}

/// The exception as a report shows it.
pub(in crate::audit) fn describe_exception(baseline: &Baseline, exception: &Exception) -> AcceptedException {
    AcceptedException {
        finding: exception.finding.value.clone(),
        reason: exception.reason.clone(),
        requested_by: exception.requested_by.clone(),
        approved_by: exception.approved_by.clone(),
        expires: exception.expires.value.to_string(),
        place: baseline.place(exception.span),
    }
}

/// The extent of a finding that consists of facts.
pub(super) fn offer_items(items: ExtentItems) -> ExtentOffer {
    ExtentOffer::Proven(Extent { items, ..Extent::default() })
}

/// One fact, as a set.
pub(super) fn single_item(text: &str) -> BTreeSet<String> {
    BTreeSet::from([text.to_owned()])
}

impl<'a> RuleContext<'a> {
    /// The key of a finding about the principal.
    pub fn key(&self, rule: RuleId, part: KeyPart<'_>) -> String {
        build_principal_key(rule, &self.subject.principal_ref, part)
    }

    /// The exception that applies to a finding. `None` if none does.
    pub fn find_accepted(&self, key: &str) -> Option<&'a AcceptedFinding<'a>> {
        self.accepted_extents.find(key)
    }

    /// The exceptions that apply to findings of a rule about the principal. `key` is the key without a further part.
    pub fn find_accepted_parts(&self, key: &str) -> Vec<&'a AcceptedFinding<'a>> {
        self.accepted_extents.find_parts(key)
    }

    /// Compares the excess over the ceiling with what is accepted.
    pub fn judge_ceiling<'e>(
        &self,
        (rule, part): (RuleId, KeyPart<'_>),
        excess: &'e ExcessByStatement,
    ) -> Judgement<'e> {
        let ceiling = &self.subject.ceiling;
        let is_excess = |request: &Request, interpretation: Interpretation| {
            self.allows(&self.subject.layers, request, interpretation)
                && !ceiling.allows(|layers| self.allows(layers, request, interpretation))
        };
        let (allowed, expected, offered) = (self.effective, &ceiling.access, OfferedIf::Open);
        let worlds = &[ActionWorld::Existing];
        let compared = ComparedAccess { allowed, expected, is_excess: &is_excess, known: None, worlds, offered };
        self.judge((rule, self.key(rule, part)), excess, &compared)
    }

    /// Compares everything that the principal is allowed with what is accepted.
    pub fn judge_all_allowed<'e>(
        &self,
        (rule, part): (RuleId, KeyPart<'_>),
        excess: &'e ExcessByStatement,
        worlds: &'static [ActionWorld],
    ) -> Judgement<'e> {
        let is_excess = |request: &Request, interpretation: Interpretation| {
            self.allows(&self.subject.layers, request, interpretation)
        };
        let (allowed, expected) = (self.effective, &Access::default());
        let offered = OfferedIf::Open;
        let compared = ComparedAccess { allowed, expected, is_excess: &is_excess, known: None, worlds, offered };
        self.judge((rule, self.key(rule, part)), excess, &compared)
    }

    /// Compares the violation of a check with what is accepted.
    pub fn judge_check<'e>(
        &self,
        (rule, key): (RuleId, String),
        excess: &'e ExcessByStatement,
        check: &Check,
    ) -> Judgement<'e> {
        let in_scope = self.restrict_to_scope(check);
        let is_excess = |request: &Request, interpretation: Interpretation| {
            self.allows(&self.subject.layers, request, interpretation)
                && self.allows(&check.scope.layers, request, interpretation)
                && !self.allows(&check.expected.layers, request, interpretation)
        };
        let (allowed, expected, worlds) = (&in_scope, &check.expected.access, &[ActionWorld::Existing]);
        let offered = if check.kind == CheckKind::DelegatedAgent { OfferedIf::Always } else { OfferedIf::Open };
        let compared = ComparedAccess { allowed, expected, is_excess: &is_excess, known: None, worlds, offered };
        self.judge((rule, key), excess, &compared)
    }

    /// What the principal is allowed in the scope of a check.
    pub fn restrict_to_scope(&self, check: &Check) -> Access {
        let scope = &check.scope.access;
        self.analyzer.solver.restrict_to_actions_of(self.effective, scope).intersect(scope)
    }

    /// Whether layers allow a request.
    pub fn allows(&self, layers: &Layers, request: &Request, interpretation: Interpretation) -> bool {
        self.analyzer.is_allowed(layers, request, interpretation)
    }

    /// Compares an excess with what is accepted.
    pub fn judge<'e>(
        &self,
        (rule, key): (RuleId, String),
        excess: &'e ExcessByStatement,
        compared: &ComparedAccess<'_>,
    ) -> Judgement<'e> {
        let own = Requester::from_subject(self.subject);
        let to_question = |world: &ActionWorld| CoverageQuestion {
            requester: compared.known.map_or(own, |known| own.with_context(known)),
            allowed: compared.allowed,
            expected: compared.expected,
            is_excess: compared.is_excess,
            world: *world,
        };
        let questions: Vec<CoverageQuestion<'_>> = compared.worlds.iter().map(to_question).collect();
        let mut judgement = Judgement {
            key,
            excess: Cow::Borrowed(excess),
            accepted: None,
            reasons: Vec::new(),
            extent: None,
            world: compared.worlds.first().copied().unwrap_or(ActionWorld::Existing),
        };
        if let Some(accepted) = self.find_accepted(&judgement.key) {
            self.subtract_accepted(rule, accepted, &questions, &mut judgement);
        }
        let is_needed = judgement.accepted.is_none() || compared.offered == OfferedIf::Always;
        if self.extents == ExtentMode::Offered && is_needed {
            judgement.extent = Some(offer_held(self.analyzer, &questions, (self.effective, self.policies)));
        }
        judgement
    }

    /// Leaves the excess that the exception does not accept: that of the first question that has some.
    fn subtract_accepted(
        &self,
        rule: RuleId,
        accepted: &AcceptedFinding<'_>,
        questions: &[CoverageQuestion<'_>],
        judgement: &mut Judgement<'_>,
    ) {
        let expires = accepted.exception.expires.value.to_string();
        let mut undecided = BTreeSet::new();
        for question in questions {
            let answer = question.find_unaccepted(self.analyzer, &accepted.requests);
            let open = match rule {
                // The finding shows what is not proven, too.
                RuleId::Undeclared => answer.excess,
                _ => self.keep_proven(&answer.excess).into_owned(),
            };
            if !open.is_empty() {
                judgement.excess = Cow::Owned(open);
                judgement.world = question.world;
                judgement.reasons.push(Reason::BeyondAccepted { expires });
                return;
            }
            undecided.extend(answer.undecided);
        }
        match undecided.is_empty() {
            false => {
                let reasons = undecided.into_iter().collect();
                judgement.reasons.push(Reason::AcceptanceUndecided { expires, reasons });
            }
            true => judgement.accepted = Some(describe_exception(self.baseline, accepted.exception)),
        }
    }

    /// Adds to a finding that consists of facts what an exception accepts. `is_covered` compares the facts.
    pub fn judge_items(
        &self,
        finding: FindingBuilder,
        key: String,
        items: ExtentItems,
        is_covered: impl Fn(&AcceptedFinding<'_>) -> bool,
    ) -> FindingBuilder {
        let accepted = self.find_accepted(&key).filter(|accepted| is_covered(accepted));
        let exception = accepted.map(|accepted| describe_exception(self.baseline, accepted.exception));
        let is_offered = self.extents == ExtentMode::Offered && exception.is_none();
        finding.key(key).accepted(exception).extent(is_offered.then(|| offer_items(items)))
    }
}
