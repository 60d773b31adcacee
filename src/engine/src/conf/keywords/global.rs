//! Keywords of `global_defs`.

use super::super::schema::{Context, Keyword, already, list, no, no_so, yes, yes_block};

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
    no_so("smtp_alert_checker", "LVS is not supported yet"),
    yes("no_email_faults"),
    no_so("no_checker_emails", "LVS is not supported yet"),
    no_so("checker_log_all_failures", "LVS is not supported yet"),
];

const SCRIPTS: &[Keyword] = &[
    yes("startup_script"),
    yes("startup_script_timeout"),
    yes("shutdown_script"),
    yes("shutdown_script_timeout"),
    no("set_supplementary_groups"),
];

const ANNOUNCEMENTS: &[Keyword] = &[
    yes("vrrp_garp_lower_prio_delay"),
    yes("vrrp_garp_lower_prio_repeat"),
    yes("vrrp_garp_interval"),
    yes("vrrp_gna_interval"),
    no("vrrp_garp_extra_if"),
    no("vmac_garp_intvl"),
    no("vrrp_vmac_garp_intvl"),
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
    no("lvs_notify_fifo"),
    no("lvs_notify_fifo_script"),
    yes("fifo_write_vrrp_states_on_reload"),
    no("rs_init_notifies"),
];

const LVS: &[Keyword] = &[
    no_so("lvs_sync_daemon", "LVS is not supported yet"),
    no_so("lvs_timeouts", "LVS is not supported yet"),
    no_so("lvs_flush", "LVS is not supported yet"),
    no_so("lvs_flush_on_stop", "LVS is not supported yet"),
    no_so("lvs_flush_onstop", "LVS is not supported yet"),
];

const FIREWALL: &[Keyword] = &[
    yes("nftables"),
    no("nftables_priority"),
    no("nftables_counters"),
    no("nftables_ifindex"),
    no("nftables_ipvs"),
    no("nftables_ipvs_priority"),
    no("nftables_ipvs_start_fwmark"),
    no("vrrp_iptables"),
    no("vrrp_ipsets"),
    no("disable_local_igmp"),
];

const PROCESSES: &[Keyword] = &[
    no("process_names"),
    no("process_name"),
    no("vrrp_process_name"),
    no("checker_process_name"),
    no("lvs_process_name"),
    no("bfd_process_name"),
    no("vrrp_priority"),
    no("checker_priority"),
    no("bfd_priority"),
    already("vrrp_no_swap"),
    no("checker_no_swap"),
    no("bfd_no_swap"),
    yes("vrrp_rt_priority"),
    no("checker_rt_priority"),
    no("bfd_rt_priority"),
    no("vrrp_cpu_affinity"),
    no("checker_cpu_affinity"),
    no("bfd_cpu_affinity"),
    no("vrrp_rlimit_rttime"),
    no("vrrp_rlimit_rtime"),
    no("checker_rlimit_rttime"),
    no("checker_rlimit_rtime"),
    no("bfd_rlimit_rttime"),
    no("bfd_rlimit_rtime"),
    no("max_auto_priority"),
    no("min_auto_priority_delay"),
    no("thread_timer_expired"),
    no("umask"),
];

const BUFFERS: &[Keyword] = &[
    no("vrrp_netlink_cmd_rcv_bufs"),
    no("vrrp_netlink_cmd_rcv_bufs_force"),
    no("vrrp_netlink_monitor_rcv_bufs"),
    no("vrrp_netlink_monitor_rcv_bufs_force"),
    no("lvs_netlink_cmd_rcv_bufs"),
    no("lvs_netlink_cmd_rcv_bufs_force"),
    no("lvs_netlink_monitor_rcv_bufs"),
    no("lvs_netlink_monitor_rcv_bufs_force"),
    no("process_monitor_rcv_bufs"),
    no("process_monitor_rcv_bufs_force"),
    no("vrrp_rx_bufs_policy"),
    no("vrrp_rx_bufs_multiplier"),
];

const INTERFACES: &[Keyword] = &[
    no_so("default_interface", "name an `interface` in each vrrp_instance"),
    already("dynamic_interfaces"),
    yes("vmac_prefix"),
    no("vmac_addr_prefix"),
];

const FILES: &[Keyword] = &[
    already("reload_check_config"),
    no("reload_time_file"),
    no("reload_repeat"),
    no("reload_file"),
    no("include_check"),
    no("config_save_dir"),
    no("tmp_config_directory"),
    no("use_symlink_paths"),
    no("data_use_instance"),
    yes("state_dump_file"),
    yes("stats_dump_file"),
    yes("json_dump_file"),
    yes("state_file_location"),
    yes("stats_file_location"),
    yes("json_file_location"),
    yes("json_version"),
    no("iproute_usr_dir"),
    no("iproute_etc_dir"),
    no("random_seed"),
];

const MANAGEMENT: &[Keyword] = &[
    no("snmp_socket"),
    no("enable_snmp_vrrp"),
    no("enable_snmp_keepalived"),
    no("enable_snmp_checker"),
    no("enable_snmp_rfc"),
    no("enable_snmp_rfcv2"),
    no("enable_snmp_rfcv3"),
    no("enable_traps"),
    no("snmp_vs_stats_update_interval"),
    no("snmp_rs_stats_update_interval"),
    no("enable_dbus"),
    no("dbus_service_name"),
    no("dbus_no_interface_name"),
];

static NOTIFICATION_EMAIL: Context = list("notification_email");
