//! A file of the suite: what its header says, and what was found.

use std::fmt;
use std::path::Path;

/// What is looked at, in this order.
pub(super) const TABLES: [&str; 6] = ["state", "addresses", "routes", "rules", "links", "settings"];

/// One file. Its header is made of lines `# KEY: VALUE`; what they mean is told in `README.md` beside the files.
#[derive(Debug)]
pub(super) struct Case {
    pub name: String,
    pub text: String,
    /// Done to the host before the daemon starts.
    pub host: Vec<String>,
    /// Done to the host while the daemon runs.
    pub then: Vec<String>,
    /// Whether a better router comes and goes.
    pub better: bool,
    /// Done to the host after the stop, to undo what was done.
    pub after: Vec<String>,
    /// What a reload changes: words and what stands in their place.
    pub reload: Vec<(String, String)>,
    pub differs: Vec<Meant>,
    pub waits: Option<String>,
    pub check: Option<String>,
}

/// A difference that is meant. `*` is any.
#[derive(Debug, Clone)]
pub(super) struct Meant {
    pub phase: String,
    pub table: String,
    pub reason: String,
}

/// A difference that was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub phase: &'static str,
    pub table: &'static str,
    /// Lines of one only: `-` keepalived's (or before), `+` hactl's (or after).
    pub lines: Vec<String>,
}

impl Case {
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut case = Self {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            text: text.clone(),
            host: Vec::new(),
            then: Vec::new(),
            better: false,
            after: Vec::new(),
            reload: Vec::new(),
            differs: Vec::new(),
            waits: None,
            check: None,
        };
        for line in text.lines().map_while(|line| line.strip_prefix("# ")) {
            let (key, value) = line.split_once(": ").unwrap_or_else(|| panic!("{}: `{line}`?", path.display()));
            match key {
                "about" => {}
                "host" => case.host.push(value.to_owned()),
                "after" => case.after.push(value.to_owned()),
                "then" => case.then.push(value.to_owned()),
                "better" => case.better = value == "comes and goes",
                "waits" => case.waits = Some(value.to_owned()),
                "check" => case.check = Some(value.to_owned()),
                "reload" => {
                    let (old, new) = value.split_once(" =>").expect("reload: OLD => NEW");
                    let new = new.trim_start();
                    assert!(text.contains(old), "{}: nothing to change: {old}", path.display());
                    case.reload.push((old.to_owned(), new.to_owned()));
                }
                "differs" => {
                    let (place, reason) = value.split_once(": ").expect("differs: PHASE TABLE: REASON");
                    let (phase, table) = place.split_once(' ').expect("differs: PHASE TABLE: REASON");
                    let (phase, table, reason) = (phase.to_owned(), table.to_owned(), reason.to_owned());
                    case.differs.push(Meant { phase, table, reason });
                }
                _ => panic!("{}: unknown key `{key}`", path.display()),
            }
        }
        case
    }

    /// The file after the reload.
    pub(super) fn changed(&self) -> String {
        let mut lines = Vec::new();
        for line in self.text.lines() {
            if line.starts_with("# ") {
                lines.push(line.to_owned());
                continue;
            }
            let change = |line: String, (old, new): &(String, String)| line.replace(old, new);
            let new = self.reload.iter().fold(line.replace("priority 100", "priority 90"), change);
            lines.push(new.replace("\\n", "\n"));
        }
        lines.join("\n") + "\n"
    }

    /// Whether this is what the header says of a phase, so that nothing is to be waited for.
    pub(super) fn expects(&self, phase: &str, found: &[Found]) -> bool {
        let here: Vec<&Meant> =
            self.differs.iter().filter(|meant| meant.phase == phase || meant.phase == "*").collect();
        let said = |one: &Found| here.iter().any(|meant| meant.fits(one));
        found.iter().all(said) && here.iter().all(|meant| found.iter().any(|one| meant.fits(one)))
    }

    /// What is wrong about what was found; nothing if all is as the header says.
    pub(super) fn judge(&self, found: &[Found]) -> Vec<String> {
        let mut wrong: Vec<String> = found
            .iter()
            .filter(|one| !self.differs.iter().any(|meant| meant.fits(one)))
            .map(|one| one.to_string())
            .collect();
        let idle = self.differs.iter().filter(|meant| !found.iter().any(|one| meant.fits(one)));
        wrong.extend(
            idle.map(|meant| format!("{} {}: equal, but said to differ: {}", meant.phase, meant.table, meant.reason)),
        );
        match (&self.waits, wrong.is_empty()) {
            (Some(why), true) => vec![format!("waits no more, take the line out: {why}")],
            (Some(_), false) => Vec::new(),
            (None, _) => wrong,
        }
    }
}

impl Meant {
    /// What is left behind is never meant by a star.
    fn fits(&self, one: &Found) -> bool {
        (self.phase == one.phase || self.phase == "*" && one.phase != "stopped")
            && (self.table == "*" || self.table == one.table)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.phase, self.table)?;
        self.lines.iter().try_for_each(|line| write!(f, "\n      {line}"))
    }
}

#[test]
fn the_judge_can_find_fault() {
    let folder = tempfile::tempdir().unwrap();
    let case = |text: &str| {
        let path = folder.path().join("x.conf");
        std::fs::write(&path, text).unwrap();
        Case::read(&path)
    };
    let routes = Found { phase: "master", table: "routes", lines: vec!["- default".into()] };
    assert_eq!(case("# about: x\n").judge(&[]), Vec::<String>::new());
    assert_eq!(case("# about: x\n").judge(std::slice::from_ref(&routes)), ["master routes\n      - default"]);
    let meant = case("# differs: master routes: scope\n");
    assert_eq!(meant.judge(std::slice::from_ref(&routes)), Vec::<String>::new());
    assert_eq!(meant.judge(&[]), ["master routes: equal, but said to differ: scope"]);
    assert_eq!(case("# waits: soon\n").judge(std::slice::from_ref(&routes)), Vec::<String>::new());
    assert_eq!(case("# waits: soon\n").judge(&[]), ["waits no more, take the line out: soon"]);
    let changed = case("# reload: b c => d\\ne\na b c\npriority 100\n").changed();
    assert_eq!(changed, "# reload: b c => d\\ne\na d\ne\npriority 90\n");
}
