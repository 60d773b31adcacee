//! A host whose connection was let go: open connections are most of what many hosts cost in memory.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::sync::mpsc::Sender;

use crate::ctl::cluster::Cluster;
use crate::ctl::remote::{How, Output, Remote, RemoteError, Way};
use crate::ctl::secret::Secrets;

/// What it takes to connect again.
pub(super) struct Again {
    /// How hosts are come by.
    pub(super) way: Arc<dyn Way>,
    /// The cluster that they belong to.
    pub(super) cluster: Cluster,
    /// Passwords, fetched already.
    pub(super) secrets: Secrets,
    /// Limits.
    pub(super) how: How,
}

/// A host that answered once, and is connected to for each script.
pub(super) struct Resting {
    /// Its name.
    pub(super) host: String,
    /// The same for all hosts of a desk.
    pub(super) again: Arc<Again>,
}

impl Remote for Resting {
    fn exec<'a>(
        &'a self,
        script: &'a str,
        stdin: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Output, RemoteError>> {
        async move { self.connect().await?.exec(script, stdin, limit).await }.boxed()
    }

    fn follow<'a>(
        &'a self,
        script: &'a str,
        to: Sender<Vec<u8>>,
        limit: Duration,
    ) -> BoxFuture<'a, Result<Output, RemoteError>> {
        async move { self.connect().await?.follow(script, to, limit).await }.boxed()
    }
}

impl Resting {
    async fn connect(&self) -> Result<Arc<dyn Remote>, RemoteError> {
        let Again { way, cluster, secrets, how } = &*self.again;
        let connected = way.connect(cluster, std::slice::from_ref(&self.host), secrets, how.clone()).await;
        let Some((_, remote)) = connected.into_iter().next() else {
            return Err(RemoteError::Lost("the host is not in the inventory".into()));
        };
        remote.map_err(|problem| RemoteError::NeverBegan(Box::new(problem)))
    }
}
