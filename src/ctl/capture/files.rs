//! `--read`: captures from files, our own and those of tcpdump, tshark and Wireshark. Several files are several places
//! from which one LAN was seen; a file of `--write` has all of its hosts in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::align::Place;
use super::live::Shown;
use super::merged::Merged;
use super::source::{Source, Told};
use super::watch::{Summary, Vantage, Watch};
use crate::ctl::cluster::Cluster;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Failure, Problem};
use crate::pcap::read::Damage;

/// Of larger files nobody reads each line.
const FILE_MAX: u64 = 1 << 30;
/// After so long a heartbeat has told whether somebody was listened on; agents write four a second.
const BEATS_NS: u64 = 1_000_000_000;
/// Read at a time.
const PIECE: usize = 256 << 10;

/// What files tell, each thing with its host and its time.
#[derive(Default)]
struct All {
    hosts: Vec<String>,
    interfaces: Vec<(Place, Told)>,
    told: Vec<(u64, Place, Told)>,
}

impl All {
    fn host(&mut self, name: &str) -> Place {
        self.hosts.iter().position(|host| host == name).unwrap_or_else(|| {
            self.hosts.push(name.to_owned());
            self.hosts.len() - 1
        })
    }
}

/// Reads these files.
///
/// # Errors
/// One of them cannot be read, is no capture, or is damaged; the one to be written cannot be.
pub fn read(
    cluster: Option<&Cluster>,
    files: &[PathBuf],
    explain: bool,
    write: Option<&Path>,
    show: &mut dyn Shown,
) -> Outcome<Summary> {
    let mut all = All::default();
    let mut problems = Vec::new();
    for path in files {
        problems.extend(one(path, &mut all)?);
    }
    let merged = write.map(Merged::begin).transpose()?;
    let hosts = all.hosts.iter().map(|host| Vantage::new(host.clone(), None)).collect();
    let mut watch = Watch::new(cluster, hosts, explain, merged);
    for (place, told) in all.interfaces {
        watch.take(place, told)?;
    }
    show.begun(watch.hosts());
    all.told.sort_by_key(|(at, ..)| *at);
    for (n, (at, place, told)) in all.told.into_iter().enumerate() {
        watch.take(place, told)?;
        if n % 64 == 0 {
            watch.happened(Some(at.saturating_sub(BEATS_NS))).iter().for_each(|what| show.happened(what));
        }
    }
    let (left, summary, found) = watch.end()?;
    left.iter().for_each(|what| show.happened(what));
    problems.extend(found);
    Ok(Report::judged(summary, problems))
}

/// Reads one file. One that ends in the middle, as when tcpdump is killed, is told, and good for what comes before.
fn one(path: &Path, all: &mut All) -> Result<Option<Problem>, Failure> {
    let shown = path.display().to_string();
    let failed = |code, why: String, next: &str| {
        Failure::one(Exit::Invalid, Problem::new(code, format!("{shown}: {why}")).next(next.to_owned()))
    };
    let unreadable = |error: std::io::Error| {
        failed(
            Code::InputUnreadable,
            error.to_string(),
            "name a file that was written by --write, tcpdump -w or tshark -w",
        )
    };
    let damaged = |damaged: &dyn std::fmt::Display| {
        let next = "give it pcapng or pcap, such as --write, tcpdump -w and tshark -w make";
        failed(Code::NotACapture, damaged.to_string(), next)
    };
    let stem = path.file_stem().map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned());
    let mut file = File::open(path).map_err(unreadable)?.take(FILE_MAX);
    let mut source = Source::default();
    // Of the file's interfaces in this section: the host of each, and its place among that host's.
    let mut places: Vec<(Place, u32)> = Vec::new();
    let mut counts: BTreeMap<Place, u32> = BTreeMap::new();
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece).map_err(unreadable)?;
        let Some(bytes) = piece.get(..length).filter(|bytes| !bytes.is_empty()) else { break };
        for mut told in source.feed(bytes).map_err(|error| damaged(&error))? {
            let of = |interface: u32| usize::try_from(interface).ok().and_then(|n| places.get(n)).copied();
            let at = match &mut told {
                Told::Section => {
                    places.clear();
                    continue;
                }
                Told::Interface(interface, ours) => {
                    let host = interface.name.split_once(':').filter(|_| *ours).map_or(stem.as_str(), |(host, _)| host);
                    let host = all.host(host);
                    let count = counts.entry(host).or_default();
                    places.push((host, *count));
                    *count += 1;
                    all.interfaces.push((host, told));
                    continue;
                }
                Told::Frame(frame, ..) => of(frame.interface).map(|(host, place)| {
                    frame.interface = place;
                    (frame.at_unix_ns, host)
                }),
                Told::Heartbeat(beat, _) => of(beat.interface).map(|(host, place)| {
                    beat.interface = place;
                    (beat.at_unix_ns, host)
                }),
            };
            if let Some((at, host)) = at {
                all.told.push((at, host, told));
            }
        }
    }
    match source.end() {
        Ok(()) => Ok(None),
        Err(error) if matches!(error.what, Damage::CutShort(_)) => {
            let problem = Problem::new(Code::NotACapture, format!("{shown}: {error}; what comes before was read"));
            Ok(Some(problem.warn()))
        }
        Err(error) => Err(damaged(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_capture_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lb-5.pcapng");
        let said = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            one(&path, &mut All::default()).unwrap_err().problems.remove(0)
        };
        let problem = said(b"GIF89a");
        assert_eq!(problem.code, Code::NotACapture);
        assert!(problem.message.contains("lb-5.pcapng: at byte 0: it begins with 47494638"), "{problem}");
        let section = crate::pcap::write::section("x");
        let problem = said(&[&section[..], &[6, 0, 0, 0, 33, 0, 0, 0, 0, 0, 0, 0]].concat());
        assert!(problem.message.contains(&format!("at byte {}: a block of 33 bytes", section.len())), "{problem}");
        std::fs::write(&path, [&section[..], &[6, 0, 0, 0, 32]].concat()).unwrap();
        let warned = one(&path, &mut All::default()).unwrap().unwrap();
        assert!(warned.warning && warned.message.contains("ends in the middle of a block, 5 bytes"), "{warned}");
        std::fs::remove_file(&path).unwrap();
        let missing = one(&path, &mut All::default()).unwrap_err();
        assert_eq!(missing.problems[0].code, Code::InputUnreadable);
    }
}
