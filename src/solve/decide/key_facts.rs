//! What the action and the resources of a set of requests settle about context keys (`docs/semantics.md` §3a): the facts of
//! `src/access/request_facts.rs`, for many requests at once.

use std::collections::BTreeSet;

use super::request_shape::RequestShape;
use super::round::DecisionRound;
use crate::catalog::{ResourceTypeId, ShapeId};
use crate::iam::ContextKey;
use crate::solve::budget::LimitExceeded;
use crate::solve::compile::key_topics::KeyTopics;
use crate::solve::compile::prepared::CompiledBranch;
use crate::solve::compile::resource_domain::ResourceDomain;
use crate::solve::values::field_state::FieldState;
use crate::solve::values::literal::{Field, Literal};

impl DecisionRound<'_, '_> {
    /// Restricts the state of a key, before any literal, to the values that the request can have.
    pub(super) fn apply_shape_facts(
        &self,
        request_shape: &RequestShape<'_>,
        key: &ContextKey,
        state: &mut FieldState,
    ) -> Result<(), LimitExceeded> {
        if self.known.is_complete() {
            return Ok(());
        }
        let facts = &request_shape.facts;
        if facts.lacks_key(self.solver.catalog, key) {
            state.may_be_present = false;
        }
        if key.lower() == "aws:requestedregion" && !facts.regions().is_empty() {
            let globs = facts.regions().iter().map(|region| self.solver.interner.intern_exact(region));
            let globs = globs.collect::<Result<Vec<_>, _>>()?;
            state.add(&Literal::matching(Field::Key(key.clone()), globs.into()));
        }
        Ok(())
    }

    /// The keys of the literals of some branches, if a request can settle something about one of them.
    pub(super) fn collect_keys(&self, effective: &[CompiledBranch], declared: &[CompiledBranch]) -> Vec<ContextKey> {
        if self.collect_topics(effective, declared).is_resource_only() {
            return Vec::new();
        }
        let indices = effective.iter().chain(declared).flat_map(CompiledBranch::statement_indices);
        let literals = indices.flat_map(|index| &self.prepared.statement(index).literals);
        let keys = literals.filter_map(|literal| match &literal.field {
            Field::Key(key) => Some(key),
            Field::Action | Field::Resource => None,
        });
        let keys: BTreeSet<&ContextKey> = keys.chain(self.assigned.keys()).collect();
        keys.into_iter().cloned().collect()
    }

    /// Whether a request settles more than the known context, and statements of these branches depend on it.
    pub(super) fn collect_topics(&self, effective: &[CompiledBranch], declared: &[CompiledBranch]) -> KeyTopics {
        if self.known.is_complete() {
            return KeyTopics::default();
        }
        let indices = effective.iter().chain(declared).flat_map(CompiledBranch::statement_indices);
        let topics = indices.map(|index| self.prepared.statement(index).topics);
        let assigned = self.assigned.keys().map(KeyTopics::of_key);
        topics.chain(assigned).fold(KeyTopics::default(), |all, topics| all | topics)
    }

    /// The domains of the resource types of a shape, if the types have different keys on which some statement depends.
    /// None if it makes no difference.
    pub(super) fn find_type_domains(
        &self,
        shape: ShapeId,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
    ) -> Result<Option<Vec<ResourceDomain>>, LimitExceeded> {
        let catalog = self.solver.catalog;
        let types = catalog.resource_types(shape);
        if types.len() < 2 {
            return Ok(None);
        }
        let mut keys: Vec<&ContextKey> = self.assigned.keys().collect();
        for index in effective.iter().chain(declared).flat_map(CompiledBranch::statement_indices) {
            keys.extend(self.prepared.statement(index).literals.iter().filter_map(|literal| match &literal.field {
                Field::Key(key) => Some(key),
                Field::Action | Field::Resource => None,
            }));
        }
        keys.retain(|key| !key.lower().starts_with("aws:"));
        keys.sort();
        keys.dedup();
        let has_keys = |resource_type: ResourceTypeId| -> Vec<bool> {
            keys.iter().map(|key| catalog.has_key_on(shape, &[resource_type], key.lower())).collect()
        };
        let mut groups: Vec<(Vec<bool>, ResourceDomain)> = Vec::new();
        for resource_type in types {
            let has_keys = has_keys(*resource_type);
            for domain in self.solver.type_domains(*resource_type, self.question.partition)?.iter() {
                let is_same = |(keys, other): &&mut (Vec<bool>, ResourceDomain)| {
                    *keys == has_keys && other.arn_segments == domain.arn_segments
                };
                match groups.iter_mut().find(is_same) {
                    Some((_, group)) => group.extend(domain),
                    None => groups.push((has_keys.clone(), domain.clone())),
                }
            }
        }
        let differ = groups.iter().any(|(keys, _)| groups.first().is_some_and(|(first, _)| first != keys));
        Ok(differ.then(|| groups.into_iter().map(|(_, domain)| domain).collect()))
    }
}
