//! Reads one account's file, as the collector writes it: pages of account details, and what was unread.

use std::path::Path;
use std::sync::Arc;

use super::format::{FORMAT_VERSION, Part, UnreadPart};
use super::intern::Interner;
use super::merge::Merge;
use super::model::KnownResource;
use super::organization_file::only_members;
use super::page::{self, Page};
use super::read::{Fields, first_char};
use super::resource;
use super::uncollected::Uncollected;
use crate::iam::{AccountId, Arn, Partition};
use crate::source::json::Node;
use crate::source::{Diagnostics, SourceFile, Span};

const WHAT: &str = "the account's file";
const MEMBERS: [&str; 5] = ["FormatVersion", "Account", "Partition", "Pages", "Unread"];

/// What stands in an account's file beside its users, groups, roles and policies.
pub(super) struct Beside {
    pub(super) account: AccountId,
    pub(super) alias: Option<String>,
    pub(super) resources: Vec<(KnownResource, Span)>,
    pub(super) unread: Vec<Uncollected>,
}

/// Whether this is an account's file, and not AWS's own account details.
pub(super) fn is_account_file(node: &Node) -> bool {
    node.get("Pages").is_some() && node.get("FormatVersion").is_some()
}

/// Reads an account's file; its users, groups, roles and policies go to `merge`.
pub(super) fn read(
    source: &Arc<SourceFile>,
    node: &Node,
    interner: &mut Interner,
    merge: &mut Merge,
) -> Result<Beside, Diagnostics> {
    let mut fields = Fields::new(source);
    check_version(&mut fields, node, WHAT);
    only_members(&mut fields, node, WHAT, &MEMBERS);
    let account = fields.required_account(node, "Account", WHAT);
    let partition = partition(&mut fields, node, WHAT);
    let pages = fields.required_list(node, "Pages", WHAT);
    let (Some((account, span)), Some(partition)) = (account, partition) else {
        return Err(Diagnostics(fields.problems));
    };
    let mut problems = Vec::new();
    merge.begin(&account, partition, source, span, &mut problems);
    let mut beside = Beside { account, alias: None, resources: Vec::new(), unread: Vec::new() };
    for one in pages {
        if !fields.is_object(one, "a page") {
            continue;
        }
        for alias in fields.texts(one, "AccountAliases") {
            beside.alias.get_or_insert_with(|| alias.0.to_owned());
        }
        for list in ["OpenIDConnectProviderList", "SAMLProviderList", "PermissionSets"] {
            fields.list(one, list);
        }
        let policies = fields.list(one, "ResourcePolicies");
        for (resource, span) in resource::read_list(&mut fields, policies, Some(&beside.account), interner) {
            if resource.owner != beside.account {
                let message = format!("{} is of another account", resource.arn);
                fields.error(span, message, format!("a resource of account {}", beside.account));
            }
            beside.resources.push((resource, span));
        }
        match page::read(source, one, interner) {
            Ok(page) => {
                check_owner(&mut fields, &beside.account, partition, &page);
                // Each account has a file of its own, so that the file can stand for the folder.
                merge.add(page, source, Path::new(source.name()), &mut problems);
            }
            Err(Diagnostics(found)) => problems.extend(found),
        }
    }
    beside.unread = unread_parts(&mut fields, node)
        .into_iter()
        .map(|(part, span)| Uncollected::new(Some(&beside.account), None, part, source.place(span)))
        .collect();
    problems.extend(fields.problems);
    if problems.is_empty() { Ok(beside) } else { Err(Diagnostics(problems)) }
}

/// That a file says it is of the form that this program reads.
pub(super) fn check_version(fields: &mut Fields<'_>, node: &Node, what: &str) {
    if let Some((version, span)) = fields.required_text(node, "FormatVersion", what)
        && version != FORMAT_VERSION
    {
        let message = format!("{what} has the form {version}, which this version of iamdrift does not know");
        fields.error(span, message, format!("{FORMAT_VERSION}, or a newer iamdrift"));
    }
}

/// The partition that a file says it is of.
pub(super) fn partition(fields: &mut Fields<'_>, node: &Node, what: &str) -> Option<Partition> {
    let (text, span) = fields.required_text(node, "Partition", what)?;
    let partition = Partition::parse(text);
    if partition.is_none() {
        fields.error(span, format!("`{text}` is no partition"), "aws, aws-cn, aws-us-gov, …");
    }
    partition
}

/// The list `Unread`, each with its place.
pub(super) fn unread_parts(fields: &mut Fields<'_>, node: &Node) -> Vec<(UnreadPart, Span)> {
    const WHAT: &str = "what was unread";
    let mut parts = Vec::new();
    for one in fields.list(node, "Unread") {
        if !fields.is_object(one, WHAT) {
            continue;
        }
        only_members(fields, one, WHAT, &["Part", "Of", "Error", "Permission"]);
        let part = fields.required_text(one, "Part", WHAT);
        let error = fields.required_text(one, "Error", WHAT).map(|(error, _)| error.to_owned());
        let of = fields.text(one, "Of").map(str::to_owned);
        let permission = fields.text(one, "Permission").map(str::to_owned);
        let (Some((name, span)), Some(error)) = (part, error) else { continue };
        match serde_json::from_value::<Part>(name.into()) {
            Ok(part) => parts.push((UnreadPart { part, of, error, permission }, one.span)),
            Err(_) => fields.error(span, format!("`{name}` is no part of a collection"), "one that this program knows"),
        }
    }
    parts
}

/// Everything in an account's file is of that account; AWS's own policies are of all.
fn check_owner(fields: &mut Fields<'_>, account: &AccountId, partition: Partition, page: &Page) {
    let entities = page.entities.iter().map(|entity| (&entity.arn, entity.at.span));
    let policies = page.policies.iter().map(|(policy, span)| (&policy.arn, *span));
    let is_own = |arn: &Arn| {
        arn.partition() == partition.as_str() && (arn.account() == "aws" || arn.account() == account.as_str())
    };
    for (arn, span) in entities.chain(policies).filter(|(arn, _)| !is_own(arn)) {
        let expected = format!("something of account {account} in {}", partition.as_str());
        fields.error(first_char(span), format!("{arn} is of another account"), expected);
    }
}
