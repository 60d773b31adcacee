//! `vrrp_instance`.

use data_encoding::HEXLOWER;

use super::address::address;
use super::page::{Page, Secrets, word};
use super::route::{route, rule};
use super::track::track;
use crate::conf::config::{
    Announcement, HmacMode, HmacSettings, InitialState, OldChecksum, Peer, Replay, Version, VrrpInstance,
};
use crate::conf::grammar::values::show_seconds;
use crate::wire::arp::mac_text;

impl Page {
    pub(crate) fn instance(&mut self, instance: &VrrpInstance, secrets: Secrets) {
        self.open(format_args!("vrrp_instance {}", word(&instance.name)));
        let state = match instance.initial_state {
            InitialState::Master => "MASTER",
            InitialState::Backup => "BACKUP",
        };
        self.line(format_args!("state {state}"));
        if !instance.interface.is_empty() {
            self.line(format_args!("interface {}", word(&instance.interface)));
        }
        self.line(format_args!("virtual_router_id {}", instance.vrid));
        self.line(format_args!("priority {}", instance.priority));
        self.line(format_args!("version {}", if instance.version == Version::V2 { 2 } else { 3 }));
        self.line(format_args!("advert_int {}", show_seconds(instance.advert_interval)));
        self.flag(instance.nopreempt, "nopreempt");
        if !instance.preempt_delay.is_zero() {
            self.line(format_args!("preempt_delay {}", show_seconds(instance.preempt_delay)));
        }
        self.protocol(instance);
        self.authentication(instance, secrets);
        if let Some(hmac) = &instance.hmac {
            self.hmac(hmac, secrets);
        }
        self.network(instance);
        self.list("track_interface", &instance.track_interfaces, track);
        self.list("track_script", &instance.track_scripts, track);
        self.list("track_file", &instance.track_files, track);
        self.list("track_process", &instance.track_processes, track);
        self.flag(instance.track_source, "track_src_ip");
        self.announcement(&instance.announcement);
        self.flag(instance.smtp_alert, "smtp_alert");
        self.notify(&instance.notify);
        self.close();
    }

    fn protocol(&mut self, instance: &VrrpInstance) {
        self.flag(instance.strict, "strict_mode");
        // Without strict mode addresses take traffic, with it the address owner's alone do.
        let usual = !instance.strict || instance.priority == u8::MAX;
        if instance.accept != usual {
            self.line(format_args!("{}", if instance.accept { "accept" } else { "no_accept" }));
        }
        self.flag(instance.dont_track_primary, "dont_track_primary");
        self.flag(instance.v3_checksum_as_v2, "v3_checksum_as_v2");
        if instance.down_adverts != 3 {
            self.line(format_args!("down_timer_adverts {}", instance.down_adverts));
        }
        self.flag(instance.lower_prio_no_advert, "lower_prio_no_advert");
        self.flag(instance.higher_prio_send_advert, "higher_prio_send_advert");
        self.flag(instance.owner_ignore_adverts, "owner_ignore_adverts");
        match instance.old_checksum {
            OldChecksum::Detect => {}
            OldChecksum::Send => self.line(format_args!("old_unicast_checksum")),
            OldChecksum::Never => self.line(format_args!("old_unicast_checksum never")),
        }
    }

    fn authentication(&mut self, instance: &VrrpInstance, secrets: Secrets) {
        let Some(password) = &instance.password else { return };
        let text = String::from_utf8_lossy(&password.0);
        let shown = match secrets {
            Secrets::Masked => MASK.to_owned(),
            Secrets::Shown => word(text.trim_end_matches('\0')),
        };
        self.open(format_args!("authentication"));
        self.line(format_args!("auth_type PASS"));
        self.line(format_args!("auth_pass {shown}"));
        self.close();
    }

    fn hmac(&mut self, hmac: &HmacSettings, secrets: Secrets) {
        self.open(format_args!("auth_hmac"));
        for key in &hmac.keys {
            let secret = match (&key.file, secrets) {
                (Some(path), _) => word(&format!("file:{path}")),
                (None, Secrets::Masked) => MASK.to_owned(),
                (None, Secrets::Shown) => {
                    format!("hex:{}", HEXLOWER.encode(&key.secret))
                }
            };
            self.line(format_args!("key {} {secret}", key.id));
        }
        self.line(format_args!("active_key {}", hmac.active));
        self.line(format_args!("anti_replay {}", if hmac.replay == Replay::Time { "time" } else { "monotonic" }));
        self.line(format_args!("time_window {}", show_seconds(hmac.window)));
        let mode = match hmac.mode {
            HmacMode::Enforce => "enforce",
            HmacMode::Permissive => "permissive",
            HmacMode::ReceiveOnly => "receive-only",
        };
        self.line(format_args!("mode {mode}"));
        self.close();
    }

    fn network(&mut self, instance: &VrrpInstance) {
        if let Some(vmac) = &instance.vmac {
            self.line(format_args!("use_vmac {} {}", word(&vmac.name), mac_text(&vmac.mac)));
            self.flag(vmac.transmit_base, "vmac_xmit_base");
        }
        self.flag(instance.ipv6 && instance.addresses.is_empty(), "native_ipv6");
        self.flag(instance.addresses.is_empty() && instance.excluded.is_empty(), "no_virtual_ipaddress");
        if let Some(source) = instance.source {
            let keyword = if instance.is_unicast() { "unicast_src_ip" } else { "mcast_src_ip" };
            self.line(format_args!("{keyword} {source}"));
        }
        if let Some(group) = instance.group_address {
            self.line(format_args!("mcast_dst_ip {group}"));
        }
        let named = instance.peer_names.iter().map(|name| word(name));
        let peers: Vec<String> = instance.unicast_peers.iter().map(peer).chain(named).collect();
        self.list("unicast_peer", &peers, String::clone);
        self.flag(instance.fault_without_peer, "unicast_fault_no_peer");
        self.flag(instance.check_unicast_source, "check_unicast_src");
        if let Some(ttl) = instance.unicast_ttl {
            self.line(format_args!("unicast_ttl {ttl}"));
        }
        self.list("virtual_ipaddress", &instance.addresses, address);
        self.list("virtual_ipaddress_excluded", &instance.excluded, address);
        self.list("virtual_routes", &instance.routes, route);
        self.list("virtual_rules", &instance.rules, rule);
        self.flag(instance.promote_secondaries, "promote_secondaries");
    }

    fn announcement(&mut self, timing: &Announcement) {
        self.line(format_args!("garp_master_delay {}", show_seconds(timing.delay)));
        self.line(format_args!("garp_master_repeat {}", timing.repeat));
        self.line(format_args!("garp_master_refresh {}", show_seconds(timing.refresh)));
        self.line(format_args!("garp_master_refresh_repeat {}", timing.refresh_repeat));
        if timing.lower_delay != timing.delay {
            self.line(format_args!("garp_lower_prio_delay {}", show_seconds(timing.lower_delay)));
        }
        if timing.lower_repeat != timing.repeat {
            self.line(format_args!("garp_lower_prio_repeat {}", timing.lower_repeat));
        }
    }
}

fn peer(one: &Peer) -> String {
    let mut line = one.address.to_string();
    if one.min_ttl != 0 {
        line += &format!(" min_ttl {}", one.min_ttl);
    }
    if one.max_ttl != u8::MAX {
        line += &format!(" max_ttl {}", one.max_ttl);
    }
    line
}

const MASK: &str = "********";
