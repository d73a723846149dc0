//! Reads the file of one account, as the collector writes it: pages, and the parts that could not be read.

use std::path::Path;
use std::sync::Arc;

use super::auth_details::{self, AuthDetailsPage};
use super::document_interner::DocumentInterner;
use super::fields::{FieldReader, first_char_span};
use super::page_merger::PageMerger;
use super::resource_policy_file;
use super::service_roles_file::{ServiceRoleLists, read_service_role_lists};
use crate::iam::{AccountId, Arn, Partition};
use crate::snapshot::format::{CollectionPart, FORMAT_VERSION, UnreadPart};
use crate::snapshot::model::collection_gap::CollectionGap;
use crate::snapshot::model::policy::ResourceWithPolicy;
use crate::source::json_tree::JsonNode;
use crate::source::{Diagnostics, SourceFile, Span};

const SUBJECT: &str = "the account file";
const MEMBERS: [&str; 5] = ["FormatVersion", "Account", "Partition", "Pages", "Unread"];

/// The content of an account file other than users, groups, roles and managed policies.
pub(crate) struct AccountExtras {
    pub(crate) account: AccountId,
    pub(crate) alias: Option<String>,
    pub(crate) resources: Vec<(ResourceWithPolicy, Span)>,
    pub(crate) service_roles: ServiceRoleLists,
    pub(crate) collection_gaps: Vec<CollectionGap>,
}

/// Whether this is an account file of the collector, not AWS's own output.
pub(crate) fn is_account_file(node: &JsonNode) -> bool {
    node.get("Pages").is_some() && node.get("FormatVersion").is_some()
}

/// Reads an account file. Its users, groups, roles and managed policies go to `merger`.
pub(crate) fn read_account_file(
    source: &Arc<SourceFile>,
    node: &JsonNode,
    interner: &mut DocumentInterner,
    merger: &mut PageMerger,
) -> Result<AccountExtras, Diagnostics> {
    let mut fields = FieldReader::new(source);
    check_version(&mut fields, node, SUBJECT);
    fields.reject_unknown_members(node, SUBJECT, &MEMBERS);
    let account = fields.required_account_id(node, "Account", SUBJECT);
    let partition = read_partition(&mut fields, node, SUBJECT);
    let pages = fields.required_list(node, "Pages", SUBJECT);
    let (Some((account, span)), Some(partition)) = (account, partition) else {
        return Err(Diagnostics(fields.problems));
    };
    let mut problems = Vec::new();
    merger.begin_account(&account, partition, source, span, &mut problems);
    let mut extras = AccountExtras {
        account,
        alias: None,
        resources: Vec::new(),
        service_roles: ServiceRoleLists::default(),
        collection_gaps: Vec::new(),
    };
    for page_node in pages.iter().filter(|page_node| fields.is_object(page_node, "a page")).collect::<Vec<_>>() {
        for alias in fields.text_list(page_node, "AccountAliases") {
            extras.alias.get_or_insert_with(|| alias.0.to_owned());
        }
        for list in ["OpenIDConnectProviderList", "SAMLProviderList", "PermissionSets"] {
            fields.optional_list(page_node, list);
        }
        extras.service_roles.extend(read_service_role_lists(&mut fields, page_node, Some(&extras.account)));
        let policies = fields.optional_list(page_node, "ResourcePolicies");
        for (resource, span) in
            resource_policy_file::read_resource_policy_list(&mut fields, policies, Some(&extras.account), interner)
        {
            if resource.owner != extras.account {
                let message = format!("{} belongs to another account", resource.arn);
                fields.report_error(span, message, format!("a resource of account {}", extras.account));
            }
            extras.resources.push((resource, span));
        }
        match auth_details::read_page(source, page_node, interner) {
            Ok(page) => {
                check_page_owner(&mut fields, &extras.account, partition, &page);
                // Each account has its own file, so the file takes the role of the folder.
                merger.add_page(page, source, Path::new(source.name()), &mut problems);
            }
            Err(Diagnostics(found)) => problems.extend(found),
        }
    }
    extras.collection_gaps = read_unread_parts(&mut fields, node)
        .into_iter()
        .map(|(part, span)| CollectionGap::new(Some(&extras.account), None, part, source.place(span)))
        .collect();
    problems.extend(fields.problems);
    if problems.is_empty() { Ok(extras) } else { Err(Diagnostics(problems)) }
}

/// Reports an error if the format version is not the one that this program reads.
pub(crate) fn check_version(fields: &mut FieldReader<'_>, node: &JsonNode, subject: &str) {
    if let Some((version, span)) = fields.required_text(node, "FormatVersion", subject)
        && version != FORMAT_VERSION
    {
        let message =
            format!("{subject} has format version {version}, which this version of iamdrift does not support");
        fields.report_error(span, message, format!("{FORMAT_VERSION}, or a newer iamdrift"));
    }
}

/// The partition that a file names.
pub(crate) fn read_partition(fields: &mut FieldReader<'_>, node: &JsonNode, subject: &str) -> Option<Partition> {
    let (text, span) = fields.required_text(node, "Partition", subject)?;
    let partition = Partition::parse(text);
    if partition.is_none() {
        fields.report_error(span, format!("`{text}` is not a partition"), "aws, aws-cn, aws-us-gov, …");
    }
    partition
}

/// The parts of the list `Unread`, each with its place.
pub(crate) fn read_unread_parts(fields: &mut FieldReader<'_>, node: &JsonNode) -> Vec<(UnreadPart, Span)> {
    const SUBJECT: &str = "an unread part";
    let mut parts = Vec::new();
    for entry in fields.optional_list(node, "Unread") {
        if !fields.is_object(entry, SUBJECT) {
            continue;
        }
        fields.reject_unknown_members(entry, SUBJECT, &["Part", "Of", "Error", "Permission"]);
        let part = fields.required_text(entry, "Part", SUBJECT);
        let error = fields.required_text(entry, "Error", SUBJECT).map(|(error, _)| error.to_owned());
        let scope = fields.optional_text(entry, "Of").map(str::to_owned);
        let permission = fields.optional_text(entry, "Permission").map(str::to_owned);
        let (Some((name, span)), Some(error)) = (part, error) else { continue };
        match serde_json::from_value::<CollectionPart>(name.into()) {
            Ok(part) => parts.push((UnreadPart { part, of: scope, error, permission }, entry.span)),
            Err(_) => fields.report_error(
                span,
                format!("`{name}` is not a part of a collection"),
                "a part that this program knows",
            ),
        }
    }
    parts
}

/// Reports entities that belong to another account than the file. AWS managed policies belong to every account.
fn check_page_owner(fields: &mut FieldReader<'_>, account: &AccountId, partition: Partition, page: &AuthDetailsPage) {
    let entities = page.identities.iter().map(|entity| (&entity.arn, entity.location.span));
    let policies = page.policies.iter().map(|(policy, span)| (&policy.arn, *span));
    let belongs_to_account = |arn: &Arn| {
        arn.partition() == partition.as_str() && (arn.account() == "aws" || arn.account() == account.as_str())
    };
    for (arn, span) in entities.chain(policies).filter(|(arn, _)| !belongs_to_account(arn)) {
        let expected = format!("an entity of account {account} in {}", partition.as_str());
        fields.report_error(first_char_span(span), format!("{arn} belongs to another account"), expected);
    }
}
