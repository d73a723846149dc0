//! What a principal holds, as policy documents: its granting statements, and statements that deny what the other layers
//! do not allow.

use std::collections::BTreeMap;

use super::known_statement::settle_statement;
use super::limiting_layer::deny_rest_of_layer;
use crate::access::KnownContext;
use crate::catalog::Catalog;
use crate::iam::element::{ActionElement, ElementKind, ResourceElement};
use crate::iam::{Effect, Statement};
use crate::solve::{Access, Branch, ControlledResources, ResourceScope, StatementId, StatementUse};

/// The largest number of documents of one extent.
const MAX_DOCUMENTS: usize = 64;

/// The granting statements to write, with their actions.
pub(super) type NarrowedGrants = BTreeMap<StatementId, ActionElement>;

/// Writes the access of a principal as documents.
pub(super) struct DocumentWriter<'w> {
    pub catalog: &'w Catalog,
    pub known: &'w KnownContext,
    pub grants: &'w NarrowedGrants,
}

impl DocumentWriter<'_> {
    /// The statements of each document. `None` if the access cannot be written.
    pub fn write(&self, access: &Access) -> Option<Vec<Vec<Statement>>> {
        let mut documents: Vec<Vec<Statement>> = Vec::new();
        for branch in &access.branches {
            for document in self.write_branch(branch)? {
                if !documents.contains(&document) {
                    documents.push(document);
                }
            }
        }
        (documents.len() <= MAX_DOCUMENTS).then_some(documents)
    }

    /// The documents of a branch. Grants of a resource policy are written for each resource, since they end with it.
    fn write_branch(&self, branch: &Branch) -> Option<Vec<Vec<Statement>>> {
        let Some((granting, limits)) = branch.allow_layers.split_first() else { return Some(Vec::new()) };
        let mut by_scope: Vec<(Option<&ResourceScope>, Vec<Statement>)> = Vec::new();
        for statement_use in granting {
            let id = (statement_use.policy_index, statement_use.statement_index);
            let Some(action) = self.grants.get(&id).filter(|action| !action.patterns.is_empty()) else { continue };
            let Some(mut statement) = settle_statement(statement_use.statement(), self.known) else { continue };
            statement.action = action.clone();
            let scope = statement_use.resource_scope.as_deref();
            match by_scope.iter_mut().find(|(other, _)| *other == scope) {
                Some((_, statements)) => statements.push(statement),
                None => by_scope.push((scope, vec![statement])),
            }
        }
        let mut documents = Vec::new();
        for (scope, allows) in by_scope {
            let mut document = self.complete_allows(allows, scope);
            document.extend(branch.scope_exclusions.iter().map(|scope| deny_scope(scope, ElementKind::List)));
            let is_related = |statement: &Statement| self.shares_service(&document, statement);
            let denies: Vec<Statement> =
                branch.deny_statements.iter().filter_map(|deny| self.write_deny(deny)).filter(is_related).collect();
            let mut alternatives = vec![Vec::new()];
            for layer in limits {
                let settle = |limit: &StatementUse| self.settle_limit(limit);
                let statements: Vec<Statement> = layer.iter().filter_map(settle).filter(is_related).collect();
                alternatives = combine_with_layer(alternatives, &statements)?;
            }
            document.extend(denies);
            documents.extend(alternatives.into_iter().map(|limits| [document.clone(), limits].concat()));
        }
        Some(documents)
    }

    /// Allow statements as they apply to the resources of a scope.
    fn complete_allows(&self, mut allows: Vec<Statement>, scope: Option<&ResourceScope>) -> Vec<Statement> {
        let Some(scope) = scope else { return allows };
        for statement in allows.iter_mut().filter(|statement| statement.resource.is_none()) {
            statement.resource = Some(resources_of(scope, ElementKind::List));
        }
        allows.push(deny_scope(scope, ElementKind::NotList));
        allows
    }

    /// A statement of a layer that limits. `None` if it never matches a request of the principal.
    fn settle_limit(&self, limit: &StatementUse) -> Option<Statement> {
        let mut statement = settle_statement(limit.statement(), self.known)?;
        if let (Some(scope), None) = (&limit.resource_scope, &statement.resource) {
            statement.resource = Some(resources_of(scope, ElementKind::List));
        }
        Some(statement)
    }

    /// A Deny statement. `None` if it never matches a request of the principal.
    fn write_deny(&self, deny: &StatementUse) -> Option<Statement> {
        let mut statement = self.settle_limit(deny)?;
        if let Some(controlled) = &deny.controlled_resources {
            if is_on_every_resource(&statement) {
                statement.resource = Some(write_controlled_resources(controlled));
            }
            statement.action = self.restrict_to_rcp_services(statement.action);
            if statement.action.patterns.is_empty() {
                return None;
            }
        }
        Some(statement)
    }

    /// The actions of the services that support resource control policies.
    fn restrict_to_rcp_services(&self, element: ActionElement) -> ActionElement {
        let catalog = self.catalog;
        let services = catalog.services().filter(|service| catalog.supports_rcp(*service));
        if element.kind == ElementKind::NotList {
            let actions = services.flat_map(|service| catalog.actions_of(service)).map(crate::catalog::ActionId);
            let names = actions.map(|action| catalog.full_name(action)).filter(|name| element.lists_action(name));
            return ActionElement::listing(names);
        }
        let is_rcp_service =
            |name: &str| catalog.find_service(name).is_some_and(|service| catalog.supports_rcp(service));
        let (wild, plain): (Vec<_>, Vec<_>) = element.patterns.into_iter().partition(|p| p.service_has_wildcards());
        let mut restricted = ActionElement { kind: ElementKind::List, patterns: plain };
        restricted.patterns.retain(|pattern| is_rcp_service(pattern.service()));
        let prefixes: Vec<&str> = services.map(|service| catalog.service_prefix(service)).collect();
        for pattern in wild {
            let glob = crate::base::glob::Glob::new(pattern.service());
            let matching = prefixes.iter().filter(|prefix| glob.matches(prefix));
            let listed = ActionElement::listing(matching.map(|prefix| format!("{prefix}:{}", pattern.name())));
            restricted.patterns.extend(listed.patterns);
        }
        restricted
    }

    /// Whether a statement can concern a service of the Allow statements of a document.
    fn shares_service(&self, document: &[Statement], statement: &Statement) -> bool {
        let is_open = |s: &Statement| {
            s.action.kind == ElementKind::NotList || s.action.patterns.iter().any(|p| p.service_has_wildcards())
        };
        let mut allows = document.iter().filter(|s| s.effect == Effect::Allow);
        is_open(statement)
            || allows.any(|allow| {
                let has_service = |service: &str| statement.action.patterns.iter().any(|p| p.service() == service);
                is_open(allow) || allow.action.patterns.iter().any(|pattern| has_service(pattern.service()))
            })
    }
}

