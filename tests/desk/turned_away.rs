//! Logins that go wrong: each is told by what was seen of it, with advice for that.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::host::{Scene, executable, run};

const FINE: &str = "exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"";
const UNPIN: &[&str] = &["unpin"];

/// What `hactl unpin`, which asks the load balancers, says; each of these pieces must be in it.
fn said(scene: &Scene, pieces: &[&str]) -> String {
    let said = scene.accepting(UNPIN);
    for piece in pieces {
        assert!(said.contains(piece), "no {piece:?} in: {said}");
    }
    said
}

fn key(scene: &Scene, name: &str, passphrase: &str) -> String {
    let path = scene.path(name).display().to_string();
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", &path]);
    path
}

#[test]
fn one_session_at_a_time_is_enough() {
    let Some(scene) = Scene::new(FINE, "MaxSessions 1") else { return };
    for _ in 0..5 {
        assert_eq!(scene.understood(), [true, true]);
    }
    let Some(scene) = Scene::new(FINE, "MaxSessions 0") else { return };
    said(&scene, &["E209", "lb-5: root cannot run commands: sshd opens no further session", "`MaxSessions 10`"]);
}

#[test]
fn a_second_factor_is_told_and_given_where_it_is_the_password() {
    let methods = "AuthenticationMethods publickey,password\nPasswordAuthentication yes";
    let Some(scene) = Scene::new(FINE, methods) else { return };
    let told =
        said(&scene, &["E205", "the host took ~/.ssh/id_ed25519 and wants password as well", "password: prompt"]);
    assert!(!told.contains("(refused)"), "{told}");
    scene.inventory("ssh: { user: root, port: PORT, password: { command: \"echo surely-not-this-one\" } }");
    said(&scene, &["E205", "wants password as well", "see that the password is the right one"]);
}

#[test]
fn each_reason_of_sshd_has_its_own_advice() {
    for (config, pieces) in [
        ("PubkeyAuthentication no\nPasswordAuthentication yes", &["takes no keys", "`PubkeyAuthentication yes`"][..]),
        (
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nAllowUsers nobody",
            &["AllowUsers", "takes no password", "journalctl -u ssh"],
        ),
        (
            "PermitRootLogin no\nPasswordAuthentication yes",
            &["the host knows ~/.ssh/id_ed25519 and refuses the login", "PermitRootLogin", "journalctl -u ssh"],
        ),
        ("PermitRootLogin forced-commands-only\nForceCommand none", &["PermitRootLogin", "journalctl -u ssh"]),
    ] {
        let Some(scene) = Scene::new(FINE, config) else { return };
        said(&scene, pieces);
    }
    let Some(scene) = Scene::new(FINE, "PasswordAuthentication yes") else { return };
    let other = key(&scene, "home/.ssh/id_ecdsa", "");
    scene.inventory(&format!("ssh: {{ user: root, port: PORT, key: {other} }}"));
    let copy = format!("`ssh-copy-id -i {other}.pub -p {} root@127.0.0.5` puts the key there", scene.port);
    said(&scene, &["E205", &format!("tried {other} (refused)"), &copy]);
}

#[test]
fn nothing_shown_is_not_refused() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    std::fs::remove_file(scene.path("home/.ssh/id_ed25519")).unwrap();
    said(&scene, &["E205", "nothing was shown to the host: there is no key here", "`ssh-keygen -t ed25519`"]);
    let locked = key(&scene, "locked", "secret");
    scene.inventory(&format!("ssh: {{ user: root, port: PORT, key: {locked} }}"));
    said(&scene, &["E205", "(has a passphrase", &format!("`ssh-add {locked}`"), "did not refuse anything"]);
}

/// Another key was once used in silence.
#[test]
fn the_key_of_the_inventory_is_the_only_one() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    assert_eq!(scene.understood(), [true, true], "by ~/.ssh/id_ed25519");
    scene.inventory("ssh: { user: root, port: PORT, key: /etc/passwd }");
    said(&scene, &["E215", "/etc/passwd of `ssh: { key: … }`: it is no private key"]);
    let other = key(&scene, "other", "");
    scene.inventory(&format!("ssh: {{ user: root, port: PORT, key: {other} }}"));
    let told = said(&scene, &["E205", &format!("tried {other} (refused)")]);
    assert!(!told.contains("id_ed25519"), "{told}");
    let right = scene.path("home/.ssh/id_ed25519").display().to_string();
    scene.inventory(&format!("ssh: {{ user: root, port: PORT, key: {right} }}"));
    assert_eq!(scene.understood(), [true, true]);
}

