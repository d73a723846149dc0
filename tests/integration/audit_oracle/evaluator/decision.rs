//! Whether a request is allowed. AWS: *Policy evaluation logic*, *Cross-account policy evaluation logic*, *SCP
//! evaluation*, *Resource control policies*, *Permissions boundaries for IAM entities*.

use super::policy::{Policy, Statement};
use super::principal_element::{Caller, Naming};
use super::world::{PrincipalKind, World};
use super::{Reading, Request};

/// Services of the generated requests to which RCPs apply. AWS: *Resource control policies*, "List of AWS services that
/// support RCPs".
const RCP_SERVICES: [&str; 5] = ["s3", "sqs", "kms", "secretsmanager", "sts"];

/// The account that owns a resource. `None`: an account that the snapshot does not have.
pub type Owner = Option<String>;

fn matching<'a>(policies: impl IntoIterator<Item = &'a Policy>, request: &Request, reading: Reading) -> (bool, bool) {
    let mut found = (false, false);
    for statement in policies.into_iter().flat_map(|policy| &policy.statements) {
        if statement.matches(request, reading) {
            if statement.allows { found.0 = true } else { found.1 = true }
        }
    }
    found
}

/// Whether identity policies alone allow a request: the meaning of a ceiling.
pub fn is_allowed_by(policies: &[Policy], request: &Request, reading: Reading) -> bool {
    matching(policies, request, reading) == (true, false)
}

fn service_and_name(action: &str) -> (String, String) {
    let lower = action.to_lowercase();
    let (service, name) = lower.split_once(':').unwrap();
    (service.to_owned(), name.to_owned())
}

fn arn_segment(arn: &str, index: usize) -> &str {
    arn.splitn(6, ':').nth(index).unwrap_or("")
}

/// Whether an access control list or a grant of a KMS key allows a request, in a reading. AWS: *Access control list (ACL)
/// overview*, "Mapping of ACL permissions and access policy permissions"; *Grants in AWS KMS*, "Grant operations".
fn is_granted_beside_policy(request: &Request, has_acls: bool, reading: Reading) -> bool {
    let (service, name) = service_and_name(&request.action);
    match service.as_str() {
        "s3" => {
            let granted = ["getobject", "putobject", "deleteobject", "listbucket"];
            reading.acls_grant && has_acls && granted.contains(&name.as_str())
        }
        "kms" => reading.key_grants_grant && ["decrypt", "encrypt", "creategrant"].contains(&name.as_str()),
        _ => false,
    }
}

/// Whether a request assumes a role.
pub fn is_role_assumption(request: &Request) -> bool {
    service_and_name(&request.action).0 == "sts"
        && arn_segment(&request.resource, 2) == "iam"
        && arn_segment(&request.resource, 5).starts_with("role/")
}

impl World {
    /// The accounts that can own a resource.
    pub fn list_owners(&self, caller: &Caller<'_>, resource: &str) -> Vec<Owner> {
        let account = arn_segment(resource, 4);
        if !account.is_empty() {
            return vec![Some(account.to_owned())];
        }
        if let Some(policy) = self.resource_policies.iter().find(|policy| policy.covers(resource)) {
            return vec![Some(policy.owner.clone())];
        }
        // A bucket, or a recovery point that AWS Backup keeps as a snapshot, can be anyone's. AWS leaves open whether RCPs
        // apply to actions without a resource type: `None` means "they do not".
        vec![Some(caller.principal.account.clone()), None]
    }

    /// Whether a request is allowed if this account owns its resource. A policy of a resource of another account that
    /// the snapshot does not have may allow it.
    pub fn allows(&self, caller: &Caller<'_>, request: &Request, owner: &Owner, reading: Reading) -> bool {
        self.allows_if(caller, request, (owner, reading), Naming::Direct)
    }

    /// Whether an audit counts a request as the caller's access: what a trust policy grants to anyone is reported with the
    /// role.
    pub fn is_access(&self, caller: &Caller<'_>, request: &Request, owner: &Owner, reading: Reading) -> bool {
        let anyone = if is_role_assumption(request) { Naming::Account } else { Naming::Direct };
        self.allows_if(caller, request, (owner, reading), anyone)
    }

