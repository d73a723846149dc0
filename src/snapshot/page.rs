//! One page of account details, as `aws iam get-account-authorization-details` prints it.

use std::sync::Arc;

use super::intern::Interner;
use super::model::{Absence, Held, ManagedPolicy};
use super::read::Fields;
use crate::iam::{AccountId, Arn, DocumentKind, Partition, PolicyDocument};
use crate::source::json::{Node, Value};
use crate::source::{Diagnostic, Diagnostics, Place, SourceFile, Span};

/// The names of the four lists: AWS's, and those of AirIAM's dump of the same.
const LISTS: [(List, [&str; 2]); 4] = [
    (List::Entities(EntityKind::User), ["UserDetailList", "AccountUsers"]),
    (List::Entities(EntityKind::Group), ["GroupDetailList", "AccountGroups"]),
    (List::Entities(EntityKind::Role), ["RoleDetailList", "AccountRoles"]),
    (List::Policies, ["Policies", "AccountPolicies"]),
];

#[derive(Copy, Clone)]
enum List {
    Entities(EntityKind),
    Policies,
}

/// A user, a group or a role.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub(super) enum EntityKind {
    User,
    Group,
    Role,
}

impl EntityKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            EntityKind::User => "user",
            EntityKind::Group => "group",
            EntityKind::Role => "role",
        }
    }

    fn capital(self) -> &'static str {
        match self {
            EntityKind::User => "User",
            EntityKind::Group => "Group",
            EntityKind::Role => "Role",
        }
    }
}

/// Where something stands; of no account when contents are compared.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub(super) place: Place,
    pub(super) span: Span,
}

impl PartialEq for At {
    fn eq(&self, _: &At) -> bool {
        true
    }
}

/// A managed policy's name on its holder.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attached {
    pub(super) arn: String,
    pub(super) at: At,
}

/// A user, group or role as a page tells it, its policies not yet found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entity {
    pub(super) kind: EntityKind,
    pub(super) arn: Arn,
    pub(super) account: AccountId,
    pub(super) partition: Partition,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) unique_id: Option<String>,
    pub(super) instance_profiles: Option<usize>,
    pub(super) created: Option<String>,
    pub(super) last_used: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) groups: Vec<String>,
    pub(super) inline: Vec<(String, Held)>,
    pub(super) attached: Vec<Attached>,
    pub(super) boundary: Option<Attached>,
    pub(super) trust: Option<Held>,
    pub(super) at: At,
}

/// What one page holds.
pub(super) struct Page {
    pub(super) entities: Vec<Entity>,
    pub(super) policies: Vec<(ManagedPolicy, Span)>,
    /// Where it says that more pages follow.
    pub(super) truncated: Option<Diagnostic>,
}

/// Whether a file is account details at all.
pub(super) fn is_page(node: &Node) -> bool {
    LISTS.iter().flat_map(|(_, names)| names).chain(&["IsTruncated"]).any(|name| node.get(name).is_some())
}

/// Reads a page; a policy document in it that is none goes to the interner's problems.
pub(super) fn read(source: &Arc<SourceFile>, node: &Node, interner: &mut Interner) -> Result<Page, Diagnostics> {
    let mut reader = PageReader { fields: Fields::new(source), interner };
    let mut page = Page { entities: Vec::new(), policies: Vec::new(), truncated: None };
    for (list, names) in LISTS {
        for name in names {
            for element in reader.fields.list(node, name) {
                match list {
                    List::Entities(kind) => page.entities.extend(reader.entity(kind, element)),
                    List::Policies => page.policies.extend(reader.managed(element)),
                }
            }
        }
    }
    if reader.fields.flag(node, "IsTruncated") == Some(true)
        && let Some(flag) = node.get("IsTruncated")
    {
        page.truncated = Some(
            Diagnostic::error(
                source,
                flag.span,
                "more pages follow, and the snapshot does not hold them",
                "the last page",
            )
            .with_help("collect again without --no-paginate and --max-items, or add the other pages"),
        );
    }
    let problems = reader.fields.problems;
    if problems.is_empty() { Ok(page) } else { Err(Diagnostics(problems)) }
}

struct PageReader<'a> {
    fields: Fields<'a>,
    interner: &'a mut Interner,
}

