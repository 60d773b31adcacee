//! `status --watch` of real agents over SSH: as typed lines, and as a screen on a terminal of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::json;
use super::pair::{Pair, owners};

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// `status --watch --json`, its lines as they come.
struct Lines {
    child: Child,
    lines: Receiver<Value>,
    seen: Vec<Value>,
}

impl Lines {
    fn begin(pair: &Pair) -> Self {
        let mut child = pair
            .command(&["status", "--watch", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (to, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if to.send(json::line_of("watch line", line.as_bytes())).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, seen: Vec::new() }
    }

    fn wait(&mut self, what: &str, good: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if good(&line) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let seen: Vec<String> = self.seen.iter().map(ToString::to_string).collect();
                    panic!("{what}: not among\n{}", seen.join("\n"));
                }
            }
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is(line: &Value, host: &str, event: &str) -> bool {
    line["host"] == host && line["event"] == event
}

fn entered(line: &Value, host: &str, state: &str) -> bool {
    is(line, host, "notice") && line["what"]["kind"] == "entered" && line["what"]["to"] == state
}

#[test]
fn agents_are_heard_line_by_line() {
    let Some(pair) = Pair::new() else { return };
    pair.wait("the better one is master", |status| owners(status) == "[\"lb-5\"]");
    let mut lines = Lines::begin(&pair);
    let first = lines.wait("lb-6 tells how it stands", |line| is(line, "lb-6", "state"));
    assert_eq!(first["status"]["instances"][0]["state"], "BACKUP", "{first}");
    let heard = lines.wait("lb-6 hears lb-5", |line| is(line, "lb-6", "adverts") && line["heard"].as_u64() > Some(0));
    assert_eq!((&heard["from"], &heard["priority"]), (&"10.67.0.5".into(), &150.into()), "{heard}");
    let clock = lines.wait("its clock is measured", |line| is(line, "lb-6", "clock"));
    // It is this machine's: what the measure calls possible has to include that.
    let (ahead, within) = (clock["ahead_ns"].as_i64().unwrap(), clock["within_ns"].as_i64().unwrap());
    assert!(ahead.abs() <= within + 1_000_000, "{clock}");

    assert!(pair.desk(&["failover", "--to", "lb-6"]).status.success());
    let taken = lines.wait("lb-6 is master", |line| entered(line, "lb-6", "MASTER"));
    assert!(taken["words"].as_str().unwrap().starts_with("VI_1: BACKUP -> MASTER: "), "{taken}");
    let left = lines.wait("lb-5 is backup", |line| entered(line, "lb-5", "BACKUP"));
    assert!(left["time"].as_str() >= taken["time"].as_str(), "in the order in which it happened: {taken} {left}");

    assert!(pair.on("a", "kill $(cat /run/hactl/pid)").status.success());
    let lost = lines.wait("lb-5 is not heard", |line| is(line, "lb-5", "lost"));
    let why = lost["problem"]["message"].as_str().unwrap();
    assert!(why.starts_with("lb-5: its agent is not heard: control socket /run/hactl/agent.sock: "), "{lost}");
    assert!(lines.seen.iter().all(|line| line["event"] != "not_understood"), "{:?}", lines.seen);
    pair.agent("a");
    lines.wait("lb-5 is heard again", |line| is(line, "lb-5", "connected"));
    let state = lines.wait("and tells how it stands", |line| is(line, "lb-5", "state"));
    assert_eq!(state["status"]["instances"][0]["name"], "VI_1", "{state}");
}

/// Whoever reads no more ends it: a pipe to `head` does not hang.
#[test]
fn a_reader_that_goes_ends_it() {
    let Some(pair) = Pair::new() else { return };
    let mut lines = Lines::begin(&pair);
    lines.wait("somebody is heard", |line| line["event"] == "adverts");
    let (_, nobody) = channel();
    lines.lines = nobody; // the reading thread ends with the next line, and the pipe with it
    let end = Instant::now() + PATIENCE;
    let status = loop {
        match lines.child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > end => panic!("it goes on"),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    // As other programs: by the signal that says so, or by the error.
    assert!(status.code() == Some(0) || status.signal() == Some(nix::libc::SIGPIPE), "{status:?}");
}

/// A terminal of 80×24, as `script` makes one, and what stands on it.
struct Tty {
    child: Child,
    keys: ChildStdin,
    bytes: Receiver<Vec<u8>>,
    raw: Vec<u8>,
}

impl Tty {
    fn begin(pair: &Pair) -> Self {
        let words = ["status", "--watch", "--accept-new-host-keys", "--timeout", "5", "-i"];
        let line = format!(
            "stty rows 24 cols 80; exec {} {} {}",
            env!("CARGO_BIN_EXE_hactl"),
            words.join(" "),
            pair.path("inventory.yaml").display()
        );
        let mut child = pair
            .beside("script")
            .args(["-qefc", &line, "/dev/null"])
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (keys, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (to, bytes) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut piece) {
                if to.send(piece[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keys, bytes, raw: Vec::new() }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the screen shows this.
    fn wait(&mut self, what: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = screen(&String::from_utf8_lossy(&self.raw));
            if screen.contains(what) {
                return screen;
            }
            match self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.raw.extend(bytes),
                Err(why) => panic!("{what}: {why}\n{screen}"),
            }
        }
    }

    /// The end of it: everything that was written, and the exit code.
    fn end(mut self) -> (String, Option<i32>) {
        let end = Instant::now() + PATIENCE;
        while let Ok(bytes) = self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.raw.extend(bytes);
        }
        (String::from_utf8_lossy(&self.raw).into_owned(), self.child.wait().unwrap().code())
    }
}

/// What stands on a terminal after all this was written to it: only places are heeded, and what clears it.
fn screen(text: &str) -> String {
    let mut cells = vec![vec![' '; 80]; 24];
    let (mut row, mut column) = (0, 0);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\x1b' {
            if letters.next() != Some('[') {
                continue;
            }
            let mut words = String::new();
            let end = loop {
                match letters.next() {
                    Some(end @ '@'..='~') => break end,
                    Some(other) => words.push(other),
                    None => break ' ',
                }
            };
            match end {
                'H' => {
                    let mut place = words.split(';').map(|word| word.parse::<usize>().unwrap_or(1).saturating_sub(1));
                    (row, column) = (place.next().unwrap_or(0), place.next().unwrap_or(0));
                }
                'J' => cells.iter_mut().for_each(|line| line.fill(' ')),
                _ => {}
            }
        } else if !letter.is_control() {
            if let Some(cell) = cells.get_mut(row).and_then(|line| line.get_mut(column)) {
                *cell = letter;
            }
            column += 1;
        }
    }
    cells.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned() + "\n").collect()
}