    /// Whether a request is allowed, if a statement for anyone names the caller in this way.
    fn allows_if(
        &self,
        caller: &Caller<'_>,
        request: &Request,
        (owner, reading): (&Owner, Reading),
        anyone: Naming,
    ) -> bool {
        let principal = caller.principal;
        if request.resource != "*" && arn_segment(&request.resource, 1) != principal.partition() {
            return false;
        }
        let (resource_statements, is_known) = self.list_resource_statements(request, reading);
        let named: Vec<(&Statement, Naming)> = resource_statements
            .into_iter()
            .filter_map(|statement| Some((statement, caller.find_naming_if(statement, anyone)?)))
            .filter(|(statement, _)| statement.matches(request, reading))
            .collect();
        let identity = matching(&principal.identity, request, reading);
        let boundary = principal.boundary.as_ref().map(|boundary| matching([boundary], request, reading));
        // AWS: Service control policies, "Tasks and entities not restricted by SCPs"
        let is_exempt = request.action.to_ascii_lowercase().starts_with("mechanicalturk:");
        let levels = if is_exempt { Vec::new() } else { self.list_service_controls(caller) };
        let levels: Vec<(bool, bool)> = levels.into_iter().map(|level| matching(level, request, reading)).collect();
        let denied = identity.1
            || boundary.is_some_and(|boundary| boundary.1)
            || levels.iter().any(|level| level.1)
            || self.is_denied_by_resource_controls(caller, request, owner, reading)
            || named.iter().any(|(statement, _)| !statement.allows);
        if denied || levels.iter().any(|level| !level.0) {
            return false;
        }
        let naming = named.iter().filter(|(statement, _)| statement.allows).map(|(_, naming)| *naming).min();
        let boundary_allows = boundary.is_none_or(|boundary| boundary.0);
        if owner.as_ref() != Some(&principal.account) {
            return identity.0 && boundary_allows && (naming.is_some() || !is_known);
        }
        let must_agree = is_role_assumption(request) || arn_segment(&request.resource, 2) == "kms";
        match naming {
            None if must_agree && is_known => false,
            None | Some(Naming::Account) => identity.0 && boundary_allows,
            Some(Naming::Role) => boundary_allows,
            // AWS: *Update a role trust policy*.
            Some(Naming::Direct) if is_role_assumption(request) && principal.kind == PrincipalKind::User => {
                boundary_allows
            }
            Some(Naming::Direct) => true,
        }
    }

    fn list_service_controls(&self, caller: &Caller<'_>) -> Vec<Vec<&Policy>> {
        match &self.organization {
            Some(organization) if !caller.principal.is_service_linked() => {
                organization.list_service_controls(&caller.principal.account)
            }
            _ => Vec::new(),
        }
    }

    /// RCPs are those of the account that owns the resource.
    fn is_denied_by_resource_controls(
        &self,
        caller: &Caller<'_>,
        request: &Request,
        owner: &Owner,
        reading: Reading,
    ) -> bool {
        let (service, name) = service_and_name(&request.action);
        let (Some(organization), Some(owner)) = (&self.organization, owner) else { return false };
        let applies = RCP_SERVICES.contains(&service.as_str())
            && (service.as_str(), name.as_str()) != ("kms", "retiregrant")
            && !caller.principal.is_service_linked();
        applies && matching(organization.list_resource_controls(owner).concat(), request, reading).1
    }

    /// The statements of the policies of a resource, and whether they alone decide about the resource.
    fn list_resource_statements(&self, request: &Request, reading: Reading) -> (Vec<&Statement>, bool) {
        let trust = match is_role_assumption(request) {
            true => self.find_principal(&request.resource).and_then(|role| role.trust.as_ref()),
            false => None,
        };
        let covering: Vec<_> =
            self.resource_policies.iter().filter(|policy| policy.covers(&request.resource)).collect();
        let is_granted = covering.iter().any(|resource| is_granted_beside_policy(request, resource.has_acls, reading));
        let policies: Vec<&Policy> = covering.iter().map(|resource| &resource.policy).chain(trust).collect();
        (policies.iter().flat_map(|policy| &policy.statements).collect(), !policies.is_empty() && !is_granted)
    }
}
