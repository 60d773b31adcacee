//! Keywords of the file itself, and of its small blocks.

use super::global::GLOBAL_DEFS;
use super::lvs::{SSL, VIRTUAL_SERVER, VIRTUAL_SERVER_GROUP};
use super::vrrp::{VRRP_INSTANCE, VRRP_SCRIPT, VRRP_SYNC_GROUP};
use crate::conf::grammar::schema::{
    Context, Keyword, already, already_block, list, no, no_block, no_so, yes, yes_block,
};

/// The file itself.
pub static ROOT: Context = Context { name: "the file", tables: &[PROCESS, VRRP, TRACKED, STATIC, LVS, OWN] };

const PROCESS: &[Keyword] = &[
    yes_block("global_defs", &GLOBAL_DEFS),
    yes("net_namespace"),
    yes("net_namespace_ipvs"),
    no_so("namespace_with_ipsets", "no ipset is used"),
    already("instance"),
    no_so("use_pid_dir", "name the pid file with -p instead"),
    no_so("child_wait_time", "there are no child processes"),
    already("linkbeat_use_polling"),
    already_block("linkbeat_interfaces", &LINKBEAT_INTERFACES),
    yes_block("interface_up_down_delays", &INTERFACE_DELAYS),
];

const VRRP: &[Keyword] = &[
    yes_block("vrrp_script", &VRRP_SCRIPT),
    yes_block("vrrp_instance", &VRRP_INSTANCE),
    yes_block("vrrp_sync_group", &VRRP_SYNC_GROUP),
    no_block("garp_group", &GARP_GROUP, "use `garp_interval` and `gna_interval` of global_defs"),
];

const TRACKED: &[Keyword] = &[
    yes_block("track_file", &TRACK_FILE),
    yes_block("vrrp_track_file", &TRACK_FILE),
    yes_block("vrrp_track_process", &TRACK_PROCESS),
    no_block(
        "track_group",
        &TRACK_GROUP,
        "addresses, routes and rules that name it are tracked by the instance they stand in",
    ),
    no_block("bfd_instance", &BFD_INSTANCE, "no session is opened; a peer's failure is found by its adverts"),
];

const STATIC: &[Keyword] = &[
    yes_block("static_ipaddress", &STATIC_IPADDRESS),
    yes_block("static_routes", &STATIC_ROUTES),
    yes_block("static_rules", &STATIC_RULES),
];

const LVS: &[Keyword] = &[
    yes_block("virtual_server", &VIRTUAL_SERVER),
    yes_block("virtual_server_group", &VIRTUAL_SERVER_GROUP),
    yes_block("SSL", &SSL),
];

const OWN: &[Keyword] = &[yes_block("hactl", &HACTL)];

/// `hactl`: our own settings.
pub static HACTL: Context = Context {
    name: "hactl",
    tables: &[&[
        yes("lease"),
        yes("guard"),
        yes("connection_draining"),
        yes("peers"),
        yes("metrics"),
        yes("webhook"),
        yes("smtp_tls"),
        yes("smtp_user"),
        yes("smtp_password_file"),
        yes("tls_authorities"),
    ]],
};

static LINKBEAT_INTERFACES: Context = list("linkbeat_interfaces");
static INTERFACE_DELAYS: Context = list("interface_up_down_delays");
static STATIC_IPADDRESS: Context = list("static_ipaddress");
static STATIC_ROUTES: Context = list("static_routes");
static STATIC_RULES: Context = list("static_rules");
static GROUP_NAMES: Context = list("group");
static GROUP_INTERFACES: Context = list("interfaces");

static TRACK_GROUP: Context = Context { name: "track_group", tables: &[&[no_block("group", &GROUP_NAMES, "")]] };

static GARP_GROUP: Context = Context {
    name: "garp_group",
    tables: &[&[
        no("garp_interval"),
        no("gna_interval"),
        no("interface"),
        no_block("interfaces", &GROUP_INTERFACES, ""),
    ]],
};

/// `track_file` and `vrrp_track_file`.
pub static TRACK_FILE: Context =
    Context { name: "track_file", tables: &[&[yes("file"), yes("weight"), yes("init_file")]] };

/// `vrrp_track_process`.
pub static TRACK_PROCESS: Context = Context {
    name: "vrrp_track_process",
    tables: &[&[
        yes("process"),
        yes("param_match"),
        yes("weight"),
        yes("quorum"),
        yes("quorum_max"),
        yes("fork_delay"),
        yes("terminate_delay"),
        yes("delay"),
        yes("full_command"),
        yes("unit"),
    ]],
};

static BFD_INSTANCE: Context = Context {
    name: "bfd_instance",
    tables: &[&[
        no("neighbor_ip"),
        no("neighbour_ip"),
        no("source_ip"),
        no("min_rx"),
        no("min_tx"),
        no("idle_tx"),
        no("multiplier"),
        no("passive"),
        no("ttl"),
        no("hoplimit"),
        no("max_hops"),
        no("multihop"),
        no("weight"),
        no("vrrp"),
        no("checker"),
    ]],
};
