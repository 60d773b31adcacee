//! What a router counts: an array, because a thousand routers count ten thousand times a second.

/// One counter. The names are those of the control protocol and the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// Adverts sent with a priority above 0.
    AdvertsSent,
    /// Adverts sent with priority 0.
    PriorityZeroSent,
    /// Adverts taken from other routers.
    AdvertsReceived,
    /// Adverts with priority 0 among them.
    PriorityZeroReceived,
    /// Adverts not taken because of `owner_ignore_adverts`.
    AdvertsIgnored,
    /// Dropped: TTL.
    BadTtl,
    /// Dropped: length, version field, type, checksum, interval 0.
    BadPacket,
    /// Dropped: the other protocol version.
    BadVersion,
    /// Dropped: multicast where unicast is expected, or the other way.
    BadDestination,
    /// Dropped: not from a peer.
    BadSource,
    /// Dropped: authentication.
    BadAuth,
    /// Taken although not properly signed (`auth_hmac` in mode permissive).
    Unsigned,
    /// Dropped: another interval in version 2.
    BadInterval,
    /// Dropped: they share no address with ours, so they are another cluster's.
    OtherCluster,
    /// Adverts that list other addresses.
    AddressesDiffer,
    /// Adverts of a master with a lower claim, heard as master.
    SecondMaster,
    /// Changes to MASTER.
    BecameMaster,
    /// Ends of a handover to BACKUP.
    ReleasedMaster,
    /// Addresses that could not be added.
    ActionsFailed,
    /// Adverts that could not be sent.
    SendsFailed,
    /// Routes and rules put back.
    RoutingRestored,
    /// Other hosts that answered for an address held here.
    DuplicatesSeen,
    /// Claims that the guard withheld.
    ClaimsWithheld,
    /// Standstills longer than the lease.
    LeasesLapsed,
}

const NAMES: [&str; 24] = [
    "adverts_sent",
    "priority_zero_sent",
    "adverts_received",
    "priority_zero_received",
    "adverts_ignored",
    "bad_ttl",
    "bad_packet",
    "bad_version",
    "bad_destination",
    "bad_source",
    "bad_auth",
    "unsigned",
    "bad_interval",
    "other_cluster",
    "addresses_differ",
    "second_master",
    "became_master",
    "released_master",
    "actions_failed",
    "sends_failed",
    "routing_restored",
    "duplicates_seen",
    "claims_withheld",
    "leases_lapsed",
];

impl Counter {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        NAMES.get(self as usize).copied().unwrap_or_default()
    }
}

/// All counters of one router.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters([u64; NAMES.len()]);

impl Counters {
    /// One more.
    pub(super) fn count(&mut self, counter: Counter) {
        if let Some(place) = self.0.get_mut(counter as usize) {
            *place += 1;
        }
    }

    /// Those that have counted something, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        NAMES.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_the_order_of_the_counters() {
        assert_eq!(Counter::AdvertsSent.name(), "adverts_sent");
        assert_eq!(Counter::BadInterval.name(), "bad_interval");
        assert_eq!(Counter::LeasesLapsed.name(), "leases_lapsed");
        let mut counters = Counters::default();
        counters.count(Counter::LeasesLapsed);
        assert_eq!(counters.iter().collect::<Vec<_>>(), [("leases_lapsed", 1)]);
    }
}
