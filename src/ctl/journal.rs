//! What this desk did, in the user's state folder: the desk's half of what hosts remember of their generations. Both
//! name the desk's user, machine and process. A command writes a line when it begins to change hosts and one when it
//! ends: where the second is missing, nobody saw how it ended.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::ctl::desk::owner_name;
use crate::ctl::progress::{Event, Listener};
use crate::ctl::state::state_folder;
use crate::error::{Exit, Problem};
use crate::sys::process::replace::replace_durably;

/// As many as `hactl history` shows.
const SHOWN: usize = 50;
/// The longest that a journal gets, in bytes: about five thousand lines. Then its older half goes.
const LENGTH_MAX: usize = 1 << 20;

/// One command that changed hosts, or was to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When it began to change hosts: RFC 3339, UTC, by this machine's clock. `None` in lines of earlier versions.
    pub began: Option<String>,
    /// When it ended; `None` where no end was written.
    pub time: Option<String>,
    /// User, machine and process, as in the hosts' own memory.
    pub who: String,
    /// The command, such as `deploy`.
    pub command: String,
    /// The inventory, whole path.
    pub inventory: PathBuf,
    /// The file of the plan that it was to carry out, where one was named.
    pub plan: Option<PathBuf>,
    /// The generation that it made, or whose lock it broke; `None` where it did not come so far.
    pub generation: Option<u64>,
    /// The hosts that it was to change; none where it did not come so far.
    pub hosts: Vec<String>,
    /// Its exit code; `None` where no end was written.
    pub exit: Option<u8>,
    /// Codes of what was wrong.
    pub codes: Vec<String>,
    /// What is known of its end.
    pub state: State,
}

/// What is known of a command's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It ended, and said how.
    Ended,
    /// Its process is there no more, and wrote no end.
    Interrupted,
    /// Its process is at work right now.
    AtWork,
    /// It was another machine's, and no end was written.
    Unknown,
}

/// A line of the file. What earlier versions did not write may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    began: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    who: String,
    command: String,
    inventory: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit: Option<u8>,
    #[serde(default)]
    codes: Vec<String>,
    /// Which process it is, of all that ever had its number; in beginnings only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<String>,
}

/// The file of a desk.
#[derive(Debug, Clone)]
pub struct Journal(PathBuf);

impl Journal {
    /// This user's; `None` for who has no state folder.
    pub fn here() -> Option<Self> {
        state_folder().map(Self::at)
    }

    /// The one in a folder, which need not be there yet.
    pub fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The last ones of an inventory, the oldest first.
    pub fn read(&self, inventory: &Path) -> Vec<Entry> {
        let text = std::fs::read_to_string(self.0.join("journal")).unwrap_or_default();
        let wanted = whole(inventory);
        let mut lines: Vec<Line> = Vec::new();
        let all = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        for line in all.filter(|line| line.inventory == wanted) {
            // The end of a command, or its beginning anew, takes the place of its beginning.
            lines.retain(|known| known.exit.is_some() || known.began != line.began || known.who != line.who);
            lines.push(line);
        }
        lines.drain(..lines.len().saturating_sub(SHOWN));
        let own = owner_name();
        lines.into_iter().map(|line| entry(line, &own)).collect()
    }

    /// Writes a line down. Where the disk has no room the line is left out: the hosts remember all the same.
    fn write(&self, line: &Line) {
        let Ok(text) = serde_json::to_string(line) else { return };
        // See above.
        let _ = self.append(&(text + "\n"));
    }

