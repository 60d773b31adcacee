//! Keywords of `vrrp_script`, `vrrp_instance` and `vrrp_sync_group`.

use super::super::schema::{Context, Keyword, already, list, no, no_block, no_so, yes, yes_block};

/// `vrrp_script`.
pub static VRRP_SCRIPT: Context = Context {
    name: "vrrp_script",
    tables: &[&[
        yes("script"),
        yes("interval"),
        yes("timeout"),
        yes("weight"),
        yes("rise"),
        yes("fall"),
        yes("user"),
        yes("init_fail"),
    ]],
};

/// `vrrp_instance`.
pub static VRRP_INSTANCE: Context = Context {
    name: "vrrp_instance",
    tables: &[SUPPORTED, TRACKING, ADDRESSES, MACVLAN, PROTOCOL, NOTIFY, ANNOUNCEMENTS, OTHER],
};

/// `authentication`.
pub static AUTHENTICATION: Context =
    Context { name: "authentication", tables: &[&[yes("auth_type"), yes("auth_pass")]] };

/// `vrrp_sync_group`.
pub static VRRP_SYNC_GROUP: Context = Context {
    name: "vrrp_sync_group",
    tables: &[&[
        no_block("group", &GROUP, ""),
        no_block("track_interface", &TRACK_INTERFACE, ""),
        no_block("track_script", &TRACK_SCRIPT, ""),
        no_block("track_file", &TRACK_FILE, ""),
        no_block("track_process", &TRACK_PROCESS, ""),
        no_block("track_bfd", &TRACK_BFD, ""),
        no("notify_master"),
        no("notify_backup"),
        no("notify_fault"),
        no("notify_stop"),
        no("notify"),
        no("notify_priority_changes"),
        no("smtp_alert"),
        no("global_tracking"),
        no("sync_group_tracking_weight"),
    ]],
};

const SUPPORTED: &[Keyword] = &[
    yes("state"),
    yes("interface"),
    yes("virtual_router_id"),
    yes("priority"),
    yes("advert_int"),
    yes("version"),
    yes_block("authentication", &AUTHENTICATION),
    yes_block("virtual_ipaddress", &VIRTUAL_IPADDRESS),
    yes_block("virtual_ipaddress_excluded", &VIRTUAL_IPADDRESS_EXCLUDED),
    yes("nopreempt"),
    yes("preempt"),
    yes("preempt_delay"),
    yes_block("track_interface", &TRACK_INTERFACE),
    yes_block("track_script", &TRACK_SCRIPT),
    yes("dont_track_primary"),
    yes("unicast_src_ip"),
    yes("mcast_src_ip"),
    yes_block("unicast_peer", &UNICAST_PEER),
    yes("v3_checksum_as_v2"),
    yes("garp_master_delay"),
    yes("garp_master_repeat"),
    yes("garp_master_refresh"),
    yes("garp_master_refresh_repeat"),
    yes("notify_master"),
    yes("notify_backup"),
    yes("notify_fault"),
    yes("notify_stop"),
    yes("notify"),
    already("accept"),
    already("native_ipv6"),
];

const TRACKING: &[Keyword] = &[
    no_block("track_file", &TRACK_FILE, "these files never change the state"),
    no_block("track_process", &TRACK_PROCESS, "these processes never change the state; use track_script"),
    no_block("track_bfd", &TRACK_BFD, "these sessions never change the state"),
    no("track_src_ip"),
    no_so("linkbeat_use_polling", "link state comes from netlink"),
];

const ADDRESSES: &[Keyword] = &[
    no_block("virtual_routes", &VIRTUAL_ROUTES, "these routes do not move with the addresses"),
    no_block("virtual_rules", &VIRTUAL_RULES, "these rules do not move with the addresses"),
    no_so("no_virtual_ipaddress", "an instance may always be without addresses here"),
    no("promote_secondaries"),
];

const MACVLAN: &[Keyword] = &[
    no_so("use_vmac", "the addresses stand on the interface itself, under its own MAC address"),
    no_so("use_vmac_addr", "the addresses stand on the interface itself, under its own MAC address"),
    no_so("vmac_xmit_base", "adverts always leave from the interface itself"),
    no("use_ipvlan"),
    no("vrf"),
];

const PROTOCOL: &[Keyword] = &[
    no_so("mcast_dst_ip", "adverts go to the standard group; a peer that uses another one does not hear them"),
    no("check_unicast_src"),
    no_so("unicast_fault_no_peer", "without peers adverts are sent by multicast"),
    no_so("unicast_ttl", "adverts leave with TTL 255"),
    no("old_unicast_checksum"),
    no_so("down_timer_adverts", "the master counts as down after 3 intervals"),
    no("timer_expired_backup"),
    no("lower_prio_no_advert"),
    no("higher_prio_send_advert"),
    no("owner_ignore_adverts"),
    no_block("auth_hmac", &AUTH_HMAC, "adverts are not signed; a peer that enforces signatures drops them"),
    no_so("no_accept", "the addresses accept traffic"),
    no_so("skip_check_adv_addr", "a differing address list never rejects an advert here"),
    no_so("strict_mode", "passwords, unicast and preempt_delay stay permitted and addresses stay reachable"),
];

const NOTIFY: &[Keyword] = &[
    no("notify_deleted"),
    no("notify_master_rx_lower_pri"),
    no("notify_priority_changes"),
    no_so("smtp_alert", "no mail is sent"),
];

const ANNOUNCEMENTS: &[Keyword] =
    &[no("garp_lower_prio_delay"), no("garp_lower_prio_repeat"), no("garp_extra_if"), no("vmac_garp_intvl")];

const OTHER: &[Keyword] = &[
    no_so("lvs_sync_daemon_interface", "LVS is not supported yet"),
    no("kernel_rx_buf_size"),
    no_so("debug", "keepalived ignores it too"),
];

static AUTH_HMAC: Context = Context {
    name: "auth_hmac",
    tables: &[&[no("key"), no("active_key"), no("anti_replay"), no("time_window"), no("mode")]],
};

static VIRTUAL_IPADDRESS: Context = list("virtual_ipaddress");
static VIRTUAL_IPADDRESS_EXCLUDED: Context = list("virtual_ipaddress_excluded");
static VIRTUAL_ROUTES: Context = list("virtual_routes");
static VIRTUAL_RULES: Context = list("virtual_rules");
static TRACK_INTERFACE: Context = list("track_interface");
static TRACK_SCRIPT: Context = list("track_script");
static TRACK_FILE: Context = list("track_file");
static TRACK_PROCESS: Context = list("track_process");
static TRACK_BFD: Context = list("track_bfd");
static UNICAST_PEER: Context = list("unicast_peer");
static GROUP: Context = list("group");
