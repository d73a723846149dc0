//! The requirements of the baseline as checks: guards, personas, boundaries, delegated agents.
//!
//! - [`guard_check`]: whether a guard is enforced
//! - [`persona_check`]: the ceiling of a persona
//! - [`boundary_check`]: whether the declared boundary can be bypassed
//! - [`delegated_agent`]: what an agent can destroy with the credentials of an operator
//! - [`planner`]: the checks of each principal

pub(crate) mod boundary_check;
pub(crate) mod delegated_agent;
pub(crate) mod guard_check;
pub(crate) mod persona_check;
pub(crate) mod planner;
