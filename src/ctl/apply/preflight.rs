//! What would make a deploy fail half-way, found before it begins. Nothing is changed by what comes of it.

use super::binary::Binary;
use super::stage::Job;
use crate::ctl::host::HOME;
use crate::ctl::look::facts::Place;
use crate::ctl::look::transaction::Phase;
use crate::ctl::plan::Change;
use crate::error::{Code, Exit, Failure, Problem};

/// Space that must be free for a deploy beside the binary, in kilobytes.
const ROOM_KB: u64 = 20 * 1024;
/// Space that must be free in every other place.
const PLACE_KB: u64 = 1024;

/// Looks at every host on which something would change, as far as it was asked for what it needs
/// ([`facts::ask_room`](crate::ctl::look::facts::ask_room)).
///
/// # Errors
/// Exit 4 with everything that stands in the way, of all hosts.
pub(super) fn preflight(jobs: &[Job], binary: &Binary) -> Result<(), Failure> {
    let busy = jobs.iter().filter(|job| !job.plan.changes.is_empty());
    let mut problems: Vec<Problem> = jobs.iter().filter_map(damaged).collect();
    let others = busy.flat_map(|job| {
        let place = |place: &Place| bad_place(job.host(), place);
        init(job)
            .into_iter()
            .chain(missing(job))
            .chain(packages(job))
            .chain(room(job, binary))
            .chain(job.facts.places.iter().filter_map(place))
            .chain(ports(job))
            .collect::<Vec<_>>()
    });
    problems.extend(others);
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

/// A deploy cannot know there what it would follow.
fn damaged(job: &Job) -> Option<Problem> {
    let seen = &job.facts.seen.transaction;
    let problem = seen.problem(job.host()).filter(|_| seen.phase == Phase::Damaged)?;
    Some(problem.why("nothing was changed"))
}

fn init(job: &Job) -> Option<Problem> {
    let message = format!("{}: process 1 is `{}`, not systemd", job.host(), job.facts.init);
    let problem = Problem::new(Code::NoSystemd, message).why("services are managed through systemd");
    (job.facts.init != "systemd").then_some(problem)
}

fn missing(job: &Job) -> impl Iterator<Item = Problem> {
    job.facts.missing.iter().map(|(missing, next)| {
        let otherwise = || "install it there, or take the role that needs it out of the inventory".to_owned();
        let problem = Problem::on(job.host(), Code::ToolMissing, format!("{missing} is missing"));
        problem.why("nothing was changed").next(next.clone().unwrap_or_else(otherwise))
    })
}

fn packages(job: &Job) -> Option<Problem> {
    if !job.plan.changes.iter().any(|change| matches!(change, Change::Package(_))) {
        return None;
    }
    if job.facts.package_manager.is_none() {
        let message = "neither apt-get nor dnf nor yum is there to install nginx";
        return Some(Problem::on(job.host(), Code::NoPackageManager, message));
    }
    let (pid, program) = job.facts.package_lock.as_ref()?;
    let message = format!("packages are being worked on by {program} (process {pid})");
    let problem = Problem::on(job.host(), Code::PackagesLocked, message).why("nothing was changed");
    Some(
        problem.next(format!(
            "wait until it has ended (`ps -p {pid}` on {}), then run the same command again",
            job.host()
        )),
    )
}

fn room(job: &Job, binary: &Binary) -> Option<Problem> {
    let needed = ROOM_KB + if job.wanted.binary { 3 * binary.kilobytes() } else { 0 };
    let host = job.host();
    let free =
        job.facts.places.iter().find(|place| HOME.starts_with(&place.path))?.free_kb.filter(|free| *free < needed)?;
    let message = format!("{host}: {free} kB free below {HOME}, {needed} kB are needed");
    Some(Problem::new(Code::NoSpace, message).why("nothing was changed").next(format!("free space on {host}")))
}

/// What a step's own words say of the disk: a cause that has codes of its own.
pub(super) fn of_disk(host: &str, complaint: &str) -> Option<Problem> {
    let (read_only, full) = ("Read-only file system", "No space left on device");
    let line = complaint.lines().find(|line| line.contains(read_only) || line.contains(full))?;
    let path =
        line.split(['\'', '"', ' ', ':', '\u{2018}', '\u{2019}']).find(|word| word.starts_with('/')).unwrap_or("/");
    // The file itself may not be there yet.
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
    Some(if line.contains(read_only) {
        Problem::on(host, Code::ReadOnly, complaint)
            .why("the kernel makes a disk with errors read-only; /etc/fstab or a unit may, too")
            .next(format!("`findmnt -T {folder}` and `dmesg` on {host} say why"))
    } else {
        Problem::on(host, Code::NoSpace, complaint)
            .why("the file system is full, or has no inode left")
            .next(format!("free space on {host}: `df {folder}; df -i {folder}`, `du -xh {folder} | sort -h | tail`"))
    })
}

fn bad_place(host: &str, place: &Place) -> Option<Problem> {
    let path = &place.path;
    if !place.writable {
        let problem = Problem::on(host, Code::ReadOnly, format!("{path} is read-only")).why("nothing was changed");
        return Some(problem.next(format!("`findmnt -T {path}` and `dmesg` on {host} say why")));
    }
    // `room` looks there.
    let free = place.free_kb.filter(|free| *free < PLACE_KB && !HOME.starts_with(path))?;
    let message = format!("{free} kB free in {path}, {PLACE_KB} kB are needed");
    let problem = Problem::on(host, Code::NoSpace, message).why("nothing was changed");
    Some(problem.next(format!("free space on {host}: `df {path}`, `du -xh {path} | sort -h | tail`")))
}

fn ports(job: &Job) -> impl Iterator<Item = Problem> {
    job.wanted.listens.iter().filter_map(|(port, program)| {
        let other = |(taken, by): &&(u16, String)| taken == port && by != program;
        let (_, by) = job.facts.listeners.iter().find(other)?;
        let message = format!("port {port} is taken by {by}, and {program} is to listen there");
        let problem = Problem::on(job.host(), Code::PortTaken, message).why("nothing was changed");
        Some(problem.next(format!("`ss -ltnp` on {}: stop {by} there, or choose another port", job.host())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_takes_nothing_has_a_code_of_its_own() {
        for (said, code, next) in [
            (
                "cp: cannot create regular file '/etc/nginx/x.conf': Read-only file system",
                Code::ReadOnly,
                "`findmnt -T /etc/nginx`",
            ),
            ("tee: /etc/nginx/x: No space left on device\nend", Code::NoSpace, "`df /etc/nginx; df -i /etc/nginx`"),
            ("sh: cannot create x: Read-only file system", Code::ReadOnly, "`findmnt -T /`"),
        ] {
            let problem = of_disk("lb-6", said).unwrap();
            assert!(problem.code == code && problem.next.as_ref().unwrap().contains(next), "{problem}");
        }
        assert_eq!(of_disk("lb-6", "nginx: configuration file test failed"), None);
    }
}
