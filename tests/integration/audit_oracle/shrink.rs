//! Makes a failing case small: drops parts of its files while the failure persists.

use serde_json::Value as Json;

use super::generator::Case;

/// A step into a JSON tree.
#[derive(Clone, Debug)]
enum Step {
    Item(usize),
    Member(String),
}

/// Object members that can be dropped without making a file invalid.
const OPTIONAL: [&str; 22] = [
    "Condition",
    "PermissionsBoundary",
    "GroupList",
    "Tags",
    "guards",
    "assumable_by",
    "levels",
    "resources",
    "persona",
    "guard",
    "ignore",
    "principal",
    "AttachedManagedPolicies",
    "GroupDetailList",
    "UserDetailList",
    "RoleDetailList",
    "Policies",
    "RolePolicyList",
    "UserPolicyList",
    "GroupPolicyList",
    "AssumeRolePolicyDocument",
    "exception",
];

/// Lists the parts that can be dropped, the largest first.
fn list_removable(value: &Json, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    match value {
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Item(index));
                if items.len() > 1 || !item.is_string() {
                    found.push(path.clone());
                }
                list_removable(item, path, found);
                path.pop();
            }
        }
        Json::Object(members) => {
            for (name, member) in members {
                path.push(Step::Member(name.clone()));
                // Operators and keys of a condition block.
                let is_condition = path.iter().rev().skip(1).take(2).any(
                    |step| matches!(step, Step::Member(name) if ["Condition", "unless", "when"].contains(&name.as_str())),
                );
                if OPTIONAL.contains(&name.as_str()) || is_condition {
                    found.push(path.clone());
                }
                list_removable(member, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn remove_at(value: &mut Json, path: &[Step]) {
    match path {
        [Step::Item(index)] => drop(value.as_array_mut().unwrap().remove(*index)),
        [Step::Member(name)] => drop(value.as_object_mut().unwrap().shift_remove(name)),
        [Step::Item(index), rest @ ..] => remove_at(&mut value[*index], rest),
        [Step::Member(name), rest @ ..] => remove_at(&mut value[name.as_str()], rest),
        [] => {}
    }
}

/// Documents as objects, so that their parts can be dropped.
fn decode_documents(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(decode_documents),
        Json::Object(members) => {
            for (name, member) in members {
                if let (Some(text), true) = (member.as_str(), name.ends_with("Document")) {
                    let text = match text.starts_with('%') {
                        true => percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned(),
                        false => text.to_owned(),
                    };
                    *member = serde_json::from_str(&text).unwrap();
                }
                decode_documents(member);
            }
        }
        _ => {}
    }
}

/// The smallest case found within a number of attempts that still fails.
pub fn shrink(case: &Case, still_fails: &dyn Fn(&Case) -> bool, attempts: usize) -> Case {
    let mut best = case.clone();
    let mut decoded = case.clone();
    decoded.snapshot.values_mut().for_each(decode_documents);
    if still_fails(&decoded) {
        best = decoded;
    }
    let mut left = attempts;
    loop {
        let before = left;
        let mut progress = false;
        for is_snapshot in [true, false] {
            let files = |case: &Case| if is_snapshot { case.snapshot.clone() } else { case.baseline.clone() };
            let put = |case: &Case, files| match is_snapshot {
                true => Case { snapshot: files, ..case.clone() },
                false => Case { baseline: files, ..case.clone() },
            };
            for name in files(&best).keys() {
                let mut without = files(&best);
                without.remove(name);
                left = left.saturating_sub(1);
                let smaller = put(&best, without);
                if name != "baseline.json" && still_fails(&smaller) {
                    best = smaller;
                    progress = true;
                    continue;
                }
                let mut position = 0;
                while left > 0 {
                    let mut paths = Vec::new();
                    list_removable(&files(&best)[name], &mut Vec::new(), &mut paths);
                    let Some(path) = paths.get(position) else { break };
                    let mut changed = files(&best);
                    remove_at(changed.get_mut(name).unwrap(), path);
                    left -= 1;
                    let smaller = put(&best, changed);
                    if still_fails(&smaller) {
                        best = smaller;
                        progress = true;
                    } else {
                        position += 1;
                    }
                }
            }
        }
        if !progress || left == 0 || left == before {
            return best;
        }
    }
}
