//! The tag keys that policies name, with the names and values that can matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::attachable_policies::list_attachable_documents;
use super::node::PrincipalNode;
use crate::access::{KeyFact, KnownContext, PolicyRef};
use crate::iam::{Condition, ContextKey, PolicyDocument, Template, TemplatePart};
use crate::snapshot::Snapshot;

const PRINCIPAL_TAG: &str = "aws:principaltag/";
const RESOURCE_TAGS: [&str; 2] = ["aws:resourcetag/", "iam:resourcetag/"];
const REQUEST_TAG: &str = "aws:requesttag/";
const TAG_KEYS: &str = "aws:tagkeys";

/// A value of a tag that is a variable of a policy, for a tag that can have any value.
const VARIABLE_EXAMPLE: &str = "example";

/// The tags that the policies of a snapshot name.
pub(crate) struct TagIndex {
    /// By key, in lower case.
    keys: BTreeMap<Arc<str>, NamedTag>,
    /// The principals whose own policies, boundary or SCPs name a tag of the principal, or those that they can get.
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
    /// Values with variables that policies compare it with.
    pub(crate) templates: Vec<Template>,
    /// The values of the templates in policies of principals of the snapshot, for these principals.
    pub(crate) template_values: BTreeSet<String>,
    /// Whether a policy has it as a variable.
    pub(crate) is_variable: bool,
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
        let by_account: FxHashMap<&str, bool> = snapshot
            .accounts
            .iter()
            .map(|account| {
                let is_named = list_attachable_documents(account).any(|document| names_principal_tag(document));
                (account.id.as_str(), is_named)
            })
            .collect();
        for (position, node) in nodes.iter().enumerate() {
            let is_named_by_attachable = by_account.get(node.account.id.as_str()).copied().unwrap_or_default();
            let is_named = || node.own_policies().any(|policy| names_principal_tag(&policy.document));
            index.principals.set(position, is_named_by_attachable || is_named());
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
        documents.iter().for_each(|document| index.add_keys(document));
        documents.iter().for_each(|document| index.add_values(document));
        index.add_values_of_principals(nodes);
        nodes.iter().for_each(|node| index.add_template_values(node));
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
        for (key, template) in list_tag_templates(document).filter(|(_, template)| has_variable(template)) {
            let is_new = |tag: &&mut NamedTag| tag.templates.iter().all(|known| known != template);
            if let Some(tag) = self.keys.get_mut(key).filter(is_new) {
                tag.templates.push(template.clone());
            }
        }
        for condition in document.statements.iter().flat_map(|statement| &statement.conditions) {
            let lower = condition.key.lower();
            if lower == TAG_KEYS {
                for name in list_texts(condition) {
                    if let Some(tag) = self.keys.get_mut(name.to_ascii_lowercase().as_str()) {
                        tag.names.insert(name);
                    }
                }
            } else if let Some(name) = find_compared_tag(lower)
                && let Some(tag) = self.keys.get_mut(name)
            {
                tag.values.extend(list_texts(condition));
            }
        }
    }

    fn add_template_values(&mut self, node: &PrincipalNode<'_>) {
        if self.keys.values().all(|tag| tag.templates.is_empty()) {
            return;
        }
        for (key, template) in node.own_policies().flat_map(|policy| list_tag_templates(&policy.document)) {
            if let Some(tag) = self.keys.get_mut(key).filter(|_| has_variable(template)) {
                tag.template_values.extend(resolve_template(template, &node.known));
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

/// The tag of a key about the tags of a principal or of a resource. None for other keys.
pub(crate) fn find_decisive_tag(lower_key: &str) -> Option<&str> {
    lower_key.strip_prefix(PRINCIPAL_TAG).or_else(|| find_resource_tag(lower_key))
}

/// The tag of a key about the tags of the requested resource. None for other keys.
pub(crate) fn find_resource_tag(lower_key: &str) -> Option<&str> {
    RESOURCE_TAGS.iter().find_map(|prefix| lower_key.strip_prefix(prefix))
}

/// The tag of a key about the tags of a principal, of a resource or of a request. None for other keys.
fn find_compared_tag(lower_key: &str) -> Option<&str> {
    find_decisive_tag(lower_key).or_else(|| lower_key.strip_prefix(REQUEST_TAG))
}

/// What the conditions of a document compare tags with: the keys of the tags, in lower case, and the values.
fn list_tag_templates(document: &PolicyDocument) -> impl Iterator<Item = (&str, &Template)> {
    let conditions = document.statements.iter().flat_map(|statement| &statement.conditions);
    let about_tags = conditions.filter_map(|condition| Some((find_compared_tag(condition.key.lower())?, condition)));
    // A tag is compared as text. `Null` has no value.
    about_tags.flat_map(|(tag, condition)| condition.texts().map(move |template| (tag, template)))
}

fn has_variable(template: &Template) -> bool {
    template.variables().next().is_some()
}

/// A text that a template matches in a request with some facts. None if a variable has no value there.
pub(crate) fn resolve_template(template: &Template, known: &KnownContext) -> Option<String> {
    let value_of = |key: &ContextKey, default: Option<&str>| match known.fact(key) {
        KeyFact::Value(value) => Some(value),
        KeyFact::StartsWith(start) => Some(format!("{start}{VARIABLE_EXAMPLE}")),
        KeyFact::Missing => default.map(str::to_owned),
        KeyFact::Free | KeyFact::Present => Some(default.unwrap_or(VARIABLE_EXAMPLE).to_owned()),
        // These are facts about times, sets and keys with two values.
        KeyFact::Set(_) | KeyFact::NoneLike(_) | KeyFact::NotBefore(_) => None,
    };
    find_matching_text(&template.substitute_variables(value_of))
}

/// Texts that match the values of a condition, one for each value without a variable.
fn list_texts(condition: &Condition) -> Vec<String> {
    // A tag is compared as text. `Null` has no value.
    condition.texts().filter_map(find_matching_text).collect()
}

/// A text that a template matches. None if it has a variable.
fn find_matching_text(template: &Template) -> Option<String> {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => Some(text.to_string()),
        TemplatePart::AnyString => Some(String::new()),
        TemplatePart::AnyChar => Some("a".to_owned()),
        TemplatePart::Variable { .. } => None,
    };
    template.parts().iter().map(part).collect()
}
