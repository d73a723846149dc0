//! Sides of a question, made out of others.

use super::ask::Tag;
use crate::iam::Listing;
use crate::solve::{Access, Branch};

/// What both sides allow.
pub(super) fn both(one: &Access, other: &Access) -> Access {
    let joined = |a: &Branch, b: &Branch| Branch {
        require: a.require.iter().chain(&b.require).cloned().collect(),
        forbid: a.forbid.iter().chain(&b.forbid).cloned().collect(),
        except: a.except.iter().chain(&b.except).cloned().collect(),
    };
    Access { branches: one.branches.iter().flat_map(|a| other.branches.iter().map(move |b| joined(a, b))).collect() }
}

/// The access without some policies.
pub(super) fn without(access: &Access, gone: impl Fn(usize) -> bool) -> Access {
    let mut rest = access.clone();
    for branch in &mut rest.branches {
        for list in branch.require.iter_mut().chain([&mut branch.forbid]) {
            list.retain(|one| !gone(one.tag));
        }
    }
    rest
}

/// The access that is granted by some policies only; all the other layers as they are.
pub(super) fn granted_by(access: &Access, keep: impl Fn(usize) -> bool) -> Access {
    let mut rest = access.clone();
    for list in rest.branches.iter_mut().filter_map(|branch| branch.require.first_mut()) {
        list.retain(|one| keep(one.tag));
    }
    rest
}

/// The access by its granting statements alone.
pub(super) fn identity_only(mut access: Access) -> Access {
    for branch in &mut access.branches {
        branch.require.truncate(1);
        branch.forbid.clear();
        branch.except.clear();
    }
    access
}

/// The access by those granting statements that can allow an action that does not exist yet.
pub(super) fn wild_statements(access: &Access, keep: impl Fn(Tag) -> bool) -> Access {
    let mut rest = access.clone();
    for list in rest.branches.iter_mut().filter_map(|branch| branch.require.first_mut()) {
        list.retain(|one| {
            let element = one.document.statements.get(one.index).map(|s| &s.action);
            let wild =
                element.is_some_and(|e| e.listing == Listing::AllBut || e.patterns.iter().any(|p| !p.is_literal()));
            wild && keep((one.tag, one.index))
        });
    }
    rest
}
