//! One try of one check.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::conf::config::Global;
use hactl_engine::conf::config::lvs::{Check, Checker};
use hactl_engine::lvs::health::Outcome;
use tokio::time::timeout;

use super::connect::connect;
use super::patterns::Patterns;
use super::tls_config::TlsConfigs;
use super::{dns, http, ping, script, smtp, udp};
use crate::agent::track::files::Values;

/// What checks need of the agent.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The settings for scripts and TLS.
    pub global: Arc<Global>,
    /// The numbers in tracked files, by name.
    pub files: Values,
    /// Settings of TLS that were made of their files.
    pub tls: Arc<TlsConfigs>,
    /// Expressions that were compiled.
    pub patterns: Arc<Patterns>,
}

/// Tries a check once. Never takes longer than the check may.
pub async fn attempt(checker: &Checker, around: &Surroundings) -> Outcome {
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
        Err(why) => Outcome::Failed(why),
    }
}

/// The work has so long.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(no_answer(limit)))
}

/// The time is over, in words.
pub fn no_answer(limit: Duration) -> String {
    format!("no answer within {limit:?}")
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
