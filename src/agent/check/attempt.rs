//! One try of one check.

use hactl_engine::conf::config::lvs::{Check, Checker};
use hactl_engine::lvs::health::Outcome;

use super::around::{Surroundings, within};
use super::connect::connect;
use super::{dns, http, ping, script, smtp, udp};

/// Tries a check once. Never takes longer than the check may.
pub(crate) async fn attempt(checker: &Checker, around: &Surroundings) -> Outcome {
    // All but the most frequent are boxed, so that the thousands that wait need not be as large as the largest.
    let ended = match &checker.check {
        Check::Tcp(to) => within(to.timeout, async { connect(to).await.map(drop) }).await,
        Check::Http(http) => Box::pin(http::check(http, around)).await,
        Check::Smtp(smtp) => Box::pin(smtp::check(smtp)).await,
        Check::Dns(dns) => Box::pin(dns::check(dns)).await,
        Check::Udp(udp) => Box::pin(udp::check(udp)).await,
        Check::Ping(to) => within(to.timeout, Box::pin(ping::check(to))).await,
        Check::Misc(misc) => return Box::pin(script::misc(misc, around)).await,
        Check::File(file) => return script::file(file, around),
    };
    match ended {
        Ok(()) => Outcome::Passed,
        Err(why) => Outcome::Failed(why.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::super::peer::{Behaviour, failure, outcome, peer, to};
    use super::*;

    #[tokio::test]
    async fn a_connection_is_all_that_tcp_wants() {
        let at = peer(Behaviour::Stall).await.at;
        assert_eq!(outcome(Check::Tcp(to(at))).await, Outcome::Passed);
        let free: SocketAddr = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(failure(Check::Tcp(to(free))).await, "connection refused: nothing listens there");
    }
}
