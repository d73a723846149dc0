//! Reads one page of account authorization details, as `aws iam get-account-authorization-details` prints it.

use std::sync::Arc;

use super::document_interner::DocumentInterner;
use super::fields::FieldReader;
use super::managed_policy::read_managed_policy;
use crate::iam::{AccountId, Arn, DocumentKind, Partition};
use crate::snapshot::model::missing::MissingReason;
use crate::snapshot::model::policy::{CollectedDocument, ManagedPolicy};
use crate::source::json_tree::{JsonNode, JsonValue};
use crate::source::{Diagnostic, Diagnostics, Place, SourceFile, Span};

/// The four lists, each with AWS's name and the name that AirIAM's dump uses.
const DETAIL_LISTS: [(DetailList, [&str; 2]); 4] = [
    (DetailList::Identities(IdentityDetailKind::User), ["UserDetailList", "AccountUsers"]),
    (DetailList::Identities(IdentityDetailKind::Group), ["GroupDetailList", "AccountGroups"]),
    (DetailList::Identities(IdentityDetailKind::Role), ["RoleDetailList", "AccountRoles"]),
    (DetailList::Policies, ["Policies", "AccountPolicies"]),
];

#[derive(Copy, Clone)]
enum DetailList {
    Identities(IdentityDetailKind),
    Policies,
}

/// A user, a group or a role.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub(crate) enum IdentityDetailKind {
    User,
    Group,
    Role,
}

impl IdentityDetailKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            IdentityDetailKind::User => "user",
            IdentityDetailKind::Group => "group",
            IdentityDetailKind::Role => "role",
        }
    }

    fn capitalized_name(self) -> &'static str {
        match self {
            IdentityDetailKind::User => "User",
            IdentityDetailKind::Group => "Group",
            IdentityDetailKind::Role => "Role",
        }
    }
}

/// A place in the snapshot. All places compare as equal, so that pages are compared by content.
#[derive(Clone, Debug)]
pub(crate) struct SourceLocation {
    pub(crate) place: Place,
    pub(crate) span: Span,
}

impl PartialEq for SourceLocation {
    fn eq(&self, _: &SourceLocation) -> bool {
        true
    }
}

/// A reference from a holder to a managed policy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ManagedPolicyRef {
    pub(crate) arn: String,
    pub(crate) location: SourceLocation,
}

/// A user, group or role of a page. Its managed policies are not resolved yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IdentityDetail {
    pub(crate) kind: IdentityDetailKind,
    pub(crate) arn: Arn,
    pub(crate) account: AccountId,
    pub(crate) partition: Partition,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) unique_id: Option<String>,
    pub(crate) instance_profile_count: Option<usize>,
    pub(crate) created_at: Option<String>,
    pub(crate) last_used_at: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) group_names: Vec<String>,
    /// Whether it has at least one list of policies or groups. In AWS's answer, a role without policies has empty lists.
    pub(crate) has_policy_lists: bool,
    pub(crate) inline_policies: Vec<(String, CollectedDocument)>,
    pub(crate) attached_policies: Vec<ManagedPolicyRef>,
    pub(crate) boundary: Option<ManagedPolicyRef>,
    pub(crate) trust_policy: Option<CollectedDocument>,
    pub(crate) location: SourceLocation,
}

/// The content of one page.
pub(crate) struct AuthDetailsPage {
    pub(crate) identities: Vec<IdentityDetail>,
    pub(crate) policies: Vec<(ManagedPolicy, Span)>,
    /// The error if this page says that more pages follow. `None` if it is the last page.
    pub(crate) truncation: Option<Diagnostic>,
}

/// Whether a file contains account authorization details.
pub(crate) fn is_auth_details_page(node: &JsonNode) -> bool {
    DETAIL_LISTS.iter().flat_map(|(_, names)| names).chain(&["IsTruncated"]).any(|name| node.get(name).is_some())
}

