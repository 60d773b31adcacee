//! A `vrrp_instance` whose own lines and those of the rest of the file have been brought together.

use super::config::VrrpInstance;
use super::place::Place;
use super::track::Tracks;

/// An instance with what groups and later checks have to know of it.
pub(super) struct Resolved {
    pub(super) instance: VrrpInstance,
    /// Kept beside the instance until the groups have added theirs.
    pub(super) tracks: Tracks,
    pub(super) nopreempt: Option<Place>,
}
