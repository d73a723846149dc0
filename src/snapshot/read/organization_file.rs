//! Reads `organization.json` and checks its references: parents and policy targets exist, parents form no cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::document_interner::DocumentInterner;
use super::fields::{FieldReader, first_char_span};
use crate::iam::DocumentKind;
use crate::snapshot::model::missing::MissingReason;
use crate::snapshot::model::organization::{
    OrgNode, OrgNodeKind, Organization, OrganizationPolicy, OrganizationPolicyType,
};
use crate::source::json_tree::JsonNode;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const MEMBERS: [&str; 6] =
    ["Organization", "Roots", "OrganizationalUnits", "Accounts", "Policies", "DelegatedAdministrators"];
const SUBJECT: &str = "the organization file";

/// Whether the collector could read the SCPs. If it could, every node of a root with SCPs enabled has one.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(super) enum ScpCollection {
    /// The file contains all SCPs.
    #[default]
    Complete,
    /// The SCPs could not be collected.
    Unread,
}

/// Reads an organization. A policy document that is not valid becomes a problem of the interner.
pub(super) fn read_organization_file(
    source: &Arc<SourceFile>,
    node: &JsonNode,
    scp_collection: ScpCollection,
    interner: &mut DocumentInterner,
) -> Result<Organization, Diagnostics> {
    let mut reader =
        OrganizationReader { fields: FieldReader::new(source), interner, nodes: BTreeMap::new(), parents: Vec::new() };
    let organization = reader.read_organization(node, scp_collection);
    let problems = reader.fields.problems;
    match organization {
        Some(organization) if problems.is_empty() => Ok(organization),
        _ => Err(Diagnostics(problems)),
    }
}

struct OrganizationReader<'a> {
    fields: FieldReader<'a>,
    interner: &'a mut DocumentInterner,
    nodes: BTreeMap<String, OrgNode>,
    /// The id of each node below a root, and where its parent is named.
    parents: Vec<(String, Span)>,
}

