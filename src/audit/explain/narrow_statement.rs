//! What a statement would be if it allowed only what is declared: the statements to write in its place.
//!
//! The result is the common part of the statement and each declared statement, as far as patterns can express it. Whether it
//! is right is decided where the edit is verified.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::glob::{covers_glob, globs_overlap};
use crate::baseline::CeilingDocument;
use crate::catalog::Catalog;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{ActionPattern, Condition, Effect, ElementKind, PolicyDocument, Statement, Template, Version};

/// The statements that allow what a statement of a policy allows and some documents declare: none if they declare
/// nothing that it allows. `None` if patterns cannot express them.
pub(crate) fn narrow_statement(
    catalog: &Catalog,
    (policy, statement): (&PolicyDocument, &Statement),
    declared: &[CeilingDocument],
) -> Option<Vec<Statement>> {
    if statement.effect != Effect::Allow || statement.principal.is_some() {
        return None;
    }
    let mut narrowed: Vec<Statement> = Vec::new();
    for document in declared.iter().map(|declared| &declared.document) {
        // Texts mean something else in the older version.
        if document.version != policy.version && uses_variables(statement) {
            return None;
        }
        for declared in &document.statements {
            let actions = intersect_actions(catalog, &statement.action, &declared.action)?;
            if actions.patterns.is_empty() && actions.kind == ElementKind::List {
                continue;
            }
            match declared.effect {
                Effect::Deny => narrowed.push(Statement { action: actions, ..declared.clone() }),
                Effect::Allow => narrowed.extend(intersect(statement, declared, actions)?),
            }
        }
    }
    if narrowed.iter().all(|statement| statement.effect == Effect::Deny) {
        return Some(Vec::new());
    }
    if policy.version == Version::V2008 && narrowed.iter().any(uses_variables) {
        return None;
    }
    Some(join_statements(narrowed))
}

fn uses_variables(statement: &Statement) -> bool {
    statement.variables().next().is_some()
}