    fn append(&self, line: &str) -> io::Result<()> {
        std::fs::create_dir_all(&self.0)?;
        let open = |name: &str| OpenOptions::new().create(true).append(true).mode(0o600).open(self.0.join(name));
        // Two commands may end at the same time, and one of them may shorten the file.
        let _guard = Flock::lock(open("journal.guard")?, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
        open("journal")?.write_all(line.as_bytes())?;
        let path = self.0.join("journal");
        let fits = usize::try_from(std::fs::metadata(&path)?.len()).is_ok_and(|length| length <= LENGTH_MAX);
        if fits { Ok(()) } else { Self::shorten(&path) }
    }

    /// Leaves the newer half, in one step: who reads meanwhile, or loses power, has the old file or the new one.
    fn shorten(path: &Path) -> io::Result<()> {
        let text = std::fs::read_to_string(path)?;
        let mut from = text.len().saturating_sub(LENGTH_MAX / 2);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let rest = text.get(from..).and_then(|rest| rest.split_once('\n')).map_or("", |(_, whole)| whole);
        replace_durably(path, rest.as_bytes())
    }
}

fn entry(line: Line, own: &str) -> Entry {
    let state = match line.exit {
        Some(_) => State::Ended,
        None => state(&line, own),
    };
    let Line { began, time, who, command, inventory, plan, generation, hosts, exit, codes, process: _ } = line;
    Entry { began, time, who, command, inventory, plan, generation, hosts, exit, codes, state }
}

/// What is known of who wrote no end.
fn state(line: &Line, own: &str) -> State {
    let machine =
        |who: &str| who.rsplit_once(' ').and_then(|(who, _)| who.rsplit_once('@')).map(|(_, at)| at.to_owned());
    if machine(&line.who) != machine(own) {
        return State::Unknown;
    }
    let pid = line.who.rsplit_once(' ').and_then(|(_, pid)| pid.parse().ok());
    match pid.and_then(process) {
        now @ Some(_) if now == line.process => State::AtWork,
        _ => State::Interrupted,
    }
}

/// Which process has this number now: the boot, and when it was started. `None` where none has.
fn process(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(") ")?;
    let mut words = after.split(' ');
    if words.next()? == "Z" {
        return None; // it has ended, and nobody has looked
    }
    let started = words.nth(18)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{}.{started}", boot.trim()))
}

/// What a command has to be written down of, while it goes on.
#[derive(Debug, Clone)]
pub struct Keeper {
    journal: Option<Journal>,
    line: Arc<Mutex<Line>>,
}

impl Keeper {
    /// For a command that is about to be carried out. Nothing is written until hosts are to be changed, or it ends.
    pub fn new(journal: Option<Journal>, command: &str, inventory: &Path, plan: Option<&Path>) -> Self {
        let line = Line {
            began: None,
            time: None,
            who: owner_name(),
            command: command.to_owned(),
            inventory: whole(inventory),
            plan: plan.map(whole),
            generation: None,
            hosts: Vec::new(),
            exit: None,
            codes: Vec::new(),
            process: process(std::process::id()),
        };
        Self { journal, line: Arc::new(Mutex::new(line)) }
    }

    /// Hears of what goes on and passes it on: from the moment on in which hosts are to be changed there is a line.
    #[must_use]
    pub fn hears(&self, others: Listener) -> Listener {
        let keeper = self.clone();
        Listener::new(move |event| {
            match event {
                Event::Changes { generation, hosts } => keeper.begins(generation, hosts),
                // Nothing was changed by what was begun.
                Event::PlanIsOld => keeper.with(|line| line.hosts.clear()),
                _ => {}
            }
            others.tell(event);
        })
    }

    fn begins(&self, generation: u64, hosts: &[&str]) {
        let line = self.with(|line| {
            line.began.get_or_insert_with(now);
            line.generation = Some(generation);
            let all: BTreeSet<&str> = line.hosts.iter().map(String::as_str).chain(hosts.iter().copied()).collect();
            line.hosts = all.into_iter().map(str::to_owned).collect();
            line.clone()
        });
        self.journal.iter().for_each(|journal| journal.write(&line));
    }

    /// It ended. Where it changed nothing and was not to, nothing is written.
    pub fn ends(&self, exit: Exit, problems: &[Problem], touched: bool) {
        let line = self.with(|line| {
            line.time = Some(now());
            line.exit = Some(exit as u8);
            line.codes = problems.iter().map(|problem| problem.code.id().to_owned()).collect();
            line.process = None;
            line.clone()
        });
        if touched || line.began.is_some() {
            self.journal.iter().for_each(|journal| journal.write(&line));
        }
    }

