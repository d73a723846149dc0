//! Accounts, their organization and resource policies, read from the files of a snapshot.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::policy::{Policy, list_texts};

/// Whether a principal is a user or a role.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum PrincipalKind {
    User,
    Role,
}

/// A user or a role, with its policies.
#[derive(Clone, Debug)]
pub struct Principal {
    pub kind: PrincipalKind,
    pub arn: String,
    pub account: String,
    pub name: String,
    pub unique_id: String,
    pub tags: Vec<(String, String)>,
    /// Inline and attached policies and, for users, the policies of groups.
    pub identity: Vec<Policy>,
    pub boundary: Option<Policy>,
    /// The trust policy of a role.
    pub trust: Option<Policy>,
    /// Whether a document that decides its access is not in the snapshot.
    pub lacks_document: bool,
}

impl Principal {
    /// Whether an identity policy has the ARN of a resource in full.
    pub fn names_resource(&self, arn: &str) -> bool {
        self.identity.iter().any(|policy| policy.names_resource(arn))
    }

    pub fn partition(&self) -> &str {
        self.arn.split(':').nth(1).unwrap()
    }

    pub fn session_arn(&self, session: &str) -> String {
        format!("arn:{}:sts::{}:assumed-role/{}/{session}", self.partition(), self.account, self.name)
    }

    pub fn is_service_linked(&self) -> bool {
        self.arn.contains(":role/aws-service-role/")
    }

    /// Whether an Allow of the trust policy lists one of these STS actions.
    pub fn trust_lists(&self, actions: &[&str]) -> bool {
        let statements = self.trust.iter().flat_map(|trust| &trust.statements).filter(|statement| statement.allows);
        statements.into_iter().any(|statement| actions.iter().any(|action| statement.matches_action(action)))
    }
}

/// A policy of the organization.
#[derive(Clone, Debug)]
struct ControlPolicy {
    targets: Vec<String>,
    policy: Policy,
}

/// An organization.
#[derive(Clone, Debug)]
pub struct Organization {
    pub id: String,
    pub management: String,
    /// The parent of each account and organizational unit.
    parents: BTreeMap<String, String>,
    service_controls: Option<Vec<ControlPolicy>>,
    resource_controls: Option<Vec<ControlPolicy>>,
}

impl Organization {
    pub fn is_member(&self, account: &str) -> bool {
        self.parents.contains_key(account)
    }

    /// The root, the organizational units on the path, and the account.
    fn list_nodes(&self, account: &str) -> Vec<String> {
        let mut nodes = vec![account.to_owned()];
        while let Some(parent) = self.parents.get(nodes.last().unwrap()) {
            nodes.push(parent.clone());
        }
        nodes.reverse();
        nodes
    }

    /// `o-id/r-id/ou-id/`: the value of `aws:PrincipalOrgPaths`.
    pub fn format_path(&self, account: &str) -> String {
        let mut nodes = self.list_nodes(account);
        nodes.pop();
        nodes.iter().fold(format!("{}/", self.id), |path, node| format!("{path}{node}/"))
    }

    fn list_levels<'a>(&self, policies: Option<&'a Vec<ControlPolicy>>, account: &str) -> Vec<Vec<&'a Policy>> {
        let Some(policies) = policies else { return Vec::new() };
        if account == self.management || !self.is_member(account) {
            return Vec::new();
        }
        let attached = |node: String| policies.iter().filter(move |p| p.targets.contains(&node)).map(|p| &p.policy);
        self.list_nodes(account).into_iter().map(|node| attached(node).collect()).collect()
    }

    /// The service control policies of each level. No level if they do not apply to the account.
    pub fn list_service_controls(&self, account: &str) -> Vec<Vec<&Policy>> {
        self.list_levels(self.service_controls.as_ref(), account)
    }

    /// The resource control policies of each level, for resources of an account.
    pub fn list_resource_controls(&self, account: &str) -> Vec<Vec<&Policy>> {
        self.list_levels(self.resource_controls.as_ref(), account)
    }
}

/// The policy of a resource.
#[derive(Clone, Debug)]
pub struct ResourcePolicy {
    pub arn: String,
    pub owner: String,
    pub policy: Policy,
    /// Whether it is not known that the access control lists of the bucket are disabled.
    pub has_acls: bool,
}

impl ResourcePolicy {
    /// Whether the policy applies to a resource: a bucket's policy also applies to its objects.
    pub fn covers(&self, resource: &str) -> bool {
        resource == self.arn || (self.arn.contains(":s3:::") && resource.starts_with(&format!("{}/", self.arn)))
    }
}

/// Everything that decides.
#[derive(Clone, Debug)]
pub struct World {
    /// The accounts of the snapshot.
    accounts: Vec<String>,
    pub principals: Vec<Principal>,
    pub organization: Option<Organization>,
    pub resource_policies: Vec<ResourcePolicy>,
}

