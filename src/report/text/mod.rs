//! Every sentence of the reports: the data of a finding, rendered.
//!
//! - `counts`, `names`: numbers, times and names
//! - `condition_text`: the resources and conditions of an excess, from its cubes
//! - `policy_json`: policy documents to copy
//! - `class_reasons`: the class of a principal, with the evidence
//! - `escalation_groups`: escalation paths that end together
//! - `extents`: what an exception accepts
//! - `titles`, `reasons`, `remediations`, `steps`, `nearest`: the sentences of a finding

mod class_reasons;
#[doc(hidden)]
pub mod condition_text;
pub(super) mod counts;
mod escalation_groups;
mod extents;
pub(super) mod names;
mod nearest;
mod policy_json;
mod reasons;
mod remediations;
mod steps;
mod titles;

#[doc(hidden)]
pub use class_reasons::{render_basis, render_class_reason, render_evidence, render_match};
pub use escalation_groups::render_escalation_group;
#[doc(hidden)]
pub use extents::{render_extent, render_refusal};
pub use nearest::render_nearest;
#[doc(hidden)]
pub use policy_json::render_json;
pub use reasons::render_reason;
pub(in crate::report) use remediations::render_in_order;
pub use remediations::{RenderedRemediation, render_remediation};
pub use steps::render_step;
pub use titles::render_title;
