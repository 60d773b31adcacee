//! One try of one check.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::conf::config::Global;
use hactl_engine::conf::config::lvs::{Check, Checker};
use hactl_engine::lvs::health::Outcome;
use tokio::time::timeout;

use super::connect::connect;
use super::http;
use super::patterns::Patterns;
use super::tls_config::TlsConfigs;
use crate::agent::files_tracked::Values;

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
    let ended = match &checker.check {
        Check::Tcp(to) => within(to.timeout, async { connect(to).await.map(drop) }).await,
        // Boxed, so that the thousands that wait need not be as large as the largest.
        Check::Http(http) => within(http.connection.timeout, Box::pin(http::check(http, around))).await,
        _ => Err("not there yet".to_owned()),
    };
    match ended {
        Ok(()) => Outcome::Passed,
        Err(why) => Outcome::Failed(why),
    }
}

/// The whole try has so long.
async fn within(limit: Duration, work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(format!("no answer within {limit:?}")))
}
