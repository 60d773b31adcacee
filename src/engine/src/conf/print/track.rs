//! What can be tracked, and sync groups.

use super::page::{Page, command, user_words, word};
use crate::conf::config::{Config, Notify, ProcessMatch, SyncGroup, Track, TrackFile, TrackProcess, VrrpScript};
use crate::conf::grammar::values::show_seconds;

impl Page {
    pub(crate) fn script(&mut self, script: &VrrpScript) {
        self.open(format_args!("vrrp_script {}", word(&script.name)));
        self.line(format_args!("script {}", command(&script.command)));
        self.line(format_args!("interval {}", show_seconds(script.interval)));
        self.line(format_args!("timeout {}", show_seconds(script.timeout)));
        self.weight(script.weight, script.reverse);
        self.line(format_args!("rise {}", script.rise));
        self.line(format_args!("fall {}", script.fall));
        if let Some(user) = &script.user {
            self.line(format_args!("user{}", user_words(Some(user))));
        }
        self.flag(script.init_fail, "init_fail");
        self.close();
    }

    pub(crate) fn file(&mut self, file: &TrackFile) {
        self.open(format_args!("track_file {}", word(&file.name)));
        self.line(format_args!("file {}", word(&file.path)));
        self.weight(file.weight, file.reverse);
        if let Some(value) = file.init {
            self.line(format_args!("init_file {value}{}", if file.overwrite { " overwrite" } else { "" }));
        }
        self.close();
    }

    pub(crate) fn process(&mut self, process: &TrackProcess) {
        self.open(format_args!("vrrp_track_process {}", word(&process.name)));
        let arguments: String = process.arguments.iter().map(|one| format!(" {}", word(one))).collect();
        self.line(format_args!("process {}{arguments}", word(&process.process)));
        match process.matching {
            Some(ProcessMatch::Initial) => self.line(format_args!("param_match initial")),
            Some(ProcessMatch::Partial) => self.line(format_args!("param_match partial")),
            Some(ProcessMatch::Exact) | None => {}
        }
        self.weight(process.weight, process.reverse);
        self.line(format_args!("quorum {}", process.quorum));
        if let Some(most) = process.quorum_max {
            self.line(format_args!("quorum_max {most}"));
        }
        self.line(format_args!("fork_delay {}", show_seconds(process.fork_delay)));
        self.line(format_args!("terminate_delay {}", show_seconds(process.terminate_delay)));
        self.flag(process.full_command, "full_command");
        self.word("unit", process.unit.as_ref());
        self.close();
    }

    /// What the group tracks stands in its members already; only whether weights count is left to say.
    pub(crate) fn group(&mut self, group: &SyncGroup, config: &Config) {
        self.open(format_args!("vrrp_sync_group {}", word(&group.name)));
        self.list("group", &group.members, |name| word(name));
        let members = config.instances.iter().filter(|one| group.members.contains(&one.name));
        let mut tracks = members.flat_map(|one| {
            let lists = [&one.track_interfaces, &one.track_scripts, &one.track_files, &one.track_processes];
            lists.into_iter().flatten()
        });
        self.flag(tracks.any(|track| track.weight != 0), "sync_group_tracking_weight");
        self.flag(group.smtp_alert, "smtp_alert");
        self.notify(&group.notify);
        self.close();
    }

    pub(crate) fn notify(&mut self, notify: &Notify) {
        let users = &notify.users;
        let lines = [
            ("notify_master", &notify.master, &users.master),
            ("notify_backup", &notify.backup, &users.backup),
            ("notify_fault", &notify.fault, &users.fault),
            ("notify_stop", &notify.stop, &users.stop),
            ("notify_deleted", &notify.deleted, &users.deleted),
            ("notify_master_rx_lower_pri", &notify.master_rx_lower_pri, &users.master_rx_lower_pri),
            ("notify", &notify.any, &users.any),
        ];
        for (name, argv, user) in lines {
            if let Some(argv) = argv {
                self.line(format_args!("{name} {}{}", command(argv), user_words(user.as_ref())));
            }
        }
        for (name, steps) in [("takeover_start", &notify.takeover_start), ("takeover_stop", &notify.takeover_stop)] {
            for step in steps {
                self.line(format_args!("{name} {}{}", command(&step.argv), user_words(step.user.as_ref())));
            }
        }
        self.flag(notify.priority_changes, "notify_priority_changes");
    }

    fn weight(&mut self, weight: i16, reverse: bool) {
        self.line(format_args!("weight {weight}{}", if reverse { " reverse" } else { "" }));
    }
}

/// One line of `track_script` and its like.
pub(crate) fn track(track: &Track) -> String {
    let reverse = if track.reverse { " reverse" } else { "" };
    format!("{} weight {}{reverse}", word(&track.name), track.weight)
}
