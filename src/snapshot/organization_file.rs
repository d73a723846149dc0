//! Reads `organization.json` and checks that it hangs together: parents and targets exist, no cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::intern::Interner;
use super::organization::{Organization, OrganizationPolicy, OrganizationPolicyType, Unit, UnitKind};
use super::read::{Fields, first_char};
use crate::iam::DocumentKind;
use crate::source::json::Node;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const MEMBERS: [&str; 6] =
    ["Organization", "Roots", "OrganizationalUnits", "Accounts", "Policies", "DelegatedAdministrators"];
const WHAT: &str = "the organization file";

/// Reads an organization; where its SCPs could not be collected there need not be any. A policy in it that is none goes to the interner's problems.
pub(super) fn read(
    source: &Arc<SourceFile>,
    node: &Node,
    scps_were_read: bool,
    interner: &mut Interner,
) -> Result<Organization, Diagnostics> {
    let mut reader = Reader { fields: Fields::new(source), interner, units: BTreeMap::new(), parents: Vec::new() };
    let organization = reader.organization(node, scps_were_read);
    let problems = reader.fields.problems;
    match organization {
        Some(organization) if problems.is_empty() => Ok(organization),
        _ => Err(Diagnostics(problems)),
    }
}

struct Reader<'a> {
    fields: Fields<'a>,
    interner: &'a mut Interner,
    units: BTreeMap<String, Unit>,
    /// Each unit's id, and where its parent is named.
    parents: Vec<(String, Span)>,
}