/// Reads a page. A policy document that is not valid becomes a problem of the interner.
pub(crate) fn read_page(
    source: &Arc<SourceFile>,
    node: &JsonNode,
    interner: &mut DocumentInterner,
) -> Result<AuthDetailsPage, Diagnostics> {
    let mut reader = AuthDetailsReader { fields: FieldReader::new(source), interner };
    let mut page = AuthDetailsPage { identities: Vec::new(), policies: Vec::new(), truncation: None };
    for (list, names) in DETAIL_LISTS {
        for name in names {
            for element in reader.fields.optional_list(node, name) {
                match list {
                    DetailList::Identities(kind) => page.identities.extend(reader.read_identity(kind, element)),
                    DetailList::Policies => {
                        page.policies.extend(read_managed_policy(&mut reader.fields, reader.interner, element));
                    }
                }
            }
        }
    }
    let is_truncated = reader.fields.optional_bool(node, "IsTruncated");
    // "Marker: When IsTruncated is true, this element is present". AWS: GetAccountAuthorizationDetails, IAM API Reference
    let marker = node.get("Marker").filter(|marker| is_truncated.is_none() && !matches!(marker.value, JsonValue::Null));
    let flag = node.get("IsTruncated").filter(|_| is_truncated == Some(true)).or(marker);
    // AWS CLI User Guide, "Using the pagination options": the CLI replaces the flag by a token for the rest.
    let token = node.get("NextToken").filter(|token| !matches!(token.value, JsonValue::Null));
    if let Some(flag) = flag.or(token) {
        page.truncation = Some(
            Diagnostic::error(
                source,
                flag.span,
                "more pages follow, and the snapshot does not contain them",
                "the last page",
            )
            .with_help("collect again without --no-paginate and --max-items, or add the other pages"),
        );
    }
    let problems = reader.fields.problems;
    if problems.is_empty() { Ok(page) } else { Err(Diagnostics(problems)) }
}

const ATTACHED_LIST: &str = "AttachedManagedPolicies";

fn has_policy_lists(kind: IdentityDetailKind, node: &JsonNode) -> bool {
    let inline = format!("{}PolicyList", kind.capitalized_name());
    [&inline, ATTACHED_LIST, "GroupList"].iter().any(|list| node.get(list).is_some())
}

struct AuthDetailsReader<'a> {
    fields: FieldReader<'a>,
    interner: &'a mut DocumentInterner,
}