/// The common part of two Allow statements, none if there is no such request. The outer `None` if patterns cannot express it.
fn intersect(statement: &Statement, declared: &Statement, actions: ActionElement) -> Option<Option<Statement>> {
    let resource = match (&statement.resource, &declared.resource) {
        (Some(a), Some(b)) => intersect_resources(a, b)?,
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let is_empty = |element: &ResourceElement| element.kind == ElementKind::List && element.patterns.is_empty();
    if resource.as_ref().is_some_and(is_empty) {
        return Some(None);
    }
    let conditions = intersect_conditions(&statement.conditions, &declared.conditions)?;
    let narrowed = Statement { action: actions, resource, conditions, ..statement.clone() };
    Some(Some(narrowed))
}

/// The actions of both elements. `None` if no policy has room for them.
fn intersect_actions(catalog: &Catalog, a: &ActionElement, b: &ActionElement) -> Option<ActionElement> {
    let (listed, excluded) = match (a.kind, b.kind) {
        (ElementKind::List, ElementKind::List) => {
            let mut patterns = Vec::new();
            for (x, y) in a.patterns.iter().flat_map(|x| b.patterns.iter().map(move |y| (x, y))) {
                patterns.extend(intersect_patterns(catalog, x, y));
            }
            return list_within_quota(patterns);
        }
        (ElementKind::NotList, ElementKind::NotList) => {
            let patterns = join_patterns(&a.patterns, &b.patterns);
            return Some(ActionElement { kind: ElementKind::NotList, patterns });
        }
        (ElementKind::List, ElementKind::NotList) => (a, b),
        (ElementKind::NotList, ElementKind::List) => (b, a),
    };
    if listed.patterns.iter().any(|pattern| pattern.service() == "*" && pattern.name() == "*") {
        return Some(excluded.clone());
    }
    let mut patterns = Vec::new();
    for pattern in &listed.patterns {
        if !excluded.patterns.iter().any(|other| overlaps(pattern, other)) {
            patterns.push(pattern.clone());
        } else if !excluded.patterns.iter().any(|other| covers(other, pattern)) {
            patterns.extend(list_names(catalog, pattern, |name| excluded.lists_action(name)));
        }
    }
    list_within_quota(patterns)
}

/// The largest number of patterns in a list. AWS: *IAM and AWS STS quotas*: the inline policies of a role have at most
/// 10,240 characters together.
const MAX_PATTERNS: usize = 1024;

fn list_within_quota(patterns: Vec<ActionPattern>) -> Option<ActionElement> {
    let patterns = remove_covered(patterns);
    (patterns.len() <= MAX_PATTERNS).then_some(ActionElement { kind: ElementKind::List, patterns })
}

/// The actions of both patterns: the narrower pattern, or names.
fn intersect_patterns(catalog: &Catalog, a: &ActionPattern, b: &ActionPattern) -> Vec<ActionPattern> {
    if covers(a, b) {
        vec![b.clone()]
    } else if covers(b, a) {
        vec![a.clone()]
    } else if !overlaps(a, b) {
        Vec::new()
    } else {
        let other = ActionElement { kind: ElementKind::List, patterns: vec![b.clone()] };
        list_names(catalog, a, |name| other.lists_action(name))
    }
}

fn covers(a: &ActionPattern, b: &ActionPattern) -> bool {
    let covers_service =
        if a.service_has_wildcards() { covers_glob(a.service(), b.service()) } else { a.service() == b.service() };
    covers_service && if a.name_has_wildcards() { covers_glob(a.name(), b.name()) } else { a.name() == b.name() }
}

fn overlaps(a: &ActionPattern, b: &ActionPattern) -> bool {
    let is_one_service = !a.service_has_wildcards() && !b.service_has_wildcards();
    let overlaps_service =
        if is_one_service { a.service() == b.service() } else { globs_overlap(a.service(), b.service()) };
    overlaps_service && globs_overlap(a.name(), b.name())
}

/// The actions of the catalog that a pattern matches.
fn list_names(catalog: &Catalog, pattern: &ActionPattern, is_wanted: impl Fn(&str) -> bool) -> Vec<ActionPattern> {
    let matched = ActionElement { kind: ElementKind::List, patterns: vec![pattern.clone()] };
    let names = catalog.actions().map(|action| catalog.full_name(action));
    let wanted = names.filter(|name| matched.lists_action(name) && is_wanted(name));
    wanted.filter_map(|name| ActionPattern::parse(&name)).collect()
}

/// The patterns of both lists, each once.
fn join_patterns<P: Clone + PartialEq>(a: &[P], b: &[P]) -> Vec<P> {
    a.iter().chain(b.iter().filter(|pattern| !a.contains(pattern))).cloned().collect()
}

/// The patterns without those that another one covers. A document can list thousands of names: each is compared with the
/// patterns that have wildcards and its service alone.
fn remove_covered(patterns: Vec<ActionPattern>) -> Vec<ActionPattern> {
    let mut names: FxHashSet<(&str, &str)> = FxHashSet::default();
    let mut wildcards: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    let mut of_any_service: Vec<usize> = Vec::new();
    let mut is_first: Vec<bool> = Vec::with_capacity(patterns.len());
    for (index, pattern) in patterns.iter().enumerate() {
        is_first.push(names.insert((pattern.service(), pattern.name())));
        if pattern.service_has_wildcards() {
            of_any_service.push(index);
        } else if pattern.name_has_wildcards() {
            wildcards.entry(pattern.service()).or_default().push(index);
        }
    }
    let is_kept = |(index, pattern): (usize, &ActionPattern)| {
        let is_covered_by = |other_index: &usize| {
            let Some(other) = patterns.get(*other_index).filter(|_| *other_index != index) else { return false };
            // Of two patterns that match the same, the first one is kept.
            covers(other, pattern) && (*other_index < index || !covers(pattern, other))
        };
        let of_service = if pattern.service_has_wildcards() { None } else { wildcards.get(pattern.service()) };
        !of_service.into_iter().flatten().chain(&of_any_service).any(is_covered_by)
    };
    let kept: Vec<bool> =
        patterns.iter().enumerate().zip(is_first).map(|(pattern, is_first)| is_first && is_kept(pattern)).collect();
    patterns.into_iter().zip(kept).filter_map(|(pattern, is_kept)| is_kept.then_some(pattern)).collect()
}

/// The resources of both elements. `None` if patterns cannot express them.
fn intersect_resources(a: &ResourceElement, b: &ResourceElement) -> Option<Option<ResourceElement>> {
    let kind = ElementKind::List;
    let (listed, excluded) = match (a.kind, b.kind) {
        (ElementKind::NotList, ElementKind::NotList) => {
            let patterns = join_patterns(&a.patterns, &b.patterns);
            return Some(Some(ResourceElement { kind: ElementKind::NotList, patterns }));
        }
        (ElementKind::List, ElementKind::List) => {
            let mut patterns: Vec<Template> = Vec::new();
            for (x, y) in a.patterns.iter().flat_map(|x| b.patterns.iter().map(move |y| (x, y))) {
                let narrower = match (covers_resource(x, y), covers_resource(y, x)) {
                    (true, _) => y,
                    (_, true) => x,
                    _ if may_overlap(x, y) => return None,
                    _ => continue,
                };
                if !patterns.contains(narrower) {
                    patterns.push(narrower.clone());
                }
            }
            return Some(Some(ResourceElement { kind, patterns }));
        }
        (ElementKind::List, ElementKind::NotList) => (a, b),
        (ElementKind::NotList, ElementKind::List) => (b, a),
    };
    let mut patterns = Vec::new();
    for pattern in &listed.patterns {
        if !excluded.patterns.iter().any(|other| may_overlap(pattern, other)) {
            patterns.push(pattern.clone());
        } else if !excluded.patterns.iter().any(|other| covers_resource(other, pattern)) {
            return None;
        }
    }
    Some(Some(ResourceElement { kind, patterns }))
}

/// Whether a pattern matches everything that another one matches. A variable is covered by the same variable, or by `*`.
fn covers_resource(a: &Template, b: &Template) -> bool {
    let has_variables = a.variables().next().is_some();
    a.as_written() == b.as_written() || (!has_variables && covers_glob(a.as_written(), b.as_written()))
}

/// Whether two patterns may match one resource. A variable may have any value.
fn may_overlap(a: &Template, b: &Template) -> bool {
    let to_glob = |template: &Template| {
        let written = template.as_written();
        // A text with `${` matches at least what its part before that matches.
        written.split_once("${").map_or_else(|| written.to_owned(), |(before, _)| format!("{before}*"))
    };
    globs_overlap(&to_glob(a), &to_glob(b))
}

/// The conditions of both statements. `None` if a key has two conditions with one operator and different values, which one
/// block cannot express.
fn intersect_conditions(a: &[Condition], b: &[Condition]) -> Option<Vec<Condition>> {
    let mut conditions = a.to_vec();
    for condition in b.iter().filter(|condition| !a.contains(condition)) {
        let is_same_test =
            |other: &&mut Condition| other.operator_name() == condition.operator_name() && other.key == condition.key;
        match conditions.iter_mut().find(is_same_test) {
            None => conditions.push(condition.clone()),
            Some(other) if !other.operator.is_negated() => {
                // Each of the values of one of them must be a value of the other one.
                let (is_subset, is_superset) = (
                    other.values.iter().all(|value| condition.values.contains(value)),
                    condition.values.iter().all(|value| other.values.contains(value)),
                );
                match (is_subset, is_superset) {
                    (true, _) => {}
                    (_, true) => other.values.clone_from(&condition.values),
                    _ => return None,
                }
            }
            Some(_) => return None,
        }
    }
    Some(conditions)
}

/// Joins statements that differ in their actions alone.
fn join_statements(statements: Vec<Statement>) -> Vec<Statement> {
    let mut joined: Vec<Statement> = Vec::new();
    for statement in statements {
        if joined.contains(&statement) {
            continue;
        }
        let is_alike = |other: &&mut Statement| {
            (other.effect, &other.resource, &other.conditions)
                == (statement.effect, &statement.resource, &statement.conditions)
                && (other.action.kind, statement.action.kind) == (ElementKind::List, ElementKind::List)
        };
        match joined.iter_mut().find(is_alike) {
            Some(other) => {
                let mut patterns = std::mem::take(&mut other.action.patterns);
                patterns.extend(statement.action.patterns);
                other.action.patterns = remove_covered(patterns);
            }
            None => joined.push(statement),
        }
    }
    joined
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::iam::DocumentKind;
    use crate::iam::document_json::write_document;
    use crate::source::SourceFile;

    fn document(statements: &str) -> PolicyDocument {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap()
    }

    fn narrow(statement: &str, declared: &str) -> Option<String> {
        let (policy, declared) = (document(statement), Arc::new(document(declared)));
        let declared = [CeilingDocument { name: "d".to_owned(), place: declared.place(), document: declared }];
        let narrowed = narrow_statement(Catalog::embedded(), (&policy, &policy.statements[0]), &declared)?;
        Some(write_document(&narrowed).unwrap()["Statement"].to_string())
    }

    fn allow(rest: &str) -> String {
        format!(r#"{{"Effect":"Allow",{rest}}}"#)
    }

    #[test]
    fn a_statement_becomes_what_is_declared_of_it() {
        for (statement, declared, expected) in [
            (
                r#""NotAction":["iam:*"],"Resource":"*""#,
                r#""Action":"s3:Get*","Resource":"*""#,
                r#"[{"Effect":"Allow","Action":["s3:Get*"],"Resource":["*"]}]"#,
            ),
            (
                r#""Action":"s3:*","Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]"#,
                r#""Action":["s3:GetObject","sqs:*"],"Resource":"arn:aws:s3:::b/x/*""#,
                r#"[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::b/x/*"]}]"#,
            ),
            (
                r#""Action":"s3:GetObject","Resource":"*""#,
                r#""Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#,
                r#"[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["*"],"Condition":{"Bool":{"aws:SecureTransport":["true"]}}}]"#,
            ),
            (r#""Action":"iam:*","Resource":"*""#, r#""Action":"s3:*","Resource":"*""#, "[]"),
            (
                r#""Action":"*","Resource":"*""#,
                r#""NotAction":"iam:*","Resource":"*""#,
                r#"[{"Effect":"Allow","NotAction":["iam:*"],"Resource":["*"]}]"#,
            ),
            (
                r#""Action":["sqs:Send*","sqs:SendMessage","SQS:sendmessage"],"Resource":"*""#,
                r#""Action":["sqs:*"],"Resource":"*""#,
                r#"[{"Effect":"Allow","Action":["sqs:Send*"],"Resource":["*"]}]"#,
            ),
            (
                r#""Action":"sqs:Send*","Resource":"*""#,
                r#""NotAction":"sqs:SendMessageBatch","Resource":"*""#,
                r#"[{"Effect":"Allow","Action":["sqs:SendMessage"],"Resource":["*"]}]"#,
            ),
        ] {
            assert_eq!(
                narrow(&allow(statement), &allow(declared)).as_deref(),
                Some(expected),
                "{statement} {declared}"
            );
        }
    }

    #[test]
    fn what_patterns_cannot_express_is_not_narrowed() {
        for (statement, declared) in [
            (
                r#""Action":"s3:*","Resource":"arn:aws:s3:::*-a/*""#,
                r#""Action":"s3:*","Resource":"arn:aws:s3:::b-*/*""#,
            ),
            (
                r#""Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":["a","b"]}}"#,
                r#""Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":["b","c"]}}"#,
            ),
            (r#""Action":"s3:*","Resource":"*""#, r#""Action":"s3:*","NotResource":"arn:aws:s3:::a/*""#),
            // No policy has room for the names.
            (r#""Action":"*:*e*","Resource":"*""#, r#""NotAction":"s3:GetObject","Resource":"*""#),
        ] {
            assert_eq!(narrow(&allow(statement), &allow(declared)), None, "{statement} {declared}");
        }
    }

    #[test]
    fn covered_patterns_are_removed() {
        let parse = |texts: &[&str]| texts.iter().map(|text| ActionPattern::parse(text).unwrap()).collect();
        for (patterns, expected) in [
            (&["s3:GetObject", "s3:Get*", "s3:getobject", "sqs:Get*"][..], &["s3:Get*", "sqs:Get*"][..]),
            (&["s3:Get*", "s3:Get**", "s3:G*t*"], &["s3:G*t*"]),
            (&["s3:Get*", "s3:Get**"], &["s3:Get*"]),
            (&["s3:Get**", "s3:Get*", "S3:GET*"], &["s3:Get**"]),
            (&["s3:List*", "s*:List*", "sqs:ListQueues", "kms:List*"], &["s*:List*", "kms:List*"]),
            (&["s3:a", "s3:b", "s3:A"], &["s3:a", "s3:b"]),
            (&["iam:*", "*"], &["*"]),
        ] {
            let kept: Vec<String> =
                remove_covered(parse(patterns)).iter().map(|kept| kept.as_written().to_owned()).collect();
            assert_eq!(kept, expected, "{patterns:?}");
        }
    }

    #[test]
    fn a_declared_deny_is_kept() {
        let declared = format!(
            r#"{},{{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}}"#,
            allow(r#""Action":"s3:*","Resource":"*""#)
        );
        let narrowed = narrow(&allow(r#""Action":["s3:*","sqs:*"],"Resource":"*""#), &declared).unwrap();
        assert!(narrowed.contains(r#"{"Effect":"Deny","Action":["s3:Delete*"],"Resource":["*"]}"#), "{narrowed}");
    }
}