impl Reader<'_> {
    fn organization(&mut self, node: &Node, scps_were_read: bool) -> Option<Organization> {
        if !self.fields.is_object(node, WHAT) {
            return None;
        }
        only_members(&mut self.fields, node, WHAT, &MEMBERS);
        let head = self.fields.required(node, "Organization", WHAT);
        let head = head.filter(|head| self.fields.is_object(head, "`Organization`"));
        let id = head.and_then(|head| self.fields.required_text(head, "Id", "the organization"));
        let management =
            head.and_then(|head| self.fields.required_account(head, "MasterAccountId", "the organization"));
        for root in self.fields.required_list(node, "Roots", WHAT) {
            self.unit(root, UnitKind::Root);
        }
        for unit in self.fields.required_list(node, "OrganizationalUnits", WHAT) {
            self.unit(unit, UnitKind::OrganizationalUnit);
        }
        for account in self.fields.required_list(node, "Accounts", WHAT) {
            self.unit(account, UnitKind::Account);
        }
        self.check_parents();
        let mut seen = BTreeSet::new();
        for policy in self.fields.required_list(node, "Policies", WHAT) {
            self.policy(policy, &mut seen);
        }
        let mut delegated_administrators = Vec::new();
        for account in self.fields.list(node, "DelegatedAdministrators") {
            if self.fields.is_object(account, "a delegated administrator") {
                let id = self.fields.required_account(account, "Id", "the delegated administrator");
                delegated_administrators.extend(id.map(|(id, _)| id));
            }
        }
        if scps_were_read && self.fields.problems.is_empty() {
            self.check_every_level_has_an_scp(node);
        }
        let (id, management_account) = (id?.0.to_owned(), management?.0);
        Some(Organization {
            id,
            management_account,
            units: std::mem::take(&mut self.units),
            delegated_administrators,
            missing: Vec::new(),
        })
    }

    fn unit(&mut self, node: &Node, kind: UnitKind) {
        let what = match kind {
            UnitKind::Root => "the root",
            UnitKind::OrganizationalUnit => "the organizational unit",
            UnitKind::Account => "the account",
        };
        if !self.fields.is_object(node, what) {
            return;
        }
        let name = self.fields.text(node, "Name").unwrap_or_default().to_owned();
        let enabled = if kind == UnitKind::Root { self.policy_types(node) } else { Vec::new() };
        let parent = if kind == UnitKind::Root { None } else { self.fields.required_text(node, "ParentId", what) };
        self.fields.text(node, "Status");
        let id = match kind {
            UnitKind::Account => {
                self.fields.required_account(node, "Id", what).map(|(id, span)| (id.to_string(), span))
            }
            _ => self.fields.required_text(node, "Id", what).map(|(id, span)| (id.to_owned(), span)),
        };
        let Some((id, span)) = id else { return };
        if let Some(other) = self.units.get(&id) {
            let message = format!("the id {id} stands twice; first at {}", other.place);
            self.fields.error(span, message, "each id once");
            return;
        }
        self.parents.extend(parent.map(|(_, span)| (id.clone(), span)));
        let unit = Unit {
            id: id.clone(),
            name,
            kind,
            parent: parent.map(|(parent, _)| parent.to_owned()),
            enabled,
            policies: Vec::new(),
            place: self.fields.source.place(span),
        };
        self.units.insert(id, unit);
    }

    fn policy_types(&mut self, root: &Node) -> Vec<OrganizationPolicyType> {
        let mut enabled = Vec::new();
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
                self.fields.error(span, format!("unknown status `{status}`"), expected);
            }
            // Types that bound no permissions (tag policies, …) are none of ours.
            if status == "ENABLED" {
                enabled.extend(policy_type(name));
            }
        }
        enabled
    }

    fn check_parents(&mut self) {
        for (id, span) in std::mem::take(&mut self.parents) {
            let parent = self.units.get(&id).and_then(|unit| unit.parent.clone()).unwrap_or_default();
            match self.units.get(&parent).map(|unit| unit.kind) {
                None => {
                    self.fields.error(span, format!("there is no root or unit {parent}"), "the id of one in this file")
                }
                Some(UnitKind::Account) => {
                    self.fields.error(span, format!("{parent} is an account: nothing is in it"), "a root or unit");
                }
                Some(_) if self.is_in_a_cycle(&id) => {
                    self.fields.error(span, format!("{id} is, by its parents, inside itself"), "a path up to a root");
                }
                Some(_) => {}
            }
        }
    }

    fn is_in_a_cycle(&self, id: &str) -> bool {
        let mut at = id;
        // A path without a cycle is no longer than there are units.
        for _ in 0..=self.units.len() {
            match self.units.get(at).and_then(|unit| unit.parent.as_deref()) {
                Some(parent) if parent == id => return true,
                Some(parent) => at = parent,
                None => return false,
            }
        }
        false
    }

    fn policy(&mut self, node: &Node, seen: &mut BTreeSet<String>) {
        const WHAT: &str = "the policy";
        if !self.fields.is_object(node, WHAT) {
            return;
        }
        let id = self.fields.required_text(node, "Id", WHAT);
        let name = self.fields.required_text(node, "Name", WHAT);
        let type_name = self.fields.required_text(node, "Type", WHAT);
        let content = self.fields.required(node, "Content", WHAT);
        let targets = match self.fields.required(node, "Targets", WHAT) {
            Some(_) => self.fields.texts(node, "Targets"),
            None => Vec::new(),
        };
        let (Some((id, id_span)), Some((name, _)), Some((type_name, span))) = (id, name, type_name) else { return };
        if !seen.insert(id.to_owned()) {
            self.fields.error(
                id_span,
                format!("the policy {id} stands twice"),
                "each policy once, with all its targets",
            );
            return;
        }
        let Some(policy_type) = policy_type(type_name) else {
            let expected = "SERVICE_CONTROL_POLICY or RESOURCE_CONTROL_POLICY";
            self.fields.problems.push(
                Diagnostic::error(self.fields.source, span, format!("`{type_name}` bounds no permissions"), expected)
                    .with_help("leave policies of other types out"),
            );
            return;
        };
        let Some(content) = content else { return };
        let (kind, short) = match policy_type {
            OrganizationPolicyType::ServiceControl => (DocumentKind::ServiceControl, "service control policy"),
            OrganizationPolicyType::ResourceControl => (DocumentKind::ResourceControl, "resource control policy"),
        };
        let document = self.interner.read(self.fields.source, content, kind, || format!("{short} {id} ({name})"));
        let policy = Arc::new(OrganizationPolicy { id: id.to_owned(), name: name.to_owned(), policy_type, document });
        for (target, span) in targets {
            match self.units.get_mut(target) {
                Some(unit) if unit.policies.iter().any(|other| other.id == id) => {
                    self.fields.error(span, format!("{target} stands twice"), "each target once");
                }
                Some(unit) => unit.policies.push(Arc::clone(&policy)),
                None => {
                    let message = format!("there is no root, unit or account {target}");
                    self.fields.error(span, message, "the id of one in this file");
                }
            }
        }
    }

    /// AWS keeps at least one SCP on everything where SCPs are enabled: none means that it was not
    /// collected, and to read it as "nothing is allowed" would hide every drift.
    fn check_every_level_has_an_scp(&mut self, node: &Node) {
        let enabled =
            |unit: &Unit| unit.kind == UnitKind::Root && unit.enabled.contains(&OrganizationPolicyType::ServiceControl);
        let ids: Vec<&String> = self.units.keys().collect();
        for id in ids {
            let mut top = self.units.get(id);
            while let Some(parent) = top.and_then(|unit| unit.parent.as_ref()) {
                top = self.units.get(parent);
            }
            let Some(unit) = self.units.get(id).filter(|_| top.is_some_and(enabled)) else { continue };
            if unit.policies.iter().all(|policy| policy.policy_type != OrganizationPolicyType::ServiceControl) {
                let message = format!("no SCP is attached to {id} ({}), where SCPs are enabled", unit.place);
                self.fields.problems.push(
                    Diagnostic::error(self.fields.source, first_char(node.span), message, "one SCP or more for each")
                        .with_help(
                            "AWS attaches FullAWSAccess (p-FullAWSAccess) unless another takes its place: list it, too",
                        ),
                );
            }
        }
    }
}

fn policy_type(name: &str) -> Option<OrganizationPolicyType> {
    match name {
        "SERVICE_CONTROL_POLICY" => Some(OrganizationPolicyType::ServiceControl),
        "RESOURCE_CONTROL_POLICY" => Some(OrganizationPolicyType::ResourceControl),
        _ => None,
    }
}

/// Reports the members of an object that our own formats do not know.
pub(super) fn only_members(fields: &mut Fields<'_>, node: &Node, what: &str, known: &[&str]) {
    for member in node.members() {
        if !known.contains(&&*member.name) && &*member.name != "$schema" {
            fields.problems.push(
                Diagnostic::error(
                    fields.source,
                    member.name_span,
                    format!("{what} has no `{}`", member.name),
                    format!("one of {}", known.join(", ")),
                )
                .with_suggestion(&member.name, known.iter().copied()),
            );
        }
    }
}
