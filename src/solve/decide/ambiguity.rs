//! Whether an answer depends on a question that AWS's documentation leaves open.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use super::common_excess::is_proof_under;
use crate::access::{ContextValue, decide_condition};
use crate::iam::condition::ConditionValue;
use crate::iam::operator::OperatorFamily;
use crate::iam::{
    ActionPattern, Ambiguity, Arn, Condition, ElementKind, Interpretation, MissingKeyRule, Quantifier, Statement,
    Template, TemplatePart,
};
use crate::solve::access::formula::{ControlledResources, StatementUse};
use crate::solve::answer::{ContainmentVerdict, SolverAnswer, UndecidedReason};
use crate::solve::compile::solver::Solver;
use crate::solve::question::{ActionWorld, AnswerDetail, Question, WitnessPolicy};

impl Solver<'_> {
    /// Decides a question. If the verdict differs under the alternative interpretation of an ambiguity, it is undecided.
    pub fn solve(&self, question: &Question<'_>) -> ContainmentVerdict {
        self.answer(question).into_verdict()
    }

    /// Like [`Solver::solve`], with the full answer: the proven excess, and the reasons why there may be more.
    pub fn answer(&self, question: &Question<'_>) -> SolverAnswer {
        self.answered.fetch_add(1, Ordering::Relaxed);
        let answer = self.answer_with_interpretation(question, Interpretation::default());
        let is_broader = !answer.grants.is_empty();
        if !is_broader && !answer.undecided.is_empty() {
            return answer;
        }
        let may_change = |ambiguity: &Ambiguity| !(is_broader && ambiguity.is_additional());
        let matters = |ambiguity: &Ambiguity| {
            (*ambiguity == Ambiguity::EmptySetNull && has_empty_string(&answer))
                || self.may_matter(*ambiguity, question)
        };
        let ambiguities: Vec<Ambiguity> = Ambiguity::ALL.into_iter().filter(may_change).filter(matters).collect();
        if ambiguities.is_empty() {
            return answer;
        }
        // An answer with one witness lists the conditions of what it allows, as `who-can` does. Only its verdict counts.
        let lists_proven =
            matches!(question.detail, AnswerDetail::Difference { witnesses, .. } if witnesses != WitnessPolicy::Single);
        if is_broader && lists_proven && question.world == ActionWorld::Existing {
            return self.keep_common_excess(question, answer, &ambiguities);
        }
        self.confirm_verdict(question, answer, &ambiguities)
    }

    /// The answer if its verdict is the same under every interpretation.
    fn confirm_verdict(
        &self,
        question: &Question<'_>,
        answer: SolverAnswer,
        ambiguities: &[Ambiguity],
    ) -> SolverAnswer {
        let is_broader = !answer.grants.is_empty();
        let witness = answer.grants.iter().find_map(|g| g.witness.as_ref());
        let mut undecided = Vec::new();
        for ambiguity in ambiguities.iter().copied() {
            // Mostly the same witness proves the excess under the alternative interpretation too.
            if witness.is_some_and(|witness| is_proof_under(question, ambiguity, witness)) {
                continue;
            }
            // Witnesses are replayed under the default interpretation only.
            let alternative_question = Question { replay: None, detail: AnswerDetail::Verdict, ..question.clone() };
            let alternative =
                self.answer_with_interpretation(&alternative_question, Interpretation::with_alternative(ambiguity));
            if alternative.grants.is_empty() == is_broader || (!is_broader && !alternative.undecided.is_empty()) {
                undecided.push(UndecidedReason::from(ambiguity));
            }
        }
        if !is_broader && undecided.is_empty() {
            undecided = self.find_joint_reasons(question, ambiguities);
        }
        if undecided.is_empty() { answer } else { SolverAnswer { grants: Vec::new(), undecided } }
    }

    /// The alternative interpretations that only together allow more than is declared: two of them, or all.
    fn find_joint_reasons(&self, question: &Question<'_>, ambiguities: &[Ambiguity]) -> Vec<UndecidedReason> {
        let question = Question { replay: None, detail: AnswerDetail::Verdict, ..question.clone() };
        let pairs = ambiguities.iter().enumerate().flat_map(|(index, first)| {
            let others = ambiguities.iter().skip(index + 1);
            others.map(move |second| vec![*first, *second])
        });
        let all = (ambiguities.len() > 2).then(|| ambiguities.to_vec());
        let allows_more = |joint: &Vec<Ambiguity>| {
            let answer = self.answer_with_interpretation(&question, Interpretation::with_alternatives(joint));
            !answer.grants.is_empty() || !answer.undecided.is_empty()
        };
        let joint = pairs.chain(all).find(allows_more);
        joint.into_iter().flatten().map(UndecidedReason::from).collect()
    }

    /// Whether the answer to a question may depend on an ambiguity.
    fn may_matter(&self, ambiguity: Ambiguity, question: &Question<'_>) -> bool {
        if ambiguity == Ambiguity::UnknownResourceOwner {
            return has_rcp_on_unknown_owner(question);
        }
        if ambiguity == Ambiguity::OtherMemberOwner {
            return has_rcp_of_members(question) && !list_unowned(question).is_empty();
        }
        if ambiguity == Ambiguity::KmsKeyManager {
            return has_rcp_on_kms(question);
        }
        let depends = |statement_use: &StatementUse| statement_use.validity.ambiguity() == Some(ambiguity);
        if question.effective.uses().chain(question.declared.uses()).any(depends) {
            return true;
        }
        question.statements().any(|statement| match ambiguity {
            Ambiguity::MidSegmentStar => has_mid_segment_star(statement),
            Ambiguity::UnparsableValue => statement.conditions.iter().any(is_negated_comparison),
            Ambiguity::EmptySetNull => {
                statement.keys().any(|key| question.known.is_known_empty(key))
                    || statement.conditions.iter().any(|c| match self.is_multi_valued(question, &c.key) {
                        true => {
                            c.operator.family() == OperatorFamily::Null || c.when_missing == MissingKeyRule::Satisfied
                        }
                        false => !c.compares_empty_string() && question.distinguishes_empty_string(&c.key),
                    })
            }
            Ambiguity::NotResourceUnresolved => statement
                .resource
                .iter()
                .any(|r| r.kind == ElementKind::NotList && r.patterns.iter().any(|p| p.variables().next().is_some())),
            Ambiguity::ForAnyValueIfExists => statement
                .conditions
                .iter()
                .any(|c| c.quantifier == Quantifier::ForAnyValue && c.when_missing == MissingKeyRule::Satisfied),
            Ambiguity::RoleSessionMfa
            | Ambiguity::DirectCallMcpKey
            | Ambiguity::FederatedSession
            | Ambiguity::TagKeyCase => statement.keys().any(|key| question.known.is_ambiguous(key, ambiguity)),
            Ambiguity::EarlyVariable => has_pattern(statement, Template::has_early_variables),
            Ambiguity::DefaultWildcard => has_default_wildcard(statement),
            Ambiguity::ActionWhiteSpace => statement.action.patterns.iter().any(ActionPattern::has_outer_space),
            Ambiguity::ServiceWildcard => has_pattern(statement, Template::has_service_wildcard),
            Ambiguity::ShortArnPattern => statement.conditions.iter().any(has_short_arn_pattern),
            Ambiguity::UnknownResourceOwner
            | Ambiguity::OtherMemberOwner
            | Ambiguity::KmsKeyManager
            | Ambiguity::PartialNotPrincipal
            | Ambiguity::CanonicalUser
            | Ambiguity::BucketAcl
            | Ambiguity::KmsGrant
            | Ambiguity::AccessPointPolicy => false,
        })
    }
}

