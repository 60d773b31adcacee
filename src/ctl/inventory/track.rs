//! `track:` of a VIP or of a load balancer: the checks and interfaces on which mastership depends.

use std::time::Duration;

use super::document::{Node, Value};
use super::fields::{Fields, Reader};
use crate::ctl::cluster::{Track, TrackedInterface, TrackedScript};
use crate::error::{Code, Problem};

/// Reads `{ interface: […], script: […] }`, or a list of entries each of which is the one or the other.
pub fn track(reader: &Reader<'_>, node: &Node) -> Track {
    let mut track = Track::default();
    match &node.value {
        Value::Map(entries) if !entries.iter().any(|(key, _)| key.name == "name" || key.name == "command") => {
            let fields = reader.fields(node, "track");
            if let Some(node) = fields.get("interface") {
                interfaces(reader, node, &mut track);
            }
            if let Some(node) = fields.get("script") {
                reader.list(node).into_iter().for_each(|node| script(reader, node, &mut track));
            }
            fields.finish();
        }
        Value::Map(_) | Value::List(_) | Value::Text(_) | Value::Null => {
            for entry in reader.list(node) {
                match &entry.value {
                    Value::Map(keys) if keys.iter().any(|(key, _)| key.name == "interface") => {
                        let fields = reader.fields(entry, "track");
                        let name = fields.get("interface");
                        interface(reader, name, &fields, &mut track);
                        fields.finish();
                    }
                    _ => script(reader, entry, &mut track),
                }
            }
        }
    }
    track
}

/// Names, or mappings with a weight.
fn interfaces(reader: &Reader<'_>, node: &Node, track: &mut Track) {
    for entry in reader.list(node) {
        if matches!(entry.value, Value::Map(_)) {
            let fields = reader.fields(entry, "interface");
            interface(reader, fields.get("name"), &fields, track);
            fields.finish();
        } else if let Some(name) = reader.interface(entry) {
            add(reader, entry, TrackedInterface { name, weight: 0 }, track);
        }
    }
}

fn interface(reader: &Reader<'_>, name: Option<&Node>, fields: &Fields<'_, '_, '_>, track: &mut Track) {
    let weight = fields.get("weight").and_then(|node| weight(reader, node)).unwrap_or(0);
    match name {
        Some(node) => {
            if let Some(name) = reader.interface(node) {
                add(reader, node, TrackedInterface { name, weight }, track);
            }
        }
        None => {
            let problem = Problem::new(Code::TrackIncomplete, "a tracked interface needs its `name`");
            reader.wrong(fields.place, problem.next("write it like `{ name: eth1, weight: -60 }`"));
        }
    }
}

fn add(reader: &Reader<'_>, node: &Node, one: TrackedInterface, track: &mut Track) {
    if track.interfaces.iter().any(|known| known.name == one.name) {
        let problem = Problem::new(Code::NamedTwice, format!("the interface `{}` is tracked twice", one.name));
        reader.wrong(node.place, problem.next("leave the second one out"));
    } else {
        track.interfaces.push(one);
    }
}

fn weight(reader: &Reader<'_>, node: &Node) -> Option<i16> {
    let text = reader.text(node, "weight")?;
    let weight = text.parse::<i16>().ok().filter(|weight| (-253..=253).contains(weight));
    if weight.is_none() {
        let problem = Problem::new(Code::WrongValue, format!("weight `{text}` is not a number from -253 to 253"))
            .why("it is what a failure takes from the priority, or what success adds; 0 gives the VIP up")
            .next("write it like -60");
        reader.wrong(node.place, problem);
    }
    weight
}

