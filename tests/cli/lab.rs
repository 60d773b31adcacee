//! What the lab refuses, on a machine whose tools are played: nothing is made, and no root is needed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::codes::on_screen;

/// The tools that `lab up` looks for; all of them tell of the same route.
const TOOLS: [&str; 9] =
    ["systemd-nspawn", "mmdebstrap", "ip", "nft", "mount", "umount", "nsenter", "ssh", "ssh-keygen"];

struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir(machine.path("tools")).unwrap();
        fs::create_dir(machine.path("lab")).unwrap();
        for tool in TOOLS {
            let file = machine.path("tools").join(tool);
            fs::write(&file, "#!/bin/sh\necho '10.99.0.0/16 dev eth9 scope link'\n").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// As if a lab with one host had been started here.
    fn has_a_plan(&self) {
        let plan = r#"{"subnet": "10.98.0.0/24", "hosts": ["lb-5"], "forwarding_before": ""}"#;
        fs::write(self.path("lab/lab.json"), plan).unwrap();
    }

    /// Runs `hactl lab` as root or as somebody else, in a user namespace where it must; `None` where there are none.
    fn lab(&self, root: bool, tools: &Path, words: &[&str]) -> Option<Output> {
        let unshare = which::which("unshare").ok()?;
        let mut command = match (root, nix::unistd::getuid().is_root()) {
            (true, true) | (false, false) => Command::new(env!("CARGO_BIN_EXE_hactl")),
            (change, _) => {
                let mut command = Command::new(unshare);
                command.arg(if change { "--map-root-user" } else { "--user" }).arg(env!("CARGO_BIN_EXE_hactl"));
                command
            }
        };
        command.arg("lab").args(words).env("PATH", tools).env("HACTL_LAB_DIR", self.path("lab"));
        let output = command.output().unwrap();
        if String::from_utf8_lossy(&output.stderr).starts_with("unshare: ") {
            eprintln!("SKIPPED: no user namespaces for who runs this: {output:?}");
            return None;
        }
        Some(output)
    }

    /// Its codes, where it runs with all tools.
    fn codes(&self, words: &[&str]) -> Option<Vec<String>> {
        self.lab(true, &self.path("tools"), words).map(|output| on_screen(&output))
    }
}

#[test]
fn what_the_machine_lacks_is_told_at_once() {
    let machine = Machine::new();
    let Some(output) = machine.lab(false, &machine.path("lab"), &["up"]) else { return };
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let codes = on_screen(&output);
    assert_eq!((codes[0].as_str(), codes.len()), ("E501", TOOLS.len() + 1), "{codes:?}");
    assert!(codes[1..].iter().all(|code| code == "E502"), "{codes:?}");
}

#[test]
fn a_subnet_in_use_is_refused() {
    let machine = Machine::new();
    let Some(codes) = machine.codes(&["up", "--subnet", "10.99.7.0/24"]) else { return };
    assert_eq!(codes, ["E506"]);
}

#[test]
fn there_is_one_lab() {
    let machine = Machine::new();
    machine.has_a_plan();
    // A host of the lab is a process with this word; it ends with its input.
    let folder = format!("--directory={}", machine.path("lab/hosts/lb-5/merged").display());
    let mut container = Command::new("sh").args(["-c", "read line", &folder]).stdin(Stdio::piped()).spawn().unwrap();
    let codes = machine.codes(&["up", "--subnet", "10.97.0.0/24"]);
    drop(container.stdin.take());
    container.wait().unwrap();
    assert!(codes.is_none_or(|codes| codes == ["E507"]));
}

#[test]
fn places_that_are_not_there() {
    let machine = Machine::new();
    machine.has_a_plan();
    for (words, code) in [
        (&["exec", "lb-5", "true"][..], "E508"),
        (&["exec", "web-7", "true"], "E509"),
        (&["ssh", "web-7"], "E509"),
        (&["power", "web-7", "off"], "E509"),
    ] {
        let Some(codes) = machine.codes(words) else { return };
        assert_eq!(codes, [code], "{words:?}");
    }
}

/// A program that is not there is no mistake of who typed the command.
#[test]
fn a_tool_that_does_not_start_is_an_internal_failure() {
    let machine = Machine::new();
    machine.has_a_plan();
    let Some(output) = machine.lab(true, &machine.path("lab"), &["exec", "desk", "true"]) else { return };
    assert_eq!((output.status.code(), on_screen(&output)), (Some(1), vec!["E001".to_owned()]), "{output:?}");
}