/// Whether a witness has an empty string as the value of a key.
fn has_empty_string(answer: &SolverAnswer) -> bool {
    let mut witnesses = answer.grants.iter().filter_map(|grant| grant.witness.as_ref());
    witnesses.any(|witness| {
        witness.context.0.values().any(|value| matches!(value, ContextValue::Single(text) if text.is_empty()))
    })
}

/// Whether AWS's documentation leaves open which actions and resources a statement matches, so that only [`Solver::answer`] can
/// decide about them. Stars after the fifth colon match the same ARNs of users, roles, groups and policies in both readings.
pub(crate) fn has_open_reading(statement: &Statement) -> bool {
    let is_open =
        |pattern: &Template| pattern.has_service_wildcard() || pattern.has_early_variables() || has_early_star(pattern);
    has_pattern(statement, is_open)
        || has_default_wildcard(statement)
        || statement.action.patterns.iter().any(ActionPattern::has_outer_space)
}

/// Whether a star that is not the end of a segment comes before the fifth colon.
fn has_early_star(pattern: &Template) -> bool {
    let mut colons = 0;
    pattern.parts().windows(2).any(|pair| {
        if let [TemplatePart::Literal(text), _] = pair {
            colons += text.matches(':').count();
        }
        colons < 5 && is_mid_segment_star(pair)
    })
}

/// Whether a statement has a resource pattern with a star that is not the end of a segment.
pub(crate) fn has_mid_segment_star(statement: &Statement) -> bool {
    has_pattern(statement, has_star_in_segment)
}

fn has_star_in_segment(pattern: &Template) -> bool {
    pattern.parts().windows(2).any(is_mid_segment_star)
}

/// Whether the first of two parts is a star, and the other one is of the same segment.
fn is_mid_segment_star(pair: &[TemplatePart]) -> bool {
    match pair {
        [TemplatePart::AnyString, TemplatePart::Literal(next)] => !next.starts_with(':'),
        [TemplatePart::AnyString, _] => true,
        _ => false,
    }
}

