//! The whole question of two documents as one SMT-LIB 2.6 script, for another solver to run (`docs/engine.md`).

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::action_query::{UnsupportedConstruct, lists_action, render_smt_query};
use crate::catalog::{ActionId, Catalog, ShapeId};
use crate::iam::{Effect, PolicyDocument};

/// Whether `a` allows what `b` does not, action by action.
#[derive(Clone, Debug)]
pub struct SmtScript {
    /// The script: for each group of actions its first one, by `echo`, and `sat` where `a` allows more of it.
    pub text: String,
    /// How many questions it asks.
    pub questions: usize,
    /// Actions whose question cannot be told in SMT-LIB, and why; the script names them in comments.
    pub omitted: Vec<(String, UnsupportedConstruct)>,
}

/// The script for two documents by themselves. Every existing action that `a` may allow is asked about; of actions
/// that the same statements speak of, on the same resources and with the same keys, the first one for all.
pub fn render_smt_script(a: &PolicyDocument, b: &PolicyDocument, catalog: &Catalog) -> SmtScript {
    let mut script = SmtScript { text: String::new(), questions: 0, omitted: Vec::new() };
    for ((_, _), actions) in group_actions(a, b, catalog) {
        let Some(first) = actions.first() else { continue };
        let name = catalog.full_name(*first);
        let others = actions.len() - 1;
        match render_smt_query(a, b, &name, catalog) {
            Ok(question) => {
                let _ = writeln!(script.text, "(echo \"{name}\")");
                if others > 0 {
                    let _ = writeln!(script.text, "; and {others} more actions of which the same holds");
                }
                let _ = writeln!(script.text, "{question}(reset)\n");
                script.questions += 1;
            }
            Err(reason) => {
                let _ =
                    writeln!(script.text, "; {name} and {others} more are left out: {}\n", sanitize_comment(&reason));
                script.omitted.push((name, reason));
            }
        }
    }
    script
}

/// The actions that some Allow of `a` speaks of, in groups of which the same holds.
fn group_actions(
    a: &PolicyDocument,
    b: &PolicyDocument,
    catalog: &Catalog,
) -> IndexMap<(Vec<bool>, ShapeId), Vec<ActionId>> {
    let mut groups: IndexMap<(Vec<bool>, ShapeId), Vec<ActionId>> = IndexMap::new();
    for action in catalog.actions() {
        let lower = catalog.full_name(action).to_ascii_lowercase();
        let is_listed = |statement: &crate::iam::Statement| lists_action(&statement.action, &lower);
        if a.statements.iter().any(|s| s.effect == Effect::Allow && is_listed(s)) {
            let statements = a.statements.iter().chain(&b.statements).map(is_listed).collect();
            groups.entry((statements, catalog.shape(action))).or_default().push(action);
        }
    }
    groups
}

/// A comment ends where its line does: what a document brings must not begin another.
fn sanitize_comment(reason: &UnsupportedConstruct) -> String {
    reason.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