fn script(reader: &Reader<'_>, node: &Node, track: &mut Track) {
    let fields = reader.fields(node, "track");
    let count = |name| fields.get(name).and_then(|node| reader.number(node, name, 1..=255));
    let name = fields.get("name").and_then(|node| reader.name(node, "name"));
    let command = fields.get("command");
    let script = TrackedScript {
        name: name.clone().unwrap_or_default(),
        command: command.and_then(|node| reader.command(node, "command")).unwrap_or_default(),
        interval: fields.get("interval").and_then(|n| reader.duration(n, "interval")).unwrap_or(Duration::from_secs(2)),
        weight: fields.get("weight").and_then(|node| weight(reader, node)).unwrap_or(0),
        fall: count("fall").and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        rise: count("rise").and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
    };
    let place = fields.place;
    fields.finish();
    if name.is_none() || command.is_none() {
        let problem = Problem::new(Code::TrackIncomplete, "a tracked check needs `name` and `command`");
        reader.wrong(place, problem.next("an interface is tracked by `track: { interface: [eth1] }`"));
        return;
    }
    track.scripts.push(script);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;

    const HOMEWORK: &str = include_str!("../../../inventories/homework.yaml");

    fn with(track: &str) -> String {
        HOMEWORK.replace("vip: 10.0.0.3/24", &format!("vip: {{ address: 10.0.0.3/24, track: {track} }}"))
    }

    /// The list that was there before, and the shapes that people try.
    #[test]
    fn every_shape_means_the_same() {
        let link = |name: &str, weight| TrackedInterface { name: name.into(), weight };
        let script = "{ name: disk, command: /bin/true, weight: -60 }";
        for (text, links, scripts) in [
            (script.to_owned(), vec![], 1),
            (format!("[{script}]"), vec![], 1),
            ("{ interface: eth1 }".to_owned(), vec![link("eth1", 0)], 0),
            (
                "{ interface: [eth1, { name: eth2, weight: -7 }] }".to_owned(),
                vec![link("eth1", 0), link("eth2", -7)],
                0,
            ),
            (format!("{{ interface: [eth1], script: [{script}] }}"), vec![link("eth1", 0)], 1),
            (format!("[{script}, {{ interface: eth1, weight: 9 }}]"), vec![link("eth1", 9)], 1),
        ] {
            let loaded = parse(Path::new("x.yaml"), &with(&text)).unwrap_or_else(|failure| panic!("{text}: {failure}"));
            let track = &loaded.cluster.vips[0].track;
            assert_eq!((track.interfaces.clone(), track.scripts.len()), (links, scripts), "{text}");
        }
    }

    #[test]
    fn mistakes_have_a_place_and_a_next_step() {
        for (text, said) in [
            ("{ interfaces: [eth1] }", "did you mean `interface`?"),
            ("{ interface: [\"eth 1\"] }", "is no name of an interface"),
            ("{ interface: [eth1, eth1] }", "is tracked twice"),
            ("{ interface: [{ weight: -7 }] }", "needs its `name`"),
            ("{ interface: [{ name: eth1, weight: -300 }] }", "from -253 to 253"),
            ("{ interface: [{ name: eth1, wait: 7 }] }", "unknown field `wait`"),
            ("[{ name: disk }]", "needs `name` and `command`"),
        ] {
            let told = parse(Path::new("x.yaml"), &with(text)).map(drop).unwrap_err().to_string();
            assert!(told.contains(said) && told.contains("x.yaml:4:") && told.contains("  next: "), "{text}: {told}");
        }
    }

    #[test]
    fn a_load_balancer_tracks_what_is_its_own() {
        let text = HOMEWORK.replace("lb-6: 10.0.0.6", "lb-6: { address: 10.0.0.6, track: { interface: [ens4] } }");
        let cluster = parse(Path::new("x.yaml"), &text).unwrap().cluster;
        assert_eq!(cluster.host("lb-6").unwrap().track.interfaces[0].name, "ens4");
        assert_eq!(cluster.host("lb-5").unwrap().track, Track::default());
        let text = HOMEWORK.replace("web-7: 10.0.0.7", "web-7: { address: 10.0.0.7, track: { interface: [ens4] } }");
        let told = parse(Path::new("x.yaml"), &text).map(drop).unwrap_err().to_string();
        assert!(told.contains("unknown field `track`"), "a web host has no VIP: {told}");
    }
}
