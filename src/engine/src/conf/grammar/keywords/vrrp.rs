//! Keywords of `vrrp_script`, `vrrp_instance` and `vrrp_sync_group`.

use crate::conf::grammar::schema::{Context, Keyword, already, list, no_block, no_so, yes, yes_block};

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
        yes_block("group", &GROUP),
        yes_block("track_interface", &TRACK_INTERFACE),
        yes_block("track_script", &TRACK_SCRIPT),
        yes_block("track_file", &TRACK_FILE),
        yes_block("track_process", &TRACK_PROCESS),
        no_block("track_bfd", &TRACK_BFD, "these sessions never change the state"),
        yes("notify_master"),
        yes("notify_backup"),
        yes("notify_fault"),
        yes("notify_stop"),
        yes("notify_deleted"),
        yes("notify"),
        yes("notify_priority_changes"),
        yes("smtp_alert"),
        already("global_tracking"),
        yes("sync_group_tracking_weight"),
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
    yes("accept"),
    yes("no_accept"),
    yes("strict_mode"),
    yes_block("auth_hmac", &AUTH_HMAC),
    yes("native_ipv6"),
];

const TRACKING: &[Keyword] = &[
    yes_block("track_file", &TRACK_FILE),
    yes_block("track_process", &TRACK_PROCESS),
    no_block("track_bfd", &TRACK_BFD, "these sessions never change the state"),
    yes("track_src_ip"),
    already("linkbeat_use_polling"),
];

const ADDRESSES: &[Keyword] = &[
    yes_block("virtual_routes", &VIRTUAL_ROUTES),
    yes_block("virtual_rules", &VIRTUAL_RULES),
    yes("no_virtual_ipaddress"),
    yes("promote_secondaries"),
];

const MACVLAN: &[Keyword] = &[
    yes("use_vmac"),
    yes("use_vmac_addr"),
    yes("vmac_xmit_base"),
    no_so("use_ipvlan", "the addresses stand on the interface itself"),
    no_so("vrf", "the addresses stand in the VRF that their interface belongs to"),
];

const PROTOCOL: &[Keyword] = &[
    yes("mcast_dst_ip"),
    yes("check_unicast_src"),
    yes("unicast_fault_no_peer"),
    yes("unicast_ttl"),
    yes("old_unicast_checksum"),
    yes("down_timer_adverts"),
    no_so("timer_expired_backup", "a master that ran late goes on; a peer that took over meanwhile wins by priority"),
    yes("lower_prio_no_advert"),
    yes("higher_prio_send_advert"),
    yes("owner_ignore_adverts"),
    already("skip_check_adv_addr"),
];

const NOTIFY: &[Keyword] = &[
    yes("notify_deleted"),
    yes("notify_master_rx_lower_pri"),
    yes("notify_priority_changes"),
    yes("smtp_alert"),
    yes("takeover_start"),
    yes("takeover_stop"),
];

const ANNOUNCEMENTS: &[Keyword] = &[
    yes("garp_lower_prio_delay"),
    yes("garp_lower_prio_repeat"),
    no_so("garp_extra_if", "announcements leave by the interface of each address only"),
    no_so("vmac_garp_intvl", "announcements leave by the interface of each address only"),
];

const OTHER: &[Keyword] = &[
    yes("lvs_sync_daemon_interface"),
    no_so("kernel_rx_buf_size", "the kernel's default size is used"),
    no_so("debug", "keepalived ignores it too"),
];

/// `auth_hmac`.
pub static AUTH_HMAC: Context = Context {
    name: "auth_hmac",
    tables: &[&[yes("key"), yes("active_key"), yes("anti_replay"), yes("time_window"), yes("mode")]],
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
