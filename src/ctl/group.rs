//! The two groups of hosts.

use serde::{Deserialize, Serialize};

/// What a host is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Load balancer.
    Lb,
    /// Web server.
    Web,
}

impl Group {
    /// The name used in inventories, plans and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lb => "lb",
            Self::Web => "web",
        }
    }
}
