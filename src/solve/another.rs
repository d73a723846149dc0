//! The access of another principal, for a question that is asked of one.
//!
//! A question has one context, in which `aws:PrincipalArn`, `aws:username` and the tags are those of one principal.
//! Where the other side is what another principal may do, its statements are about its own: these keys get names of
//! their own there. What is free for it, such as the tags of a session, it may have as the first one has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::difference::Cube;
use super::question::{Access, Allowing};
use crate::access::{ContextValue, Known, KnownContext, Request};
use crate::iam::condition::ConditionValue;
use crate::iam::{ContextKey, PolicyDocument, Statement};

/// What the names begin with: the catalog knows that such a key holds one text, and no policy can name it.
const OWN: &str = "aws:PrincipalTag/of the other principal: ";

/// What another principal may do, and what is known of the context of both.
#[derive(Clone, Debug)]
pub struct Another {
    /// What it may do, its own keys under other names.
    pub access: Access,
    /// What is known of the first principal's context, and of the other's own keys.
    pub known: KnownContext,
    /// The other's own keys, with what is known of them.
    own: BTreeMap<ContextKey, Known>,
}

impl Another {
    /// `access` is what the other may do, `other` what is known of its context, `one` what is of the first principal's.
    pub fn new(access: &Access, other: &KnownContext, one: &KnownContext) -> Another {
        let is_own = |key: &&ContextKey| !matches!(other.of(key), Known::Free | Known::Present);
        let own: BTreeMap<ContextKey, Known> =
            mentioned(access).into_iter().filter(is_own).map(|key| (key.clone(), other.of(key))).collect();
        let apart: BTreeSet<&ContextKey> = own.keys().filter(|key| other.of(key) != one.of(key)).collect();
        let mut known = one.clone();
        for key in &apart {
            let told = match other.of(key) {
                // The new name is that of a key with one value.
                Known::Set(values) => match <[String; 1]>::try_from(values) {
                    Ok([one]) => Known::Value(one),
                    Err(_) => Known::Free,
                },
                told => told,
            };
            known.set(named(key).as_written(), told);
        }
        let access = if apart.is_empty() { access.clone() } else { renamed(access, &apart) };
        Another { access, known, own }
    }

    /// A request as the other principal would send it.
    pub fn request(&self, request: &Request) -> Request {
        let mut sent = self.told(request);
        for (key, known) in &self.own {
            let chosen = || request.context.get(&named(key)).cloned();
            let value = match known {
                Known::Value(value) => Some(ContextValue::One(value.clone())),
                Known::Set(values) => Some(ContextValue::Set(values.clone())),
                Known::StartsWith(start) => chosen().or_else(|| Some(ContextValue::One(format!("{start}session")))),
                Known::Missing | Known::Present | Known::Free => None,
            };
            match value {
                Some(value) => sent.context.0.insert(key.clone(), value),
                None => sent.context.0.remove(key),
            };
        }
        sent
    }

    /// A request without the names that only a question knows.
    pub fn told(&self, request: &Request) -> Request {
        let mut told = request.clone();
        told.context.0.retain(|key, _| !is_name(key.as_written()));
        told
    }

    /// Cubes without the names that only a question knows.
    pub fn told_cubes(&self, cubes: &mut [Cube]) {
        cubes.iter_mut().for_each(|cube| cube.context.retain(|(key, _)| !is_name(key)));
    }
}

fn named(key: &ContextKey) -> ContextKey {
    ContextKey::new(&format!("{OWN}{}", key.as_written()))
}

fn is_name(key: &str) -> bool {
    key.starts_with(OWN)
}

fn mentioned(access: &Access) -> BTreeSet<&ContextKey> {
    access.uses().filter_map(Allowing::statement).flat_map(Statement::keys).collect()
}

/// The access with other names for these keys. Documents that name none of them stay the same ones.
fn renamed(access: &Access, keys: &BTreeSet<&ContextKey>) -> Access {
    let mut documents: FxHashMap<*const PolicyDocument, Arc<PolicyDocument>> = FxHashMap::default();
    let mut out = access.clone();
    for branch in &mut out.branches {
        for one in branch.require.iter_mut().flatten().chain(&mut branch.forbid) {
            let document = documents.entry(Arc::as_ptr(&one.document)).or_insert_with(|| document(&one.document, keys));
            one.document = Arc::clone(document);
        }
    }
    out
}

fn document(document: &Arc<PolicyDocument>, keys: &BTreeSet<&ContextKey>) -> Arc<PolicyDocument> {
    let names = |statement: &Statement| statement.keys().any(|key| keys.contains(key));
    if !document.statements.iter().any(names) {
        return Arc::clone(document);
    }
    let other = |key: &ContextKey| keys.contains(key).then(|| named(key));
    let mut renamed = PolicyDocument::clone(document);
    for statement in &mut renamed.statements {
        for pattern in statement.resource.iter_mut().flat_map(|resource| &mut resource.patterns) {
            *pattern = pattern.with_keys(other);
        }
        for condition in &mut statement.conditions {
            condition.key = other(&condition.key).unwrap_or_else(|| condition.key.clone());
            for value in &mut condition.values {
                if let ConditionValue::Text(template) = value {
                    *template = template.with_keys(other);
                }
            }
        }
    }
    Arc::new(renamed)
}
