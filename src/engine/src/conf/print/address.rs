//! Addresses.

use super::page::word;
use crate::conf::config::VirtualAddress;
use crate::conf::grammar::rtnames::show;
use crate::conf::vrrp::address::{ADDRESS_FLAGS, FOREVER, SCOPES};

/// One line of `virtual_ipaddress`.
pub(crate) fn address(one: &VirtualAddress) -> String {
    let mut line = one.address.to_string();
    if let Some(broadcast) = one.broadcast {
        line += &format!(" brd {broadcast}");
    }
    if let Some(peer) = one.peer {
        let host = peer.prefix_len() == peer.max_prefix_len();
        line += &if host { format!(" peer {}", peer.addr()) } else { format!(" peer {peer}") };
    }
    if let Some(interface) = &one.interface {
        line += &format!(" dev {}", word(interface));
    }
    if one.vmac.is_some() {
        line += " use_vmac";
    }
    if one.scope != 0 {
        line += &format!(" scope {}", show(one.scope, SCOPES));
    }
    if let Some(label) = &one.label {
        line += &format!(" label {}", word(label));
    }
    match one.preferred_s {
        None => {}
        Some(FOREVER) => line += " preferred_lft forever",
        Some(seconds) => line += &format!(" preferred_lft {seconds}"),
    }
    for flag in &one.flags {
        let name = ADDRESS_FLAGS.iter().find(|(_, known)| known == flag).map_or("", |(name, _)| name);
        line += &format!(" {name}");
    }
    if one.no_track {
        line += " no_track";
    }
    line
}
