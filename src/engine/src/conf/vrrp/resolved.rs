//! A `vrrp_instance` whose own lines and those of the rest of the file have been brought together.

use super::track::Tracks;
use crate::conf::config::VrrpInstance;
use crate::conf::text::place::Place;

/// An instance with what groups and later checks have to know of it.
pub(crate) struct Resolved {
    pub(crate) instance: VrrpInstance,
    /// Kept beside the instance until the groups have added theirs.
    pub(crate) tracks: Tracks,
    pub(crate) nopreempt: Option<Place>,
}
