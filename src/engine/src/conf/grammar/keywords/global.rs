//! Keywords of `global_defs`.

use crate::conf::grammar::schema::{Context, Keyword, already, list, no_so, yes, yes_block};

/// `global_defs`.
pub static GLOBAL_DEFS: Context = Context {
    name: "global_defs",
    tables: &[
        SUPPORTED,
        MAIL,
        SCRIPTS,
        ANNOUNCEMENTS,
        PROTOCOL,
        FIFOS,
        LVS,
        FIREWALL,
        PROCESSES,
        BUFFERS,
        INTERFACES,
        FILES,
        MANAGEMENT,
    ],
};

const SUPPORTED: &[Keyword] = &[
    yes("router_id"),
    yes("script_user"),
    yes("enable_script_security"),
    yes("vrrp_version"),
    yes("vrrp_garp_master_delay"),
    yes("vrrp_garp_master_repeat"),
    yes("vrrp_garp_master_refresh"),
    yes("vrrp_garp_master_refresh_repeat"),
    yes("vrrp_min_garp"),
];

const MAIL: &[Keyword] = &[
    yes_block("notification_email", &NOTIFICATION_EMAIL),
    yes("notification_email_from"),
    yes("smtp_server"),
    yes("smtp_connect_timeout"),
    yes("smtp_helo_name"),
    yes("smtp_alert"),
    yes("smtp_alert_vrrp"),
    yes("smtp_alert_checker"),
    yes("no_email_faults"),
    yes("no_checker_emails"),
    yes("checker_log_all_failures"),
];

const SCRIPTS: &[Keyword] = &[
    yes("startup_script"),
    yes("startup_script_timeout"),
    yes("shutdown_script"),
    yes("shutdown_script_timeout"),
    no_so("set_supplementary_groups", "scripts get the groups of their user"),
];

const ANNOUNCEMENTS: &[Keyword] = &[
    yes("vrrp_garp_lower_prio_delay"),
    yes("vrrp_garp_lower_prio_repeat"),
    yes("vrrp_garp_interval"),
    yes("vrrp_gna_interval"),
    no_so("vrrp_garp_extra_if", "announcements leave by the interface of each address only"),
    no_so("vmac_garp_intvl", "announcements leave by the interface of each address only"),
    no_so("vrrp_vmac_garp_intvl", "announcements leave by the interface of each address only"),
];

const PROTOCOL: &[Keyword] = &[
    yes("vrrp_mcast_group4"),
    yes("vrrp_mcast_group6"),
    yes("vrrp_down_timer_adverts"),
    yes("vrrp_lower_prio_no_advert"),
    yes("vrrp_higher_prio_send_advert"),
    yes("vrrp_owner_ignore_adverts"),
    yes("owner_ignore_adverts"),
    yes("vrrp_check_unicast_src"),
    already("vrrp_skip_check_adv_addr"),
    yes("vrrp_strict"),
    yes("v3_checksum_as_v2"),
    yes("log_unknown_vrids"),
    yes("vrrp_startup_delay"),
    yes("vrrp_delay_after_boot"),
    yes("vrrp_notify_priority_changes"),
];

const FIFOS: &[Keyword] = &[
    yes("notify_fifo"),
    yes("notify_fifo_script"),
    yes("vrrp_notify_fifo"),
    yes("vrrp_notify_fifo_script"),
    yes("lvs_notify_fifo"),
    yes("lvs_notify_fifo_script"),
    yes("fifo_write_vrrp_states_on_reload"),
    yes("rs_init_notifies"),
];

const LVS: &[Keyword] =
    &[yes("lvs_sync_daemon"), yes("lvs_timeouts"), yes("lvs_flush"), yes("lvs_flush_on_stop"), yes("lvs_flush_onstop")];

const FIREWALL: &[Keyword] = &[
    yes("nftables"),
    no_so("nftables_priority", "the agent's own rules have fixed settings"),
    no_so("nftables_counters", "the agent's own rules have fixed settings"),
    no_so("nftables_ifindex", "the agent's own rules have fixed settings"),
    no_so("nftables_ipvs", "each address of a group is a service of its own"),
    no_so("nftables_ipvs_priority", "each address of a group is a service of its own"),
    no_so("nftables_ipvs_start_fwmark", "each address of a group is a service of its own"),
    no_so("vrrp_iptables", "nftables is used where something must be dropped"),
    no_so("vrrp_ipsets", "nftables is used where something must be dropped"),
    already("disable_local_igmp"),
];