impl PageReader<'_> {
    fn at(&self, span: Span) -> At {
        At { place: self.fields.source.place(span), span }
    }

    fn entity(&mut self, kind: EntityKind, node: &Node) -> Option<Entity> {
        let what = format!("a {}", kind.name());
        if !self.fields.is_object(node, &what) {
            return None;
        }
        let (arn, span) = self.fields.required_arn(node, "Arn", &what)?;
        let (account, partition) = self.owner(&arn, span)?;
        let prefix = format!("{}/", kind.name());
        let Some((path, name)) =
            arn.resource().strip_prefix(&prefix).map(|rest| rest.rsplit_once('/').unwrap_or(("", rest)))
        else {
            self.fields.error(span, format!("`{arn}` is no {}", kind.name()), format!("arn:…:iam::ACCOUNT:{prefix}…"));
            return None;
        };
        let path = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
        let name = name.to_owned();
        let fields = &mut self.fields;
        let given_name = fields.text(node, &format!("{}Name", kind.capital())).map(str::to_owned);
        let given_path = fields.text(node, "Path").map(str::to_owned);
        let unique_id = fields.text(node, &format!("{}Id", kind.capital())).map(str::to_owned);
        let created = fields.text(node, "CreateDate").map(str::to_owned);
        let last_used = fields
            .field(node, "RoleLastUsed")
            .filter(|used| fields.is_object(used, "`RoleLastUsed`"))
            .and_then(|used| fields.text(used, "LastUsedDate"))
            .map(str::to_owned);
        let instance_profiles = (kind == EntityKind::Role && node.get("InstanceProfileList").is_some())
            .then(|| self.fields.list(node, "InstanceProfileList").len());
        let tags = self.tags(node);
        let groups = match kind {
            EntityKind::User => {
                self.fields.texts(node, "GroupList").into_iter().map(|(name, _)| name.to_owned()).collect()
            }
            _ => Vec::new(),
        };
        Some(Entity {
            kind,
            name: given_name.unwrap_or(name),
            path: given_path.unwrap_or(path),
            unique_id,
            instance_profiles,
            created,
            last_used,
            tags,
            groups,
            inline: self.inline(kind, node, &arn),
            attached: self.attached(node, &what),
            boundary: self.boundary(node),
            trust: self.trust(kind, node, &arn),
            at: self.at(node.span),
            arn,
            account,
            partition,
        })
    }

    /// The account and partition of an IAM ARN that has both.
    fn owner(&mut self, arn: &Arn, span: Span) -> Option<(AccountId, Partition)> {
        let owner =
            AccountId::parse(arn.account()).filter(|_| arn.service() == "iam").zip(Partition::parse(arn.partition()));
        if owner.is_none() {
            self.fields.error(span, format!("`{arn}` is not of an account's IAM"), "arn:PARTITION:iam::ACCOUNT:…");
        }
        owner
    }

    fn tags(&mut self, node: &Node) -> Vec<(String, String)> {
        let mut tags = Vec::new();
        for tag in self.fields.list(node, "Tags") {
            if !self.fields.is_object(tag, "a tag") {
                continue;
            }
            let key = self.fields.required_text(tag, "Key", "the tag").map(|(key, _)| key.to_owned());
            let value = self.fields.text(tag, "Value").unwrap_or_default().to_owned();
            tags.extend(key.map(|key| (key, value)));
        }
        tags
    }

    fn inline(&mut self, kind: EntityKind, node: &Node, arn: &Arn) -> Vec<(String, Held)> {
        let mut policies = Vec::new();
        for policy in self.fields.list(node, &format!("{}PolicyList", kind.capital())) {
            if !self.fields.is_object(policy, "an inline policy") {
                continue;
            }
            let name = self.fields.required_text(policy, "PolicyName", "the inline policy");
            let document = self.fields.required(policy, "PolicyDocument", "the inline policy");
            if let (Some((name, _)), Some(document)) = (name, document) {
                let held = self.interner.read(self.fields.source, document, DocumentKind::Identity, || {
                    format!("inline policy {name} of {arn}")
                });
                policies.push((name.to_owned(), held));
            }
        }
        policies
    }

    /// A list; AWS's own documentation shows a single policy without its list, too.
    fn attached(&mut self, node: &Node, what: &str) -> Vec<Attached> {
        const LIST: &str = "AttachedManagedPolicies";
        let list = match self.fields.field(node, LIST) {
            Some(single) if matches!(single.value, Value::Object(_)) => std::slice::from_ref(single),
            _ => self.fields.list(node, LIST),
        };
        let mut attached = Vec::new();
        for policy in list {
            if !self.fields.is_object(policy, &format!("an attached policy of {what}")) {
                continue;
            }
            self.fields.text(policy, "PolicyName");
            if let Some((arn, span)) = self.fields.required_arn(policy, "PolicyArn", "the attached policy") {
                attached.push(Attached { arn: arn.as_str().to_owned(), at: self.at(span) });
            }
        }
        attached
    }

    fn boundary(&mut self, node: &Node) -> Option<Attached> {
        let boundary = self.fields.field(node, "PermissionsBoundary")?;
        if !self.fields.is_object(boundary, "`PermissionsBoundary`") {
            return None;
        }
        let (arn, span) = self.fields.required_arn(boundary, "PermissionsBoundaryArn", "the permissions boundary")?;
        Some(Attached { arn: arn.as_str().to_owned(), at: self.at(span) })
    }

    fn trust(&mut self, kind: EntityKind, node: &Node, arn: &Arn) -> Option<Held> {
        if kind != EntityKind::Role {
            return None;
        }
        Some(match self.fields.field(node, "AssumeRolePolicyDocument") {
            Some(document) => self
                .interner
                .read(self.fields.source, document, DocumentKind::Trust, || format!("trust policy of {arn}")),
            None => Held { document: Err(Absence::NotCollected), place: self.fields.source.place(node.span) },
        })
    }

    fn managed(&mut self, node: &Node) -> Option<(ManagedPolicy, Span)> {
        if !self.fields.is_object(node, "a managed policy") {
            return None;
        }
        let (arn, span) = self.fields.required_arn(node, "Arn", "the managed policy")?;
        let owner_known = arn.account() == "aws" || AccountId::parse(arn.account()).is_some();
        if arn.service() != "iam" || !owner_known || !arn.resource().starts_with("policy/") {
            self.fields.error(span, format!("`{arn}` is no managed policy"), "arn:PARTITION:iam::ACCOUNT:policy/…");
            return None;
        }
        let last = arn.resource().rsplit('/').next().unwrap_or_default();
        let name = self.fields.text(node, "PolicyName").unwrap_or(last).to_owned();
        let document = match self.default_version(node) {
            Some(document) => self
                .interner
                .read(self.fields.source, document, DocumentKind::Identity, || format!("managed policy {arn}")),
            None => Held { document: Err(Absence::NotCollected), place: self.fields.source.place(node.span) },
        };
        let versions = self.other_versions(node);
        Some((ManagedPolicy { arn, name, document, versions }, node.span))
    }

    /// The documents of the versions that do not count now.
    fn other_versions(&mut self, node: &Node) -> Vec<(String, Arc<PolicyDocument>)> {
        let text = |node: &Node, name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
        let default = text(node, "DefaultVersionId");
        let mut versions = Vec::new();
        for version in node.get("PolicyVersionList").and_then(Node::as_array).unwrap_or_default() {
            let counts = version.get("IsDefaultVersion").is_some_and(|flag| matches!(flag.value, Value::Bool(true)));
            let Some(id) = text(version, "VersionId").filter(|id| !counts && default.as_ref() != Some(id)) else {
                continue;
            };
            let document = version.get("Document");
            let read = |document| self.interner.read_aside(self.fields.source, document, DocumentKind::Identity);
            versions.extend(document.and_then(read).map(|document| (id, document)));
        }
        versions
    }

    /// The document of the version that counts; none where the page does not hold it.
    fn default_version<'n>(&mut self, node: &'n Node) -> Option<&'n Node> {
        let default_id = self.fields.text(node, "DefaultVersionId");
        let versions = self.fields.list(node, "PolicyVersionList");
        let mut default = None;
        for version in versions {
            if !self.fields.is_object(version, "a policy version") {
                return None;
            }
            let id = self.fields.text(version, "VersionId");
            let flag = self.fields.flag(version, "IsDefaultVersion");
            let by_id = default_id.zip(id).map(|(default, id)| default == id);
            let is_default = match (flag, by_id) {
                (Some(flag), Some(by_id)) if flag != by_id => {
                    let message = "`IsDefaultVersion` and `DefaultVersionId` tell two default versions";
                    self.fields.error(version.span, message, "the same version by both");
                    return None;
                }
                (Some(told), _) | (None, Some(told)) => told,
                (None, None) => versions.len() == 1,
            };
            if is_default && default.is_some() {
                self.fields.error(version.span, "a second default version", "one default version");
                return None;
            }
            if is_default {
                default = Some(version);
            }
        }
        let version = default?;
        self.fields.field(version, "Document")
    }
}
