//! `strict_mode`: nothing that the RFC does not have. Each thing that goes is an error, for somebody asked for it.

use std::net::IpAddr;
use std::time::Duration;

use super::authentication::Authentication;
use super::instance::Draft;
use crate::conf::config::{InitialState, VirtualAddress};
use crate::conf::text::place::At;
use crate::conf::text::sink::Sink;

/// Takes out what strict mode does not permit, and settles whether the addresses take traffic.
pub(super) fn enforce(draft: &mut Draft, first: Option<&At<VirtualAddress>>, priority: u8, sink: &mut Sink<'_>) {
    let asked = draft.accept.map(|(accept, _)| accept);
    if !draft.plain.strict {
        draft.plain.accept = asked.unwrap_or(true);
        return;
    }
    ownership(draft, first, priority, sink);
    draft.plain.accept = asked.unwrap_or(priority == u8::MAX);
    draft.plain.lower_prio_no_advert = true;
    draft.plain.higher_prio_send_advert = false;
    if let Some(place) = draft.authentication.place {
        let help = "remove `authentication`, or `vrrp_strict` and `strict_mode`, on all hosts";
        sink.error_help(place, "strict mode permits no authentication; ignored, as keepalived does", help);
        draft.authentication = Authentication::default();
    }
    if let Some((_, place)) = draft.preempt_delay.filter(|(delay, _)| *delay != Duration::ZERO) {
        let help = "remove it, or `vrrp_strict` and `strict_mode`";
        sink.error_help(place, "strict mode permits no `preempt_delay`; 0 is used, as in keepalived", help);
        draft.preempt_delay = None;
    }
    if !draft.peers.is_empty()
        && let Some(place) = draft.peers.found.first().map(|(_, place)| *place).or(Some(draft.place))
    {
        // Without its peers it would be master beside them: that is worse than a setting that contradicts itself.
        let help = "remove `vrrp_strict` and `strict_mode`";
        sink.warning_help(place, "strict mode permits no unicast; the peers are kept all the same", help);
    }
    if asked.is_none() && priority != u8::MAX && !draft.no_address_meant {
        let message = "in strict mode the virtual addresses take no traffic: they do not even answer ping";
        sink.warning_help(draft.strict.unwrap_or(draft.place), message, "add `accept`, or remove `vrrp_strict`");
    }
}

/// What the RFC says of the address owner and of IPv6 addresses: told, not changed, as in keepalived.
fn ownership(draft: &Draft, first: Option<&At<VirtualAddress>>, priority: u8, sink: &mut Sink<'_>) {
    let owner = priority == u8::MAX;
    if let Some((state, place)) = draft.state
        && (state == InitialState::Master) != owner
    {
        let message = "in strict mode `state MASTER` belongs to the address owner alone, who has priority 255";
        sink.warning_help(place, message, "leave `state` out: the priority decides");
    }
    if let Some((first, place)) = first
        && let IpAddr::V6(address) = first.address.addr()
        && !address.is_unicast_link_local()
    {
        let message = format!("in strict mode the first IPv6 address is link-local, and `{address}` is not");
        sink.warning_help(*place, message, "begin `virtual_ipaddress` with an address of fe80::/10 (RFC 9568 §5.2.9)");
    }
}
