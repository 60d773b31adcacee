//! Why an operator's command to virtual routers is not carried out.

/// The refusal of a `promote`, `resign` or `unpin`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Something tracked forbids being master.
    #[error("{name} is in FAULT and cannot be master: {reasons}; mend that first")]
    Fault {
        /// The instance.
        name: String,
        /// What is wrong, joined by semicolons.
        reasons: String,
    },
    /// Tracked objects lower the priority; `--force` goes over that.
    #[error("{name}: tracked checks are bad (priority {priority} lowered by {by}); mend them, or use --force")]
    ChecksBad {
        /// The instance.
        name: String,
        /// As configured.
        priority: u8,
        /// How far it is lowered.
        by: i32,
    },
    /// The guard withholds the claim; `--force` goes over that.
    #[error(
        "{name}: another host still answers for the address and does not let go, so adverts are blocked on \
         the way, and both would own it; mend the network (IP protocol 112), or use --force"
    )]
    Blocked {
        /// The instance.
        name: String,
    },
    /// It has not started, or it has stopped.
    #[error("{name} is not running")]
    NotRunning {
        /// The instance.
        name: String,
    },
    /// The master is the address owner.
    #[error(
        "{name}: the master {master} is the address owner (priority 255), which nothing outbids; lower its \
         priority in the configuration"
    )]
    MasterIsOwner {
        /// The instance.
        name: String,
        /// Address of the master.
        master: std::net::IpAddr,
    },
    /// Only a master resigns.
    #[error("{name} is not master here; nothing to resign from")]
    NotMaster {
        /// The instance.
        name: String,
    },
    /// An address owner cannot be last in line.
    #[error("{name} is the address owner (priority 255); lower its priority or stop the agent")]
    Owner {
        /// The instance.
        name: String,
    },
    /// No instance of that name.
    #[error("no instance {name} here; there is {}", known.join(", "))]
    Unknown {
        /// As asked for.
        name: String,
        /// The instances that there are.
        known: Vec<String>,
    },
    /// Several instances refuse, a line each.
    #[error("{}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several {
        /// Each with its own reason.
        all: Vec<Refused>,
    },
}
