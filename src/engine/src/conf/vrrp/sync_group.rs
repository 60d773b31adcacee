//! `vrrp_sync_group`: instances that are master together or not at all, and what they track together.

use std::collections::HashMap;

use super::notify::notify;
use super::resolved::Resolved;
use super::track::{TrackLists, Tracks};
use super::tracked::Objects;
use crate::conf::config::{Notify, SyncGroup};
use crate::conf::global::defaults::Defaults;
use crate::conf::grammar::keywords::VRRP_SYNC_GROUP;
use crate::conf::grammar::values::{block_name, surplus, switched};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::{Block, Statement};

/// Reads all groups and lets their members track what the group tracks. `names` are those of every instance in the
/// file, with those that were left out for a reason of their own.
pub(crate) fn groups(
    blocks: &[&Statement],
    instances: &mut [Resolved],
    names: &[String],
    objects: &Objects,
    defaults: &Defaults,
    sink: &mut Sink<'_>,
) -> Vec<SyncGroup> {
    let at: HashMap<String, usize> =
        instances.iter().enumerate().map(|(at, one)| (one.instance.name.clone(), at)).collect();
    let mut members = Members { at, names, owner: HashMap::new() };
    let mut found: Vec<(SyncGroup, Place)> = Vec::new();
    for block in blocks {
        let Some(draft) = Draft::read(block, names, defaults, sink) else { continue };
        let (name, place) = (&draft.group.name, draft.place);
        if let Some((_, earlier)) = found.iter().find(|(group, _)| group.name == *name) {
            let line = sink.earlier(*earlier);
            sink.error(place, format!("vrrp_sync_group `{name}` exists already on {line}; ignored"));
            continue;
        }
        found.extend(draft.complete(&mut members, instances, objects, sink).map(|group| (group, block.place())));
    }
    found.into_iter().map(|(group, _)| group).collect()
}

struct Members<'n> {
    at: HashMap<String, usize>,
    names: &'n [String],
    owner: HashMap<String, String>,
}

struct Draft {
    group: SyncGroup,
    /// The name in the file.
    place: Place,
    members: Vec<(String, Place)>,
    tracks: TrackLists,
    weights: bool,
}

impl Draft {
    fn read(block: &Statement, names: &[String], defaults: &Defaults, sink: &mut Sink<'_>) -> Option<Self> {
        let (name, place) = block_name(block, sink)?;
        let notify_all = Notify { priority_changes: defaults.priority_changes, ..Notify::default() };
        let group = SyncGroup {
            name,
            members: Vec::new(),
            notify: notify_all,
            smtp_alert: defaults.mails(),
            location: sink.locate(block.place()),
        };
        let mut draft = Self { group, place, members: Vec::new(), tracks: TrackLists::default(), weights: false };
        let (bare, lines): (Vec<_>, Vec<_>) =
            inside(block).iter().cloned().partition(|line| line.block.is_none() && is_bare(line, names));
        if let Some(first) = bare.first() {
            let help = "write `group { NAME … }`";
            sink.warning_help(first.place(), "members without `group { … }` are an old form", help);
        }
        for line in &bare {
            let words = if line.name() == "group" { None } else { Some(&line.keyword) };
            let words = words.into_iter().chain(&line.arguments);
            draft.members.extend(words.map(|word| (word.text.clone(), word.place)));
        }
        walk(&lines, &VRRP_SYNC_GROUP, sink, |line, sink| draft.line(line, sink));
        Some(draft)
    }

    fn line(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        match line.name() {
            "group" => self.members(line, sink),
            "smtp_alert" => self.group.smtp_alert = switched(line, true, sink),
            "sync_group_tracking_weight" => self.weights = switched(line, true, sink),
            name if name.starts_with("notify") => notify(line, &mut self.group.notify, sink),
            _ => {
                surplus(line, &line.arguments, sink);
                self.tracks.read(line, sink);
            }
        }
    }

    fn members(&mut self, block: &Statement, sink: &mut Sink<'_>) {
        surplus(block, &block.arguments, sink);
        for line in inside(block) {
            if let Some(Block { open, .. }) = line.block.as_deref() {
                sink.error(*open, "the name of a member takes no block; the block is ignored");
            }
            let words = std::iter::once(&line.keyword).chain(&line.arguments);
            self.members.extend(words.map(|word| (word.text.clone(), word.place)));
        }
    }