/// With ssh-agent: a locked file's key is found there, and only that one is shown.
#[test]
fn a_locked_key_of_the_inventory_may_be_in_ssh_agent() {
    let Some(scene) = Scene::new(FINE, "MaxAuthTries 2") else { return };
    let (Ok(agent), Ok(add)) = (which::which("ssh-agent"), which::which("ssh-add")) else {
        return eprintln!("SKIPPED: no ssh-agent here");
    };
    let socket = scene.path("agent");
    let mut agent = std::process::Command::new(agent)
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !socket.exists() {
        assert!(agent.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let load = |path: &str| {
        let done = std::process::Command::new(&add).args(["-q", path]).env("SSH_AUTH_SOCK", &socket).status().unwrap();
        assert!(done.success());
    };
    (0..3).for_each(|n| load(&key(&scene, &format!("strange-{n}"), "")));
    let right = scene.path("home/.ssh/id_ed25519").display().to_string();
    load(&right);
    let text = |ssh: &str| {
        scene.inventory(ssh);
        let words = ["status", "--accept-new-host-keys"];
        super::host::text(&scene.command(&words).env("SSH_AUTH_SOCK", &socket).output().unwrap())
    };
    let told = text("ssh: { user: root, port: PORT }");
    assert!(told.contains("Too many authentication failures") && told.contains("key: PATH"), "{told}");
    run("ssh-keygen", &["-q", "-p", "-P", "", "-N", "secret", "-f", &right]);
    let told = text(&format!("ssh: {{ user: root, port: PORT, key: {right} }}"));
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(!told.contains("lb-5: not reachable") && !told.contains("lb-6: not reachable"), "{told}");
}

/// Somebody else's words in place of sshd, on a port of its own; `None` says nothing and stays.
fn door(words: Option<&'static str>) -> u16 {
    let listener = TcpListener::bind("127.0.0.5:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            match words {
                Some(words) => drop(stream.write_all(words.as_bytes())),
                None => kept.push(stream),
            }
        }
    });
    port
}

#[test]
fn what_is_said_before_ssh_is_told() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    for (words, pieces) in [
        (
            Some("Not allowed at this time\r\n"),
            &["E206", "it says `Not allowed at this time`", "PerSourcePenalties"][..],
        ),
        (Some("Exceeded MaxStartups\r\n"), &["E206", "it says `Exceeded MaxStartups`", "several tries"]),
        (Some(""), &["E206", "ended it without a word", "MaxStartups"]),
        (Some("220 mail ready\r\n"), &["E206", "it says `220 mail ready`", "no SSH server"]),
    ] {
        scene.inventory(&format!("ssh: {{ user: root, port: {} }}", door(words)));
        said(&scene, pieces);
    }
    scene.inventory(&format!("ssh: {{ user: root, port: {} }}", door(None)));
    let told = super::host::text(&scene.desk(&["unpin", "--timeout", "1"]));
    assert!(told.contains("took the connection and said nothing within 1 s"), "{told}");
}

/// sshd drops some while too many are at its door; a little later it takes them.
#[test]
fn who_is_turned_away_at_the_door_comes_again() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    let listener = TcpListener::bind("127.0.0.5:0").unwrap();
    let (port, sshd, met) = (listener.local_addr().unwrap().port(), scene.port, Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&met);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if count.fetch_add(1, Ordering::SeqCst) < 2 {
                continue;
            }
            let there = TcpStream::connect(("127.0.0.5", sshd)).unwrap();
            for (mut from, mut to) in [(stream.try_clone().unwrap(), there.try_clone().unwrap()), (there, stream)] {
                std::thread::spawn(move || {
                    let mut bytes = [0; 4096];
                    while let Ok(length @ 1..) = from.read(&mut bytes) {
                        if to.write_all(&bytes[..length]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    scene.inventory(&format!("ssh: {{ user: root, port: {port} }}"));
    assert_eq!(scene.understood(), [true, false], "lb-6 has no such door");
    assert_eq!(met.load(Ordering::SeqCst), 3);
}

#[test]
fn a_jump_host_that_passes_nothing_on_is_named() {
    let Some(scene) = Scene::new(FINE, "AllowTcpForwarding no") else { return };
    scene.inventory("ssh: { user: root, port: PORT, jump: \"root@127.0.0.6:PORT\" }");
    said(&scene, &["E201", "127.0.0.6 refuses to pass connections on", "`AllowTcpForwarding local`"]);
    let Some(scene) = Scene::new(FINE, "AllowTcpForwarding yes") else { return };
    scene.inventory("ssh: { user: root, port: 9, jump: \"root@127.0.0.6:PORT\" }");
    let reaches = format!("`ssh -p {} root@127.0.0.6 nc -zv 127.0.0.5 9`", scene.port);
    said(&scene, &["E201", "127.0.0.6 does not reach it", &reaches]);
}

/// A shell that runs nothing is no matter of sudo, and sudo that hangs is none of the shell.
#[test]
fn the_step_that_failed_is_named() {
    let by_sudo = "ssh: { user: root, sudo: yes, port: PORT }";
    let nologin = "echo 'This account is currently not available.'; exit 1";
    let Some(scene) = Scene::new(nologin, "") else { return };
    scene.inventory(by_sudo);
    said(&scene, &["E209", "root cannot run commands", "its login shell is nologin"]);
    let Some(scene) = Scene::new("exit 1", "") else { return };
    let login = "export PATH=FOLDER:$PATH; exec /bin/bash -c \"$SSH_ORIGINAL_COMMAND\"";
    executable(&scene.path("shell"), &login.replace("FOLDER", &scene.folder.path().display().to_string()));
    scene.inventory(by_sudo);
    executable(&scene.path("sudo"), "echo \"Sorry, user ops is not allowed to execute '${*:3}' as root.\" >&2; exit 1");
    let told = said(&scene, &["E207", "not allowed to execute '/bin/sh' as root", "some commands, not all"]);
    assert!(!told.contains("hactl-"), "the conversation is no business of who reads: {told}");
    executable(&scene.path("sudo"), "sleep 30");
    let told = super::host::text(&scene.desk(&["unpin", "--timeout", "2", "--accept-new-host-keys"]));
    assert!(told.contains("E207") && told.contains("sudo did not begin the script within 2 s"), "{told}");
}
