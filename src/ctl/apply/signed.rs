//! What [`super::ladder`] finds out about one host: how the signing of adverts changes, and by which steps.

/// What the signing of a VIP's adverts becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    /// The VIP's instance.
    pub vip: String,
    /// In words: from what to what.
    pub what: String,
    /// There are steps between which everybody understands everybody.
    pub stepwise: bool,
}

/// The way of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ladder {
    /// The HA configuration in each step before the last, which is what is wanted.
    pub steps: Vec<Vec<u8>>,
    /// What changes, VIP by VIP.
    pub signed: Vec<Signed>,
}
