//! Where a lab of the tests stands. Several stand side by side: they share no folder, name or address, and of their
//! hosts only the root file system that is below all of them. A process has one at a time.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hactl::lab::layout::Layout;
use hactl::lab::rootfs;
use nix::fcntl::{Flock, FlockArg};

/// The first three numbers of the addresses of this process's lab, which are not those of a person's lab. As long as
/// `10.0.0` for the first ten, so that tables which a page shows stand as they do here.
pub(crate) static SUBNET: Subnet = Subnet(Mutex::new("10.6.0"));

pub(crate) struct Subnet(Mutex<&'static str>);

impl std::ops::Deref for Subnet {
    type Target = str;

    fn deref(&self) -> &'static str {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self)
    }
}

/// A process has one lab at a time, so that its subnet is one.
static ONE: Mutex<()> = Mutex::new(());
/// More than anybody runs at once.
const PLACES: u8 = 100;

/// A folder and a subnet that are nobody else's while this lives.
pub(crate) struct Place {
    number: u8,
    _claim: Flock<File>,
    _one: MutexGuard<'static, ()>,
}

impl Place {
    /// The first that is free, with a root file system.
    pub(crate) fn take() -> Self {
        // A case that failed in another test of this process is no reason not to run this one.
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, claim) = (0..PLACES).find_map(|number| Some((number, claim(number)?))).expect("a place for a lab");
        *SUBNET.0.lock().unwrap() = format!("10.6.{number}").leak();
        let place = Self { number, _claim: claim, _one: one };
        place.lay_out();
        place
    }

    pub(crate) fn folder(&self) -> PathBuf {
        folder(self.number)
    }

    /// The root file system lies in the first place; the others lead there.
    fn lay_out(&self) {
        rootfs::ensure(&Layout::at(folder(0)), &|said| eprintln!("{said}")).unwrap();
        if self.number == 0 {
            return;
        }
        std::fs::create_dir_all(self.folder()).unwrap();
        for name in ["rootfs", "rootfs.recipe"] {
            let path = self.folder().join(name);
            let _ = std::fs::remove_file(&path); // absent at first
            symlink(folder(0).join(name), path).unwrap();
        }
    }
}

fn folder(number: u8) -> PathBuf {
    let one = "/var/lib/hactl-lab-test";
    if number == 0 { one.into() } else { format!("{one}-{number}").into() }
}

/// Nothing where another process has this place.
fn claim(number: u8) -> Option<Flock<File>> {
    let path = format!("/run/hactl-lab-test-{number}.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap();
    Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()
}
