//! A tiny account as plain data, and what IAM answers about it, one request at a time. Shares no code with the program.

use std::array::from_fn;

/// The values that a tag can have. The first is no tag.
pub const VALUES: [Option<&str>; 3] = [None, Some("one"), Some("two")];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    Assume,
    PutPolicy,
    MakeKeys,
    Tag,
    Untag,
    DropBoundary,
    RewriteTrust,
    JoinGroup,
    LeaveGroup,
    PutGroupPolicy,
    /// What nobody needs for a step.
    Gain,
}

pub const ACTIONS: [Action; 11] = [
    Action::Assume,
    Action::PutPolicy,
    Action::MakeKeys,
    Action::Tag,
    Action::Untag,
    Action::DropBoundary,
    Action::RewriteTrust,
    Action::JoinGroup,
    Action::LeaveGroup,
    Action::PutGroupPolicy,
    Action::Gain,
];

impl Action {
    /// Whether its resource is a group.
    pub fn is_about_groups(self) -> bool {
        matches!(self, Action::JoinGroup | Action::LeaveGroup | Action::PutGroupPolicy)
    }
}

/// A condition on the tag `x`. The number is a position in [`VALUES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Condition {
    Always,
    OwnTag(usize),
    TargetTag(usize),
    NewTag(usize),
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub is_deny: bool,
    pub action: Action,
    /// A principal, or a group if the action is about groups. None for every resource.
    pub target: Option<usize>,
    pub condition: Condition,
}

#[derive(Clone, Debug)]
pub struct Account {
    pub principals: Vec<Principal>,
    /// The statements of each group.
    pub groups: Vec<Vec<Statement>>,
    /// The actions that the SCP allows.
    pub allowed_by_scp: Vec<Action>,
}

#[derive(Clone, Debug)]
pub struct Trust {
    /// None for the account.
    pub named: Option<usize>,
    pub condition: Condition,
}

#[derive(Clone, Debug)]
pub struct Principal {
    pub is_user: bool,
    pub tag: usize,
    pub statements: Vec<Statement>,
    /// The actions that the boundary allows.
    pub boundary: Option<Vec<Action>>,
    /// Empty for a user.
    pub trust: Vec<Trust>,
    /// Empty for a role.
    pub groups: Vec<usize>,
}

/// The largest numbers of principals and groups of an account.
pub const MAX_PRINCIPALS: usize = 5;
pub const MAX_GROUPS: usize = 2;

/// What changes while requests are made. It has no allocations: an account has up to 30,000 worlds, each with dozens of
/// successors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct World {
    /// The principals whose credentials the attacker holds.
    pub held: [bool; MAX_PRINCIPALS],
    pub tags: [usize; MAX_PRINCIPALS],
    pub all_granted: [bool; MAX_PRINCIPALS],
    /// Whether its own policy was overwritten.
    pub own_lost: [bool; MAX_PRINCIPALS],
    pub has_boundary: [bool; MAX_PRINCIPALS],
    pub trust_open: [bool; MAX_PRINCIPALS],
    /// By principal and group.
    pub is_member: [[bool; MAX_GROUPS]; MAX_PRINCIPALS],
    pub group_granted: [bool; MAX_GROUPS],
    pub group_lost: [bool; MAX_GROUPS],
}

impl World {
    pub fn new(account: &Account, start: usize) -> World {
        let find = |index: usize| account.principals.get(index);
        let is_member = |index: usize, group: usize| find(index).is_some_and(|found| found.groups.contains(&group));
        World {
            held: from_fn(|index| index == start),
            tags: from_fn(|index| find(index).map_or(0, |principal| principal.tag)),
            all_granted: [false; MAX_PRINCIPALS],
            own_lost: [false; MAX_PRINCIPALS],
            has_boundary: from_fn(|index| find(index).is_some_and(|principal| principal.boundary.is_some())),
            trust_open: [false; MAX_PRINCIPALS],
            is_member: from_fn(|index| from_fn(|group| is_member(index, group))),
            group_granted: [false; MAX_GROUPS],
            group_lost: [false; MAX_GROUPS],
        }
    }

    /// A number of its own for each world.
    pub fn number(&self) -> u64 {
        let of_principals = [self.held, self.all_granted, self.own_lost, self.has_boundary, self.trust_open];
        let of_groups = [self.group_granted, self.group_lost];
        let flags =
            of_principals.iter().flatten().chain(self.is_member.iter().flatten()).chain(of_groups.iter().flatten());
        let number = flags.fold(0, |number, flag| number << 1 | u64::from(*flag));
        self.tags.iter().fold(number, |number, tag| number * VALUES.len() as u64 + *tag as u64)
    }
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub by: usize,
    /// The tag of its session, if that is not the one of the principal.
    pub session_tag: Option<usize>,
    pub action: Action,
    pub target: Option<usize>,
    /// The value of a new tag.
    pub value: usize,
}

fn holds(world: &World, request: Request, condition: Condition) -> bool {
    match condition {
        Condition::Always => true,
        Condition::OwnTag(value) => request.session_tag.unwrap_or(world.tags[request.by]) == value,
        // A group has no tags.
        Condition::TargetTag(value) if request.action.is_about_groups() => value == 0,
        Condition::TargetTag(value) => request.target.is_some_and(|target| world.tags[target] == value),
        Condition::NewTag(value) => request.action == Action::Tag && request.value == value,
    }
}