impl World {
    /// Reads the files of a snapshot, by name.
    pub fn read(files: &BTreeMap<String, Json>) -> World {
        let (mut accounts, mut principals) = (Vec::new(), Vec::new());
        for (name, page) in files {
            if let Some(account) = name.strip_prefix("accounts/").and_then(|name| name.strip_suffix(".json")) {
                accounts.push(account.to_owned());
                read_principals(page, &mut principals);
            }
        }
        let resource_policies = files.get("resource-policies.json").and_then(Json::as_array).into_iter().flatten();
        let read_resource = |entry: &Json| {
            let arn = entry["ResourceArn"].as_str().unwrap().to_owned();
            let owner = entry["OwnerAccount"].as_str().or(arn.split(':').nth(4)).unwrap().to_owned();
            let has_acls = entry["ObjectOwnership"] != "BucketOwnerEnforced";
            ResourcePolicy { arn, owner, policy: Policy::parse(&entry["Policy"]), has_acls }
        };
        World {
            accounts,
            principals,
            organization: files.get("organization.json").map(read_organization),
            resource_policies: resource_policies.map(read_resource).collect(),
        }
    }

    /// The same, as if the snapshot did not have the trust policy of a role.
    pub fn without_trust(&self, arn: &str) -> World {
        let mut world = self.clone();
        let role = world.principals.iter_mut().find(|principal| principal.arn == arn);
        role.into_iter().for_each(|role| role.trust = None);
        world
    }

    /// Whether an account is one of the snapshot or of its organization.
    pub fn has_account(&self, account: &str) -> bool {
        self.accounts.iter().any(|own| own == account)
            || self.organization.as_ref().is_some_and(|organization| organization.is_member(account))
    }

    pub fn find_principal(&self, arn: &str) -> Option<&Principal> {
        self.principals.iter().find(|principal| principal.arn == arn)
    }
}

fn list<'a>(value: &'a Json, field: &str) -> impl Iterator<Item = &'a Json> {
    value[field].as_array().into_iter().flatten()
}

fn read_principals(page: &Json, principals: &mut Vec<Principal>) {
    // A document that is missing makes the tool's verdict undecided.
    let find_managed = |arn: &Json| {
        let policy = list(page, "Policies").find(|policy| policy["Arn"] == *arn)?;
        let default = list(policy, "PolicyVersionList").find(|version| version["IsDefaultVersion"] == true)?;
        Some(Policy::parse(&default["Document"]))
    };
    let read_policies = |entity: &Json, inline: &str| -> Vec<Policy> {
        let inline = list(entity, inline).map(|policy| Policy::parse(&policy["PolicyDocument"]));
        inline.chain(list(entity, "AttachedManagedPolicies").filter_map(|p| find_managed(&p["PolicyArn"]))).collect()
    };
    let groups: BTreeMap<&str, Vec<Policy>> = list(page, "GroupDetailList")
        .map(|group| (group["GroupName"].as_str().unwrap(), read_policies(group, "GroupPolicyList")))
        .collect();
    let users = list(page, "UserDetailList").map(|user| (PrincipalKind::User, "User", user));
    let roles = list(page, "RoleDetailList").map(|role| (PrincipalKind::Role, "Role", role));
    for (kind, word, entity) in users.chain(roles) {
        let mut identity = read_policies(entity, &format!("{word}PolicyList"));
        for group in list_texts(&entity["GroupList"]) {
            identity.extend(groups.get(group.as_str()).into_iter().flatten().cloned());
        }
        let text = |field: &str| entity[field].as_str().unwrap().to_owned();
        let arn = text("Arn");
        let boundary = entity.get("PermissionsBoundary").and_then(|b| find_managed(&b["PermissionsBoundaryArn"]));
        principals.push(Principal {
            kind,
            account: arn.split(':').nth(4).unwrap().to_owned(),
            name: text(&format!("{word}Name")),
            unique_id: text(&format!("{word}Id")),
            tags: list(entity, "Tags")
                .map(|tag| (list_texts(&tag["Key"]).concat(), list_texts(&tag["Value"]).concat()))
                .collect(),
            lacks_document: list(entity, "AttachedManagedPolicies").any(|p| find_managed(&p["PolicyArn"]).is_none())
                || (boundary.is_none() && entity.get("PermissionsBoundary").is_some()),
            identity,
            boundary,
            trust: entity.get("AssumeRolePolicyDocument").map(Policy::parse),
            arn,
        });
    }
}

fn read_organization(organization: &Json) -> Organization {
    let mut parents = BTreeMap::new();
    for node in list(organization, "OrganizationalUnits").chain(list(organization, "Accounts")) {
        parents.insert(list_texts(&node["Id"]).concat(), list_texts(&node["ParentId"]).concat());
    }
    let is_enabled = |kind: &str| {
        let mut types = list(organization, "Roots").flat_map(|root| list(root, "PolicyTypes"));
        types.any(|policy_type| policy_type["Type"] == kind && policy_type["Status"] == "ENABLED")
    };
    let read_controls = |kind: &str| {
        let policies = list(organization, "Policies").filter(|policy| policy["Type"] == kind);
        let read = |policy: &Json| ControlPolicy {
            targets: list_texts(&policy["Targets"]),
            policy: Policy::parse(&policy["Content"]),
        };
        is_enabled(kind).then(|| policies.map(read).collect())
    };
    Organization {
        id: list_texts(&organization["Organization"]["Id"]).concat(),
        management: list_texts(&organization["Organization"]["MasterAccountId"]).concat(),
        parents,
        service_controls: read_controls("SERVICE_CONTROL_POLICY"),
        resource_controls: read_controls("RESOURCE_CONTROL_POLICY"),
    }
}
