//! Ambiguities: questions that AWS's documentation leaves open, each with two possible interpretations.
//!
//! `docs/semantics.md` lists them. A verdict that depends on an ambiguity is reported as undecided.

/// A question about the meaning of policies that AWS's documentation leaves open.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Ambiguity {
    /// A `*` inside an ARN segment of `Resource` also matches colons (default), or matches only its segment.
    MidSegmentStar,
    /// For a request value that does not parse for the operator, a negated operator holds and no other does (default),
    /// or no operator holds.
    UnparsableValue,
    /// An empty set of values is present (default), or the key counts as missing. The same of an empty string, unless the
    /// condition compares with an empty string.
    EmptySetNull,
    /// A `NotResource` pattern with an unresolved variable excludes nothing (default), or everything.
    NotResourceUnresolved,
    /// `ForAnyValue:…IfExists` is false on a missing key, as AWS was observed to decide (default), or true.
    ForAnyValueIfExists,
    /// In a role session that `sts:AssumeRole` returned, `aws:MultiFactorAuthPresent` can be `true` (default), or never is.
    RoleSessionMfa,
    /// On a request that no MCP server of AWS makes, `aws:ViaAWSMCPService` is missing (default), or `false`.
    DirectCallMcpKey,
    /// The RCPs of the principal's account apply to a resource of unknown owner (default), or none does.
    UnknownResourceOwner,
    /// To a resource of unknown owner that a policy names in full, the RCPs of other member accounts do not apply (default),
    /// or all of them do.
    OtherMemberOwner,
    /// A KMS key is customer managed (default), or AWS manages it, so that no RCP applies to it.
    KmsKeyManager,
    /// A policy variable before the fifth colon of `Resource` is literal text (default), or its value replaces it.
    EarlyVariable,
    /// White space around an action is ignored (default), or such an action matches nothing.
    ActionWhiteSpace,
    /// A wildcard in the service segment of `Resource`, which AWS forbids, matches services (default), or the pattern
    /// matches nothing.
    ServiceWildcard,
    /// A pattern of an ARN operator with fewer than six segments matches no ARN (default), or any text in those it lacks.
    ShortArnPattern,
    /// A `NotPrincipal` that does not name both the principal and its account denies the principal (default), or spares it.
    PartialNotPrincipal,
    /// A user makes its requests with its own credentials (default), or in a federated session of its own, with a session
    /// policy that allows everything.
    FederatedSession,
    /// Tag keys that differ in the case of letters outside of ASCII are two keys (default), or one.
    TagKeyCase,
    /// `*` and `?` in the default value of a policy variable are literal (default), or wildcards.
    DefaultWildcard,
    /// A canonical user ID in a resource policy is that of another account (default), or of the principal's account.
    CanonicalUser,
    /// The access control lists of a bucket of another account grant nothing (default), or what the identity policies allow.
    BucketAcl,
    /// The grants of a KMS key grant nothing (default), or what the identity policies allow.
    KmsGrant,
    /// The policy of an access point allows nothing (default), or what the bucket policy leaves to it.
    AccessPointPolicy,
}

impl Ambiguity {
    /// All ambiguities, in the order of the documentation.
    pub const ALL: [Ambiguity; 22] = [
        Ambiguity::MidSegmentStar,
        Ambiguity::UnparsableValue,
        Ambiguity::EmptySetNull,
        Ambiguity::NotResourceUnresolved,
        Ambiguity::ForAnyValueIfExists,
        Ambiguity::RoleSessionMfa,
        Ambiguity::DirectCallMcpKey,
        Ambiguity::UnknownResourceOwner,
        Ambiguity::OtherMemberOwner,
        Ambiguity::KmsKeyManager,
        Ambiguity::EarlyVariable,
        Ambiguity::ActionWhiteSpace,
        Ambiguity::ServiceWildcard,
        Ambiguity::ShortArnPattern,
        Ambiguity::PartialNotPrincipal,
        Ambiguity::FederatedSession,
        Ambiguity::TagKeyCase,
        Ambiguity::DefaultWildcard,
        Ambiguity::CanonicalUser,
        Ambiguity::BucketAcl,
        Ambiguity::KmsGrant,
        Ambiguity::AccessPointPolicy,
    ];

    /// The name in reports and in the test corpus.
    pub fn name(self) -> &'static str {
        match self {
            Ambiguity::MidSegmentStar => "mid-segment-star",
            Ambiguity::UnparsableValue => "unparsable-value",
            Ambiguity::EmptySetNull => "empty-set-null",
            Ambiguity::NotResourceUnresolved => "not-resource-unresolved",
            Ambiguity::ForAnyValueIfExists => "for-any-value-if-exists",
            Ambiguity::RoleSessionMfa => "role-session-mfa",
            Ambiguity::DirectCallMcpKey => "direct-call-mcp-key",
            Ambiguity::UnknownResourceOwner => "unknown-resource-owner",
            Ambiguity::OtherMemberOwner => "other-member-owner",
            Ambiguity::KmsKeyManager => "kms-key-manager",
            Ambiguity::EarlyVariable => "early-variable",
            Ambiguity::ActionWhiteSpace => "action-white-space",
            Ambiguity::ServiceWildcard => "service-wildcard",
            Ambiguity::ShortArnPattern => "short-arn-pattern",
            Ambiguity::PartialNotPrincipal => "partial-not-principal",
            Ambiguity::FederatedSession => "federated-session",
            Ambiguity::TagKeyCase => "tag-key-case",
            Ambiguity::DefaultWildcard => "default-wildcard",
            Ambiguity::CanonicalUser => "canonical-user",
            Ambiguity::BucketAcl => "bucket-acl",
            Ambiguity::KmsGrant => "kms-grant",
            Ambiguity::AccessPointPolicy => "access-point-policy",
        }
    }

    /// Whether the alternative is what the principal can do in addition, so that it takes nothing from a proven excess.
    pub(crate) fn is_additional(self) -> bool {
        matches!(
            self,
            Ambiguity::FederatedSession | Ambiguity::BucketAcl | Ambiguity::KmsGrant | Ambiguity::AccessPointPolicy
        )
    }
}

/// The set of ambiguities that have the alternative interpretation. Empty by default.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct Interpretation(u32);

impl Interpretation {
    /// The interpretation that differs from the default in one ambiguity.
    pub fn with_alternative(ambiguity: Ambiguity) -> Interpretation {
        Interpretation(1 << ambiguity as u32)
    }

    /// The interpretation that differs from the default in some ambiguities.
    pub fn with_alternatives(ambiguities: &[Ambiguity]) -> Interpretation {
        Interpretation(ambiguities.iter().fold(0, |bits, ambiguity| bits | 1 << *ambiguity as u32))
    }

    /// Whether an ambiguity has the alternative interpretation.
    pub fn is_alternative(self, ambiguity: Ambiguity) -> bool {
        self.0 & (1 << ambiguity as u32) != 0
    }
}
