//! Called by keepalived's name the agent behaves as units, init scripts and fingers expect: it goes to the background
//! when it is up, and leaves its process id where keepalived does.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::lan::{Lan, binary, read, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";
const CONFIG: &str = "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\npriority 150\nversion 3\nadvert_int 0.2\n\
                      virtual_ipaddress {\n10.77.0.3/24\n}\n}\n";

/// Calls a program of this name in a namespace with an empty `/run`, and waits for the call to return.
fn call(lan: &Lan, name: &str, words: &str) -> Output {
    let link = lan.path(name);
    let _ = symlink(binary(), &link); // there already
    let line = format!("mount -t tmpfs none /run && {} {words}; code=$?; cat /run/*.pid; exit $code", link.display());
    Command::new("ip").args(["netns", "exec", &lan.host(0), "unshare", "-m", "sh", "-c", &line]).output().unwrap()
}

fn words(lan: &Lan) -> String {
    fs::write(lan.path("0.conf"), CONFIG).unwrap();
    format!(
        "-D -f {} --socket {} --state-dir {}",
        lan.path("0.conf").display(),
        lan.socket(0).display(),
        lan.path("0.state").display()
    )
}

/// Ended with the test.
struct Background(Pid);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
    }
}

#[test]
fn a_typed_keepalived_goes_to_the_background_when_it_is_up() {
    need_root!();
    let lan = Lan::new(1);
    let output = call(&lan, "keepalived", &words(&lan));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let status = lan.status(0);
    let pid: i32 = status["pid"].to_string().parse().unwrap();
    let daemon = Background(Pid::from_raw(pid));
    let files: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(
        files,
        [pid.to_string(), pid.to_string()],
        "/run/keepalived.pid and /run/vrrp.pid, before the call returned"
    );
    let proc = PathBuf::from(format!("/proc/{pid}"));
    assert_eq!(read(&proc.join("comm")), "keepalived\n", "killall finds it");
    assert_eq!(fs::read_link(proc.join("cwd")).unwrap(), PathBuf::from("/"));
    for descriptor in ["fd/0", "fd/1", "fd/2"] {
        assert_eq!(fs::read_link(proc.join(descriptor)).unwrap(), PathBuf::from("/dev/null"), "{descriptor}");
    }
    lan.wait_owner(0, VIP);
    let again = call(&lan, "keepalived", &words(&lan));
    assert_eq!(again.status.code(), Some(4), "{again:?}");
    let refused = String::from_utf8_lossy(&again.stderr);
    assert!(refused.contains("[E011]") && refused.contains("another agent answers there"), "{again:?}");
    // An upgrade keeps name, place and process id.
    assert!(lan.agent(0, &["upgrade"]).status.success());
    assert_eq!(read(&proc.join("comm")), "keepalived\n");
    assert!(lan.has(0, VIP));
    let run = proc.join("root/run");
    assert_eq!(read(&run.join("keepalived.pid")).trim(), pid.to_string());
    kill(daemon.0, Signal::SIGTERM).unwrap();
    wait("the address to go", || !lan.has(0, VIP));
    wait("the end", || !proc.join("exe").exists());
}

/// Many notify and check scripts end keepalived by its name. In a process namespace of its own: others here are called
/// so too.
#[test]
fn a_script_that_kills_keepalived_ends_the_agent() {
    need_root!();
    let lan = Lan::new(1);
    let words = words(&lan);
    // After a second, so that it is seen running before.
    let script = lan.path("kill.sh");
    fs::write(&script, "#!/bin/sh\nsleep 1\nexec killall keepalived\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let check = format!(
        "global_defs {{\nscript_user root\n}}\nvrrp_script nginx {{\nscript {}\ninterval 5\n}}\n",
        script.display()
    );
    let tracked = CONFIG.replace("advert_int 0.2", "advert_int 0.2\ntrack_script {\nnginx\n}");
    fs::write(lan.path("0.conf"), format!("{check}{tracked}")).unwrap();
    let link = lan.path("keepalived");
    symlink(binary(), &link).unwrap();
    let line = format!(
        "mount -t tmpfs none /run && {} {words} && for n in $(seq 100); do pgrep -x keepalived || exit 0; sleep 0.1; done",
        link.display()
    );
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &lan.host(0), "unshare", "-mpf", "--mount-proc", "sh", "-c", &line]);
    let output = command.output().unwrap();
    let seen = String::from_utf8_lossy(&output.stdout).lines().count();
    assert!(output.status.success() && (1..100).contains(&seen), "it ran, and ended: {output:?}");
    assert!(!lan.has(0, VIP), "and took its address along");
}

#[test]
fn what_cannot_start_says_so_to_its_caller() {
    need_root!();
    let lan = Lan::new(1);
    let missing = call(&lan, "keepalived", &words(&lan).replace("0.conf", "none.conf"));
    assert_eq!(missing.status.code(), Some(3), "{missing:?}");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("cannot read the configuration"), "{missing:?}");
    assert!(missing.stdout.is_empty(), "no process id file: {missing:?}");
    let test = call(&lan, "keepalived", &format!("-t {}", words(&lan)));
    assert_eq!(test.status.code(), Some(0), "{test:?}");
}

#[test]
fn a_log_in_a_file_has_no_colours() {
    need_root!();
    let lan = Lan::new(1);
    let agent = lan.hactl(0, &format!("no_such_word\n{CONFIG}"));
    lan.wait_owner(0, VIP);
    let log = agent.log();
    assert!(log.contains("no_such_word") && !log.contains('\u{1b}') && !log.contains("warning:"), "{log}");
}
