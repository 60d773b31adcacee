//! Keywords of `virtual_server` and what stands in it.

use super::super::schema::{Context, Keyword, list, no, no_block};

/// `virtual_server_group`.
pub static VIRTUAL_SERVER_GROUP: Context = list("virtual_server_group");

/// `virtual_server`.
pub static VIRTUAL_SERVER: Context =
    Context { name: "virtual_server", tables: &[SCHEDULING, AVAILABILITY, DEFAULTS, SERVERS] };

const SCHEDULING: &[Keyword] = &[
    no("lb_algo"),
    no("lvs_sched"),
    no("lb_kind"),
    no("lvs_method"),
    no("protocol"),
    no("ip_family"),
    no("hashed"),
    no("ops"),
    no("flag-1"),
    no("flag-2"),
    no("flag-3"),
    no("sh-port"),
    no("sh-fallback"),
    no("mh-port"),
    no("mh-fallback"),
    no("persistence_engine"),
    no("persistence_timeout"),
    no("persistence_granularity"),
    no("virtualhost"),
    no("snmp_name"),
    no("weight"),
];

const AVAILABILITY: &[Keyword] = &[
    no("ha_suspend"),
    no("alpha"),
    no("omega"),
    no("quorum"),
    no("hysteresis"),
    no("quorum_up"),
    no("quorum_down"),
    no("inhibit_on_failure"),
    no("smtp_alert"),
];

const DEFAULTS: &[Keyword] =
    &[no("delay_loop"), no("retry"), no("delay_before_retry"), no("warmup"), no("connect_timeout")];

const SERVERS: &[Keyword] = &[
    no("sorry_server"),
    no("sorry_server_inhibit"),
    no("sorry_server_lvs_method"),
    no_block("real_server", &REAL_SERVER, ""),
];

static REAL_SERVER: Context = Context { name: "real_server", tables: &[REAL, DEFAULTS, CHECKERS] };

const REAL: &[Keyword] = &[
    no("weight"),
    no("lvs_method"),
    no("notify_up"),
    no("notify_down"),
    no("inhibit_on_failure"),
    no("uthreshold"),
    no("lthreshold"),
    no("alpha"),
    no("smtp_alert"),
    no("virtualhost"),
    no("snmp_name"),
];

const CHECKERS: &[Keyword] = &[
    no_block("TCP_CHECK", &TCP_CHECK, ""),
    no_block("HTTP_GET", &HTTP_GET, ""),
    no_block("SSL_GET", &HTTP_GET, ""),
    no_block("SMTP_CHECK", &SMTP_CHECK, ""),
    no_block("DNS_CHECK", &DNS_CHECK, ""),
    no_block("MISC_CHECK", &MISC_CHECK, ""),
    no_block("BFD_CHECK", &BFD_CHECK, ""),
    no_block("PING_CHECK", &PING_CHECK, ""),
    no_block("UDP_CHECK", &UDP_CHECK, ""),
    no_block("FILE_CHECK", &FILE_CHECK, ""),
];

const CONNECTION: &[Keyword] = &[
    no("connect_ip"),
    no("connect_port"),
    no("bindto"),
    no("bind_if"),
    no("bind_port"),
    no("fwmark"),
    no("alpha"),
    no("log_all_failures"),
];

static TCP_CHECK: Context = Context { name: "TCP_CHECK", tables: &[CONNECTION, DEFAULTS] };
static PING_CHECK: Context = Context { name: "PING_CHECK", tables: &[CONNECTION, DEFAULTS] };

static HTTP_GET: Context = Context {
    name: "HTTP_GET",
    tables: &[
        CONNECTION,
        DEFAULTS,
        &[
            no("nb_get_retry"),
            no("http_protocol"),
            no("virtualhost"),
            no("fast_recovery"),
            no("enable_sni"),
            no("sni_name"),
            no("tls_compliant"),
            no_block("url", &URL, ""),
        ],
    ],
};

static URL: Context = Context {
    name: "url",
    tables: &[&[
        no("path"),
        no("digest"),
        no("status_code"),
        no("virtualhost"),
        no("regex"),
        no("regex_no_match"),
        no("regex_options"),
        no("regex_stack"),
        no("regex_min_offset"),
        no("regex_max_offset"),
        no("tls_compliant"),
    ]],
};

static SMTP_CHECK: Context =
    Context { name: "SMTP_CHECK", tables: &[CONNECTION, DEFAULTS, &[no("helo_name"), no_block("host", &HOST, "")]] };
static HOST: Context = Context { name: "host", tables: &[CONNECTION] };
static DNS_CHECK: Context = Context { name: "DNS_CHECK", tables: &[CONNECTION, DEFAULTS, &[no("type"), no("name")]] };
static BFD_CHECK: Context = Context { name: "BFD_CHECK", tables: &[&[no("name"), no("alpha")]] };

static MISC_CHECK: Context = Context {
    name: "MISC_CHECK",
    tables: &[
        DEFAULTS,
        &[no("misc_path"), no("misc_timeout"), no("misc_dynamic"), no("user"), no("alpha"), no("log_all_failures")],
    ],
};

static UDP_CHECK: Context = Context {
    name: "UDP_CHECK",
    tables: &[
        CONNECTION,
        DEFAULTS,
        &[no("payload"), no("require_reply"), no("min_reply_length"), no("max_reply_length")],
    ],
};

static FILE_CHECK: Context = Context {
    name: "FILE_CHECK",
    tables: &[DEFAULTS, &[no("track_file"), no("weight"), no("dynamic"), no("alpha"), no("log_all_failures")]],
};
