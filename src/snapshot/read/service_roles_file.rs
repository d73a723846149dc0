//! Reads `service-roles.json`, and the same lists in the file of an account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fields::{FieldReader, first_char_span};
use crate::iam::{AccountId, Arn};
use crate::snapshot::model::service_roles::{ReadRegions, ServiceResource, ServiceResources};
use crate::source::json_tree::JsonNode;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

const FILE: &str = "the file of service roles";
const RESOURCE: &str = "the service resource";
const COMPLETE: &str = "the entry of complete types";

/// The field with the resources.
pub(crate) const RESOURCES: &str = "ServiceResources";
/// The field with the types of which all resources are listed.
pub(crate) const COMPLETE_TYPES: &str = "CompleteResourceTypes";

/// The service roles of one file or page.
#[derive(Default)]
pub(crate) struct ServiceRoleLists {
    pub(crate) resources: Vec<(ServiceResource, Span)>,
    pub(crate) complete: Vec<((AccountId, String), ReadRegions)>,
}

impl ServiceRoleLists {
    pub(crate) fn extend(&mut self, other: ServiceRoleLists) {
        self.resources.extend(other.resources);
        self.complete.extend(other.complete);
    }
}

/// The service roles of all files.
#[derive(Default)]
pub(crate) struct ServiceRoleMerger {
    resources: BTreeMap<String, ServiceResource>,
    complete: BTreeMap<(AccountId, String), ReadRegions>,
}

impl ServiceRoleMerger {
    /// Adds the lists of a file. The same resource can occur twice with equal content.
    pub(crate) fn add(&mut self, source: &Arc<SourceFile>, lists: ServiceRoleLists, errors: &mut Vec<Diagnostic>) {
        for (resource, span) in lists.resources {
            match self.resources.get(resource.arn.as_str()) {
                Some(existing) if *existing != resource => {
                    let message = format!("{} appears twice with different content", resource.arn);
                    errors.push(Diagnostic::error(source, span, message, "each resource once"));
                }
                Some(_) => {}
                None => drop(self.resources.insert(resource.arn.as_str().to_owned(), resource)),
            }
        }
        for (key, regions) in lists.complete {
            match self.complete.get_mut(&key) {
                Some(existing) => existing.extend(regions),
                None => drop(self.complete.insert(key, regions)),
            }
        }
    }

    pub(crate) fn into_service_roles(self) -> ServiceResources {
        ServiceResources { resources: self.resources.into_values().collect(), complete: self.complete }
    }
}

/// Reads `service-roles.json`.
///
/// # Errors
/// Another format; a resource without its account; a list of complete types without its account.
pub(crate) fn read_service_roles(source: &Arc<SourceFile>, node: &JsonNode) -> Result<ServiceRoleLists, Diagnostics> {
    let mut fields = FieldReader::new(source);
    let mut lists = ServiceRoleLists::default();
    if fields.is_object(node, FILE) {
        fields.reject_unknown_members(node, FILE, &[RESOURCES, COMPLETE_TYPES]);
        lists = read_service_role_lists(&mut fields, node, None);
    }
    if fields.problems.is_empty() { Ok(lists) } else { Err(Diagnostics(fields.problems)) }
}

/// Reads the two lists of an object. `account` is that of the file. None if the entries name it.
pub(crate) fn read_service_role_lists(
    fields: &mut FieldReader<'_>,
    node: &JsonNode,
    account: Option<&AccountId>,
) -> ServiceRoleLists {
    let mut lists = ServiceRoleLists::default();
    for entry in fields.optional_list(node, RESOURCES) {
        let resource = read_resource(fields, entry);
        lists
            .resources
            .extend(resource.filter(|(resource, span)| check_owner(fields, &resource.account, account, *span)));
    }
    for entry in fields.optional_list(node, COMPLETE_TYPES) {
        lists.complete.extend(read_complete_types(fields, entry, account));
    }
    lists
}

