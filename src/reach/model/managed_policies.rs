//! The customer managed policies of a snapshot.

use std::collections::BTreeSet;

use crate::snapshot::{AttachmentKind, PolicyAttachment, Snapshot};

/// The ARN of an attached managed policy. None for an inline policy.
pub(crate) fn managed_policy_arn(attachment: &PolicyAttachment) -> Option<&str> {
    match &attachment.kind {
        AttachmentKind::Attached { arn, .. } => Some(arn),
        _ => None,
    }
}

/// The ARNs of all customer managed policies, ascending: attached to principals and groups, used as a permissions
/// boundary, or not in use.
pub(crate) fn list_customer_policies(snapshot: &Snapshot) -> Vec<String> {
    let mut arns: BTreeSet<&str> = BTreeSet::new();
    for account in &snapshot.accounts {
        let of_principals = account.principals.iter().flat_map(|principal| &principal.identity_policies);
        let of_groups = account.groups.iter().flat_map(|group| &group.identity_policies);
        arns.extend(of_principals.chain(of_groups).filter_map(managed_policy_arn));
        arns.extend(account.principals.iter().filter_map(|principal| Some(principal.boundary.as_ref()?.arn.as_str())));
        arns.extend(account.policies.keys().map(String::as_str));
    }
    arns.into_iter().filter(|arn| !arn.contains(":iam::aws:")).map(str::to_owned).collect()
}
