//! Keywords of `global_defs`.

use super::super::schema::{Context, Keyword, list, no, no_block, no_so, yes};

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
    no_block("notification_email", &NOTIFICATION_EMAIL, "no mail is sent"),
    no_so("notification_email_from", "no mail is sent"),
    no_so("smtp_server", "no mail is sent"),
    no_so("smtp_connect_timeout", "no mail is sent"),
    no_so("smtp_helo_name", "no mail is sent"),
    no_so("smtp_alert", "no mail is sent"),
    no_so("smtp_alert_vrrp", "no mail is sent"),
    no_so("smtp_alert_checker", "no mail is sent"),
    no_so("no_email_faults", "no mail is sent"),
    no_so("no_checker_emails", "no mail is sent"),
    no_so("checker_log_all_failures", "LVS is not supported yet"),
];

const SCRIPTS: &[Keyword] = &[
    no_so("startup_script", "the script is not run; use ExecStartPre= in the unit"),
    no("startup_script_timeout"),
    no_so("shutdown_script", "the script is not run; use ExecStopPost= in the unit"),
    no("shutdown_script_timeout"),
    no("set_supplementary_groups"),
];

const ANNOUNCEMENTS: &[Keyword] = &[
    no("vrrp_garp_lower_prio_delay"),
    no("vrrp_garp_lower_prio_repeat"),
    no_so("vrrp_garp_interval", "announcements are sent without delay between them"),
    no_so("vrrp_gna_interval", "announcements are sent without delay between them"),
    no("vrrp_garp_extra_if"),
    no("vmac_garp_intvl"),
    no("vrrp_vmac_garp_intvl"),
];

const PROTOCOL: &[Keyword] = &[
    no_so("vrrp_mcast_group4", "adverts go to 224.0.0.18; a peer that uses another group does not hear them"),
    no_so("vrrp_mcast_group6", "adverts go to ff02::12; a peer that uses another group does not hear them"),
    no_so("vrrp_down_timer_adverts", "the master counts as down after 3 intervals"),
    no("vrrp_lower_prio_no_advert"),
    no("vrrp_higher_prio_send_advert"),
    no("vrrp_owner_ignore_adverts"),
    no("owner_ignore_adverts"),
    no("vrrp_check_unicast_src"),
    no_so("vrrp_skip_check_adv_addr", "a differing address list never rejects an advert here"),
    no_so("vrrp_strict", "passwords, unicast and preempt_delay stay permitted and addresses stay reachable"),
    no_so("v3_checksum_as_v2", "set it in each vrrp_instance"),
    no("log_unknown_vrids"),
    no_so("vrrp_startup_delay", "instances start at once"),
    no_so("vrrp_delay_after_boot", "instances start at once"),
    no("vrrp_notify_priority_changes"),
];

const FIFOS: &[Keyword] = &[
    no_so("notify_fifo", "nothing is written to it; use notify scripts"),
    no("notify_fifo_script"),
    no_so("vrrp_notify_fifo", "nothing is written to it; use notify scripts"),
    no("vrrp_notify_fifo_script"),
    no("lvs_notify_fifo"),
    no("lvs_notify_fifo_script"),
    no("fifo_write_vrrp_states_on_reload"),
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
    no("nftables"),
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
    no("vrrp_no_swap"),
    no("checker_no_swap"),
    no("bfd_no_swap"),
    no("vrrp_rt_priority"),
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
    no_so("dynamic_interfaces", "an interface that appears late is always picked up here"),
    no("vmac_prefix"),
    no("vmac_addr_prefix"),
];

const FILES: &[Keyword] = &[
    no_so("reload_check_config", "a reload always checks first here"),
    no("reload_time_file"),
    no("reload_repeat"),
    no("reload_file"),
    no("include_check"),
    no("config_save_dir"),
    no("tmp_config_directory"),
    no("use_symlink_paths"),
    no("data_use_instance"),
    no("state_dump_file"),
    no("stats_dump_file"),
    no("json_dump_file"),
    no("state_file_location"),
    no("stats_file_location"),
    no("json_file_location"),
    no("json_version"),
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
