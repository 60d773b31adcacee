//! The whole stream: all agents of a cluster, and the desk's own look at everything now and then.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{FutureExt as _, LocalBoxFuture};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout};

use super::follow::follow;
use super::told::Item;
use crate::ctl::cluster::Cluster;
use crate::ctl::desk::{Desk, Options};
use crate::ctl::report::Report;
use crate::ctl::verify::status::{Status, status, status_with_drift};
use crate::error::Failure;

/// Things that wait to be read.
const WAITING: usize = 1024;
/// Between two looks at all hosts and sites.
const LOOK_EACH: Duration = Duration::from_secs(10);
/// After a move a look comes sooner, when what followed from it has come to rest.
const REST: Duration = Duration::from_millis(400);
/// The first look waits for no host longer: the agents come first.
const AGENTS_FIRST: Duration = Duration::from_secs(2);

/// A stream that goes on until it is dropped.
pub struct Live {
    /// The cluster.
    pub desk: Arc<Desk>,
    items: Receiver<Item>,
    /// Whoever wants a look right now rings here.
    look: Arc<Notify>,
    /// Hosts that are followed, and the looks: they go on while somebody waits for what comes next.
    work: FuturesUnordered<LocalBoxFuture<'static, ()>>,
}

impl Live {
    /// Begins to follow the agents. With `drift` each look also asks what is not as the last deploy left it.
    ///
    /// # Errors
    /// Only what is wrong before anything is contacted.
    pub fn begin(cluster: Cluster, options: Options, drift: bool) -> Result<Self, Failure> {
        let desk = Arc::new(Desk::prepare(cluster, options)?);
        let (to, items) = channel(WAITING);
        let (begun, all_begun) = channel(1);
        let look = Arc::new(Notify::new());
        let work = FuturesUnordered::new();
        for host in desk.cluster.agents().filter(|host| host.managed) {
            let (name, to, look) = (host.name.clone(), to.clone(), Arc::clone(&look));
            work.push(follow(Arc::clone(&desk), name, to, look, begun.clone()).boxed_local());
        }
        work.push(looks(Arc::clone(&desk), drift, to, Arc::clone(&look), all_begun).boxed_local());
        Ok(Self { desk, items, look, work })
    }

    /// The same with nothing but what the agents tell.
    ///
    /// # Errors
    /// As [`Live::begin`].
    pub fn of_agents(cluster: Cluster, options: Options) -> Result<Self, Failure> {
        let desk = Arc::new(Desk::prepare(cluster, options)?);
        let (to, items) = channel(WAITING);
        let (begun, _) = channel(1);
        let look = Arc::new(Notify::new());
        let work = FuturesUnordered::new();
        for host in desk.cluster.agents().filter(|host| host.managed) {
            let (name, to, look) = (host.name.clone(), to.clone(), Arc::clone(&look));
            work.push(follow(Arc::clone(&desk), name, to, look, begun.clone()).boxed_local());
        }
        Ok(Self { desk, items, look, work })
    }

    /// What comes next. It goes on for ever, and nothing is lost when it is not waited for to the end.
    pub async fn next(&mut self) -> Option<Item> {
        loop {
            tokio::select! {
                biased;
                item = self.items.recv() => return item,
                Some(()) = self.work.next() => {}
            }
        }
    }

    /// What has come already.
    pub fn at_hand(&mut self) -> Option<Item> {
        self.items.try_recv().ok()
    }

    /// Asks for a look now, not in its turn.
    pub fn look(&self) {
        self.look.notify_one();
    }
}

/// Looks at all hosts and asks the sites, again and again. Connections that are lost are made anew for the next look.
async fn looks(desk: Arc<Desk>, drift: bool, to: Sender<Item>, moved: Arc<Notify>, mut begun: Receiver<()>) {
    // Nothing is ever sent: it ends when every host has dropped its end.
    let _ = timeout(AGENTS_FIRST, begun.recv()).await;
    let names: Vec<String> = desk.cluster.managed().map(|host| host.name.clone()).collect();
    loop {
        let desk = desk.again(names.clone()).await;
        loop {
            let report = if drift { with_drift(&desk).await } else { status(&desk).await };
            let all_seen = report.value.hosts.iter().all(|host| host.reachable);
            if to.send(Item::Looked(Box::new(report))).await.is_err() {
                return;
            }
            tokio::select! {
                () = sleep(LOOK_EACH) => {}
                () = moved.notified() => sleep(REST).await,
            }
            if !all_seen {
                break;
            }
        }
    }
}

/// A look at drift, too. Where the files that hosts shall have cannot be made, that is one more thing that is wrong.
async fn with_drift(desk: &Desk) -> Report<Status> {
    match status_with_drift(desk).await {
        Ok(report) => report,
        Err(failure) => {
            let mut report = status(desk).await;
            report.problems.extend(failure.problems);
            report
        }
    }
}
