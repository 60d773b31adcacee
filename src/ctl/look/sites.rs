//! Each site as a browser asks for it: through every VIP, by name, and by HTTPS where there is that.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::certificate::Certificate;
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::look::no_answer::NoAnswer;
use crate::ctl::look::way::can_answer;
use crate::ctl::sites::{EVERY_NAME, VirtualHost};
use crate::net::http::get::{get, get_by_tls};

/// What came back for a site through one VIP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSeen {
    /// The site's [`id`](VirtualHost::id).
    pub site: String,
    /// The VIP that was asked.
    pub vip: IpAddr,
    /// What was asked for.
    pub url: String,
    /// What came, or why nothing did.
    pub answer: Result<SiteAnswer, NoAnswer>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteAnswer {
    /// HTTP status.
    pub status: u16,
    /// The certificate that was shown; `None` over plain HTTP, or where it cannot be read.
    pub certificate: Option<Certificate>,
}

/// How long a site may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks for every site of `sites:` through every VIP that can answer here, all at once.
pub async fn ask_sites(cluster: &Cluster) -> Vec<SiteSeen> {
    let vips = || cluster.vips.iter().filter(|vip| can_answer(cluster, vip)).filter_map(Vip::address);
    let pairs = cluster.traffic.sites.iter().flat_map(|site| vips().map(move |vip| (site, vip)));
    let pairs = pairs.filter(|(site, vip)| site.addresses.is_empty() || site.addresses.contains(vip));
    futures_util::future::join_all(pairs.filter_map(|(site, vip)| ask(site, vip))).await
}

fn ask(site: &VirtualHost, vip: IpAddr) -> Option<impl Future<Output = SiteSeen>> {
    let listen = site.asked()?;
    let target = SocketAddr::new(vip, listen.port);
    let name = match (site.host_name(), vip) {
        (EVERY_NAME, IpAddr::V4(four)) => four.to_string(),
        (EVERY_NAME, IpAddr::V6(six)) => format!("[{six}]"),
        (name, _) => name.to_owned(),
    };
    let (scheme, usual) = if listen.tls { ("https", 443) } else { ("http", 80) };
    let port = if listen.port == usual { String::new() } else { format!(":{}", listen.port) };
    let (path, id) = (site.path.clone(), site.id.clone());
    Some(async move {
        let url = format!("{scheme}://{name}{port}{path}");
        let answer = if listen.tls {
            get_by_tls(target, &name, &path, PATIENCE).await.map(|(status, shown)| SiteAnswer {
                status,
                certificate: shown.and_then(|der| Certificate::of_der(&der).ok()),
            })
        } else {
            get(target, &name, &path, PATIENCE).await.map(|status| SiteAnswer { status, certificate: None })
        };
        SiteSeen { site: id, vip, url, answer: answer.map_err(NoAnswer::from) }
    })
}
