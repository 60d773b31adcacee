//! What is permitted but cannot be meant: things that never run, weights that move nothing.

use std::collections::HashSet;

use super::resolved::Resolved;
use super::tracked::Objects;
use crate::conf::config::Track;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;

/// Looks at the whole configuration once everything is known.
/// `read_files` are the names of files that checks of real servers read.
pub(crate) fn lint(instances: &[Resolved], objects: &Objects, read_files: &HashSet<String>, sink: &mut Sink<'_>) {
    unused(instances, objects, read_files, sink);
    for one in instances {
        without_preemption(one, sink);
        without_effect(one, sink);
    }
}

fn unused(instances: &[Resolved], objects: &Objects, read_files: &HashSet<String>, sink: &mut Sink<'_>) {
    let names = |list: fn(&Resolved) -> &Vec<(Track, Place)>| -> HashSet<&str> {
        instances.iter().flat_map(list).map(|(track, _)| track.name.as_str()).collect()
    };
    let scripts = names(|one| &one.tracks.scripts);
    for (script, place) in objects.scripts.iter().filter(|(script, _)| !scripts.contains(script.name.as_str())) {
        let message = format!("vrrp_script `{}` is tracked by no instance, so it never runs", script.name);
        sink.warning_help(*place, message, "name it in a `track_script` block");
    }
    let files = names(|one| &one.tracks.files);
    let used = |name: &String| files.contains(name.as_str()) || read_files.contains(name);
    for (file, place) in objects.files.iter().filter(|(file, _)| !used(&file.name)) {
        let message = format!("track_file `{}` is tracked by no instance, so it is never read", file.name);
        sink.warning_help(*place, message, "name it in a `track_file` block of an instance");
    }
    let processes = names(|one| &one.tracks.processes);
    for (process, place) in objects.processes.iter().filter(|(one, _)| !processes.contains(one.name.as_str())) {
        let message =
            format!("vrrp_track_process `{}` is tracked by no instance, so nothing looks for it", process.name);
        sink.warning_help(*place, message, "name it in a `track_process` block");
    }
}

fn without_preemption(one: &Resolved, sink: &mut Sink<'_>) {
    if let Some(place) = one.nopreempt
        && let Some((track, _)) = one.tracks.all().find(|(track, _)| track.weight != 0)
    {
        let message = format!("with `nopreempt` the weight of `{}` never moves the addresses", track.name);
        sink.warning_help(place, message, "use weight 0, so that a failure means FAULT, or remove `nopreempt`");
    }
}

/// Weights that leave the priority where it is: it stays within 1..=254, and 255 never changes.
fn without_effect(one: &Resolved, sink: &mut Sink<'_>) {
    let priority = i32::from(one.instance.priority);
    let tracks = &one.tracks;
    // The number in a file decides: nothing can be told beforehand.
    for (track, place) in tracks.interfaces.iter().chain(&tracks.scripts).chain(&tracks.processes) {
        let weight = i32::from(track.weight);
        let owner = priority == 255 && weight != 0;
        let clamped = priority < 255 && weight != 0 && (priority + weight).clamp(1, 254) == priority;
        if owner {
            let message = format!("the weight of `{}` never counts: priority 255 owns the addresses", track.name);
            sink.warning_help(*place, message, "use weight 0, so that a failure means FAULT, or a lower priority");
        } else if clamped {
            let message =
                format!("the weight of `{}` changes nothing: priority {priority} is at its limit", track.name);
            sink.warning_help(*place, message, "choose a priority between 1 and 254 with room for the weight");
        }
    }
}
