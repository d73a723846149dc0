//! Random tiny accounts.

use super::account::{
    ACTIONS, Account, Action, Condition, MAX_GROUPS, MAX_PRINCIPALS, Principal, Statement, Trust, VALUES,
};

/// A linear congruential generator: the same accounts everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).expect("a small number")
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn condition(&mut self, has_target: bool) -> Condition {
        match self.below(8) {
            0 | 1 => Condition::OwnTag(self.below(VALUES.len())),
            2 if has_target => Condition::TargetTag(self.below(VALUES.len())),
            _ => Condition::Always,
        }
    }

    fn statement(&mut self, principals: usize, groups: usize) -> Statement {
        let mut action = ACTIONS[self.below(ACTIONS.len())];
        if action.is_about_groups() && groups == 0 {
            action = Action::Gain;
        }
        let has_target = action != Action::Gain;
        let mut condition = self.condition(has_target);
        if action == Action::Tag && self.one_in(3) {
            condition = Condition::NewTag(1 + self.below(VALUES.len() - 1));
        }
        if action == Action::Gain && !self.one_in(3) {
            condition = Condition::OwnTag(self.below(VALUES.len()));
        }
        let targets = if action.is_about_groups() { groups } else { principals };
        let target = (has_target && !self.one_in(4)).then(|| self.below(targets));
        Statement { is_deny: self.one_in(8), action, target, condition }
    }

    fn principal(&mut self, principals: usize, groups: usize) -> Principal {
        let is_user = self.one_in(3);
        let trusts = if is_user { 0 } else { 1 + self.below(2) };
        let statements = 1 + self.below(4);
        Principal {
            is_user,
            tag: self.below(VALUES.len()),
            statements: (0..statements).map(|_| self.statement(principals, groups)).collect(),
            boundary: self.one_in(4).then(|| ACTIONS.into_iter().filter(|_| !self.one_in(4)).collect()),
            trust: (0..trusts)
                .map(|_| Trust {
                    named: (!self.one_in(3)).then(|| self.below(principals)),
                    condition: self.condition(true),
                })
                .collect(),
            groups: (0..groups).filter(|_| is_user && self.one_in(3)).collect(),
        }
    }
}

/// The account of a seed: 2 to 5 principals, and often a group or two.
pub fn account(seed: u64) -> Account {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let principals = 2 + random.below(MAX_PRINCIPALS - 1);
    let groups = random.below(MAX_GROUPS + 1);
    let has_full_scp = random.one_in(2);
    Account {
        principals: (0..principals).map(|_| random.principal(principals, groups)).collect(),
        groups: (0..groups)
            .map(|_| (0..1 + random.below(2)).map(|_| random.statement(principals, groups)).collect())
            .collect(),
        allowed_by_scp: ACTIONS.into_iter().filter(|_| has_full_scp || !random.one_in(8)).collect(),
    }
}
