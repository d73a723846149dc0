//! Sides of a question, made out of others.

use fixedbitset::FixedBitSet;

use super::ask::Tag;
use crate::iam::Listing;
use crate::solve::{Access, Allowing, Branch, Solver};

/// What both sides allow.
pub(super) fn both(one: &Access, other: &Access) -> Access {
    let joined = |a: &Branch, b: &Branch| Branch {
        require: a.require.iter().chain(&b.require).cloned().collect(),
        forbid: a.forbid.iter().chain(&b.forbid).cloned().collect(),
        except: a.except.iter().chain(&b.except).cloned().collect(),
    };
    Access { branches: one.branches.iter().flat_map(|a| other.branches.iter().map(move |b| joined(a, b))).collect() }
}

/// The statements of an access that speak of what a part is about; of its other actions nothing is asked.
pub(super) fn speaking_of(solver: &Solver<'_>, access: &Access, part: &Access) -> Access {
    // An action that the catalog does not know may be meant by any pattern.
    let is_within = |action: &String| part.uses().any(|one| solver.lists_unknown(&one.document, one.index, action));
    let may_mean = |one: &Allowing| match solver.unknown_actions(&one.document, one.index) {
        Some(unknown) => unknown.iter().any(is_within),
        None => true,
    };
    if access.uses().chain(part.uses()).any(may_mean) {
        return access.clone();
    }
    let mut about = FixedBitSet::with_capacity(solver.catalog.action_count());
    for one in part.branches.iter().flat_map(|branch| branch.require.iter().flatten()) {
        if let Some(listed) = solver.listed_actions(&one.document, one.index) {
            about.union_with(&listed);
        }
    }
    let speaks = |one: &&Allowing| {
        solver.listed_actions(&one.document, one.index).is_none_or(|listed| !listed.is_disjoint(&about))
    };
    let list = |list: &Vec<Allowing>| list.iter().filter(speaks).cloned().collect();
    let narrowed = |branch: &Branch| Branch {
        require: branch.require.iter().map(list).collect(),
        forbid: list(&branch.forbid),
        except: branch.except.clone(),
    };
    Access { branches: access.branches.iter().map(narrowed).collect() }
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

/// The access that is granted by some statements only; all the other layers as they are.
pub(super) fn granted_by(access: &Access, keep: impl Fn(&Allowing) -> bool) -> Access {
    let mut rest = access.clone();
    for list in rest.branches.iter_mut().filter_map(|branch| branch.require.first_mut()) {
        list.retain(&keep);
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
    granted_by(access, |one| {
        let element = one.statement().map(|s| &s.action);
        let wild = element.is_some_and(|e| e.listing == Listing::AllBut || e.patterns.iter().any(|p| !p.is_literal()));
        wild && keep((one.tag, one.index))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::catalog::Catalog;
    use crate::iam::{DocumentKind, PolicyDocument};
    use crate::source::SourceFile;

    fn access(statements: &Value) -> Access {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let document = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap();
        Access::of_policies([(&Arc::new(document), 0)])
    }

    #[test]
    fn a_part_is_asked_of_by_the_statements_that_speak_of_its_actions() {
        let solver = Solver::new(Catalog::embedded());
        let of = |effect: &str, action: Value| json!({ "Effect": effect, "Action": action, "Resource": "*" });
        let kept = |statements: Value, part: Value| -> Vec<usize> {
            let part = access(&json!([of("Allow", part)]));
            let left = speaking_of(&solver, &access(&statements), &part);
            statements_of(&left)
        };
        let three = json!([of("Allow", json!("s3:Get*")), of("Allow", json!("iam:*")), of("Deny", json!("sqs:*"))]);
        assert_eq!(kept(three.clone(), json!("iam:CreateUser")), [1]);
        assert_eq!(kept(three.clone(), json!(["s3:*", "sqs:SendMessage"])), [0, 2]);
        assert_eq!(kept(three, json!("*")), [0, 1, 2]);
        // An action that the catalog does not know may be what another statement's pattern means.
        let named = json!([of("Allow", json!("s3:DoWhat*")), of("Allow", json!("s3:DoWhatIsNotKnown"))]);
        assert_eq!(kept(named.clone(), json!("s3:*")), [0, 1]);
        assert_eq!(kept(named, json!("iam:*")), [] as [usize; 0]);
    }

    fn statements_of(access: &Access) -> Vec<usize> {
        access.uses().map(|one| one.index).collect()
    }
}
