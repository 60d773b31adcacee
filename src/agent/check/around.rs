//! What checks need of the agent, and the limit of their time.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::conf::config::Global;
use tokio::time::timeout;

use super::failed::Failed;
use super::patterns::Patterns;
use crate::agent::track::files::Values;
use crate::net::tls::config::TlsConfigs;

/// What checks need of the agent.
#[derive(Clone, Default)]
pub(crate) struct Surroundings {
    /// The settings for scripts and TLS.
    pub global: Arc<Global>,
    /// The numbers in tracked files, by name.
    pub files: Values,
    /// Settings of TLS that were made of their files.
    pub tls: Arc<TlsConfigs>,
    /// Expressions that were compiled.
    pub patterns: Arc<Patterns>,
}

/// The work has so long.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    timeout(limit, work).await.unwrap_or(Err(Failed::NoAnswer(limit)))
}
