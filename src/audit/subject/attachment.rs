//! Whether a policy can be detached from a principal.

use crate::access::{PolicyOrigin, PolicyRef};
use crate::snapshot::AttachmentKind;

/// Whether a policy can be detached from the principal, or is an inline policy that can be deleted.
pub(crate) fn is_attachment(policy: &PolicyRef) -> bool {
    matches!(policy.origin, PolicyOrigin::Identity(AttachmentKind::Inline { .. } | AttachmentKind::Attached { .. }))
}