/// Whether a statement is about every resource. One about some resources is written for all owners: the document then
/// allows less, never more.
fn is_on_every_resource(statement: &Statement) -> bool {
    statement.resource.as_ref().is_none_or(|element| {
        element.kind == ElementKind::List && element.patterns.iter().any(|pattern| pattern.as_written() == "*")
    })
}

/// The resources to which a resource control policy applies.
fn write_controlled_resources(controlled: &ControlledResources) -> ResourceElement {
    let listing = |patterns: &[Box<str>]| ResourceElement::listing(patterns.iter().map(|pattern| pattern.to_string()));
    match controlled {
        ControlledResources::Every => ResourceElement::any(),
        ControlledResources::Matching(patterns) => listing(patterns),
        ControlledResources::OfUnknownOwner(known) => {
            let mut element = listing(known);
            element.patterns.extend(ResourceElement::listing(["arn:*:*:*:????????????:*"]).patterns);
            ResourceElement { kind: ElementKind::NotList, ..element }
        }
    }
}

/// Adds a limiting layer to each alternative. A layer without a form of its own is written statement by statement.
fn combine_with_layer(alternatives: Vec<Vec<Statement>>, layer: &[Statement]) -> Option<Vec<Vec<Statement>>> {
    let rests: Vec<Vec<Statement>> = match deny_rest_of_layer(layer) {
        Some(rest) => vec![rest],
        None => {
            layer.iter().map(|statement| deny_rest_of_layer(std::slice::from_ref(statement))).collect::<Option<_>>()?
        }
    };
    let combined: Vec<Vec<Statement>> = alternatives
        .iter()
        .flat_map(|alternative| rests.iter().map(move |rest| [alternative.as_slice(), rest].concat()))
        .collect();
    (combined.len() <= MAX_DOCUMENTS).then_some(combined)
}

fn resources_of(scope: &ResourceScope, kind: ElementKind) -> ResourceElement {
    ResourceElement { kind, patterns: scope.resources.to_vec() }
}

/// Denies the requests for the resources of a scope, or all others.
fn deny_scope(scope: &ResourceScope, kind: ElementKind) -> Statement {
    let actions = match (&scope.service, kind) {
        (Some(service), ElementKind::List) => ActionElement::listing([format!("{service}:*")]),
        _ => ActionElement::any(),
    };
    Statement::deny(actions, resources_of(scope, kind))
}
