//! Advice for roles that AWS owns.

use crate::audit::model::finding::Finding;
use crate::audit::model::remediation::Remediation;
use crate::snapshot::Principal;

/// AWS: "Referencing permission sets in resource policies, Amazon EKS Cluster config maps, and AWS KMS key policies": the name
/// of the role is `AWSReservedSSO_`, the permission set, and a suffix.
const PERMISSION_SET_PREFIX: &str = "AWSReservedSSO_";

/// Replaces edits of a role below `/aws-reserved/` by the advice to change its permission set: IAM refuses such edits.
pub(crate) fn advise_on_reserved_role(principal: &Principal, mut finding: Finding) -> Finding {
    if !principal.path.starts_with("/aws-reserved/") {
        return finding;
    }
    let changes_role = |remediation: &Remediation| {
        remediation.is_edit() || matches!(remediation, Remediation::DeletePrincipal | Remediation::WritePolicy { .. })
    };
    let count = finding.remediations.len();
    finding.remediations.retain(|remediation| !changes_role(remediation));
    if finding.remediations.len() < count {
        let permission_set = find_permission_set(&principal.name);
        finding.remediations.insert(0, Remediation::ChangePermissionSet { permission_set });
    }
    finding
}

fn find_permission_set(role: &str) -> String {
    let name = role.strip_prefix(PERMISSION_SET_PREFIX).and_then(|rest| rest.rsplit_once('_'));
    name.map_or(role, |(permission_set, _)| permission_set).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permission_set_is_the_middle_of_the_name() {
        assert_eq!(find_permission_set("AWSReservedSSO_Data_Admin_0123456789abcdef"), "Data_Admin");
        assert_eq!(find_permission_set("other"), "other");
    }
}