    /// Nobody panics while holding it; if somebody did, what is known would still be known.
    fn with<T>(&self, work: impl FnOnce(&mut Line) -> T) -> T {
        work(&mut self.line.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn whole(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    const INVENTORY: &str = "/nowhere/inventory.yaml";

    fn keeper(folder: &Path, command: &str) -> Keeper {
        Keeper::new(Some(Journal::at(folder.to_owned())), command, Path::new(INVENTORY), None)
    }

    fn read(folder: &Path) -> Vec<Entry> {
        Journal::at(folder.to_owned()).read(Path::new(INVENTORY))
    }

    #[test]
    fn a_command_has_one_entry_with_its_generation_hosts_and_both_times() {
        let folder = tempfile::tempdir().unwrap();
        let deploy = keeper(folder.path(), "deploy");
        let heard = deploy.hears(Listener::new(|_| {}));
        heard.tell(Event::Changes { generation: 8, hosts: &["web-9"] });
        heard.tell(Event::PlanIsOld);
        heard.tell(Event::Changes { generation: 9, hosts: &["web-7", "lb-5"] });
        let [open] = read(folder.path()).try_into().unwrap();
        assert_eq!((open.state, open.generation, open.exit, open.time), (State::AtWork, Some(9), None, None));
        deploy.ends(Exit::RolledBack, &[Problem::new(Code::TakenBack, "x")], false);
        let [one] = read(folder.path()).try_into().unwrap();
        assert_eq!((one.state, one.exit, one.codes), (State::Ended, Some(5), vec!["E605".to_owned()]));
        assert_eq!((one.generation, one.hosts), (Some(9), vec!["lb-5".to_owned(), "web-7".into()]));
        assert!(one.began == open.began && one.began.is_some() && one.time >= one.began);
        // What was never to change anything is not written down.
        keeper(folder.path(), "deploy").ends(Exit::Done, &[], false);
        keeper(folder.path(), "rollback").ends(Exit::Preflight, &[], true);
        let commands: Vec<String> = read(folder.path()).into_iter().map(|one| one.command).collect();
        assert_eq!(commands, ["deploy", "rollback"]);
    }

    #[test]
    fn lines_of_earlier_versions_and_those_without_an_end_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let own = owner_name();
        let (me, _) = own.rsplit_once(' ').unwrap();
        let own_process = process(std::process::id()).unwrap();
        let open = |who: &str, process: &str| {
            format!(
                "{{\"began\":\"2026-11-29T01:00:00Z\",\"who\":\"{who}\",\"command\":\"deploy\",\"inventory\":\"{INVENTORY}\",\
                 \"generation\":7,\"hosts\":[\"lb-5\"],\"process\":\"{process}\"}}\n"
            )
        };
        let old = format!(
            "{{\"time\":\"2026-11-28T01:00:00Z\",\"who\":\"ann@desk 12\",\"command\":\"deploy\",\"inventory\":\"{INVENTORY}\",\"exit\":5,\"codes\":[\"E601\"]}}\n"
        );
        let text = [
            old,
            "garbage\n".into(),
            open(&format!("{me} 4194999"), &own_process),
            open(&own, "another"), // the number belongs to somebody else by now
            open("bob@another-desk 1", &own_process),
        ];
        std::fs::write(folder.path().join("journal"), text.concat()).unwrap();
        let all = read(folder.path());
        let states: Vec<State> = all.iter().map(|one| one.state).collect();
        assert_eq!(states, [State::Ended, State::Interrupted, State::Interrupted, State::Unknown]);
        assert_eq!((all[0].exit, all[0].began.clone(), all[0].hosts.len()), (Some(5), None, 0));
        assert_eq!((all[1].exit, all[1].time.clone(), all[1].generation), (None, None, Some(7)));
    }

    #[test]
    fn a_journal_is_bounded_and_keeps_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let line = |n: usize| {
            format!(
                "{{\"time\":\"t{n}\",\"who\":\"a@b 1\",\"command\":\"{}\",\"inventory\":\"{INVENTORY}\",\"exit\":0,\"codes\":[]}}\n",
                "ä".repeat(99)
            )
        };
        std::fs::write(folder.path().join("journal"), (0..4000).map(line).collect::<String>()).unwrap();
        keeper(folder.path(), "remove").ends(Exit::Done, &[], true);
        let path = folder.path().join("journal");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.len() < LENGTH_MAX / 2 + 500 && text.lines().all(|line| serde_json::from_str::<Line>(line).is_ok())
        );
        let all = read(folder.path());
        assert_eq!((all.len(), all[49].command.as_str(), all[48].time.as_deref()), (50, "remove", Some("t3999")));
    }
}
