//! Whether answers through the VIPs are good, for a while.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::observe::ask;
use super::way::can_answer;
use crate::ctl::cluster::{Cluster, Vip};
use crate::error::{Code, Problem};

/// Between two requests.
const REQUEST_EVERY: Duration = Duration::from_millis(100);
/// A web host that answers badly gets its share of requests alone; so many bad answers are no accident.
const BAD: usize = 3;

/// Asks for `/` through every VIP that can answer here. Returns when answers are bad, and never where all is well.
pub async fn answers(cluster: &Cluster, end: Instant) -> Vec<Problem> {
    let vips = cluster.vips.iter().filter(|vip| can_answer(cluster, vip)).filter_map(Vip::address);
    let targets: Vec<SocketAddr> = vips.map(|vip| SocketAddr::new(vip, cluster.site.port)).collect();
    let (mut sent, mut bad) = (0, 0);
    while Instant::now() < end && !targets.is_empty() {
        for target in &targets {
            sent += 1;
            let said = match ask(*target, cluster.site.host_name(), "/").await {
                Ok(status) if cluster.site.expects(status) => continue,
                Ok(status) => format!("status {status}, expected is {}", cluster.site.expected()),
                Err(why) => why.to_string(),
            };
            bad += 1;
            if bad >= BAD {
                let message = format!("{bad} of {sent} requests to http://{target}/ went wrong, the last one: {said}");
                return vec![Problem::new(Code::ServiceBad, message)];
            }
        }
        tokio::time::sleep(REQUEST_EVERY).await;
    }
    std::future::pending().await
}
