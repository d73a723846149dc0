//! What an audit returns. Data only: nothing here decides, and `report` renders it.
//!
//! - `rule_id`, `severity`: which rule found something, and how severe it is
//! - `declared_class`: whether the baseline declares a principal, and with which class
//! - `principal_ref`, `principal_status`, `principal_report`: the principal, and its status after the audit
//! - `action_list`: actions as patterns, shared by many findings
//! - `granting_statement`, `nearest_declared`, `excess`: which statement grants what, and what is declared instead
//! - `assumer_evidence`, `guard_bypass_method`, `escalation_step`, `trusted_party`: details of IAM003 to IAM006
//! - `reason`, `title`, `remediation`, `statement_edit`: what was found, why, and what to do about it
//! - `path_fix`: what ends escalation paths
//! - `fix_verification`: whether the edits were tried on a copy of the snapshot
//! - `extent`: what an exception accepts of a finding
//! - `finding_key`, `fingerprint`, `finding`: the finding, what identifies it, and what identifies its content
//! - `finding_class`: findings that are the same but for the principal
//! - `place_visitor`, `finding_state`: its places, and whether somebody must act on it
//! - `account_report`, `audit_summary`, `audit`: all of one audit

pub(crate) mod account_report;
pub(crate) mod action_list;
pub(crate) mod assumer_evidence;
pub(crate) mod audit;
pub(crate) mod audit_summary;
pub(crate) mod declared_class;
pub(crate) mod escalation_step;
pub(crate) mod excess;
pub(crate) mod extent;
pub(crate) mod finding;
pub(crate) mod finding_class;
pub(crate) mod finding_key;
pub(crate) mod finding_state;
pub(crate) mod fingerprint;
pub(crate) mod fix_verification;
pub(crate) mod granting_statement;
pub(crate) mod guard_bypass_method;
pub(crate) mod nearest_declared;
pub(crate) mod path_fix;
pub(crate) mod place_visitor;
pub(crate) mod principal_ref;
pub(crate) mod principal_report;
pub(crate) mod principal_status;
pub(crate) mod reason;
pub(crate) mod remediation;
pub(crate) mod rule_id;
pub(crate) mod severity;
pub(crate) mod statement_edit;
pub(crate) mod title;
pub(crate) mod trusted_party;
