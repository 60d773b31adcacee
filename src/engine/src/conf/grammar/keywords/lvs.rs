//! Keywords of `virtual_server` and what stands in it.

use crate::conf::grammar::schema::{Context, Keyword, already, list, no_block, no_so, yes, yes_block};

/// `virtual_server_group`.
pub(super) static VIRTUAL_SERVER_GROUP: Context = list("virtual_server_group");

/// `SSL`.
pub static SSL: Context = Context {
    name: "SSL",
    tables: &[&[
        yes("ca"),
        yes("certificate"),
        yes("key"),
        no_so("password", "an encrypted key cannot be read; store it without a password, readable by root alone"),
    ]],
};

/// `virtual_server`.
pub static VIRTUAL_SERVER: Context =
    Context { name: "virtual_server", tables: &[SCHEDULING, AVAILABILITY, TIMING, SERVERS] };

const SCHEDULING: &[Keyword] = &[
    yes("lb_algo"),
    yes("lvs_sched"),
    yes("lb_kind"),
    yes("lvs_method"),
    yes("protocol"),
    yes("ip_family"),
    no_so("nat_mask", "the kernel's LVS has no use for it, and keepalived gave it up long ago"),
    already("hashed"),
    yes("ops"),
    yes("flag-1"),
    yes("flag-2"),
    yes("flag-3"),
    yes("sh-port"),
    yes("sh-fallback"),
    yes("mh-port"),
    yes("mh-fallback"),
    no_so("persistence_engine", "clients are told apart by their addresses alone"),
    yes("persistence_timeout"),
    yes("persistence_granularity"),
    yes("virtualhost"),
    no_so("snmp_name", "there is no SNMP"),
    yes("weight"),
];

const AVAILABILITY: &[Keyword] = &[
    yes("ha_suspend"),
    yes("master_only"),
    yes("alpha"),
    yes("omega"),
    yes("quorum"),
    yes("hysteresis"),
    yes("quorum_up"),
    yes("quorum_down"),
    yes("inhibit_on_failure"),
    yes("smtp_alert"),
    yes("slow_start"),
];

/// What a virtual server says for its real servers, and these for their checks.
const TIMING: &[Keyword] =
    &[yes("delay_loop"), yes("retry"), yes("delay_before_retry"), yes("warmup"), yes("connect_timeout"), yes("rise")];

const SERVERS: &[Keyword] = &[
    yes("sorry_server"),
    yes("sorry_server_inhibit"),
    yes("sorry_server_lvs_method"),
    yes_block("real_server", &REAL_SERVER),
];

/// `real_server`.
pub static REAL_SERVER: Context = Context { name: "real_server", tables: &[REAL, TIMING, CHECKERS] };

const REAL: &[Keyword] = &[
    yes("weight"),
    yes("lvs_method"),
    yes("notify_up"),
    yes("notify_down"),
    yes("inhibit_on_failure"),
    yes("uthreshold"),
    yes("lthreshold"),
    yes("alpha"),
    yes("smtp_alert"),
    yes("virtualhost"),
    no_so("snmp_name", "there is no SNMP"),
];

const CHECKERS: &[Keyword] = &[
    yes_block("TCP_CHECK", &TCP_CHECK),
    yes_block("HTTP_GET", &HTTP_GET),
    yes_block("SSL_GET", &SSL_GET),
    yes_block("SMTP_CHECK", &SMTP_CHECK),
    yes_block("DNS_CHECK", &DNS_CHECK),
    yes_block("MISC_CHECK", &MISC_CHECK),
    no_block("BFD_CHECK", &BFD_CHECK, "there is no BFD; the real server is treated as if this check were not there"),
    yes_block("PING_CHECK", &PING_CHECK),
    yes_block("UDP_CHECK", &UDP_CHECK),
    yes_block("FILE_CHECK", &FILE_CHECK),
];

const CONNECTION: &[Keyword] =
    &[yes("connect_ip"), yes("connect_port"), yes("bindto"), yes("bind_if"), yes("bind_port"), yes("fwmark")];

/// What is often written in checks that do not have it.
const ASTRAY: &[Keyword] =
    &[no_so("nb_get_retry", "it belongs to HTTP_GET and SSL_GET, and keepalived passes over it here; write `retry N`")];

const STATE: &[Keyword] = &[yes("alpha"), yes("log_all_failures")];

/// `TCP_CHECK`.
pub static TCP_CHECK: Context = Context { name: "TCP_CHECK", tables: &[CONNECTION, TIMING, STATE, ASTRAY] };

/// `PING_CHECK`.
pub static PING_CHECK: Context = Context { name: "PING_CHECK", tables: &[CONNECTION, TIMING, STATE, ASTRAY] };

/// `HTTP_GET`.
pub static HTTP_GET: Context = Context { name: "HTTP_GET", tables: &[CONNECTION, TIMING, STATE, HTTP] };

/// `SSL_GET`.
pub static SSL_GET: Context = Context { name: "SSL_GET", tables: &[CONNECTION, TIMING, STATE, HTTP] };

const HTTP: &[Keyword] = &[
    yes("nb_get_retry"),
    yes("http_protocol"),
    yes("virtualhost"),
    yes("fast_recovery"),
    yes("enable_sni"),
    yes("sni_name"),
    yes("tls_verify"),
    no_so("tls_compliant", "an answer counts as complete even when the server ends it without TLS's own goodbye"),
    yes_block("url", &URL),
];

/// `url`.
pub static URL: Context = Context {
    name: "url",
    tables: &[&[
        yes("path"),
        yes("digest"),
        yes("status_code"),
        yes("virtualhost"),
        yes("regex"),
        yes("regex_no_match"),
        yes("regex_options"),
        already("regex_stack"),
        yes("regex_min_offset"),
        yes("regex_max_offset"),
        yes("header"),
        yes("basic_auth"),
        no_so("tls_compliant", "an answer counts as complete even when the server ends it without TLS's own goodbye"),
    ]],
};

/// `SMTP_CHECK`.
pub static SMTP_CHECK: Context = Context {
    name: "SMTP_CHECK",
    tables: &[CONNECTION, TIMING, STATE, ASTRAY, &[yes("helo_name"), yes_block("host", &HOST)]],
};

/// `host`.
pub static HOST: Context = Context { name: "host", tables: &[CONNECTION, &[yes("connect_timeout")]] };

/// `DNS_CHECK`.
pub static DNS_CHECK: Context =
    Context { name: "DNS_CHECK", tables: &[CONNECTION, TIMING, STATE, ASTRAY, &[yes("type"), yes("name")]] };

static BFD_CHECK: Context = Context { name: "BFD_CHECK", tables: &[&[yes("name"), yes("alpha")]] };

/// `MISC_CHECK`.
pub static MISC_CHECK: Context = Context {
    name: "MISC_CHECK",
    tables: &[TIMING, STATE, ASTRAY, &[yes("misc_path"), yes("misc_timeout"), yes("misc_dynamic"), yes("user")]],
};

/// `UDP_CHECK`.
pub static UDP_CHECK: Context = Context {
    name: "UDP_CHECK",
    tables: &[
        CONNECTION,
        TIMING,
        STATE,
        ASTRAY,
        &[yes("payload"), yes("require_reply"), yes("min_reply_length"), yes("max_reply_length")],
    ],
};

/// `FILE_CHECK`.
pub static FILE_CHECK: Context =
    Context { name: "FILE_CHECK", tables: &[TIMING, STATE, &[yes("track_file"), yes("weight"), already("dynamic")]] };
