//! Sets of actions: how severe they are, and how they are summarized.

pub(crate) mod ranking;
pub(crate) mod severity_rating;
pub(crate) mod summary;
