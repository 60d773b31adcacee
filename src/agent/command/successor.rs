//! Variables of the environment by which a binary tells its successor what it is. No script inherits them.

/// Tells the successor what it is.
pub(crate) const MARK: &str = "HACTL_SUCCESSOR";
/// Descriptor of the binary before.
pub(crate) const PREVIOUS: &str = "HACTL_PREVIOUS";
/// Why the binary before had to go on.
pub(crate) const FAILED: &str = "HACTL_UPGRADE_FAILED";
/// Where the binary is, for one that goes on from its image alone.
pub(crate) const BINARY: &str = "HACTL_ORIGIN";

/// All of them: set for a successor, removed for every program that it starts.
pub(crate) const OURS: [&str; 4] = [MARK, PREVIOUS, FAILED, BINARY];
