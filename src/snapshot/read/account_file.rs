//! Reads one account's file, as the collector writes it: pages of account details, and what was unread.

use std::path::Path;
use std::sync::Arc;

use super::auth_details::{self, AuthDetailsPage};
use super::document_interner::DocumentInterner;
use super::fields::{FieldReader, first_char_span};
use super::organization_file::reject_unknown_members;
use super::page_merger::PageMerger;
use super::resource_policy_file;
use crate::iam::{AccountId, Arn, Partition};
use crate::snapshot::format::{CollectionPart, FORMAT_VERSION, UnreadPart};
use crate::snapshot::model::collection_gap::CollectionGap;
use crate::snapshot::model::snapshot::ResourceWithPolicy;
use crate::source::json_tree::JsonNode;
use crate::source::{Diagnostics, SourceFile, Span};

const SUBJECT: &str = "the account's file";
const MEMBERS: [&str; 5] = ["FormatVersion", "Account", "Partition", "Pages", "Unread"];

/// What stands in an account's file beside its users, groups, roles and policies.
pub(crate) struct AccountExtras {
    pub(crate) account: AccountId,
    pub(crate) alias: Option<String>,
    pub(crate) resources: Vec<(ResourceWithPolicy, Span)>,
    pub(crate) collection_gaps: Vec<CollectionGap>,
}

/// Whether this is an account's file, and not AWS's own account details.
pub(crate) fn is_account_file(node: &JsonNode) -> bool {
    node.get("Pages").is_some() && node.get("FormatVersion").is_some()
}

/// Reads an account's file; its users, groups, roles and policies go to `merge`.
pub(crate) fn read_account_file(
    source: &Arc<SourceFile>,
    node: &JsonNode,
    interner: &mut DocumentInterner,
    merger: &mut PageMerger,
) -> Result<AccountExtras, Diagnostics> {
    let mut fields = FieldReader::new(source);
    check_version(&mut fields, node, SUBJECT);
    reject_unknown_members(&mut fields, node, SUBJECT, &MEMBERS);
    let account = fields.required_account_id(node, "Account", SUBJECT);
    let partition = read_partition(&mut fields, node, SUBJECT);
    let pages = fields.required_list(node, "Pages", SUBJECT);
    let (Some((account, span)), Some(partition)) = (account, partition) else {
        return Err(Diagnostics(fields.problems));
    };
    let mut problems = Vec::new();
    merger.begin_account(&account, partition, source, span, &mut problems);
    let mut extras = AccountExtras { account, alias: None, resources: Vec::new(), collection_gaps: Vec::new() };
    for page_node in pages {
        if !fields.is_object(page_node, "a page") {
            continue;
        }
        for alias in fields.text_list(page_node, "AccountAliases") {
            extras.alias.get_or_insert_with(|| alias.0.to_owned());
        }
        for list in ["OpenIDConnectProviderList", "SAMLProviderList", "PermissionSets"] {
            fields.optional_list(page_node, list);
        }
        let policies = fields.optional_list(page_node, "ResourcePolicies");
        for (resource, span) in
            resource_policy_file::read_resource_policy_list(&mut fields, policies, Some(&extras.account), interner)
        {
            if resource.owner != extras.account {
                let message = format!("{} is of another account", resource.arn);
                fields.report_error(span, message, format!("a resource of account {}", extras.account));
            }
            extras.resources.push((resource, span));
        }
        match auth_details::read_page(source, page_node, interner) {
            Ok(page) => {
                check_page_owner(&mut fields, &extras.account, partition, &page);
                // Each account has a file of its own, so that the file can stand for the folder.
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

/// That a file says it is of the form that this program reads.
pub(crate) fn check_version(fields: &mut FieldReader<'_>, node: &JsonNode, subject: &str) {
    if let Some((version, span)) = fields.required_text(node, "FormatVersion", subject)
        && version != FORMAT_VERSION
    {
        let message = format!("{subject} has the form {version}, which this version of iamdrift does not know");
        fields.report_error(span, message, format!("{FORMAT_VERSION}, or a newer iamdrift"));
    }
}

/// The partition that a file says it is of.
pub(crate) fn read_partition(fields: &mut FieldReader<'_>, node: &JsonNode, subject: &str) -> Option<Partition> {
    let (text, span) = fields.required_text(node, "Partition", subject)?;
    let partition = Partition::parse(text);
    if partition.is_none() {
        fields.report_error(span, format!("`{text}` is no partition"), "aws, aws-cn, aws-us-gov, …");
    }
    partition
}

/// The list `Unread`, each with its place.
pub(crate) fn read_unread_parts(fields: &mut FieldReader<'_>, node: &JsonNode) -> Vec<(UnreadPart, Span)> {
    const SUBJECT: &str = "what was unread";
    let mut parts = Vec::new();
    for entry in fields.optional_list(node, "Unread") {
        if !fields.is_object(entry, SUBJECT) {
            continue;
        }
        reject_unknown_members(fields, entry, SUBJECT, &["Part", "Of", "Error", "Permission"]);
        let part = fields.required_text(entry, "Part", SUBJECT);
        let error = fields.required_text(entry, "Error", SUBJECT).map(|(error, _)| error.to_owned());
        let scope = fields.optional_text(entry, "Of").map(str::to_owned);
        let permission = fields.optional_text(entry, "Permission").map(str::to_owned);
        let (Some((name, span)), Some(error)) = (part, error) else { continue };
        match serde_json::from_value::<CollectionPart>(name.into()) {
            Ok(part) => parts.push((UnreadPart { part, of: scope, error, permission }, entry.span)),
            Err(_) => {
                fields.report_error(span, format!("`{name}` is no part of a collection"), "one that this program knows")
            }
        }
    }
    parts
}

/// Everything in an account's file is of that account; AWS's own policies are of all.
fn check_page_owner(fields: &mut FieldReader<'_>, account: &AccountId, partition: Partition, page: &AuthDetailsPage) {
    let entities = page.identities.iter().map(|entity| (&entity.arn, entity.location.span));
    let policies = page.policies.iter().map(|(policy, span)| (&policy.arn, *span));
    let belongs_to_account = |arn: &Arn| {
        arn.partition() == partition.as_str() && (arn.account() == "aws" || arn.account() == account.as_str())
    };
    for (arn, span) in entities.chain(policies).filter(|(arn, _)| !belongs_to_account(arn)) {
        let expected = format!("something of account {account} in {}", partition.as_str());
        fields.report_error(first_char_span(span), format!("{arn} is of another account"), expected);
    }
}