const PROCESSES: &[Keyword] = &[
    already("process_names"),
    no_so("process_name", "no child process has a name of its own"),
    no_so("vrrp_process_name", "no child process has a name of its own"),
    no_so("checker_process_name", "no child process has a name of its own"),
    no_so("lvs_process_name", "no child process has a name of its own"),
    no_so("bfd_process_name", "no child process has a name of its own"),
    no_so("vrrp_priority", "use `vrrp_rt_priority`, or the unit's own settings"),
    no_so("checker_priority", "checks share the agent's ordinary threads; use the unit's `Nice=`"),
    no_so("bfd_priority", "there is no BFD"),
    already("vrrp_no_swap"),
    already("checker_no_swap"),
    no_so("bfd_no_swap", "there is no BFD"),
    yes("vrrp_rt_priority"),
    no_so("checker_rt_priority", "checks do not run in real time: only the VRRP loop does"),
    no_so("bfd_rt_priority", "there is no BFD"),
    no_so("vrrp_cpu_affinity", "use `vrrp_rt_priority`, or the unit's own settings"),
    no_so("checker_cpu_affinity", "checks share the agent's ordinary threads; use the unit's `CPUAffinity=`"),
    no_so("bfd_cpu_affinity", "there is no BFD"),
    no_so("vrrp_rlimit_rttime", "use `vrrp_rt_priority`, or the unit's own settings"),
    no_so("vrrp_rlimit_rtime", "use `vrrp_rt_priority`, or the unit's own settings"),
    no_so("checker_rlimit_rttime", "checks do not run in real time: only the VRRP loop does"),
    no_so("checker_rlimit_rtime", "checks do not run in real time: only the VRRP loop does"),
    no_so("bfd_rlimit_rttime", "there is no BFD"),
    no_so("bfd_rlimit_rtime", "there is no BFD"),
    no_so("max_auto_priority", "use `vrrp_rt_priority`, or the unit's own settings"),
    no_so("min_auto_priority_delay", "use `vrrp_rt_priority`, or the unit's own settings"),
    no_so("thread_timer_expired", "a late wake is reported by itself"),
    no_so("umask", "files are made for their owner only"),
];

const BUFFERS: &[Keyword] = &[
    no_so("vrrp_netlink_cmd_rcv_bufs", "the kernel's default size is used"),
    no_so("vrrp_netlink_cmd_rcv_bufs_force", "the kernel's default size is used"),
    no_so("vrrp_netlink_monitor_rcv_bufs", "the kernel's default size is used"),
    no_so("vrrp_netlink_monitor_rcv_bufs_force", "the kernel's default size is used"),
    no_so("lvs_netlink_cmd_rcv_bufs", "the kernel's default size is used"),
    no_so("lvs_netlink_cmd_rcv_bufs_force", "the kernel's default size is used"),
    no_so("lvs_netlink_monitor_rcv_bufs", "the kernel's default size is used"),
    no_so("lvs_netlink_monitor_rcv_bufs_force", "the kernel's default size is used"),
    no_so("process_monitor_rcv_bufs", "the kernel's default size is used"),
    no_so("process_monitor_rcv_bufs_force", "the kernel's default size is used"),
    no_so("vrrp_rx_bufs_policy", "the kernel's default size is used"),
    no_so("vrrp_rx_bufs_multiplier", "the kernel's default size is used"),
];

const INTERFACES: &[Keyword] =
    &[yes("default_interface"), already("dynamic_interfaces"), yes("vmac_prefix"), yes("vmac_addr_prefix")];

const FILES: &[Keyword] = &[
    already("reload_check_config"),
    no_so("reload_time_file", "reload when you want it: `hactl agent reload`"),
    no_so("reload_repeat", "reload when you want it: `hactl agent reload`"),
    no_so("reload_file", "reload when you want it: `hactl agent reload`"),
    already("include_check"),
    no_so("config_save_dir", "the configuration is read where it stands"),
    no_so("tmp_config_directory", "the configuration is read where it stands"),
    no_so("use_symlink_paths", "the configuration is read where it stands"),
    no_so("data_use_instance", "name the files with `state_dump_file` and its like"),
    yes("state_dump_file"),
    yes("stats_dump_file"),
    yes("json_dump_file"),
    yes("state_file_location"),
    yes("stats_file_location"),
    yes("json_file_location"),
    yes("json_version"),
    no_so("iproute_usr_dir", "write numbers instead of names"),
    no_so("iproute_etc_dir", "write numbers instead of names"),
    no_so("random_seed", "nothing here depends on it"),
];

const MANAGEMENT: &[Keyword] = &[
    no_so("snmp_socket", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("enable_snmp_vrrp", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("enable_snmp_keepalived", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("enable_snmp_checker", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("enable_snmp_rfc", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("enable_snmp_rfcv2", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("enable_snmp_rfcv3", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("enable_traps", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("snmp_vs_stats_update_interval", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("snmp_rs_stats_update_interval", "there is no SNMP; use `metrics` in a `hactl` block"),
    no_so("enable_dbus", "there is no DBus; use the control socket"),
    no_so("dbus_service_name", "there is no DBus; use the control socket"),
    no_so("dbus_no_interface_name", "there is no DBus; use the control socket"),
];

static NOTIFICATION_EMAIL: Context = list("notification_email");