/// The terminal is as it was: the other screen, the cursor.
fn is_left_well(text: &str) -> bool {
    let after = text.rsplit_once("\x1b[?1049h").map(|(_, after)| after);
    after.is_some_and(|after| after.contains("\x1b[?1049l") && after.contains("\x1b[?25h"))
}

#[test]
fn a_screen_moves_the_vip() {
    let Some(pair) = Pair::new() else { return };
    if which::which("script").is_err() {
        eprintln!("SKIPPED: needs script");
        return;
    }
    pair.wait("the better one is master", |status| owners(status) == "[\"lb-5\"]");
    let mut tty = Tty::begin(&pair);
    tty.wait("10.67.0.3  owned by lb-5");
    tty.wait("lb-5 (150)");
    tty.press("f");
    tty.wait("10.67.0.3  lb-5 -> lb-6  (BACKUP, priority 100)");
    tty.press("1");
    let question = tty.wait("Press y to do it");
    assert!(question.contains("The same as: hactl failover --vip VI_1 --to lb-6"), "{question}");
    tty.press("y");
    tty.wait("10.67.0.3  owned by lb-6");
    tty.wait("hactl failover --vip VI_1 --to lb-6: done (Enter: away with this)");
    tty.wait("VIP 10.67.0.3: moved: lb-5 -> lb-6");
    pair.wait("it has moved", |status| owners(status) == "[\"lb-6\"]");

    assert!(pair.on("a", "kill $(cat /run/hactl/pid)").status.success());
    let lost = tty.wait("not heard since");
    assert!(lost.contains("agents heard: 1 of 2"), "{lost}");
    tty.press("q");
    let (text, code) = tty.end();
    assert_eq!(code, Some(0), "{text:?}");
    assert!(is_left_well(&text), "{text:?}");
}

/// A signal ends it as a key does: whoever logs in next finds a terminal that works.
#[test]
fn a_signal_leaves_the_terminal_well() {
    let Some(pair) = Pair::new() else { return };
    if which::which("script").is_err() {
        eprintln!("SKIPPED: needs script");
        return;
    }
    let mut tty = Tty::begin(&pair);
    tty.wait("agents heard: 2 of 2");
    let inventory = pair.path("inventory.yaml").display().to_string();
    super::host::run("pkill", &["-TERM", "-f", &format!("^{}.*{inventory}", env!("CARGO_BIN_EXE_hactl"))]);
    let (text, code) = tty.end();
    assert_eq!(code, Some(130), "{text:?}");
    assert!(is_left_well(&text), "{text:?}");
}
