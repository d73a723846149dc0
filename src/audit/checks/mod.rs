//! The baseline's requirements as checks: guards, personas, boundaries, delegated agents.

pub(crate) mod delegated_agent;
pub(crate) mod planner;