/// Whether a condition requires that a value of a type differs.
fn is_negated_comparison(condition: &Condition) -> bool {
    let family = condition.operator.family();
    let is_typed =
        matches!(family, OperatorFamily::Numeric | OperatorFamily::Date | OperatorFamily::Ip | OperatorFamily::Arn);
    condition.operator.is_negated() && is_typed
}

/// Whether a statement has a resource pattern with a property.
fn has_pattern(statement: &Statement, has_property: impl Fn(&Template) -> bool) -> bool {
    statement.resource.iter().flat_map(|element| &element.patterns).any(has_property)
}

/// Whether the default value of a variable has a character that is a wildcard elsewhere.
fn has_default_wildcard(statement: &Statement) -> bool {
    let compares = statement.conditions.iter().filter(|condition| condition.operator.has_wildcards());
    let mut values = compares.flat_map(|condition| &condition.values);
    has_pattern(statement, Template::has_default_wildcard)
        || values.any(|value| matches!(value, ConditionValue::Text(template) if template.has_default_wildcard()))
}

/// Whether a condition compares ARNs with a pattern that may have fewer than six segments.
fn has_short_arn_pattern(condition: &Condition) -> bool {
    let count_colons = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.matches(':').count(),
        TemplatePart::AnyString | TemplatePart::AnyChar | TemplatePart::Variable { .. } => 0,
    };
    let is_short = |value: &ConditionValue| match value {
        ConditionValue::Text(template) => {
            !template.is_match_all() && template.parts().iter().map(count_colons).sum::<usize>() < 5
        }
        ConditionValue::Typed(_) => false,
    };
    condition.operator.family() == OperatorFamily::Arn && condition.values.iter().any(is_short)
}

/// Whether a resource control policy can deny requests on resources of unknown owner.
fn has_rcp_on_unknown_owner(question: &Question<'_>) -> bool {
    has_rcp(question, |controlled| matches!(controlled, ControlledResources::OfUnknownOwner(_)))
}

/// Whether a resource control policy of some accounts can deny requests.
fn has_rcp_of_members(question: &Question<'_>) -> bool {
    has_rcp(question, |controlled| matches!(controlled, ControlledResources::Matching(_)))
}

/// Whether a resource control policy can deny requests to AWS KMS that some statement allows.
fn has_rcp_on_kms(question: &Question<'_>) -> bool {
    let may_be_kms = |statement: &Statement| {
        let may_match = |pattern: &ActionPattern| pattern.service_has_wildcards() || pattern.service() == "kms";
        statement.action.kind == ElementKind::NotList || statement.action.patterns.iter().any(may_match)
    };
    let allows = question.effective.branches.iter().flat_map(|branch| branch.allow_layers.first()).flatten();
    let denies = question.effective.branches.iter().flat_map(|branch| &branch.deny_statements);
    let mut rcps = denies.filter(|statement_use| statement_use.controlled_resources.is_some());
    allows.into_iter().any(|statement_use| may_be_kms(statement_use.statement()))
        && rcps
            .any(|statement_use| may_be_kms(statement_use.statement()) && may_hold(statement_use.statement(), question))
}

/// Whether the known context leaves open that the conditions of a statement hold, or settles that they do.
fn may_hold(statement: &Statement, question: &Question<'_>) -> bool {
    let decide = |condition: &Condition| decide_condition(condition, &question.known.fact(&condition.key));
    statement.conditions.iter().all(|condition| decide(condition) != Some(false))
}

/// Whether a resource control policy on some resources can deny requests.
fn has_rcp(question: &Question<'_>, is_scope: impl Fn(&ControlledResources) -> bool) -> bool {
    question.effective.uses().chain(question.declared.uses()).any(|statement_use| {
        statement_use.controlled_resources.as_ref().is_some_and(&is_scope)
            && may_hold(statement_use.statement(), question)
    })
}

/// Patterns over the ARNs of the resources that a question names in full and whose owner is unknown, and of the resources
/// inside them. A pattern with a wildcard in the name also matches resources of the principal's account.
pub(super) fn list_unowned(question: &Question<'_>) -> Vec<String> {
    let templates =
        question.statements().flat_map(|statement| &statement.resource).flat_map(|element| &element.patterns);
    let single = question.single_request.map(|(_, resource)| resource.to_owned());
    let names: BTreeSet<String> = templates.filter_map(find_named_resource).chain(single).collect();
    let directory = question.known.directory();
    let is_unowned = |name: &String| {
        Arn::parse(name).is_some_and(|arn| arn.account().is_empty() && directory.find_owner(name).is_none())
    };
    names.into_iter().filter(is_unowned).flat_map(|name| [format!("{name}/*"), name]).collect()
}

/// The resource that a pattern names in full, or inside which all matching resources are: the text up to a slash that no
/// wildcard precedes.
fn find_named_resource(pattern: &Template) -> Option<String> {
    if let Some(text) = pattern.as_literal() {
        return Some(text.to_owned());
    }
    let Some(TemplatePart::Literal(start)) = pattern.parts().first() else { return None };
    start.split_once('/').map(|(name, _)| name.to_owned())
}
