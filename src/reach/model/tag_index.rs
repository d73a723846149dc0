//! The tag keys that policies name, with the names and values that can matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashSet;

use super::attachable_policies::list_attachable_documents;
use super::node::PrincipalNode;
use super::tag_condition_keys::{PRINCIPAL_TAG, TAG_KEYS, find_compared_tag, find_decisive_tag, find_resource_tag};
use super::tag_templates::{ComparedTemplate, TypedValues, VariableUse};
use super::tag_values::ValuePattern;
use crate::access::PolicyRef;
use crate::iam::condition::ConditionValue;
use crate::iam::operator::OperatorFamily;
use crate::iam::{Condition, ContextKey, PolicyDocument};
use crate::snapshot::Snapshot;

/// A value of a tag that is a variable of a policy, for a tag that can have any value.
const VARIABLE_EXAMPLE: &str = "example";

/// The tags that the policies of a snapshot name.
pub(crate) struct TagIndex {
    /// By key, in lower case.
    keys: BTreeMap<Arc<str>, NamedTag>,
    /// The principals whose own policies, boundary or SCPs name a tag of the principal, or policies that they can get.
    principals: FixedBitSet,
    /// Whether a trust policy, resource policy or RCP names a tag of the principal.
    is_named_by_resources: bool,
    /// Whether a trust policy or RCP names a tag of the resource.
    names_tags_of_roles: bool,
}

/// A tag that policies name.
#[derive(Default)]
pub(crate) struct NamedTag {
    /// Its key, as policies write it.
    pub(crate) names: BTreeSet<String>,
    /// Values that policies compare it with, and values that principals have.
    pub(crate) values: BTreeSet<String>,
    /// Patterns of several values that policies compare it with.
    pub(crate) patterns: BTreeSet<ValuePattern>,
    /// What policies compare it with, other than as a text.
    pub(crate) typed: TypedValues,
    /// Values with variables that policies compare it with.
    pub(crate) templates: Vec<ComparedTemplate>,
    /// The patterns of the templates in policies of principals of the snapshot, for these principals.
    pub(crate) template_patterns: BTreeSet<ValuePattern>,
    /// Whether a policy has it as a variable.
    pub(crate) is_variable: bool,
    /// Where policies have it as a variable, also if it is that of the resource.
    pub(crate) uses: Vec<VariableUse>,
}

impl NamedTag {
    /// Adds what a condition compares it with.
    fn add_condition(&mut self, condition: &Condition) {
        let ignores_case = condition.operator.ignores_case();
        for value in &condition.values {
            match value {
                // A value with variables is one of `templates`.
                ConditionValue::Text(text) => {
                    ValuePattern::from_template(text, ignores_case)
                        .into_iter()
                        .for_each(|found| self.add_pattern(found));
                }
                // `Null` asks for a tag, and not for its value.
                ConditionValue::Typed(_) if condition.operator.family() == OperatorFamily::Null => {}
                ConditionValue::Typed(_) if condition.operator.family() == OperatorFamily::Bool => {
                    self.values.extend(["true", "false"].map(str::to_owned));
                }
                ConditionValue::Typed(typed) => self.typed.add(typed),
            }
        }
    }

    fn add_pattern(&mut self, pattern: ValuePattern) {
        match pattern.as_literal() {
            Some(value) => drop(self.values.insert(value.to_owned())),
            None => {
                // As it is written, it is the value of some principals.
                let is_text = pattern.ignores_case;
                self.values.extend(is_text.then(|| pattern.glob.clone()));
                self.patterns.insert(pattern);
            }
        }
    }

    /// Whether the values that can matter depend on the principal that gets the tag.
    pub(crate) fn depends_on_targets(&self) -> bool {
        !self.uses.is_empty() || self.templates.iter().any(ComparedTemplate::is_of_principal)
    }

    /// Its values and patterns, as globs.
    pub(crate) fn list_globs(&self) -> Vec<String> {
        let patterns = self.patterns.iter().chain(&self.template_patterns).map(|pattern| pattern.glob.clone());
        self.values.iter().cloned().chain(patterns).collect()
    }
}

