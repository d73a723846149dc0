//! The extent of a finding, as `baseline accept` writes it, with its proof.

use std::sync::Arc;

use serde_json::Value;

use super::coverage_question::CoverageQuestion;
use super::held_documents::{DocumentWriter, NarrowedGrants};
use super::narrowed_actions::{PartialPattern, narrow_actions};
use crate::access::PolicyRef;
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::analysis::analyzer::{Analyzer, Query};
use crate::audit::model::extent::{Extent, ExtentOffer, ExtentRefusal};
use crate::audit::subject::accepted_extents::AcceptedRequests;
use crate::iam::document_json::write_document;
use crate::iam::{DocumentKind, PolicyDocument};
use crate::solve::{Access, ActionWorld};
use crate::source::SourceFile;

/// What a principal holds, and which part is in excess.
struct HeldExcess<'h> {
    /// Everything that it is allowed.
    held: &'h Access,
    /// The policies that statement ids refer to.
    policies: &'h [PolicyRef],
    /// The excess by granting statement.
    excess: &'h ExcessByStatement,
}

/// The extent of a finding about an access with its policies. The questions of the finding differ in the actions that they
/// are about: each covers what the documents of those before leave.
pub(crate) fn offer_held(
    analyzer: &Analyzer<'_>,
    questions: &[CoverageQuestion<'_>],
    (held, policies): (&Access, &[PolicyRef]),
) -> ExtentOffer {
    let (mut documents, mut parsed) = (Vec::new(), Vec::new());
    for question in questions {
        let all = question.find_unaccepted(analyzer, &AcceptedRequests::new(&parsed));
        if !all.undecided.is_empty() {
            return ExtentOffer::Refused(ExtentRefusal::Undecided(all.undecided.into_iter().collect()));
        }
        let held = HeldExcess { held, policies, excess: &all.excess };
        match offer_documents(analyzer, question, &held, &parsed) {
            Ok((more, more_parsed)) => {
                documents.extend(more);
                parsed.extend(more_parsed);
            }
            Err(refusal) => return ExtentOffer::Refused(refusal),
        }
    }
    ExtentOffer::Proven(Extent { documents, ..Extent::default() })
}

/// Documents as written, and as read back.
type ReadDocuments = (Vec<Value>, Vec<Arc<PolicyDocument>>);

/// Documents that cover a question together with some others, and that allow nothing that the principal does not hold.
fn offer_documents(
    analyzer: &Analyzer<'_>,
    question: &CoverageQuestion<'_>,
    held: &HeldExcess<'_>,
    others: &[Arc<PolicyDocument>],
) -> Result<ReadDocuments, ExtentRefusal> {
    let mut refusal = ExtentRefusal::NotExpressible;
    for style in [PartialPattern::Patterns, PartialPattern::Names] {
        let Some(documents) = write_documents(analyzer, question, held, style) else { continue };
        match prove_documents(analyzer, question, held.held, (&documents, others)) {
            Ok(parsed) => return Ok((documents, parsed)),
            Err(reason) => refusal = reason,
        }
    }
    Err(refusal)
}

fn write_documents(
    analyzer: &Analyzer<'_>,
    question: &CoverageQuestion<'_>,
    held: &HeldExcess<'_>,
    style: PartialPattern,
) -> Option<Vec<Value>> {
    let mut grants = NarrowedGrants::new();
    for ((policy, statement), excess) in held.excess {
        let statement_of = policy.find(held.policies)?.document.statements.get(*statement)?;
        let actions = narrow_actions(&analyzer.ranking, statement_of, excess, question.world, style);
        grants.insert((*policy, *statement), actions);
    }
    let writer =
        DocumentWriter { catalog: analyzer.catalog(), known: question.requester.known_context, grants: &grants };
    writer.write(held.held)?.iter().map(write_document).collect()
}

/// Proves that documents cover the question together with some others, and that they allow nothing that the principal does
/// not hold: today, and when AWS releases actions.
fn prove_documents(
    analyzer: &Analyzer<'_>,
    question: &CoverageQuestion<'_>,
    held: &Access,
    (documents, others): (&[Value], &[Arc<PolicyDocument>]),
) -> Result<Vec<Arc<PolicyDocument>>, ExtentRefusal> {
    // What is proven is the text that is written.
    let parse = |document: &Value| {
        let source = SourceFile::new("extent", document.to_string());
        PolicyDocument::parse(&source, DocumentKind::Identity).map(Arc::new)
    };
    let parsed: Result<Vec<Arc<PolicyDocument>>, _> = documents.iter().map(parse).collect();
    let parsed = parsed.map_err(|_| ExtentRefusal::NotExpressible)?;
    let accepted = AcceptedRequests::new(&parsed);
    let query = Query::new_verdict(analyzer, question.requester);
    let answers = [
        question.decide_covered(analyzer, &AcceptedRequests::new(others.iter().chain(&parsed))),
        query.find_excess_in(&accepted.access, held, ActionWorld::Existing),
        query.find_excess_in(&accepted.access, held, ActionWorld::Future),
    ];
    for answer in answers {
        if !answer.excess.is_empty() {
            return Err(ExtentRefusal::NotExact);
        }
        if !answer.undecided.is_empty() {
            return Err(ExtentRefusal::Undecided(answer.undecided.into_iter().collect()));
        }
    }
    Ok(parsed)
}
