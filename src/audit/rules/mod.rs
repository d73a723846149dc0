//! The rules: one file per rule, named by its id.
//!
//! - `context`: what a rule examines
//! - `judgement`: compares a finding with what an exception accepts
//! - `rule`: what a rule is
//! - `trusted_parties`: undeclared trust by the party that a finding of IAM006 names
//! - `path_fixes`: what ends an escalation path
//! - `iam001_broader` to `iam011_narrower`: the rules, each with its documentation
//! - `agent_use`: the default question of IAM004, about all operators of an entry
//! - `registry`: the list of all rules; a test keeps `docs/rules.md` equal to their documentation

mod agent_use;
mod context;
mod iam001_broader;
mod iam002_latent;
mod iam003_not_narrower;
mod iam004_unguarded;
mod iam005_escalation;
mod iam006_trust;
mod iam007_undeclared;
mod iam008_boundary;
mod iam009_baseline;
mod iam010_undecided;
mod iam011_narrower;
mod judgement;
mod path_fixes;
mod registry;
mod rule;
mod trusted_parties;

pub(super) use agent_use::{AgentUse, AgentUseContext, build_agent_use_findings, find_agent_use};
pub(super) use context::{BaselineContext, RuleContext};
pub(super) use iam009_baseline::judge_baseline_finding;
pub(super) use iam010_undecided::build_exhausted_finding;
pub use registry::list_rules;
pub(super) use registry::{check_baseline, check_principal, check_trust};
pub use rule::RuleInfo;
