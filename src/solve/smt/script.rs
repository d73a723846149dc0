//! A containment question about two documents as one SMT-LIB 2.6 script for another solver (`docs/engine.md`).

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::action_query::{UnsupportedConstruct, lists_action, render_smt_query};
use crate::catalog::{ActionId, Catalog, ShapeId};
use crate::iam::{Effect, PolicyDocument};

/// A script that asks, action by action, whether `a` allows a request that `b` does not allow.
#[derive(Clone, Debug)]
pub struct SmtScript {
    /// The script. For each group of actions it prints the first action, and `sat` if only `a` allows some request.
    pub text: String,
    /// The number of questions in the script.
    pub questions: usize,
    /// Actions whose question is not supported, with the reason. The script names them in comments.
    pub omitted: Vec<(String, UnsupportedConstruct)>,
}

/// The script for two documents. It covers every existing action that `a` may allow. Of actions that the same
/// statements list, with the same resources and keys, it asks about the first one.
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
                    let _ = writeln!(script.text, "; represents {others} more actions");
                }
                let _ = writeln!(script.text, "{question}(reset)\n");
                script.questions += 1;
            }
            Err(reason) => {
                let _ = writeln!(
                    script.text,
                    "; {name} and {others} more actions are omitted: {}\n",
                    sanitize_comment(&reason)
                );
                script.omitted.push((name, reason));
            }
        }
    }
    script
}

/// The actions that an Allow statement of `a` lists, in groups with the same answer.
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

/// Removes line breaks, so that text from a document cannot end the comment.
fn sanitize_comment(reason: &UnsupportedConstruct) -> String {
    reason.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
