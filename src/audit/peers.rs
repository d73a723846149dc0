//! Agents held against operators (`docs/rules.md`, IAM003): may one do what the other may, and nothing less?

use std::collections::{BTreeMap, BTreeSet};

use super::against::{Agent, Compared, Operator, Relation};
use super::ask::{Answer, Ask, Asker, Founds};
use super::made;
use super::subject::{Declared, Subject};
use crate::access::Request;
use crate::baseline::{Baseline, Entry};
use crate::catalog::ActionClass;
use crate::kinds::Who;
use crate::solve::Access;

/// Those whom agents are held against.
pub(super) struct Peers<'a> {
    all: Vec<Operator<'a>>,
    /// The operators of each account.
    operators: BTreeMap<&'a str, Vec<usize>>,
    /// Everything that destroys.
    destructive: Declared,
}

/// An agent held against all operators that matter to it.
pub(super) struct Comparison<'a> {
    /// All that the agent may do.
    pub all: Founds,
    /// Against those that it is declared to be narrower than.
    pub declared: Vec<Compared<'a>>,
    /// That nobody is bound by the entry that it is declared to be narrower than.
    nobody: Option<String>,
    /// Others that may do exactly the same.
    pub same: Vec<&'a Subject<'a>>,
}

/// What comes of all comparisons with those that an agent is declared to be narrower than.
pub(super) enum Narrowness<'c, 'a> {
    /// It is narrower, or nothing is declared.
    Narrower,
    /// It may do the same as this one.
    Same(&'c Compared<'a>),
    /// It may do what none of them may; this one comes nearest.
    Beyond(&'c Compared<'a>, &'c Founds),
    /// It could not be decided.
    Unknown(BTreeSet<String>),
}

impl<'a> Comparison<'a> {
    /// Whether the agent is narrower than one of them, and the same as none.
    pub fn narrowness(&self) -> Narrowness<'_, 'a> {
        let relations = || self.declared.iter().map(|compared| (compared, &compared.relation));
        if let Some((same, _)) = relations().find(|(_, relation)| matches!(relation, Relation::Same)) {
            return Narrowness::Same(same);
        }
        if relations().any(|(_, relation)| matches!(relation, Relation::Within)) {
            return Narrowness::Narrower;
        }
        let unknown = relations().filter_map(|(_, relation)| match relation {
            Relation::Unknown(why) => Some(why),
            _ => None,
        });
        let unknown: BTreeSet<String> = unknown.flatten().chain(&self.nobody).cloned().collect();
        if !unknown.is_empty() {
            return Narrowness::Unknown(unknown);
        }
        let beyond = relations().filter_map(|(compared, relation)| match relation {
            Relation::Beyond(founds) => Some((compared, founds)),
            _ => None,
        });
        let actions = |founds: &Founds| founds.values().map(|found| found.actions.len()).sum::<usize>();
        match beyond.min_by_key(|(_, founds)| actions(founds)) {
            Some((nearest, founds)) => Narrowness::Beyond(nearest, founds),
            None => Narrowness::Narrower,
        }
    }
}

impl<'a> Peers<'a> {
    /// The operators among these principals, access for emergencies included, and those whom an entry names.
    pub fn new(
        asker: &Asker<'_>,
        baseline: &Baseline,
        principals: impl IntoIterator<Item = &'a Subject<'a>>,
    ) -> Peers<'a> {
        let named = |entry: &Entry| {
            let narrower_than = baseline.entries.iter().filter_map(|other| other.narrower_than.as_ref());
            narrower_than.map(|name| &name.value).any(|name| *name == entry.name.value)
        };
        let matters = |subject: &&Subject<'_>| is_operator(subject) || subject.entry.is_some_and(named);
        let all: Vec<Operator<'a>> = principals.into_iter().filter(matters).map(Operator::new).collect();
        let mut operators: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, operator) in all.iter().enumerate() {
            if is_operator(operator.subject) {
                operators.entry(operator.subject.account.id.as_str()).or_default().push(index);
            }
        }
        let destroys = made::class(asker.catalog(), ActionClass::Destructive);
        let statement = made::allow(&destroys, &made::everywhere());
        let destructive = made::declared("what destroys", &[statement], None);
        Peers { all, operators, destructive }
    }

    /// Holds an agent against those that it is declared to be narrower than, and looks for operators that may do the
    /// same; `answer` is what is known of it already.
    pub fn compare(&self, asker: &Asker<'_>, agent: &Subject<'_>, answer: &Answer) -> Option<Comparison<'a>> {
        if !agent.is_agent() && agent.entry.is_none_or(|entry| entry.narrower_than.is_none()) {
            return None;
        }
        let (access, _) = asker.effective(&agent.layers);
        let all = match agent.entry {
            None => answer.excess.clone(),
            Some(_) => everything(asker, agent, &access),
        };
        let declared = self.declared(agent);
        let one = Agent { asker, subject: agent, access: &access, answer, destructive: &self.destructive };
        let others = self.operators.get(agent.account.id.as_str()).into_iter().flatten();
        let same = others
            .filter(|index| agent.is_agent() && !declared.contains(index) && !all.is_empty())
            .filter_map(|index| self.all.get(*index))
            .filter(|operator| one.may_be_same(operator, &all) && one.is_same(operator))
            .map(|operator| operator.subject)
            .collect();
        let declared_ones = || declared.iter().filter_map(|index| self.all.get(*index));
        // Within one of them, whatever is shared is shared with that one; the others need not be asked.
        let within: Vec<&Operator<'a>> = declared_ones().filter(|other| one.is_within(other, &all)).collect();
        let compared = match within.as_slice() {
            [] => declared_ones().map(|other| one.held(other)).collect(),
            some => some.iter().map(|other| one.held(other)).collect(),
        };
        let nobody = agent.entry.and_then(|entry| entry.narrower_than.as_ref()).filter(|_| declared.is_empty());
        let nobody = nobody.map(|name| {
            format!("no principal of the snapshot is bound by \"{}\", which it is to be narrower than", name.value)
        });
        Some(Comparison { all, declared: compared, nobody, same })
    }

    /// Those that a principal is declared to be narrower than: of its own account, where there are some.
    fn declared(&self, agent: &Subject<'_>) -> Vec<usize> {
        let Some(name) = agent.entry.and_then(|entry| entry.narrower_than.as_ref()) else { return Vec::new() };
        let is_bound = |other: &Operator<'_>| other.subject.entry.is_some_and(|e| e.name.value == name.value);
        let is_near = |other: &Operator<'_>| other.subject.account.id == agent.account.id;
        let those = |near: bool| -> Vec<usize> {
            let all = self.all.iter().enumerate();
            all.filter(|(_, other)| is_bound(other) && (!near || is_near(other))).map(|(index, _)| index).collect()
        };
        let near = those(true);
        if near.is_empty() { those(false) } else { near }
    }
}

/// Whether a principal is people's.
pub(super) fn is_operator(subject: &Subject<'_>) -> bool {
    matches!(subject.who(), Who::Operator | Who::BreakGlass)
}

/// All that a principal may do.
pub(super) fn everything(asker: &Asker<'_>, subject: &Subject<'_>, access: &Access) -> Founds {
    let confirm = |request: &Request, readings| {
        asker.confirm(asker.is_allowed(&subject.layers, request, readings), false, request)
    };
    // What is undecided of it is told where it decides something.
    Ask::difference(asker, subject, &confirm).closed(access, &Access::default(), &mut BTreeSet::new())
}