impl OrganizationReader<'_> {
    fn read_organization(&mut self, node: &JsonNode, scp_collection: ScpCollection) -> Option<Organization> {
        if !self.fields.is_object(node, SUBJECT) {
            return None;
        }
        self.fields.reject_unknown_members(node, SUBJECT, &MEMBERS);
        let description = self.fields.required_field(node, "Organization", SUBJECT);
        let head = description.filter(|head| self.fields.is_object(head, "`Organization`"));
        let id = head.and_then(|head| self.fields.required_text(head, "Id", "the organization"));
        let management =
            head.and_then(|head| self.fields.required_account_id(head, "MasterAccountId", "the organization"));
        for root in self.fields.required_list(node, "Roots", SUBJECT) {
            self.read_node(root, OrgNodeKind::Root);
        }
        for unit in self.fields.required_list(node, "OrganizationalUnits", SUBJECT) {
            self.read_node(unit, OrgNodeKind::OrganizationalUnit);
        }
        for account in self.fields.required_list(node, "Accounts", SUBJECT) {
            self.read_node(account, OrgNodeKind::Account);
        }
        self.check_parents();
        let mut seen_policy_ids = BTreeSet::new();
        for policy in self.fields.required_list(node, "Policies", SUBJECT) {
            self.read_policy(policy, &mut seen_policy_ids);
        }
        let unread_administrators =
            node.get("DelegatedAdministrators").is_none().then_some(MissingReason::NotCollected);
        let mut delegated_administrators = Vec::new();
        for account in self.fields.optional_list(node, "DelegatedAdministrators") {
            if self.fields.is_object(account, "a delegated administrator") {
                let id = self.fields.required_account_id(account, "Id", "the delegated administrator");
                delegated_administrators.extend(id.map(|(id, _)| id));
            }
        }
        if scp_collection == ScpCollection::Complete && self.fields.problems.is_empty() {
            self.check_every_level_has_an_scp(node);
        }
        let (id, management_account) = (id?.0.to_owned(), management?.0);
        Some(Organization {
            id,
            management_account,
            nodes: std::mem::take(&mut self.nodes),
            delegated_administrators,
            unread_administrators,
            missing_documents: Vec::new(),
        })
    }

    fn read_node(&mut self, node: &JsonNode, kind: OrgNodeKind) {
        let subject = match kind {
            OrgNodeKind::Root => "the root",
            OrgNodeKind::OrganizationalUnit => "the organizational unit",
            OrgNodeKind::Account => "the account",
        };
        if !self.fields.is_object(node, subject) {
            return;
        }
        // The name is for people. The id identifies the node.
        let name = self.fields.optional_text(node, "Name").unwrap_or_default().to_owned();
        let enabled_policy_types =
            if kind == OrgNodeKind::Root { self.read_enabled_policy_types(node) } else { Vec::new() };
        let parent =
            if kind == OrgNodeKind::Root { None } else { self.fields.required_text(node, "ParentId", subject) };
        self.fields.optional_text(node, "Status");
        let id = match kind {
            OrgNodeKind::Account => {
                self.fields.required_account_id(node, "Id", subject).map(|(id, span)| (id.to_string(), span))
            }
            _ => self.fields.required_text(node, "Id", subject).map(|(id, span)| (id.to_owned(), span)),
        };
        let Some((id, span)) = id else { return };
        if let Some(existing) = self.nodes.get(&id) {
            let message = format!("duplicate id {id}; first at {}", existing.place);
            self.fields.report_error(span, message, "a unique id");
            return;
        }
        self.parents.extend(parent.map(|(_, span)| (id.clone(), span)));
        let org_node = OrgNode {
            id: id.clone(),
            name,
            kind,
            parent: parent.map(|(parent, _)| parent.to_owned()),
            enabled_policy_types,
            policies: Vec::new(),
            place: self.fields.source.place(span),
        };
        self.nodes.insert(id, org_node);
    }

    fn read_enabled_policy_types(&mut self, root: &JsonNode) -> Vec<OrganizationPolicyType> {
        let mut enabled_policy_types = Vec::new();
        for entry in self.fields.required_list(root, "PolicyTypes", "the root") {
            if !self.fields.is_object(entry, "a policy type") {
                continue;
            }
            let name = self.fields.required_text(entry, "Type", "the policy type");
            let status = self.fields.required_text(entry, "Status", "the policy type");
            let (Some((name, _)), Some((status, span))) = (name, status) else { continue };
            const STATUSES: [&str; 3] = ["ENABLED", "PENDING_ENABLE", "PENDING_DISABLE"];
            if !STATUSES.contains(&status) {
                let expected = format!("one of {}", STATUSES.join(", "));
                self.fields.report_error(span, format!("unknown status `{status}`"), expected);
            }
            // Other policy types (tag policies, …) do not limit permissions.
            if status == "ENABLED" {
                enabled_policy_types.extend(parse_policy_type(name));
            }
        }
        enabled_policy_types
    }

    fn check_parents(&mut self) {
        for (id, span) in std::mem::take(&mut self.parents) {
            // INVARIANT: `self.parents` has only nodes with a parent.
            let parent = self.nodes.get(&id).and_then(|unit| unit.parent.clone()).unwrap_or_default();
            match self.nodes.get(&parent).map(|unit| unit.kind) {
                None => self.fields.report_error(
                    span,
                    format!("no root or organizational unit has the id {parent}"),
                    "an id in this file",
                ),
                Some(OrgNodeKind::Account) => {
                    self.fields.report_error(
                        span,
                        format!("{parent} is an account, and accounts have no children"),
                        "a root or an organizational unit",
                    );
                }
                Some(_) if self.is_in_cycle(&id) => {
                    self.fields.report_error(span, format!("{id} is its own ancestor"), "a path up to a root");
                }
                Some(_) => {}
            }
        }
    }

    fn is_in_cycle(&self, id: &str) -> bool {
        let mut current = id;
        // A path without a cycle has at most as many steps as there are nodes.
        for _ in 0..=self.nodes.len() {
            match self.nodes.get(current).and_then(|unit| unit.parent.as_deref()) {
                Some(parent) if parent == id => return true,
                Some(parent) => current = parent,
                None => return false,
            }
        }
        false
    }

    fn read_policy(&mut self, node: &JsonNode, seen_policy_ids: &mut BTreeSet<String>) {
        const SUBJECT: &str = "the policy";
        if !self.fields.is_object(node, SUBJECT) {
            return;
        }
        let id = self.fields.required_text(node, "Id", SUBJECT);
        let name = self.fields.required_text(node, "Name", SUBJECT);
        let type_name = self.fields.required_text(node, "Type", SUBJECT);
        let content = self.fields.required_field(node, "Content", SUBJECT);
        let targets = match self.fields.required_field(node, "Targets", SUBJECT) {
            Some(_) => self.fields.text_list(node, "Targets"),
            None => Vec::new(),
        };
        let (Some((id, id_span)), Some((name, _)), Some((type_name, span))) = (id, name, type_name) else { return };
        if !seen_policy_ids.insert(id.to_owned()) {
            self.fields.report_error(
                id_span,
                format!("duplicate policy {id}"),
                "one entry per policy, with all its targets",
            );
            return;
        }
        let Some(policy_type) = parse_policy_type(type_name) else {
            let expected = "SERVICE_CONTROL_POLICY or RESOURCE_CONTROL_POLICY";
            self.fields.problems.push(
                Diagnostic::error(
                    self.fields.source,
                    span,
                    format!("policies of type `{type_name}` do not limit permissions"),
                    expected,
                )
                .with_help("remove policies of other types"),
            );
            return;
        };
        let Some(content) = content else { return };
        let (kind, type_label) = match policy_type {
            OrganizationPolicyType::ServiceControl => (DocumentKind::ServiceControl, "service control policy"),
            OrganizationPolicyType::ResourceControl => (DocumentKind::ResourceControl, "resource control policy"),
        };
        let document =
            self.interner.read_document(self.fields.source, content, kind, || format!("{type_label} {id} ({name})"));
        let policy = Arc::new(OrganizationPolicy { id: id.to_owned(), name: name.to_owned(), policy_type, document });
        for (target, span) in targets {
            match self.nodes.get_mut(target) {
                Some(unit) if unit.policies.iter().any(|attached| attached.id == id) => {
                    self.fields.report_error(span, format!("duplicate target {target}"), "each target once");
                }
                Some(unit) => unit.policies.push(Arc::clone(&policy)),
                None => {
                    let message = format!("no root, organizational unit or account has the id {target}");
                    self.fields.report_error(span, message, "an id in this file");
                }
            }
        }
    }

    /// Where SCPs are enabled, AWS requires at least one SCP on every node. A node without one means that its SCPs
    /// were not collected. Reading that as "nothing is allowed" would hide all drift.
    fn check_every_level_has_an_scp(&mut self, node: &JsonNode) {
        let has_scps_enabled = |unit: &OrgNode| {
            unit.kind == OrgNodeKind::Root
                && unit.enabled_policy_types.contains(&OrganizationPolicyType::ServiceControl)
        };
        let ids: Vec<&String> = self.nodes.keys().collect();
        for id in ids {
            let mut root = self.nodes.get(id);
            while let Some(parent) = root.and_then(|unit| unit.parent.as_ref()) {
                root = self.nodes.get(parent);
            }
            let Some(unit) = self.nodes.get(id).filter(|_| root.is_some_and(has_scps_enabled)) else { continue };
            if unit.policies.iter().all(|policy| policy.policy_type != OrganizationPolicyType::ServiceControl) {
                let message = format!("no SCP is attached to {id} ({}), where SCPs are enabled", unit.place);
                self.fields.problems.push(
                    Diagnostic::error(
                        self.fields.source,
                        first_char_span(node.span),
                        message,
                        "one SCP or more per node",
                    )
                    .with_help(
                        "AWS attaches FullAWSAccess (p-FullAWSAccess) unless another SCP replaces it: include it in `Policies`",
                    ),
                );
            }
        }
    }
}

fn parse_policy_type(name: &str) -> Option<OrganizationPolicyType> {
    match name {
        "SERVICE_CONTROL_POLICY" => Some(OrganizationPolicyType::ServiceControl),
        "RESOURCE_CONTROL_POLICY" => Some(OrganizationPolicyType::ResourceControl),
        _ => None,
    }
}
