//! `global_defs` and `hactl`.

use super::page::{Page, command, user_words, word};
use crate::conf::config::lvs::{ClientCertificate, FlushOnStop, Lvs, SyncDaemon};
use crate::conf::config::{Announcement, Fifo, Global, Mail, MetricsAddress, Own, SmtpTls, TimedScript};
use crate::conf::grammar::values::show_seconds;

impl Page {
    pub(crate) fn global(&mut self, global: &Global, timing: &Announcement) {
        let pauses = [("vrrp_garp_interval", timing.interval), ("vrrp_gna_interval", timing.na_interval)];
        // `SSL` is a block of its own.
        let lvs = Lvs { client: ClientCertificate::default(), ..global.lvs.clone() };
        let rest = Global { lvs: Lvs::default(), ..global.clone() };
        if rest == Global::default() && lvs == Lvs::default() && pauses.iter().all(|(_, pause)| pause.is_zero()) {
            return;
        }
        self.open(format_args!("global_defs"));
        self.word("router_id", global.router_id.as_ref());
        if let Some(user) = &global.script_user {
            self.line(format_args!("script_user{}", user_words(Some(user))));
        }
        self.flag(global.enable_script_security, "enable_script_security");
        self.timed_script("startup_script", global.startup_script.as_ref());
        self.timed_script("shutdown_script", global.shutdown_script.as_ref());
        if let Some(mail) = &global.mail {
            self.mail(mail);
        }
        self.fifo("notify_fifo", global.notify_fifo.as_ref());
        self.fifo("vrrp_notify_fifo", global.vrrp_notify_fifo.as_ref());
        self.lvs_settings(&lvs);
        self.flag(global.fifo_states_on_reload, "fifo_write_vrrp_states_on_reload");
        let delays = [("vrrp_startup_delay", global.startup_delay), ("vrrp_delay_after_boot", global.delay_after_boot)];
        for (name, delay) in delays.into_iter().chain(pauses) {
            if !delay.is_zero() {
                self.line(format_args!("{name} {}", show_seconds(delay)));
            }
        }
        self.flag(global.log_unknown_vrids, "log_unknown_vrids");
        if let Some(priority) = global.rt_priority {
            self.line(format_args!("vrrp_rt_priority {priority}"));
        }
        self.word("vmac_prefix", global.vmac_prefix.as_ref());
        self.word("vmac_addr_prefix", global.vmac_addr_prefix.as_ref());
        self.word("nftables", global.nftables_table.as_ref());
        self.word("state_dump_file", global.state_dump_file.as_ref());
        self.word("stats_dump_file", global.stats_dump_file.as_ref());
        self.word("json_dump_file", global.json_dump_file.as_ref());
        if global.json_version != 1 {
            self.line(format_args!("json_version {}", global.json_version));
        }
        self.close();
    }

    pub(crate) fn own(&mut self, own: &Own) {
        if *own == Own::default() {
            return;
        }
        self.open(format_args!("hactl"));
        self.flag(own.lease, "lease on");
        self.flag(own.guard, "guard on");
        if !own.connection_draining.is_zero() {
            self.line(format_args!("connection_draining {}", show_seconds(own.connection_draining)));
        }
        if !own.peers.is_empty() {
            let peers: Vec<String> = own.peers.iter().map(ToString::to_string).collect();
            self.line(format_args!("peers {}", peers.join(" ")));
        }
        match &own.metrics {
            None => {}
            Some(MetricsAddress::Tcp(address)) => self.line(format_args!("metrics {}", word(&address.to_string()))),
            Some(MetricsAddress::Unprotected(address)) => {
                self.line(format_args!("metrics {} unprotected", word(&address.to_string())));
            }
            Some(MetricsAddress::Unix(path)) => self.line(format_args!("metrics {}", word(&format!("unix:{path}")))),
        }
        self.word("webhook", own.webhook.as_ref());
        match own.smtp_tls {
            SmtpTls::Off => {}
            SmtpTls::StartTls => self.line(format_args!("smtp_tls starttls")),
            SmtpTls::On => self.line(format_args!("smtp_tls on")),
        }
        self.word("smtp_user", own.smtp_user.as_ref());
        self.word("smtp_password_file", own.smtp_password_file.as_ref());
        self.word("tls_authorities", own.tls_authorities.as_ref());
        self.close();
    }

    fn lvs_settings(&mut self, lvs: &Lvs) {
        let mut timeouts = String::new();
        for (name, timeout) in [("tcp", lvs.timeouts.tcp), ("tcpfin", lvs.timeouts.tcp_fin), ("udp", lvs.timeouts.udp)]
        {
            timeouts.extend(timeout.map(|timeout| format!(" {name} {}", timeout.as_secs())));
        }
        if !timeouts.is_empty() {
            self.line(format_args!("lvs_timeouts{timeouts}"));
        }
        self.flag(lvs.flush, "lvs_flush");
        match lvs.flush_on_stop {
            FlushOnStop::Ours => {}
            FlushOnStop::All => self.line(format_args!("lvs_flush_on_stop")),
            FlushOnStop::Services => self.line(format_args!("lvs_flush_on_stop VS")),
        }
        if let Some(daemon) = &lvs.sync_daemon {
            self.sync_daemon(daemon);
        }
        self.fifo("lvs_notify_fifo", lvs.notify_fifo.as_ref());
        self.flag(lvs.init_notifies, "rs_init_notifies");
        self.flag(lvs.no_emails, "no_checker_emails");
    }

    fn sync_daemon(&mut self, daemon: &SyncDaemon) {
        let mut line = format!("lvs_sync_daemon {}", word(&daemon.interface));
        if let Some(instance) = &daemon.instance {
            line += &format!(" inst {}", word(instance));
        }
        let numbers = [
            ("id", daemon.id.map(u32::from)),
            ("maxlen", daemon.max_len.map(u32::from)),
            ("port", daemon.port.map(u32::from)),
            ("ttl", daemon.ttl.map(u32::from)),
        ];
        for (name, number) in numbers {
            line.extend(number.map(|number| format!(" {name} {number}")));
        }
        if let Some(group) = daemon.group {
            line += &format!(" group {group}");
        }
        self.line(format_args!("{line}"));
    }

    fn timed_script(&mut self, name: &str, script: Option<&TimedScript>) {
        let Some(script) = script else { return };
        self.line(format_args!("{name} {}{}", command(&script.command), user_words(script.user.as_ref())));
        self.line(format_args!("{name}_timeout {}", show_seconds(script.timeout)));
    }

    fn mail(&mut self, mail: &Mail) {
        self.list("notification_email", &mail.recipients, |one| word(one));
        self.word("notification_email_from", mail.from.as_ref());
        self.line(format_args!("smtp_server {} {}", word(&mail.host), mail.port));
        self.line(format_args!("smtp_connect_timeout {}", show_seconds(mail.connect_timeout)));
        self.word("smtp_helo_name", mail.helo.as_ref());
        self.flag(mail.no_faults, "no_email_faults");
    }

    fn fifo(&mut self, name: &str, fifo: Option<&Fifo>) {
        let Some(fifo) = fifo else { return };
        self.line(format_args!("{name} {}{}", word(&fifo.path), user_words(fifo.user.as_ref())));
        if let Some(script) = &fifo.script {
            self.line(format_args!("{name}_script {}", command(script)));
        }
    }
}
