//! What an audit returns. Data only; nothing here decides.

pub(crate) mod action_list;
pub(crate) mod audit;
pub(crate) mod declaration_status;
pub(crate) mod finding;
pub(crate) mod fingerprint;
pub(crate) mod guard_bypass_method;
pub(crate) mod rule_id;
pub(crate) mod severity;
