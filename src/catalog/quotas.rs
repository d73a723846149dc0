//! The quotas of AWS for policies, read from `lists/quotas.toml`.

use std::sync::OnceLock;

use serde::Deserialize;

/// One quota. The file says whether an account can raise it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quota {
    /// The number that applies unless the account has asked for more.
    pub default: usize,
    /// The number that an account can ask for. `None` if it cannot be raised.
    #[allow(dead_code, reason = "the file is the documentation, and edits keep the default")]
    maximum: Option<usize>,
}

impl Quota {
    /// Whether a number keeps the quota. What exceeds the default today was raised, and may stay as it is.
    pub fn allows(self, after: usize, before: usize) -> bool {
        after <= self.default.max(before)
    }
}

/// The quotas for policies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyQuotas {
    #[allow(dead_code, reason = "the test reads it")]
    verified_on: String,
    #[allow(dead_code, reason = "the test reads it")]
    sources: Vec<String>,
    /// The size of one document, in characters other than white space.
    pub document_size: DocumentSizes,
    /// The size of all inline policies of an identity.
    pub inline_size: IdentityQuotas,
    /// The number of managed policies that are attached to an identity.
    pub attached_policies: IdentityQuotas,
    /// The number of policies that are attached to a node of an organization.
    #[allow(dead_code, reason = "no edit attaches one")]
    policies_per_node: NodeQuotas,
    /// Other numbers.
    pub counts: CountQuotas,
}

/// The size of one document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentSizes {
    /// A managed policy.
    pub managed_policy: Quota,
    /// The trust policy of a role.
    pub trust_policy: Quota,
    #[allow(dead_code, reason = "a document that fits a managed policy fits an SCP")]
    service_control_policy: Quota,
    #[allow(dead_code, reason = "no edit writes one")]
    resource_control_policy: Quota,
}

/// A quota of each kind of identity.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityQuotas {
    /// A role.
    pub role: Quota,
    /// A user.
    pub user: Quota,
    /// A group.
    pub group: Quota,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "no edit attaches one")]
struct NodeQuotas {
    service_control_policy: Quota,
    resource_control_policy: Quota,
}

/// Other numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountQuotas {
    /// The versions of a managed policy.
    pub policy_versions: Quota,
    #[allow(dead_code, reason = "no edit adds a group")]
    groups_of_user: Quota,
}

/// The quotas for policies.
pub(crate) fn policy_quotas() -> &'static PolicyQuotas {
    static QUOTAS: OnceLock<PolicyQuotas> = OnceLock::new();
    // INVARIANT: a test reads the embedded file.
    QUOTAS.get_or_init(|| toml::from_str(include_str!("lists/quotas.toml")).expect("quotas.toml is valid"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_a_date_and_its_sources() {
        let quotas = policy_quotas();
        assert!(quotas.verified_on.parse::<jiff::civil::Date>().is_ok());
        let titles = ["reference_iam-quotas", "orgs_reference_limits"];
        assert!(titles.iter().all(|title| quotas.sources.iter().any(|source| source.contains(title))));
        assert_eq!(quotas.document_size.managed_policy.default, 6144);
        assert!(quotas.document_size.managed_policy.default <= quotas.document_size.service_control_policy.default);
        assert_eq!(quotas.document_size.resource_control_policy.default, 5120);
        assert_eq!(quotas.policies_per_node.service_control_policy.default, 10);
        assert_eq!(quotas.policies_per_node.resource_control_policy.default, 5);
        assert_eq!((quotas.inline_size.user.default, quotas.counts.groups_of_user.default), (2048, 10));
    }

    #[test]
    fn a_quota_that_was_raised_is_no_obstacle() {
        let quota = policy_quotas().attached_policies.role;
        assert!(quota.allows(10, 9) && !quota.allows(11, 10) && quota.allows(12, 12));
        assert!(quota.maximum > Some(quota.default));
    }
}
