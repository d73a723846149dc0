//! Whether an answer depends on a question that AWS's documentation leaves open.

use crate::access::decide_condition;
use crate::iam::operator::OperatorFamily;
use crate::iam::{Ambiguity, Condition, ElementKind, Interpretation, MissingKeyRule, Quantifier, TemplatePart};
use crate::solve::access::formula::ControlledResources;
use crate::solve::answer::{ContainmentVerdict, SolverAnswer, UndecidedReason};
use crate::solve::compile::solver::Solver;
use crate::solve::question::{AnswerDetail, Question};

impl Solver<'_> {
    /// Decides a question. If the verdict differs under the alternative interpretation of an ambiguity, it is undecided.
    pub fn solve(&self, question: &Question<'_>) -> ContainmentVerdict {
        self.answer(question).into_verdict()
    }

    /// Like [`Solver::solve`], with the full answer: the proven excess, and the reasons why there may be more.
    pub fn answer(&self, question: &Question<'_>) -> SolverAnswer {
        let answer = self.answer_with_interpretation(question, Interpretation::default());
        let broader = !answer.grants.is_empty();
        if !broader && !answer.undecided.is_empty() {
            return answer;
        }
        let mut undecided = Vec::new();
        let witness = answer.grants.iter().find_map(|g| g.witness.as_ref());
        for ambiguity in Ambiguity::ALL.into_iter().filter(|a| self.may_matter(*a, question)) {
            // Mostly the same witness proves the excess under the alternative interpretation too.
            if let (Some(witness), Some(replay)) = (witness, question.replay)
                && question.known.allows_under(ambiguity, &witness.context)
                && replay(witness, Interpretation::with_alternative(ambiguity)).is_ok()
            {
                continue;
            }
            // Witnesses are replayed under the default interpretation only.
            let alternative_question = Question { replay: None, detail: AnswerDetail::Verdict, ..question.clone() };
            let alternative_answer =
                self.answer_with_interpretation(&alternative_question, Interpretation::with_alternative(ambiguity));
            if alternative_answer.grants.is_empty() == broader || (!broader && !alternative_answer.undecided.is_empty())
            {
                undecided.push(UndecidedReason::from(ambiguity));
            }
        }
        if undecided.is_empty() { answer } else { SolverAnswer { grants: Vec::new(), undecided } }
    }

    /// Whether the answer to a question may depend on an ambiguity.
    fn may_matter(&self, ambiguity: Ambiguity, question: &Question<'_>) -> bool {
        if ambiguity == Ambiguity::UnknownResourceOwner {
            return has_rcp_on_unknown_owner(question);
        }
        question.statements().any(|statement| match ambiguity {
            Ambiguity::MidSegmentStar => statement.resource.iter().flat_map(|r| &r.patterns).any(|pattern| {
                pattern.parts().windows(2).any(|pair| match pair {
                    [TemplatePart::AnyString, TemplatePart::Literal(next)] => !next.starts_with(':'),
                    [TemplatePart::AnyString, _] => true,
                    _ => false,
                })
            }),
            Ambiguity::UnparsableValue => statement.conditions.iter().any(|c| {
                c.operator.is_negated()
                    && matches!(
                        c.operator.family(),
                        OperatorFamily::Numeric | OperatorFamily::Date | OperatorFamily::Ip | OperatorFamily::Arn
                    )
            }),
            Ambiguity::EmptySetNull => statement.conditions.iter().any(|c| {
                self.is_multi_valued(question, &c.key)
                    && (c.operator.family() == OperatorFamily::Null || c.when_missing == MissingKeyRule::Satisfied)
            }),
            Ambiguity::NotResourceUnresolved => statement
                .resource
                .iter()
                .any(|r| r.kind == ElementKind::NotList && r.patterns.iter().any(|p| p.variables().next().is_some())),
            Ambiguity::ForAnyValueIfExists => statement
                .conditions
                .iter()
                .any(|c| c.quantifier == Quantifier::ForAnyValue && c.when_missing == MissingKeyRule::Satisfied),
            Ambiguity::RoleSessionMfa | Ambiguity::DirectCallMcpKey => {
                statement.keys().any(|key| question.known.is_ambiguous(key, ambiguity))
            }
            Ambiguity::UnknownResourceOwner => false,
        })
    }
}

/// Whether a resource control policy can deny requests on resources of unknown owner.
fn has_rcp_on_unknown_owner(question: &Question<'_>) -> bool {
    question.effective.uses().chain(question.declared.uses()).any(|statement_use| {
        let is_scoped = matches!(statement_use.controlled_resources, Some(ControlledResources::OfUnknownOwner(_)));
        let may_hold =
            |condition: &Condition| decide_condition(condition, &question.known.fact(&condition.key)) != Some(false);
        is_scoped && statement_use.statement().conditions.iter().all(may_hold)
    })
}
