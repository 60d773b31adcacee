//! `strict_mode`: nothing that the RFC does not have. Each thing that goes is an error, for somebody asked for it.

use std::time::Duration;

use super::authentication::Authentication;
use super::draft::Draft;
use super::sink::Sink;

/// Takes out what strict mode does not permit, and settles whether the addresses take traffic.
pub(super) fn enforce(draft: &mut Draft, priority: u8, sink: &mut Sink<'_>) {
    let asked = draft.accept.map(|(accept, _)| accept);
    if !draft.plain.strict {
        draft.plain.accept = asked.unwrap_or(true);
        return;
    }
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
