//! Each site as a browser asks for it, by name, and by HTTPS where there is that: through every VIP, and at whoever
//! stands by.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::certificate::Certificate;
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::look::no_answer::NoAnswer;
use crate::ctl::look::way::can_answer;
use crate::ctl::sites::{EVERY_NAME, VirtualHost};
use crate::net::http::get::{get, get_by_tls};

/// Who was asked for a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Whoever owns this VIP.
    Vip(IpAddr),
    /// A load balancer that does not own the VIP, by name, at an address of its own.
    Standby(String),
}

impl fmt::Display for Asked {
    /// As it is said after what was found: `through 10.0.0.3`, `on lb-6, which stands by`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vip(vip) => write!(f, "through {vip}"),
            Self::Standby(host) => write!(f, "on {host}, which stands by"),
        }
    }
}

/// What came back for a site from one of those who were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSeen {
    /// The site's [`id`](VirtualHost::id).
    pub site: String,
    /// Who was asked.
    pub asked: Asked,
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
    futures_util::future::join_all(pairs.filter_map(|(site, vip)| ask(site, vip, Asked::Vip(vip)))).await
}

/// Asks for one site, at an address; `None` where it listens in a way that a browser cannot speak.
pub(super) fn ask(site: &VirtualHost, at: IpAddr, asked: Asked) -> Option<BoxFuture<'static, SiteSeen>> {
    let listen = site.asked()?;
    let target = SocketAddr::new(at, listen.port);
    let name = match (site.host_name(), at) {
        (EVERY_NAME, IpAddr::V4(four)) => four.to_string(),
        (EVERY_NAME, IpAddr::V6(six)) => format!("[{six}]"),
        (name, _) => name.to_owned(),
    };
    let (scheme, usual) = if listen.tls { ("https", 443) } else { ("http", 80) };
    let port = if listen.port == usual { String::new() } else { format!(":{}", listen.port) };
    let (path, id) = (site.path.clone(), site.id.clone());
    Some(Box::pin(async move {
        let url = format!("{scheme}://{name}{port}{path}");
        let answer = if listen.tls {
            get_by_tls(target, &name, &path, PATIENCE).await.map(|(status, shown)| SiteAnswer {
                status,
                certificate: shown.and_then(|der| Certificate::of_der(&der).ok()),
            })
        } else {
            get(target, &name, &path, PATIENCE).await.map(|status| SiteAnswer { status, certificate: None })
        };
        SiteSeen { site: id, asked, url, answer: answer.map_err(NoAnswer::from) }
    }))
}
