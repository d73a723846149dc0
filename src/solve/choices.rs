//! Whether an answer stands under every reading of the questions that AWS's documentation leaves open.

use super::compile::Solver;
use super::question::{Depth, Question};
use super::verdict::{Answer, Undecided, Verdict};
use crate::iam::condition::Family;
use crate::iam::{Choice, Listing, Part, Quantifier, Readings, WhenMissing};

impl Solver<'_> {
    /// Decides a question. A verdict that would be another under the other reading of an open choice is
    /// undecided.
    pub fn solve(&self, question: &Question<'_>) -> Verdict {
        self.answer(question).verdict()
    }

    /// The same with all that was found: proven excess, and what is undecided beside it.
    pub fn answer(&self, question: &Question<'_>) -> Answer {
        let answer = self.answer_reading(question, Readings::default());
        let broader = !answer.grants.is_empty();
        if !broader && !answer.undecided.is_empty() {
            return answer;
        }
        let mut hanging = Vec::new();
        let witness = answer.grants.iter().find_map(|g| g.witness.as_ref());
        for choice in Choice::ALL.into_iter().filter(|choice| self.is_open(*choice, question)) {
            // Most often the very witness shows the excess under the other reading, too.
            if let (Some(witness), Some(confirm)) = (witness, question.confirm)
                && confirm(witness, Readings::other(choice)).is_ok()
            {
                continue;
            }
            // The evaluator replays witnesses under the default reading, so it is not asked of this one.
            let other = Question { confirm: None, depth: Depth::Verdict, ..question.clone() };
            let other = self.answer_reading(&other, Readings::other(choice));
            if other.grants.is_empty() == broader || (!broader && !other.undecided.is_empty()) {
                hanging.push(Undecided::from(choice));
            }
        }
        if hanging.is_empty() { answer } else { Answer { grants: Vec::new(), undecided: hanging } }
    }

    /// Whether a choice could matter to a question at all.
    fn is_open(&self, choice: Choice, question: &Question<'_>) -> bool {
        question.statements().any(|statement| match choice {
            Choice::MidSegmentStar => statement.resource.iter().flat_map(|r| &r.patterns).any(|pattern| {
                pattern.parts().windows(2).any(|pair| match pair {
                    [Part::AnyRun, Part::Literal(next)] => !next.starts_with(':'),
                    [Part::AnyRun, _] => true,
                    _ => false,
                })
            }),
            Choice::UnparsableValue => statement.conditions.iter().any(|c| {
                c.operator.is_negated()
                    && matches!(c.operator.family(), Family::Numeric | Family::Date | Family::Ip | Family::Arn)
            }),
            Choice::EmptySetNull => statement.conditions.iter().any(|c| {
                self.is_multi_valued(question, &c.key)
                    && (c.operator.family() == Family::Null || c.when_missing == WhenMissing::Holds)
            }),
            Choice::NotResourceUnresolved => statement
                .resource
                .iter()
                .any(|r| r.listing == Listing::AllBut && r.patterns.iter().any(|p| p.variables().next().is_some())),
            Choice::ForAnyValueIfExists => statement
                .conditions
                .iter()
                .any(|c| c.quantifier == Quantifier::ForAnyValue && c.when_missing == WhenMissing::Holds),
        })
    }
}
