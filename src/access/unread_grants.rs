//! Grants of a resource that a snapshot does not have: access control lists of buckets, and grants of KMS keys. They allow
//! without the resource policy. A verdict that depends on one is undecided.

use std::sync::{Arc, LazyLock};

use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Ambiguity, Arn, ElementKind, PolicyDocument, Statement, Template, TemplatePart};
use crate::snapshot::ResourceWithPolicy;

/// A kind of grants beside the resource policy, which the snapshot does not have.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum UnreadGrants {
    /// The access control lists of a bucket and of its objects.
    BucketAcl,
    /// The grants of a KMS key.
    KmsGrant,
}

/// What access control lists grant, and what the account that wrote an object can do with it.
// AWS: Access control list (ACL) overview, "Mapping of ACL permissions and access policy permissions"
const ACL_ACTIONS: [&str; 20] = [
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectTagging",
    "s3:GetBucketAcl",
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAcl",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
    "s3:ListMultipartUploadParts",
    "s3:PutBucketAcl",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:PutObjectVersionAcl",
    "s3:RestoreObject",
];

/// The operations of grants.
// AWS: Grants in AWS KMS, "Grant operations"
const GRANT_ACTIONS: [&str; 17] = [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DeriveSharedSecret",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateMac",
    "kms:GetPublicKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RetireGrant",
    "kms:Sign",
    "kms:Verify",
    "kms:VerifyMac",
];

static ACL_DOCUMENT: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| build_document("ACL", &ACL_ACTIONS));
static GRANT_DOCUMENT: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| build_document("KMS grant", &GRANT_ACTIONS));

fn build_document(name: &str, actions: &[&str]) -> Arc<PolicyDocument> {
    let actions = ActionElement::listing(actions.iter().map(|action| (*action).to_owned()));
    Arc::new(PolicyDocument::from_statements(name, vec![Statement::allow(actions, ResourceElement::any())]))
}

impl UnreadGrants {
    /// All kinds.
    pub const ALL: [UnreadGrants; 2] = [UnreadGrants::BucketAcl, UnreadGrants::KmsGrant];

    /// The grants that a resource with a policy may have. None if it has none.
    // AWS: Controlling ownership of objects and disabling ACLs for your bucket
    pub(super) fn of_resource(resource: &ResourceWithPolicy) -> Option<UnreadGrants> {
        let is_bucket = resource.arn.service() == "s3" && !resource.arn.resource().contains('/');
        match is_bucket {
            true => (!resource.has_disabled_acls).then_some(UnreadGrants::BucketAcl),
            false => resource.arn.is_kms_key().then_some(UnreadGrants::KmsGrant),
        }
    }

    /// The question on which their existence depends.
    pub(crate) fn ambiguity(self) -> Ambiguity {
        match self {
            UnreadGrants::BucketAcl => Ambiguity::BucketAcl,
            UnreadGrants::KmsGrant => Ambiguity::KmsGrant,
        }
    }

    /// A document that allows all that they can allow.
    pub(crate) fn document(self) -> &'static Arc<PolicyDocument> {
        match self {
            UnreadGrants::BucketAcl => &ACL_DOCUMENT,
            UnreadGrants::KmsGrant => &GRANT_DOCUMENT,
        }
    }

    /// Whether they can allow an action.
    pub(super) fn can_allow(self, action: &str) -> bool {
        self.actions().iter().any(|granted| granted.eq_ignore_ascii_case(action))
    }

    fn actions(self) -> &'static [&'static str] {
        match self {
            UnreadGrants::BucketAcl => &ACL_ACTIONS,
            UnreadGrants::KmsGrant => &GRANT_ACTIONS,
        }
    }

    /// Whether a statement may be about an action that they can allow, on a resource or inside it. May be wrong if it is not.
    pub(crate) fn may_concern(self, statement: &Statement, resource: &Arn) -> bool {
        let names_action = self.actions().iter().any(|action| statement.action.lists_action(action));
        names_action && may_name_inside(statement, resource.as_str())
    }
}

/// Whether a statement may name a resource or one inside it: by the text before the first wildcard or variable.
fn may_name_inside(statement: &Statement, resource: &str) -> bool {
    let may_match = |pattern: &Template| match pattern.parts() {
        [] => false,
        [TemplatePart::Literal(text)] => {
            text.strip_prefix(resource).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        [TemplatePart::Literal(start), ..] => start.starts_with(resource) || resource.starts_with(&**start),
        _ => true,
    };
    let element = statement.resource.as_ref();
    element.is_none_or(|element| element.kind == ElementKind::NotList || element.patterns.iter().any(may_match))
}