fn matches(world: &World, request: Request, statement: &Statement) -> bool {
    statement.action == request.action
        && statement.target.is_none_or(|target| request.target == Some(target))
        && holds(world, request, statement.condition)
}

/// The statements that apply to a principal, without what was granted.
fn statements<'a>(account: &'a Account, world: &'a World, by: usize) -> impl Iterator<Item = &'a Statement> {
    let own = account.principals[by].statements.iter().filter(move |_| !world.own_lost[by]);
    let groups =
        (0..account.groups.len()).filter(move |group| world.is_member[by][*group] && !world.group_lost[*group]);
    own.chain(groups.flat_map(|group| &account.groups[group]))
}

fn is_denied(account: &Account, world: &World, request: Request) -> bool {
    !account.allowed_by_scp.contains(&request.action)
        || statements(account, world, request.by).any(|s| s.is_deny && matches(world, request, s))
}

fn is_within_boundary(account: &Account, world: &World, request: Request) -> bool {
    let boundary = account.principals[request.by].boundary.as_ref().filter(|_| world.has_boundary[request.by]);
    boundary.is_none_or(|actions| actions.contains(&request.action))
}

/// Whether the policies of the caller allow a request.
pub fn is_allowed(account: &Account, world: &World, request: Request) -> bool {
    let is_granted_by_group = |group: usize| world.is_member[request.by][group] && world.group_granted[group];
    let allows = world.all_granted[request.by]
        || (0..account.groups.len()).any(is_granted_by_group)
        || statements(account, world, request.by).any(|s| !s.is_deny && matches(world, request, s));
    allows && !is_denied(account, world, request) && is_within_boundary(account, world, request)
}

fn may_assume(account: &Account, world: &World, (by, session_tag): (usize, Option<usize>), role: usize) -> bool {
    let request = Request { by, session_tag, action: Action::Assume, target: Some(role), value: 0 };
    if is_denied(account, world, request) {
        return false;
    }
    let within = is_within_boundary(account, world, request);
    // Who rewrote the trust policy names a session of a role. The boundary of a user binds in any case.
    if world.trust_open[role] && (within || !account.principals[by].is_user) {
        return true;
    }
    account.principals[role].trust.iter().filter(|_| !world.trust_open[role]).any(|trust| {
        let is_met = match trust.condition {
            Condition::NewTag(_) => false,
            condition => holds(world, request, condition),
        };
        is_met
            && match trust.named {
                Some(named) => named == by && within,
                None => is_allowed(account, world, request),
            }
    })
}

/// The sessions that the attacker can have: of the principals that it holds, and of each role whose trust policy it has
/// rewritten. It assumes such a role from an account of its own, with a tag of its choice.
pub fn sessions(world: &World) -> Vec<(usize, Option<usize>)> {
    let held = (0..world.held.len()).filter(|by| world.held[*by]).map(|by| (by, None));
    let open = (0..world.held.len()).filter(|role| world.trust_open[*role]);
    held.chain(open.flat_map(|role| (1..VALUES.len()).map(move |value| (role, Some(value))))).collect()
}

/// The worlds after each request that is allowed and changes something.
pub fn successors(account: &Account, world: &World) -> Vec<World> {
    let mut next = Vec::new();
    let mut add = |change: &dyn Fn(&mut World)| {
        let mut changed = *world;
        change(&mut changed);
        if changed != *world {
            next.push(changed);
        }
    };
    for (by, session_tag) in sessions(world) {
        for target in 0..account.principals.len() {
            let may = |action, value| {
                is_allowed(account, world, Request { by, session_tag, action, target: Some(target), value })
            };
            let is_user = account.principals[target].is_user;
            if may(Action::PutPolicy, 0) {
                add(&|world| world.all_granted[target] = true);
                // The new policy has the name of the own one.
                add(&|world| {
                    world.all_granted[target] = true;
                    world.own_lost[target] = true;
                });
            }
            if may(Action::DropBoundary, 0) {
                add(&|world| world.has_boundary[target] = false);
            }
            for value in 1..VALUES.len() {
                if may(Action::Tag, value) {
                    add(&|world| world.tags[target] = value);
                }
            }
            if may(Action::Untag, 0) {
                add(&|world| world.tags[target] = 0);
            }
            if is_user && may(Action::MakeKeys, 0) {
                add(&|world| world.held[target] = true);
            }
            if !is_user && may(Action::RewriteTrust, 0) {
                add(&|world| {
                    world.trust_open[target] = true;
                    world.held[target] = true;
                });
            }
            if !is_user && may_assume(account, world, (by, session_tag), target) {
                add(&|world| world.held[target] = true);
            }
        }
        for group in 0..account.groups.len() {
            let may =
                |action| is_allowed(account, world, Request { by, session_tag, action, target: Some(group), value: 0 });
            if may(Action::PutGroupPolicy) {
                add(&|world| world.group_granted[group] = true);
                add(&|world| {
                    world.group_granted[group] = true;
                    world.group_lost[group] = true;
                });
            }
            let users = (0..account.principals.len()).filter(|user| account.principals[*user].is_user);
            for user in users {
                if may(Action::JoinGroup) {
                    add(&|world| world.is_member[user][group] = true);
                }
                if may(Action::LeaveGroup) {
                    add(&|world| world.is_member[user][group] = false);
                }
            }
        }
    }
    next
}
