//! Settings of the whole daemon: `global_defs`, and hactl's own block.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::lvs::Lvs;
use super::notify::{Argv, Fifo, ScriptUser};

/// `global_defs`. What it sets for every instance (GARP timing, version, groups…) is found in the instances.
#[derive(Debug, Clone, PartialEq)]
pub struct Global {
    /// `router_id`: a name for people; the host name when absent.
    pub router_id: Option<String>,
    /// `script_user`: who runs scripts that name no user of their own.
    pub script_user: Option<ScriptUser>,
    /// `enable_script_security`: refuse scripts run by root that others could write.
    pub enable_script_security: bool,
    /// `startup_script`: run and awaited before anything else.
    pub startup_script: Option<TimedScript>,
    /// `shutdown_script`: run and awaited when all is done.
    pub shutdown_script: Option<TimedScript>,
    /// Where alerts are mailed to; `None` without recipients.
    pub mail: Option<Mail>,
    /// `notify_fifo` with its `_script`.
    pub notify_fifo: Option<Fifo>,
    /// `vrrp_notify_fifo` with its `_script`.
    pub vrrp_notify_fifo: Option<Fifo>,
    /// `fifo_write_vrrp_states_on_reload`.
    pub fifo_states_on_reload: bool,
    /// LVS: `lvs_…`, `checker_…`.
    pub lvs: Lvs,
    /// `vrrp_startup_delay`: adverts are ignored and none are sent for so long after the start; default 0.
    pub startup_delay: Duration,
    /// `vrrp_delay_after_boot`: the same, counted from the boot of the host; default 0.
    pub delay_after_boot: Duration,
    /// `log_unknown_vrids`.
    pub log_unknown_vrids: bool,
    /// `vrrp_rt_priority`: round-robin priority of the VRRP loop; the agent's own choice when absent.
    pub rt_priority: Option<u8>,
    /// `vmac_prefix`: how names of macvlans begin; `vrrp` by default.
    pub vmac_prefix: Option<String>,
    /// `vmac_addr_prefix`: the same for macvlans of addresses (`use_vmac_addr`); as `vmac_prefix` by default.
    pub vmac_addr_prefix: Option<String>,
    /// `nftables [TABLE]`: name of the tables for no_accept; `hactl` by default.
    pub nftables_table: Option<String>,
    /// `state_dump_file`; `/tmp/keepalived.data` by default.
    pub state_dump_file: Option<String>,
    /// `stats_dump_file`; `/tmp/keepalived.stats` by default.
    pub stats_dump_file: Option<String>,
    /// `json_dump_file`; `/tmp/keepalived.json` by default.
    pub json_dump_file: Option<String>,
    /// `json_version`: 1 (a list) or 2 (an object); default 1.
    pub json_version: u8,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            router_id: None,
            script_user: None,
            enable_script_security: false,
            startup_script: None,
            shutdown_script: None,
            mail: None,
            notify_fifo: None,
            vrrp_notify_fifo: None,
            fifo_states_on_reload: false,
            lvs: Lvs::default(),
            startup_delay: Duration::ZERO,
            delay_after_boot: Duration::ZERO,
            log_unknown_vrids: false,
            rt_priority: None,
            vmac_prefix: None,
            vmac_addr_prefix: None,
            nftables_table: None,
            state_dump_file: None,
            stats_dump_file: None,
            json_dump_file: None,
            json_version: 1,
        }
    }
}

impl Global {
    /// How names of macvlans begin; `address`: those of addresses.
    pub fn macvlan_prefix(&self, address: bool) -> &str {
        let own = self.vmac_addr_prefix.as_deref().filter(|_| address);
        own.or(self.vmac_prefix.as_deref()).unwrap_or("vrrp")
    }
}

/// A script with a limit of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedScript {
    /// Command and arguments.
    pub command: Argv,
    /// Who runs it.
    pub user: Option<ScriptUser>,
    /// Killed after this time; default 10 s.
    pub timeout: Duration,
}

/// `smtp_server` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// `notification_email`.
    pub recipients: Vec<String>,
    /// `notification_email_from`; `USER@HOST` of the agent when absent.
    pub from: Option<String>,
    /// `smtp_server HOST [PORT]`; 127.0.0.1 port 25 by default. A name or an address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `smtp_connect_timeout`; default 30 s.
    pub connect_timeout: Duration,
    /// `smtp_helo_name`; the host name when absent.
    pub helo: Option<String>,
    /// `no_email_faults`: changes to FAULT are not mailed.
    pub no_faults: bool,
}

/// `hactl { … }`: what keepalived does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// `lease on`: the kernel lets go of the addresses when the VRRP loop stands still. Default off.
    pub lease: bool,
    /// `guard on`: the LAN is asked before an address is claimed. Default off.
    pub guard: bool,
    /// `connection_draining SECONDS`: so long connections go on with the host that was master before, when one that
    /// lives hands its addresses over. Zero, the default, is not at all.
    pub connection_draining: Duration,
    /// `peers ADDRESS…`: own addresses of the other load balancers, which the guard asks for.
    pub peers: Vec<IpAddr>,
    /// `metrics ADDRESS:PORT|unix:PATH`: Prometheus metrics by HTTP. An address that is not loopback needs the word
    /// `unprotected` behind it.
    pub metrics: Option<MetricsAddress>,
    /// `webhook URL`: gets each alert as JSON by HTTP POST.
    pub webhook: Option<String>,
    /// `smtp_tls off|starttls|on`: how mail is protected on its way. Default off, as with keepalived.
    pub smtp_tls: SmtpTls,
    /// `smtp_user`: logs in at the mail server, with the password; over TLS only.
    pub smtp_user: Option<String>,
    /// `smtp_password_file`: where the password is, which nobody else may read.
    pub smtp_password_file: Option<String>,
    /// `tls_authorities FILE`: whom webhook and mail server must have their certificates from; the system's authorities
    /// when absent.
    pub tls_authorities: Option<String>,
}

/// How mail is protected on its way to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all.
    #[default]
    Off,
    /// The connection becomes one of TLS before anything is said (RFC 3207).
    StartTls,
    /// TLS from the first byte on (RFC 8314), usually on port 465.
    On,
}

/// Where metrics are offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricsAddress {
    /// A loopback address and port.
    Tcp(SocketAddr),
    /// An address and port for anybody who reaches them: `unprotected` says that somebody has thought of that.
    Unprotected(SocketAddr),
    /// A unix socket.
    Unix(String),
}
