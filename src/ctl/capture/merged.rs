//! `--write`: the frames of all hosts in one file, on the desk's clock. Its interfaces are named `HOST:INTERFACE`, as
//! Wireshark shows them and `--read` understands.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::align::Place;
use super::clocks::Offset;
use super::source::Told;
use crate::error::{Code, Exit, Failure, Problem};
use crate::pcap::block::{Frame, Heartbeat, Interface};
use crate::pcap::write;

/// A file that is written.
pub struct Merged {
    path: PathBuf,
    to: BufWriter<File>,
    /// Of each host's section, the places of its interfaces in the file.
    places: BTreeMap<Place, Vec<u32>>,
    interfaces: u32,
}

impl Merged {
    /// Begins a file; one that is there is written over.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(path: &Path) -> Result<Self, Failure> {
        let begun = File::create(path).map(BufWriter::new).and_then(|mut to| {
            to.write_all(&write::section(&format!("hactl {} capture", env!("CARGO_PKG_VERSION"))))?;
            to.flush().map(|()| to)
        });
        let to = begun.map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_owned(), to, places: BTreeMap::new(), interfaces: 0 })
    }

    /// Writes what a host's stream tells.
    ///
    /// # Errors
    /// The file takes no more.
    pub fn write(&mut self, (place, host): (Place, &str), clock: Offset, told: &Told) -> Result<(), Failure> {
        let known = self.places.entry(place).or_default();
        let of = |interface: u32| usize::try_from(interface).ok().and_then(|place| known.get(place)).copied();
        let bytes = match told {
            Told::Section => return Ok(()),
            Told::Interface(interface, _) => {
                known.push(self.interfaces);
                self.interfaces += 1;
                let own = interface.name.rsplit(':').next().unwrap_or_default();
                write::interface(&Interface { name: format!("{host}:{own}"), ..interface.clone() })
            }
            Told::Frame(frame, ..) => {
                let Some(interface) = of(frame.interface) else { return Ok(()) };
                write::frame(&Frame { interface, at_unix_ns: clock.to_desk(frame.at_unix_ns), ..frame.clone() })
            }
            Told::Heartbeat(beat, _) => {
                let Some(interface) = of(beat.interface) else { return Ok(()) };
                let at_unix_ns = clock.to_desk(beat.at_unix_ns);
                write::heartbeat(&Heartbeat { interface, at_unix_ns, dropped: beat.dropped })
            }
        };
        self.to.write_all(&bytes).map_err(|error| failed(&self.path, &error))
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// The file takes no more.
    pub fn end(mut self) -> Result<(), Failure> {
        self.to.flush().map_err(|error| failed(&self.path, &error))
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let problem = Problem::new(Code::CaptureNotWritten, format!("{}: {error}", path.display()));
    Failure::one(Exit::Internal, problem.next("name a file in a folder that you may write to, with room for it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_can_be_written_it_is_said_first() {
        let folder = tempfile::tempdir().unwrap();
        let Err(failure) = Merged::begin(folder.path()) else { panic!("a folder is no file") };
        assert_eq!((failure.exit, failure.problems[0].code), (Exit::Internal, Code::CaptureNotWritten));
        assert!(failure.problems[0].message.starts_with(&folder.path().display().to_string()));
    }
}
