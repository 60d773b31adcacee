//! Whether this desk has a way to a VIP on which an answer can come.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ctl::cluster::{Cluster, LvsMethod, Vip};

/// Whether an answer through this VIP can be expected here: a desk without IPv6 says nothing about an IPv6 VIP, and to
/// a desk in their own network the real servers of NAT answer past the director.
pub fn can_answer(cluster: &Cluster, vip: &Vip) -> bool {
    let Some(net) = vip.addresses.first().filter(|_| vip.has_sites(&cluster.hosts)) else { return false };
    let nat = cluster.lvs.as_ref().is_some_and(|lvs| lvs.method == LvsMethod::Nat);
    let here = route_source(net.addr());
    (net.addr().is_ipv4() || here.is_some()) && !(nat && here.is_some_and(|here| net.contains(&here)))
}

/// The address from which this machine would send to another; `None` without a route. Sends nothing.
fn route_source(to: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = std::net::UdpSocket::bind((any, 0)).ok()?;
    socket.connect((to, 9)).ok()?;
    socket.local_addr().ok().map(|from| from.ip())
}
