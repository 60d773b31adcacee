//! `vrrp_sync_group`: read on its own, then joined with the instances it names.

use super::build::block_name;
use super::config::{Notify, SyncGroup, Track, VrrpInstance};
use super::draft::{At, Tracked, notify_line, tracked};
use super::keywords::VRRP_SYNC_GROUP;
use super::schema::nearest;
use super::sink::{Place, Sink};
use super::tree::Statement;
use super::values::switch;
use super::walk::{inside, walk};

/// A group as written.
#[derive(Debug)]
pub(super) struct GroupDraft {
    name: At<String>,
    place: Place,
    members: Vec<At<String>>,
    pub(super) interfaces: Vec<Tracked>,
    pub(super) scripts: Vec<Tracked>,
    pub(super) files: Vec<Tracked>,
    pub(super) processes: Vec<Tracked>,
    notify: Notify,
    smtp_alert: bool,
    weights: bool,
}

impl GroupDraft {
    /// Reads a block; `None` when it has no name.
    pub(super) fn read(block: &Statement, standard: &VrrpInstance, sink: &mut Sink<'_>) -> Option<Self> {
        let name = block_name(block, sink)?;
        let mut draft = Self {
            name,
            place: block.place(),
            members: Vec::new(),
            interfaces: Vec::new(),
            scripts: Vec::new(),
            files: Vec::new(),
            processes: Vec::new(),
            notify: Notify { priority_changes: standard.notify.priority_changes, ..Notify::default() },
            smtp_alert: standard.smtp_alert,
            weights: false,
        };
        walk(inside(block), &VRRP_SYNC_GROUP, sink, |line, sink| match line.name() {
            "group" => {
                let names = inside(line).iter().flat_map(|line| std::iter::once(&line.keyword).chain(&line.arguments));
                draft.members.extend(names.map(|word| (word.text.clone(), word.place)));
            }
            "track_interface" => tracked(line, &mut draft.interfaces, sink),
            "track_script" => tracked(line, &mut draft.scripts, sink),
            "track_file" => tracked(line, &mut draft.files, sink),
            "track_process" => tracked(line, &mut draft.processes, sink),
            "smtp_alert" => draft.smtp_alert = switch(line, sink).unwrap_or(false),
            "notify_priority_changes" => draft.notify.priority_changes = switch(line, sink).unwrap_or(false),
            "sync_group_tracking_weight" => draft.weights = switch(line, sink).unwrap_or(false),
            _ => notify_line(line, &mut draft.notify, sink),
        });
        Some(draft)
    }

    /// Finds the members, and gives them what the group tracks; `resolve` turns a group's lists into tracks.
    pub(super) fn join(
        self,
        earlier: &[SyncGroup],
        instances: &mut [VrrpInstance],
        tracks: GroupTracks,
        sink: &mut Sink<'_>,
    ) -> Option<SyncGroup> {
        if let Some(other) = earlier.iter().find(|other| other.name == self.name.0) {
            let line = other.location.line;
            let message = format!("vrrp_sync_group `{}` exists already on line {line}; ignored", self.name.0);
            sink.error(self.name.1, message);
            return None;
        }
        let mut members: Vec<String> = Vec::new();
        for (name, place) in &self.members {
            if let Some(other) = earlier.iter().find(|other| other.members.contains(name)) {
                sink.error(*place, format!("`{name}` belongs to sync group `{}` already; ignored here", other.name));
            } else if members.contains(name) {
                sink.warning(*place, format!("`{name}` is listed twice"));
            } else if instances.iter().any(|instance| instance.name == *name) {
                members.push(name.clone());
            } else {
                let message = format!("no vrrp_instance is called `{name}`; it is no member");
                let known = instances.iter().map(|instance| instance.name.as_str());
                match nearest(name, known) {
                    Some(near) => sink.error_help(*place, message, format!("did you mean `{near}`?")),
                    None => sink.error(*place, message),
                }
            }
        }
        if members.is_empty() {
            let message = format!("vrrp_sync_group `{}` has no members; ignored", self.name.0);
            sink.error_help(self.place, message, "add `group { INSTANCE … }`");
            return None;
        }
        if members.len() == 1 {
            let message = format!("vrrp_sync_group `{}` has one member only", self.name.0);
            sink.warning(self.name.1, message);
        }
        for instance in instances.iter_mut().filter(|instance| members.contains(&instance.name)) {
            add(&mut instance.track_interfaces, &tracks.interfaces);
            add(&mut instance.track_scripts, &tracks.scripts);
            add(&mut instance.track_files, &tracks.files);
            add(&mut instance.track_processes, &tracks.processes);
        }
        if !self.weights {
            self.drop_weights(&members, instances, sink);
        }
        Some(SyncGroup {
            name: self.name.0,
            members,
            notify: self.notify,
            smtp_alert: self.smtp_alert,
            location: sink.locate(self.place),
        })
    }

    /// Members of a group must not differ in priority by what they track: a failure is everybody's fault.
    fn drop_weights(&self, members: &[String], instances: &mut [VrrpInstance], sink: &mut Sink<'_>) {
        let mut dropped: Option<String> = None;
        for instance in instances.iter_mut().filter(|instance| members.contains(&instance.name)) {
            let lists = [&mut instance.track_interfaces, &mut instance.track_scripts, &mut instance.track_processes];
            for track in lists.into_iter().flatten().chain(&mut instance.track_files) {
                if track.weight != 0 {
                    track.weight = 0;
                    dropped.get_or_insert_with(|| track.name.clone());
                }
            }
        }
        if let Some(name) = dropped {
            let message = format!("in a sync group the weight of `{name}` does not count: a failure means FAULT");
            let help = "add `sync_group_tracking_weight` if the priorities of all members shall follow it";
            sink.warning_help(self.place, message, help);
        }
    }
}

/// What a group tracks, resolved.
#[derive(Debug, Default)]
pub(super) struct GroupTracks {
    pub(super) interfaces: Vec<Track>,
    pub(super) scripts: Vec<Track>,
    pub(super) files: Vec<Track>,
    pub(super) processes: Vec<Track>,
}

fn add(to: &mut Vec<Track>, from: &[Track]) {
    for track in from {
        if !to.iter().any(|known| known.name == track.name) {
            to.push(track.clone());
        }
    }
}
