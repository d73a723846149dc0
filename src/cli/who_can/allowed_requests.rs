//! The allowed requests of a principal in rows: each row keeps actions, resources and conditions together.

use std::collections::BTreeSet;

use iamdrift::catalog::Catalog;
use iamdrift::reach::{AllowedRequests, WhoCanAnswer};
use iamdrift::report::text::condition_text;
use schemars::JsonSchema;
use serde::Serialize;

use super::who_can_request::WhoCanRequest;

/// Requests that the principal can make: each of the actions, on each of the resources, under all conditions.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, JsonSchema)]
pub struct AllowedRequestsJson {
    /// The actions. One if the request names one action.
    pub actions: Vec<String>,
    /// The resources, as patterns. Empty for any resource.
    pub resources: Vec<String>,
    /// The conditions, all of which must hold, one line each. Empty if unconditional.
    pub conditions: Vec<String>,
}

/// The rows of an answer, and whether there are more.
pub fn list_allowed_requests(
    catalog: &Catalog,
    request: &WhoCanRequest<'_>,
    answer: &WhoCanAnswer,
) -> (Vec<AllowedRequestsJson>, bool) {
    let mut rows: Vec<AllowedRequestsJson> = Vec::new();
    for allowed in &answer.allowed {
        let actions: BTreeSet<String> = allowed.actions.iter().map(|id| catalog.full_name(*id)).collect();
        for (resources, conditions) in group_by_conditions(allowed) {
            let resources = match (answer.assumable_roles.as_slice(), request.concrete_resource()) {
                ([], Some(resource)) => vec![resource.to_owned()],
                ([], None) => resources,
                (roles, _) => roles.to_vec(),
            };
            add_row(
                &mut rows,
                AllowedRequestsJson { actions: actions.iter().cloned().collect(), resources, conditions },
            );
        }
    }
    (rows, answer.allowed.iter().any(|allowed| allowed.has_more_cubes))
}

/// The resources that are allowed under the same conditions, for each list of conditions. No resources mean any resource.
fn group_by_conditions(allowed: &AllowedRequests) -> Vec<(Vec<String>, Vec<String>)> {
    let mut groups: Vec<(Vec<_>, Vec<String>)> = Vec::new();
    for cube in &allowed.cubes {
        let conditions = condition_text::render_conditions(std::slice::from_ref(cube));
        match groups.iter_mut().find(|(_, known)| *known == conditions) {
            Some((cubes, _)) => cubes.push(cube.clone()),
            None => groups.push((vec![cube.clone()], conditions)),
        }
    }
    groups.into_iter().map(|(cubes, conditions)| (condition_text::render_resources(&cubes), conditions)).collect()
}

/// Adds a row. Rows that differ in their actions alone, or in their resources alone, become one row.
fn add_row(rows: &mut Vec<AllowedRequestsJson>, row: AllowedRequestsJson) {
    for known in rows.iter_mut().filter(|known| known.conditions == row.conditions) {
        if known.resources == row.resources {
            known.actions.extend(row.actions);
            known.actions.sort();
            known.actions.dedup();
            return;
        }
        if known.actions == row.actions {
            // No resources mean any resource.
            match known.resources.is_empty() || row.resources.is_empty() {
                true => known.resources.clear(),
                false => {
                    let new = row.resources.into_iter().filter(|resource| !known.resources.contains(resource));
                    let new: Vec<String> = new.collect();
                    known.resources.extend(new);
                }
            }
            return;
        }
    }
    rows.push(row);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(actions: &[&str], resources: &[&str], conditions: &[&str]) -> AllowedRequestsJson {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        AllowedRequestsJson { actions: texts(actions), resources: texts(resources), conditions: texts(conditions) }
    }

    #[test]
    fn rows_are_joined_only_if_they_differ_in_one_part() {
        let mut rows = Vec::new();
        for new in [
            row(&["s3:GetObject"], &["a"], &["mfa"]),
            row(&["s3:PutObject"], &["a"], &["mfa"]),
            row(&["s3:GetObject"], &["b"], &[]),
            row(&["s3:GetObject"], &["a"], &[]),
            row(&["s3:PutObject"], &["c"], &[]),
            row(&["s3:PutObject"], &[], &[]),
        ] {
            add_row(&mut rows, new);
        }
        let expected = [
            row(&["s3:GetObject", "s3:PutObject"], &["a"], &["mfa"]),
            row(&["s3:GetObject"], &["b", "a"], &[]),
            row(&["s3:PutObject"], &[], &[]),
        ];
        assert_eq!(rows, expected);
    }
}
