//! Paths to an action, as text.

use std::collections::BTreeSet;

use iamdrift::catalog::Catalog;
use iamdrift::reach::{GoalResult, Graph, NodeState, PathSoFar, ProvenStep, VisitOutcome, WhoCanQuery};
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::Solver;

/// What a search for an action finds: the steps of a path, or why that is undecided.
pub type Found = Result<Option<Vec<String>>, Vec<String>>;

/// The steps of a shortest path to an action on some resource: `a → x: technique of b, technique`.
pub fn steps_to(snapshot: &Snapshot, from: &str, action: &str) -> Option<Vec<String>> {
    search(snapshot, from, (action, None)).unwrap_or_else(|why| panic!("undecided: {why:?}"))
}

/// The same on one resource.
pub fn search(snapshot: &Snapshot, from: &str, (action, resource): (&str, Option<&str>)) -> Found {
    let catalog = Catalog::embedded();
    let solver = Solver::new(catalog);
    let graph = Graph::new(&solver, snapshot, jiff::civil::date(2026, 11, 20));
    let start = graph.find(from).unwrap_or_else(|| panic!("no {from}"));
    let query = WhoCanQuery::new(catalog, action, resource);
    let itself = graph.answer_who_can(&NodeState::unchanged(start), &query);
    assert!(matches!(itself, Ok(None)), "{from} itself: {:?}", itself.map(|can| can.map(|can| can.request)));
    let mut goal = |path: &PathSoFar<'_>| match graph.answer_who_can(path.last(), &query) {
        Ok(None) => GoalResult::NotMet,
        Ok(Some(_)) => match graph.prove_steps(&path.steps()) {
            Ok(steps) => GoalResult::Met(steps),
            Err(why) => GoalResult::Undecided(why),
        },
        Err(why) => GoalResult::Undecided(why),
    };
    let result = graph.find_shortest_path(start, &mut goal);
    let name = |state: &NodeState| graph.arn(state.principal).rsplit('/').next().unwrap().to_owned();
    let text = |step: &ProvenStep| {
        let mut by = step.grantor.as_ref().map(|grantor| format!(" of {}", name(grantor))).unwrap_or_default();
        let ids = step.techniques.iter().map(|technique| format!("{}{}", technique.id, std::mem::take(&mut by)));
        format!("{} → {}: {}", name(&step.from), name(&step.to), ids.collect::<Vec<_>>().join(", "))
    };
    match result.found {
        Some(found) => Ok(Some(found.witness.iter().map(text).collect())),
        None if result.undecided.is_empty() => Ok(None),
        None => Err(result.undecided.iter().map(ToString::to_string).collect()),
    }
}

/// The principals that can perform an action on a resource, in a state that a principal can obtain: each with a proven path.
/// The second set has the reasons why others are undecided.
pub fn find_ends(
    snapshot: &Snapshot,
    from: &str,
    (action, resource): (&str, &str),
) -> (BTreeSet<String>, BTreeSet<String>) {
    let catalog = Catalog::embedded();
    let solver = Solver::new(catalog);
    let graph = Graph::new(&solver, snapshot, jiff::civil::date(2026, 11, 20));
    let start = graph.find(from).unwrap_or_else(|| panic!("no {from}"));
    let query = WhoCanQuery::new(catalog, action, Some(resource));
    let (mut ends, mut undecided) = (BTreeSet::new(), BTreeSet::new());
    let mut visit = |path: &PathSoFar<'_>| {
        match graph.answer_who_can(path.last(), &query) {
            Ok(None) => {}
            // It is not in the snapshot.
            Ok(Some(_)) if path.last().change.was_absent => {}
            Ok(Some(_)) => match graph.prove_steps(&path.steps()) {
                Ok(_) => {
                    ends.insert(graph.arn(path.last().principal).to_owned());
                }
                Err(why) => undecided.extend(why),
            },
            Err(why) => undecided.extend(why),
        }
        VisitOutcome::Expand
    };
    let of_steps = graph.visit_states(start, None, &mut visit);
    undecided.extend(of_steps);
    (ends, undecided.iter().map(ToString::to_string).collect())
}