    fn complete(
        mut self,
        known: &mut Members<'_>,
        instances: &mut [Resolved],
        objects: &Objects,
        sink: &mut Sink<'_>,
    ) -> Option<SyncGroup> {
        let tracks = self.tracks.resolve(objects, sink);
        let mut positions = Vec::new();
        for (member, place) in std::mem::take(&mut self.members) {
            if let Some(at) = self.position(&member, place, known, sink) {
                positions.push(at);
                self.group.members.push(member);
            }
        }
        let name = &self.group.name;
        match positions.len() {
            0 => {
                let message = format!("vrrp_sync_group `{name}` has no members; ignored");
                sink.warning_help(self.place, message, "add `group { NAME … }` with names of vrrp_instances");
                return None;
            }
            1 => {
                sink.warning(self.place, format!("vrrp_sync_group `{name}` has one member: it binds nothing together"))
            }
            _ => {}
        }
        for at in positions {
            let Some(member) = instances.get_mut(at) else { continue };
            tell_twice(&tracks, member, &self.group.name, sink);
            if !self.weights {
                leave_weights_out(name, member, sink);
            }
            share(&tracks, &mut member.tracks);
        }
        Some(self.group)
    }

    /// Where the member stands, when it may be one.
    fn position(&self, member: &str, place: Place, known: &mut Members<'_>, sink: &mut Sink<'_>) -> Option<usize> {
        let group = &self.group.name;
        let Some(at) = known.at.get(member).copied() else {
            if known.names.iter().any(|name| name == member) {
                return None; // the instance was left out, which has been reported
            }
            let message = format!("no vrrp_instance is called `{member}`; not a member of `{group}`");
            match sink.guess(member, known.names.iter().map(String::as_str)) {
                Some(near) => sink.error_help(place, message, format!("did you mean `{near}`?")),
                None => sink.error(place, message),
            }
            return None;
        };
        match known.owner.get(member) {
            Some(owner) if owner == group => {
                sink.warning(place, format!("`{member}` is listed twice"));
                None
            }
            Some(owner) => {
                let message = format!("`{member}` already belongs to vrrp_sync_group `{owner}`; ignored here");
                sink.error_help(place, message, "an instance belongs to one group");
                None
            }
            None => {
                known.owner.insert(member.to_owned(), group.clone());
                Some(at)
            }
        }
    }
}

/// `a b` or `group a b` without braces.
fn is_bare(line: &Statement, names: &[String]) -> bool {
    let known = |word: &crate::conf::text::lexer::Word| names.contains(&word.text);
    let group = line.name() == "group" && !line.arguments.is_empty();
    let keyword = VRRP_SYNC_GROUP.find(line.name()).is_some();
    group || (!keyword && known(&line.keyword) && line.arguments.iter().all(known))
}

/// An interface that both follow counts once, with what the instance's own line says.
fn tell_twice(tracks: &Tracks, member: &Resolved, group: &str, sink: &mut Sink<'_>) {
    for (own, place) in &member.tracks.interfaces {
        if tracks.interfaces.iter().any(|(track, _)| track.name == own.name) {
            let (interface, name) = (&own.name, &member.instance.name);
            let message = format!("`{interface}` is tracked by `{name}` and by its group `{group}`; this line counts");
            sink.warning_help(*place, message, "track it in one of them");
        }
    }
}

fn share(from: &Tracks, to: &mut Tracks) {
    let lists = [
        (&from.interfaces, &mut to.interfaces),
        (&from.scripts, &mut to.scripts),
        (&from.files, &mut to.files),
        (&from.processes, &mut to.processes),
    ];
    for (from, to) in lists {
        for (track, place) in from {
            if !to.iter().any(|(own, _)| own.name == track.name) {
                to.push((track.clone(), *place));
            }
        }
    }
}

/// A weight of one member alone would pull the group apart. What the group tracks changes the priority of all.
fn leave_weights_out(group: &str, member: &mut Resolved, sink: &mut Sink<'_>) {
    let name = member.instance.name.clone();
    member.tracks.retain(|(track, place)| {
        if track.weight != 0 {
            let message = format!(
                "`{}` is not tracked: with a weight it would change the priority of `{name}` alone, which is in \
                 vrrp_sync_group `{group}`",
                track.name
            );
            let help = "track it in the group, or use weight 0, or add `sync_group_tracking_weight` to the group";
            sink.warning_help(*place, message, help);
        }
        track.weight == 0
    });
}
