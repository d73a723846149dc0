//! How much room the quotas of AWS leave for policies of an identity.

use super::excess_report::is_group_arn;
use crate::catalog::{IdentityQuotas, Quota, policy_quotas};
use crate::iam::document_edit::{count_characters, to_json};
use crate::iam::{Arn, PolicyDocument};
use crate::snapshot::{AttachmentKind, PolicyAttachment};

/// What an identity has of what AWS limits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct PolicyUse {
    /// The number of managed policies that are attached to it.
    pub attached: usize,
    /// The size of its inline policies together. `None` if one of them is not known.
    pub inline_size: Option<usize>,
}

impl PolicyUse {
    /// What an identity has. `policies` are those of a principal, with those of its groups, or those of a group.
    pub fn of_holder(holder: &str, policies: &[PolicyAttachment]) -> PolicyUse {
        let mut used = PolicyUse { attached: 0, inline_size: Some(0) };
        for policy in policies {
            match &policy.kind {
                AttachmentKind::Attached { holder: other, .. } if other == holder => used.attached += 1,
                AttachmentKind::Inline { holder: other } if other == holder => {
                    let size = measure(&policy.document);
                    used.inline_size = used.inline_size.zip(size).map(|(sum, size)| sum + size);
                }
                _ => {}
            }
        }
        used
    }

    /// Whether some more policies can be attached, or one more can be embedded.
    pub fn has_room(self, holder: &str, sizes: &[usize]) -> bool {
        let quotas = policy_quotas();
        let is_attachable = identity_quota(&quotas.attached_policies, holder)
            .allows(self.attached + sizes.len(), self.attached)
            && sizes.iter().all(|size| quotas.document_size.managed_policy.allows(*size, 0));
        is_attachable || self.inline_room(holder).is_some_and(|room| sizes.iter().sum::<usize>() <= room)
    }

    fn inline_room(self, holder: &str) -> Option<usize> {
        let quota = identity_quota(&policy_quotas().inline_size, holder);
        quota.default.checked_sub(self.inline_size?)
    }

    /// Whether it keeps the quotas, or exceeds none more than before.
    pub fn keeps_quotas(self, holder: &str, before: PolicyUse) -> bool {
        let quotas = policy_quotas();
        let sizes = self.inline_size.zip(before.inline_size);
        identity_quota(&quotas.attached_policies, holder).allows(self.attached, before.attached)
            && sizes.is_some_and(|(after, before)| identity_quota(&quotas.inline_size, holder).allows(after, before))
    }
}

/// The size of a document. `None` if the program built it.
pub(crate) fn measure(document: &PolicyDocument) -> Option<usize> {
    to_json(document).map(|written| count_characters(&written))
}

fn identity_quota(quotas: &IdentityQuotas, holder: &str) -> Quota {
    let is_user = Arn::parse(holder).is_some_and(|arn| arn.resource().starts_with("user/"));
    match (is_group_arn(holder), is_user) {
        (true, _) => quotas.group,
        (_, true) => quotas.user,
        _ => quotas.role,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_room_for_managed_or_inline_policies() {
        let user = "arn:aws:iam::111122223333:user/a";
        let role = "arn:aws:iam::111122223333:role/a";
        let full = PolicyUse { attached: 10, inline_size: Some(0) };
        assert!(full.has_room(user, &[2048]) && !full.has_room(user, &[2049]));
        assert!(full.has_room(role, &[6144, 4096]) && !full.has_room(role, &[6144, 4097]));
        let empty = PolicyUse { attached: 0, inline_size: Some(0) };
        assert!(empty.has_room(user, &[6144]) && !empty.has_room(user, &[6145]));
        assert!(!PolicyUse { attached: 11, ..empty }.keeps_quotas(role, full));
        assert!(full.keeps_quotas(role, full) && !PolicyUse { inline_size: None, ..full }.keeps_quotas(role, full));
    }
}