impl AuthDetailsReader<'_> {
    fn locate(&self, span: Span) -> SourceLocation {
        SourceLocation { place: self.fields.source.place(span), span }
    }

    fn read_identity(&mut self, kind: IdentityDetailKind, node: &JsonNode) -> Option<IdentityDetail> {
        let subject = format!("a {}", kind.name());
        if !self.fields.is_object(node, &subject) {
            return None;
        }
        let (arn, span) = self.fields.required_arn(node, "Arn", &subject)?;
        let (account, partition) = self.read_owner(&arn, span)?;
        let prefix = format!("{}/", kind.name());
        let Some((path, name)) =
            arn.resource().strip_prefix(&prefix).map(|rest| rest.rsplit_once('/').unwrap_or(("", rest)))
        else {
            self.fields.report_error(
                span,
                format!("`{arn}` is not a {}", kind.name()),
                format!("arn:…:iam::ACCOUNT:{prefix}…"),
            );
            return None;
        };
        let path = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
        let name = name.to_owned();
        let fields = &mut self.fields;
        let given_name = fields.optional_text(node, &format!("{}Name", kind.capitalized_name())).map(str::to_owned);
        let given_path = fields.optional_text(node, "Path").map(str::to_owned);
        let unique_id = fields.optional_text(node, &format!("{}Id", kind.capitalized_name())).map(str::to_owned);
        let created_at = fields.optional_text(node, "CreateDate").map(str::to_owned);
        let last_used_at = fields
            .optional_field(node, "RoleLastUsed")
            .filter(|used| fields.is_object(used, "`RoleLastUsed`"))
            .and_then(|used| fields.optional_text(used, "LastUsedDate"))
            .map(str::to_owned);
        let instance_profile_count = (kind == IdentityDetailKind::Role && node.get("InstanceProfileList").is_some())
            .then(|| self.fields.optional_list(node, "InstanceProfileList").len());
        let group_names = match kind {
            IdentityDetailKind::User => {
                self.fields.text_list(node, "GroupList").into_iter().map(|(name, _)| name.to_owned()).collect()
            }
            _ => Vec::new(),
        };
        Some(IdentityDetail {
            kind,
            // The ARN contains the name and the path, too.
            name: given_name.unwrap_or(name),
            path: given_path.unwrap_or(path),
            unique_id,
            instance_profile_count,
            created_at,
            last_used_at,
            tags: self.read_tags(node),
            group_names,
            has_policy_lists: has_policy_lists(kind, node),
            inline_policies: self.read_inline_policies(kind, node, &arn),
            attached_policies: self.read_attached_policies(node, &subject),
            boundary: self.read_boundary(node),
            trust_policy: self.read_trust_policy(kind, node, &arn),
            location: self.locate(node.span),
            arn,
            account,
            partition,
        })
    }

    /// The account and partition of an IAM ARN. `None`, with an error, if it lacks either.
    fn read_owner(&mut self, arn: &Arn, span: Span) -> Option<(AccountId, Partition)> {
        let owner =
            AccountId::parse(arn.account()).filter(|_| arn.service() == "iam").zip(Partition::parse(arn.partition()));
        if owner.is_none() {
            self.fields.report_error(
                span,
                format!("`{arn}` is not an IAM ARN of an account"),
                "arn:PARTITION:iam::ACCOUNT:…",
            );
        }
        owner
    }

    fn read_tags(&mut self, node: &JsonNode) -> Vec<(String, String)> {
        let mut tags = Vec::new();
        for tag in self.fields.optional_list(node, "Tags") {
            if !self.fields.is_object(tag, "a tag") {
                continue;
            }
            let key = self.fields.required_text(tag, "Key", "the tag").map(|(key, _)| key.to_owned());
            // AWS: *Tag*. A tag can have an empty value.
            let value = self.fields.optional_text(tag, "Value").unwrap_or_default().to_owned();
            tags.extend(key.map(|key| (key, value)));
        }
        tags
    }

    fn read_inline_policies(
        &mut self,
        kind: IdentityDetailKind,
        node: &JsonNode,
        arn: &Arn,
    ) -> Vec<(String, CollectedDocument)> {
        let mut policies = Vec::new();
        for policy in self.fields.optional_list(node, &format!("{}PolicyList", kind.capitalized_name())) {
            if !self.fields.is_object(policy, "an inline policy") {
                continue;
            }
            let name = self.fields.required_text(policy, "PolicyName", "the inline policy");
            let document = self.fields.required_field(policy, "PolicyDocument", "the inline policy");
            if let (Some((name, _)), Some(document)) = (name, document) {
                let collected =
                    self.interner.read_document(self.fields.source, document, DocumentKind::Identity, || {
                        format!("inline policy {name} of {arn}")
                    });
                policies.push((name.to_owned(), collected));
            }
        }
        policies
    }

    /// The attached policies: a list or, as AWS's documentation also shows, a single policy without a list.
    fn read_attached_policies(&mut self, node: &JsonNode, subject: &str) -> Vec<ManagedPolicyRef> {
        let list = match self.fields.optional_field(node, ATTACHED_LIST) {
            Some(single) if matches!(single.value, JsonValue::Object(_)) => std::slice::from_ref(single),
            _ => self.fields.optional_list(node, ATTACHED_LIST),
        };
        let mut attached = Vec::new();
        for policy in list {
            if !self.fields.is_object(policy, &format!("an attached policy of {subject}")) {
                continue;
            }
            self.fields.optional_text(policy, "PolicyName");
            if let Some((arn, span)) = self.fields.required_arn(policy, "PolicyArn", "the attached policy") {
                attached.push(ManagedPolicyRef { arn: arn.as_str().to_owned(), location: self.locate(span) });
            }
        }
        attached
    }

    fn read_boundary(&mut self, node: &JsonNode) -> Option<ManagedPolicyRef> {
        let boundary = self.fields.optional_field(node, "PermissionsBoundary")?;
        if !self.fields.is_object(boundary, "`PermissionsBoundary`") {
            return None;
        }
        let (arn, span) = self.fields.required_arn(boundary, "PermissionsBoundaryArn", "the permissions boundary")?;
        Some(ManagedPolicyRef { arn: arn.as_str().to_owned(), location: self.locate(span) })
    }

    fn read_trust_policy(&mut self, kind: IdentityDetailKind, node: &JsonNode, arn: &Arn) -> Option<CollectedDocument> {
        if kind != IdentityDetailKind::Role {
            return None;
        }
        Some(match self.fields.optional_field(node, "AssumeRolePolicyDocument") {
            Some(document) => self
                .interner
                .read_document(self.fields.source, document, DocumentKind::Trust, || format!("trust policy of {arn}")),
            None => CollectedDocument::missing(MissingReason::NotCollected, self.fields.source.place(node.span)),
        })
    }
}