impl TagIndex {
    pub(crate) fn new(snapshot: &Snapshot, nodes: &[PrincipalNode<'_>], no_principals: &FixedBitSet) -> TagIndex {
        let mut index = TagIndex {
            keys: BTreeMap::new(),
            principals: no_principals.clone(),
            is_named_by_resources: false,
            names_tags_of_roles: false,
        };
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        let mut documents: Vec<Arc<PolicyDocument>> = Vec::new();
        let mut add = |document: &Arc<PolicyDocument>| {
            if seen.insert(Arc::as_ptr(document) as usize) {
                documents.push(Arc::clone(document));
            }
        };
        for (position, node) in nodes.iter().enumerate() {
            index.principals.set(position, node.own_policies().any(|policy| names_principal_tag(&policy.document)));
            node.own_policies().for_each(|policy| add(&policy.document));
            node.principal.trust_policy.iter().for_each(|trust| add(&trust.document));
        }
        // All principals of a snapshot have the same RCPs and resource policies.
        let shared: Vec<&PolicyRef> = nodes.first().into_iter().flat_map(list_resource_side_policies).collect();
        shared.iter().for_each(|policy| add(&policy.document));
        let trust = nodes.iter().filter_map(|node| node.principal.trust_policy.as_ref()).map(|trust| &trust.document);
        for document in trust.chain(shared.iter().map(|policy| &policy.document)) {
            index.is_named_by_resources |= names_principal_tag(document);
            index.names_tags_of_roles |= names_resource_tag(document);
        }
        snapshot.accounts.iter().flat_map(list_attachable_documents).for_each(add);
        // Principals can get these policies.
        let naming: BTreeSet<&str> = snapshot
            .accounts
            .iter()
            .filter(|account| list_attachable_documents(account).any(|document| names_principal_tag(document)))
            .map(|account| account.id.as_str())
            .collect();
        let of_accounts = nodes.iter().enumerate().filter(|(_, node)| naming.contains(node.account.id.as_str()));
        index.principals.extend(of_accounts.map(|(position, _)| position));
        documents.iter().for_each(|document| index.add_keys(document));
        documents.iter().for_each(|document| index.add_values(document));
        index.add_values_of_principals(nodes);
        nodes.iter().for_each(|node| index.add_template_patterns(node));
        index
    }

    /// The tags, by key in lower case.
    pub(crate) fn keys(&self) -> &BTreeMap<Arc<str>, NamedTag> {
        &self.keys
    }

    /// Whether the tags of a principal can change what its requests are allowed.
    pub(crate) fn matters_to(&self, principal: usize) -> bool {
        self.is_named_by_resources || self.principals.contains(principal)
    }

    /// Whether the tags of a role can change who is allowed to assume it, whatever the policies of the caller name.
    pub(crate) fn names_tags_of_roles(&self) -> bool {
        self.names_tags_of_roles
    }

    fn add_keys(&mut self, document: &PolicyDocument) {
        for key in document.statements.iter().flat_map(|statement| statement.keys()) {
            if let Some(tag) = find_decisive_tag(key.lower()) {
                let written = key.as_written().split_once('/').map_or(tag, |(_, name)| name);
                self.keys.entry(Arc::from(tag)).or_default().names.insert(written.to_owned());
            }
        }
        for key in document.statements.iter().flat_map(|statement| statement.variables()) {
            if let Some(tag) = key.lower().strip_prefix(PRINCIPAL_TAG).and_then(|tag| self.keys.get_mut(tag)) {
                tag.is_variable = true;
                tag.values.insert(VARIABLE_EXAMPLE.to_owned());
            }
        }
    }

    /// Adds the values that conditions compare tags with, and other spellings of the keys.
    fn add_values(&mut self, document: &PolicyDocument) {
        for statement in &document.statements {
            for template in ComparedTemplate::list_in(statement) {
                if let Some(tag) = self.keys.get_mut(&template.tag).filter(|tag| !tag.templates.contains(&template)) {
                    tag.templates.push(template);
                }
            }
            for used in VariableUse::list_in(statement) {
                if let Some(tag) = self.keys.get_mut(&used.tag).filter(|tag| !tag.uses.contains(&used)) {
                    tag.uses.push(used);
                }
            }
        }
        for condition in document.statements.iter().flat_map(|statement| &statement.conditions) {
            let lower = condition.key.lower();
            if lower == TAG_KEYS {
                for name in condition.texts().filter_map(|text| ValuePattern::from_template(text, false)) {
                    if let Some(tag) = self.keys.get_mut(name.glob.to_ascii_lowercase().as_str()) {
                        tag.names.insert(name.glob);
                    }
                }
            } else if let Some(name) = find_compared_tag(lower)
                && let Some(tag) = self.keys.get_mut(name)
            {
                tag.add_condition(condition);
            }
        }
    }

    fn add_template_patterns(&mut self, node: &PrincipalNode<'_>) {
        if self.keys.values().all(|tag| tag.templates.is_empty()) {
            return;
        }
        let statements = node.own_policies().flat_map(|policy| &policy.document.statements);
        let own: Vec<ComparedTemplate> = statements.flat_map(ComparedTemplate::list_in).collect();
        // Each principal may be the one that makes a request about what has the tag.
        let all = self.keys.values().flat_map(|tag| &tag.templates);
        let of_callers: Vec<ComparedTemplate> = all.filter(|template| template.is_of_callers()).cloned().collect();
        for template in own.iter().chain(&of_callers) {
            let (patterns, _) = template.list_patterns(&node.known, &|_| Vec::new());
            if let Some(tag) = self.keys.get_mut(&template.tag) {
                tag.template_patterns.extend(patterns);
            }
        }
    }

    fn add_values_of_principals(&mut self, nodes: &[PrincipalNode<'_>]) {
        for (name, value) in nodes.iter().flat_map(|node| &node.principal.tags) {
            if let Some(tag) = self.keys.get_mut(name.to_ascii_lowercase().as_str()) {
                tag.values.insert(value.clone());
            }
        }
    }
}

/// The resource policies and RCPs of a principal's layers.
pub(super) fn list_resource_side_policies<'n>(node: &'n PrincipalNode<'_>) -> impl Iterator<Item = &'n PolicyRef> {
    let rcps = node.layers.rcps.iter().flat_map(|rcps| rcps.levels()).flat_map(|level| &level.level.policies);
    node.layers.resource_policies.iter().map(|resource| &resource.policy).chain(rcps)
}

fn names_principal_tag(document: &PolicyDocument) -> bool {
    let mut keys = document.statements.iter().flat_map(|statement| statement.keys());
    keys.any(|key: &ContextKey| key.lower().starts_with(PRINCIPAL_TAG))
}

fn names_resource_tag(document: &PolicyDocument) -> bool {
    let mut keys = document.statements.iter().flat_map(|statement| statement.keys());
    keys.any(|key| find_resource_tag(key.lower()).is_some())
}
