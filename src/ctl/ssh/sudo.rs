//! sudo's own words, and what helps against each.

use super::peer::Peer;
use crate::error::{Code, Problem};

/// The password that sudo was given is not the right one. `whose`: the user whose password it asked for, as it said.
pub(super) fn wrong_password(peer: &Peer, whose: Option<&str>) -> Problem {
    let (host, user) = (&peer.name, &peer.user);
    match whose {
        Some(other) if other != user => {
            Problem::on(host, Code::NotRoot, format!("sudo asks for the password of {other}, and does not take the one it got"))
                .why(format!("sudoers there has rootpw, targetpw or runaspw: {user}'s own password does not count"))
                .next(format!("give {other}'s by `ssh: {{ password: … }}`, or {}", permit(peer)))
        }
        Some(_) | None => Problem::on(host, Code::NotRoot, format!("sudo does not take the password of {user}"))
            .why("sudo there asks for the password of the user who logs in, not for root's")
            .next(format!(
                "see that `ssh: {{ password: … }}` gives the one that `sudo -k true` takes when {user} types it on {host}"
            )),
    }
}

/// Why sudo ended without running anything.
pub(super) fn cause(peer: &Peer, said: &str) -> (&'static str, String) {
    let (host, user) = (&peer.name, &peer.user);
    let lower = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["have the setuid bit set", "effective uid is not 0"]) {
        let next = format!("as root on {host}: `chown root:root $(command -v sudo); chmod 4755 $(command -v sudo)`");
        return ("sudo there has lost its rights (owner, setuid bit, or a file system mounted nosuid)", next);
    }
    if let Some(file) = unsafe_file(said) {
        let next = format!("as root on {host}: `chown root:root {file}; chmod 440 {file}`");
        return ("sudo reads no file that somebody else could write: its owner or mode is wrong", next);
    }
    if has(&["syntax error", "parse error", "no valid sudoers sources"]) {
        return ("a file of sudoers cannot be understood", format!("as root on {host}: `visudo -c` names the line"));
    }
    if has(&["account validation failure", "pam account management error", "pam authentication error"]) {
        let next = format!(
            "as root on {host}: `journalctl -t sudo -n 20`; `passwd -S {user}` and `chage -l {user}` show its state"
        );
        return ("PAM there denies sudo to this account, whatever sudoers says", next);
    }
    if has(&["must have a tty"]) {
        let next =
            format!("as root on {host}: `echo 'Defaults:{user} !requiretty' > /etc/sudoers.d/{}-tty`", file_name(user));
        return ("sudo there wants a terminal (requiretty), and hactl has none to give", next);
    }
    if has(&["not in the sudoers", "may not run sudo"]) {
        return ("sudo there does not know this user; packages, files and services belong to root", permit(peer));
    }
    if has(&["not allowed to execute", "not allowed to run"]) {
        return (
            "sudo knows this user and allows it some commands, not all; hactl runs its scripts by /bin/sh",
            permit(peer),
        );
    }
    if has(&["password is required", "terminal is required to read the password"]) {
        let next = format!("{}, or give `ssh: {{ password: … }}`", permit(peer));
        return ("sudo there asks for a password, and the inventory gives none", next);
    }
    if has(&["not found", "no such file", "unknown command"]) {
        let next = format!("install sudo on {host}, or log in as root: `ssh: {{ user: root }}`");
        return ("there is no sudo on the host; packages, files and services belong to root", next);
    }
    let next = format!(
        "`{} sudo -n true` says the same; as root on {host}: `journalctl -t sudo -n 20`, `sudo -l -U {user}`",
        peer.ssh("-T ")
    );
    ("the login shell began, and sudo ended before the script", next)
}

/// A file made anew, with the mode that sudo wants: one that is there with another mode would be ignored as before.
fn permit(peer: &Peer) -> String {
    let (host, user) = (&peer.name, &peer.user);
    format!(
        "as root on {host}: `echo '{user} ALL=(ALL) NOPASSWD: ALL' | install -m 440 /dev/stdin /etc/sudoers.d/{}`",
        file_name(user)
    )
}

/// sudo reads no file in sudoers.d with a dot in its name.
fn file_name(user: &str) -> String {
    user.replace(['.', '~', '/'], "_")
}

/// `sudo: /etc/sudoers.d/ops is world writable`, and its like.
fn unsafe_file(said: &str) -> Option<&str> {
    const WORDS: [&str; 5] =
        [" is world writable", " is group writable", " is owned by ", " should be mode ", " bad permissions"];
    said.lines().find_map(|line| {
        let line = line.trim_start_matches("sudo: ");
        let at = WORDS.iter().filter_map(|words| line.find(words)).min()?;
        line.get(..at).filter(|file| file.starts_with('/') && !file.contains(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::cluster::Ssh;
    use crate::ctl::inventory::hosts::default_ssh;

    fn peer(user: &str) -> Peer {
        Peer::new("lb-6", "10.0.0.6".into(), &Ssh { user: user.into(), ..default_ssh() })
    }

    #[test]
    fn each_complaint_has_its_own_advice() {
        for (said, why, advice) in [
            ("sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set", "lost its rights", "chmod 4755"),
            (
                "sudo: effective uid is not 0, is /usr/bin/sudo on a file system with the 'nosuid' option set",
                "lost its rights",
                "chmod 4755",
            ),
            (
                "sudo: /etc/sudoers is owned by uid 1000, should be 0\nsudo: error initializing audit plugin",
                "owner or mode",
                "chown root:root /etc/sudoers;",
            ),
            (
                "sudo: /etc/sudoers.d/ops is world writable\nsudo: a password is required",
                "owner or mode",
                "chmod 440 /etc/sudoers.d/ops",
            ),
            ("/etc/sudoers:28:9: syntax error", "cannot be understood", "visudo -c"),
            (
                "sudo: PAM account management error: Permission denied\nsudo: a password is required",
                "PAM",
                "journalctl -t sudo",
            ),
            ("sudo: account validation failure, is your account locked?", "PAM", "passwd -S ops"),
            ("sudo: sorry, you must have a tty to run sudo", "requiretty", "/etc/sudoers.d/ops-tty"),
            (
                "ops is not in the sudoers file.",
                "does not know",
                "'ops ALL=(ALL) NOPASSWD: ALL' | install -m 440 /dev/stdin /etc/sudoers.d/ops`",
            ),
            (
                "Sorry, user ops is not allowed to execute '/bin/sh' as root on lb-6.",
                "some commands, not all",
                "install -m 440",
            ),
            ("sudo: a password is required", "asks for a password", "password: …"),
            ("sudo: a terminal is required to read the password; either use -S", "asks for a password", "password: …"),
            ("bash: line 1: exec: sudo: not found", "no sudo", "install sudo"),
            ("fish: Unknown command: sudo", "no sudo", "install sudo"),
            ("", "sudo ended", "`ssh -T ops@10.0.0.6 sudo -n true` says the same"),
        ] {
            let (reason, next) = cause(&peer("ops"), said);
            assert!(reason.contains(why) && next.contains(advice), "{said}: {reason}; {next}");
        }
        assert!(permit(&peer("j.doe")).ends_with("/etc/sudoers.d/j_doe`"), "sudo passes over names with dots");
    }

    #[test]
    fn whose_password_was_asked_for_is_told() {
        let own = wrong_password(&peer("ops"), Some("ops")).to_string();
        assert!(own.contains("not for root's"), "{own}");
        let of_root = wrong_password(&peer("ops"), Some("root")).to_string();
        assert!(of_root.contains("the password of root") && of_root.contains("rootpw"), "{of_root}");
    }
}
