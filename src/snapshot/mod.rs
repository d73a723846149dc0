//! What was collected: accounts, the organization, principals, resource policies.
