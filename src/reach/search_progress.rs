//! What a search has computed so far.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::search_boundaries::BoundaryProgress;
use super::search_classes::ClassProgress;
use super::search_creations::CreationProgress;
use super::search_holdings::HoldingProgress;
use super::search_sessions::SessionProgress;
use super::search_tags::TagProgress;
use super::search_together::TogetherProgress;
use super::search_trust::TrustProgress;

/// What the parts of a search have computed so far.
#[derive(Default)]
pub(super) struct SearchProgress {
    pub(super) classes: ClassProgress,
    /// The states that can change others, and the principals to which their changes are added already.
    pub(super) offered: FxHashMap<usize, FixedBitSet>,
    /// Whether this round found principals or changes of the states themselves.
    pub(super) has_arrivals: bool,
    pub(super) trust: TrustProgress,
    pub(super) tags: TagProgress,
    pub(super) boundaries: BoundaryProgress,
    pub(super) holdings: HoldingProgress,
    pub(super) creations: CreationProgress,
    pub(super) sessions: SessionProgress,
    pub(super) together: TogetherProgress,
}
