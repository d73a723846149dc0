//! What decides over a question. Two of whom the same statements speak and the same is known get one answer; whole
//! fleets of roles are alike so.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::access::{Known, settled};
use crate::iam::{ContextKey, Partition, PolicyDocument};
use crate::solve::{Allowing, Branch, Except};

/// The statements that decide, and what is known of the keys that they name.
#[derive(Eq, Hash, PartialEq)]
pub(super) struct Decides {
    partition: &'static str,
    branches: Vec<Lists>,
    known: Vec<Told>,
}

/// The statements of a branch, list by list; what must not match comes last.
#[derive(Eq, Hash, PartialEq)]
struct Lists {
    lists: Vec<Vec<One>>,
    except: Vec<Except>,
}

/// A statement.
#[derive(Eq, Hash, PartialEq)]
struct One {
    document: Document,
    index: usize,
    rcp_services_only: bool,
    covers: Option<Arc<Except>>,
}

/// A document by its place in memory, which it keeps.
struct Document(Arc<PolicyDocument>);

impl PartialEq for Document {
    fn eq(&self, other: &Document) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Document {}

impl Hash for Document {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// What is known of a key that a statement names.
#[derive(Eq, Hash, PartialEq)]
enum Told {
    /// Whether the condition holds: what else is known of its key makes no difference.
    Holds(bool),
    Key(ContextKey, Known),
}

impl Decides {
    /// What decides over branches.
    pub(super) fn new(branches: &[Branch], partition: Partition, known: impl Fn(&ContextKey) -> Known) -> Decides {
        let mut decides = Decides { partition: partition.as_str(), branches: Vec::new(), known: Vec::new() };
        for branch in branches {
            let lists = branch.require.iter().chain([&branch.forbid]);
            decides.branches.push(Lists {
                lists: lists.clone().map(|list| list.iter().map(one).collect()).collect(),
                except: branch.except.clone(),
            });
            lists.flatten().for_each(|one| decides.add(one, &known));
        }
        decides
    }

    /// Adds what is known of the keys that a statement names, in its conditions and as variables.
    pub(super) fn add(&mut self, one: &Allowing, known: &impl Fn(&ContextKey) -> Known) {
        let Some(statement) = one.statement() else { return };
        for condition in &statement.conditions {
            let of_key = known(&condition.key);
            self.known.push(match settled(condition, &of_key) {
                Some(holds) => Told::Holds(holds),
                None => Told::Key(condition.key.clone(), of_key),
            });
        }
        self.known.extend(statement.variables().map(|key| Told::Key(key.clone(), known(key))));
    }
}

fn one(one: &Allowing) -> One {
    One {
        document: Document(Arc::clone(&one.document)),
        index: one.index,
        rcp_services_only: one.rcp_services_only,
        covers: one.covers.clone(),
    }
}
