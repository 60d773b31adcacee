//! What an instance or group tracks: the lists of names, and the objects that the names mean.

use super::tracked::Objects;
use crate::conf::config::Track;
use crate::conf::grammar::walk::inside;
use crate::conf::grammar::weight::{OBJECT_WEIGHT_MAX, WEIGHT_MAX, weight};
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// A line of `track_script`, `track_interface` and their like.
#[derive(Debug, Clone)]
pub(crate) struct Tracked {
    pub(crate) name: String,
    pub(crate) weight: Option<(i16, bool)>,
    pub(crate) place: Place,
}

/// The lists of an instance or a group.
#[derive(Debug, Default)]
pub(crate) struct TrackLists {
    pub(crate) interfaces: Vec<Tracked>,
    pub(crate) scripts: Vec<Tracked>,
    pub(crate) files: Vec<Tracked>,
    pub(crate) processes: Vec<Tracked>,
}

/// The same with the weights that count, each with the place of its line.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tracks {
    pub(crate) interfaces: Vec<(Track, Place)>,
    pub(crate) scripts: Vec<(Track, Place)>,
    pub(crate) files: Vec<(Track, Place)>,
    pub(crate) processes: Vec<(Track, Place)>,
}

impl TrackLists {
    /// Reads a block if it is one of the lists.
    pub(crate) fn read(&mut self, block: &Statement, sink: &mut Sink<'_>) -> bool {
        match block.name() {
            "track_interface" => lines(block, &mut self.interfaces, WEIGHT_MAX, sink),
            "track_script" => lines(block, &mut self.scripts, WEIGHT_MAX, sink),
            "track_file" => lines(block, &mut self.files, OBJECT_WEIGHT_MAX, sink),
            "track_process" => lines(block, &mut self.processes, OBJECT_WEIGHT_MAX, sink),
            _ => return false,
        }
        true
    }

    /// Finds the objects; names of nothing are reported and left out.
    pub(crate) fn resolve(&self, objects: &Objects, sink: &mut Sink<'_>) -> Tracks {
        let interfaces = self.interfaces.iter().map(|one| {
            let (weight, reverse) = one.weight.unwrap_or_default();
            (Track { name: one.name.clone(), weight, reverse }, one.place)
        });
        let scripts: Vec<_> =
            objects.scripts.iter().map(|(one, _)| (one.name.as_str(), one.weight, one.reverse)).collect();
        let files: Vec<_> = objects.files.iter().map(|(one, _)| (one.name.as_str(), one.weight, one.reverse)).collect();
        let processes: Vec<_> =
            objects.processes.iter().map(|(one, _)| (one.name.as_str(), one.weight, one.reverse)).collect();
        Tracks {
            interfaces: interfaces.collect(),
            scripts: found(&self.scripts, "vrrp_script", "script", &scripts, &objects.broken, sink),
            files: found(&self.files, "track_file", "file", &files, &objects.broken, sink),
            processes: found(&self.processes, "vrrp_track_process", "process", &processes, &objects.broken, sink),
        }
    }
}

impl Tracks {
    /// Every track.
    pub(crate) fn all(&self) -> impl Iterator<Item = &(Track, Place)> {
        self.interfaces.iter().chain(&self.scripts).chain(&self.files).chain(&self.processes)
    }

    /// Keeps those for which the function says yes.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&(Track, Place)) -> bool) {
        for list in [&mut self.interfaces, &mut self.scripts, &mut self.files, &mut self.processes] {
            list.retain(&mut keep);
        }
    }
}

fn lines(block: &Statement, found: &mut Vec<Tracked>, max: i16, sink: &mut Sink<'_>) {
    for line in inside(block) {
        let (name, place) = (line.name().to_owned(), line.place());
        if let Some(block) = &line.block {
            sink.error(block.open, "a tracked name takes no block; the block is ignored");
        }
        let weight = match line.arguments.split_first() {
            None => None,
            Some((word, rest)) if word.text == "weight" => weight(line, rest, max, sink),
            Some((word, _)) => {
                let message = format!("unknown option `{}` of `{name}`", word.text);
                sink.error_help(word.place, message, "one name a line; only `weight N [reverse]` may follow");
                None
            }
        };
        if found.iter().any(|earlier| earlier.name == name) {
            sink.warning(place, format!("`{name}` is tracked twice; this line is ignored"));
            continue;
        }
        found.push(Tracked { name, weight, place });
    }
}

fn found(
    tracked: &[Tracked],
    kind: &str,
    content: &str,
    known: &[(&str, i16, bool)],
    broken: &[String],
    sink: &mut Sink<'_>,
) -> Vec<(Track, Place)> {
    let mut tracks = Vec::new();
    for entry in tracked {
        match known.iter().find(|(name, ..)| *name == entry.name) {
            Some((_, weight, reverse)) => {
                let (weight, reverse) = entry.weight.unwrap_or((*weight, *reverse));
                tracks.push((Track { name: entry.name.clone(), weight, reverse }, entry.place));
            }
            None if broken.contains(&entry.name) => {} // its own block has been reported
            None => {
                let message = format!("no {kind} is called `{}`; not tracked", entry.name);
                let help = match sink.guess(&entry.name, known.iter().map(|(name, ..)| *name)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add `{kind} {} {{ {content} … }}`", entry.name),
                };
                sink.error_help(entry.place, message, help);
            }
        }
    }
    tracks
}