fn read_resource(fields: &mut FieldReader<'_>, node: &JsonNode) -> Option<(ServiceResource, Span)> {
    if !fields.is_object(node, RESOURCE) {
        return None;
    }
    fields.reject_unknown_members(node, RESOURCE, &["ResourceType", "Arn", "Roles", "Properties"]);
    let resource_type = fields.required_text(node, "ResourceType", RESOURCE);
    let resource_type = resource_type.and_then(|(name, span)| check_type(fields, name, span));
    let arn = fields.required_arn(node, "Arn", RESOURCE);
    let roles: Vec<String> = fields
        .text_list(node, "Roles")
        .into_iter()
        .filter(|(role, span)| check_role(fields, role, *span))
        .map(|(role, _)| role.to_owned())
        .collect();
    let properties = fields.optional_field(node, "Properties").map(|value| read_properties(fields, value));
    let (arn, span) = arn?;
    let Some(account) = AccountId::parse(arn.account()).filter(|_| !arn.as_str().contains(['*', '?'])) else {
        let message = format!("`{arn}` is not the ARN of one resource of an account");
        fields.report_error(span, message, "arn:partition:service:region:account:resource, with an account number");
        return None;
    };
    let properties = properties.unwrap_or_default();
    Some((ServiceResource { resource_type: resource_type?, arn, account, roles, properties }, span))
}

fn read_properties(fields: &mut FieldReader<'_>, node: &JsonNode) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    if !fields.is_object(node, "`Properties`") {
        return properties;
    }
    for member in node.members() {
        match member.value.as_str() {
            Some(text) => drop(properties.insert(member.name.to_string(), text.to_owned())),
            None => fields.report_error(
                member.value.span,
                format!("`{}` cannot be {}", member.name, member.value.describe_type()),
                "a string",
            ),
        }
    }
    properties
}

fn read_complete_types(
    fields: &mut FieldReader<'_>,
    node: &JsonNode,
    file_account: Option<&AccountId>,
) -> Vec<((AccountId, String), ReadRegions)> {
    if !fields.is_object(node, COMPLETE) {
        return Vec::new();
    }
    fields.reject_unknown_members(node, COMPLETE, &["Account", "ResourceTypes", "Regions"]);
    let account = match (file_account, fields.optional_field(node, "Account").is_some()) {
        (Some(account), false) => Some(account.clone()),
        _ => fields
            .required_account_id(node, "Account", COMPLETE)
            .filter(|(account, span)| check_owner(fields, account, file_account, *span))
            .map(|(account, _)| account),
    };
    for name in ["ResourceTypes", "Regions"] {
        if fields.required_list(node, name, COMPLETE).is_empty() && fields.optional_field(node, name).is_some() {
            fields.report_error(first_char_span(node.span), format!("`{name}` is empty"), "one element or more");
        }
    }
    let mut types = Vec::new();
    for (name, span) in fields.text_list(node, "ResourceTypes") {
        types.extend(check_type(fields, name, span));
    }
    let names: BTreeSet<String> =
        fields.text_list(node, "Regions").into_iter().map(|(region, _)| region.to_owned()).collect();
    let regions = if names.contains("*") { ReadRegions::All } else { ReadRegions::Only(names) };
    let Some(account) = account else { return Vec::new() };
    types.into_iter().map(|name| ((account.clone(), name), regions.clone())).collect()
}

/// A type of CloudFormation: three names, separated by `::`. None, with an error, if it is none.
fn check_type(fields: &mut FieldReader<'_>, name: &str, span: Span) -> Option<String> {
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    if name.split("::").count() == 3 && name.split("::").all(is_name) {
        return Some(name.to_owned());
    }
    let message = format!("`{name}` is not a resource type");
    fields.report_error(span, message, "a type of CloudFormation: AWS::Lambda::Function");
    None
}

/// Whether this is the ARN or the name of a role. Reports an error if not.
fn check_role(fields: &mut FieldReader<'_>, role: &str, span: Span) -> bool {
    let is_role_arn = |arn: &Arn| arn.service() == "iam" && arn.resource().starts_with("role/");
    let is_role = match role.starts_with("arn:") {
        true => Arn::parse(role).as_ref().is_some_and(is_role_arn),
        false => !role.is_empty() && !role.contains([':', '/']),
    };
    if !is_role {
        fields.report_error(span, format!("`{role}` is not a role"), "the ARN of a role, or its name");
    }
    is_role
}

/// Whether an account is that of the file. Reports an error if not.
fn check_owner(fields: &mut FieldReader<'_>, account: &AccountId, file: Option<&AccountId>, span: Span) -> bool {
    let Some(file) = file.filter(|file| *file != account) else { return true };
    fields.report_error(span, format!("account {account} is not that of the file"), format!("account {file}"));
    false
}
