//! Why a script never began, in the host's own words, and what helps against that cause. Each cause has its own advice:
//! three different ones once got the same wrong line. How far it came is seen: the login shell prints a mark before
//! sudo is asked for.

use std::time::Duration;

use super::peer::Peer;
use super::sudo;
use crate::ctl::remote::last_lines;
use crate::ctl::words::clean;
use crate::error::{Code, Problem};

/// Which step of the way to root was the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The login shell, or what stands in its place.
    Shell,
    /// sudo, begun by the login shell.
    Sudo,
}

/// The problem of a host whose login shell, forced command or sudo ended before the script began.
pub(super) fn problem(peer: &Peer, step: Step, said: &[u8], code: Option<u32>) -> Problem {
    let said = clean(said);
    let shown = match (last_lines(&said), code) {
        (words, _) if !words.is_empty() => words,
        (_, Some(code)) => format!("it ended with status {code} and said nothing"),
        (_, None) => "it ended and said nothing".to_owned(),
    };
    // A forced command may ask sudo by itself.
    if step == Step::Sudo || said.lines().any(|line| line.starts_with("sudo: ")) {
        let (why, next) = of_account(peer, &said.to_lowercase()).unwrap_or_else(|| sudo::cause(peer, &said));
        return not_root(peer, &shown).why(why).next(next);
    }
    let (why, next) = shell(peer, &said);
    no_commands(peer, &shown).why(why).next(next)
}

/// Nothing came of it in time.
pub(super) fn late(peer: &Peer, step: Step, limit: Duration) -> Problem {
    let seconds = limit.as_secs_f64().round();
    match step {
        Step::Shell => no_commands(peer, &format!("the login shell did not begin the script within {seconds} s"))
            .why("a profile that waits (for input, a mount, a network)?")
            .next(format!("`{} true` waits as well; end a .bashrc early where `$-` has no i", peer.ssh("-T "))),
        Step::Sudo => not_root(peer, &format!("sudo did not begin the script within {seconds} s"))
            .why("the login shell began, and sudo waits: for PAM, a directory, or a name that it looks up")
            .next(format!(
                "`{} sudo -n true` waits as well; as root on {}: `journalctl -t sudo -n 20`",
                peer.ssh("-T "),
                peer.name
            )),
    }
}

/// sshd does not start the command (SSH_MSG_CHANNEL_FAILURE, RFC 4254 §6.5).
pub(super) fn not_started(peer: &Peer) -> Problem {
    no_commands(peer, "sshd could not start one (`exec request failed`)")
        .why("the login is right; the host starts no process for this user: a limit (nproc in /etc/security), or no memory")
        .next(format!("`{} true` says the same; {} says why", peer.ssh("-T "), peer.log()))
}

/// sshd opens no session on a connection that has none.
pub(super) fn no_session(peer: &Peer) -> Problem {
    no_commands(peer, "sshd opens no further session on this connection (`open failed`)")
        .why("`MaxSessions` in its configuration is 0, or fewer than the scripts that run at the same time")
        .next(format!(
            "as root on {}: `sshd -T | grep -i maxsessions`; write `MaxSessions 10` to its sshd_config, then `systemctl reload ssh`",
            peer.name
        ))
}

/// The connection ended before anything had run on it.
pub(super) fn ended(peer: &Peer, goodbye: &str) -> Problem {
    let said = clean(goodbye.trim().as_bytes());
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    no_commands(peer, &format!("it was logged in, and the host ended the connection before the first command{said}"))
        .why("a rule of sshd or PAM speaks against the session, not against the key (PermitRootLogin, a limit on logins)")
        .next(format!("{} says which", peer.log()))
}

fn not_root(peer: &Peer, shown: &str) -> Problem {
    Problem::on(&peer.name, Code::NotRoot, format!("{} cannot become root: {shown}", peer.user))
}

fn no_commands(peer: &Peer, shown: &str) -> Problem {
    Problem::on(&peer.name, Code::NoCommands, format!("{} cannot run commands: {shown}", peer.user))
}

/// Why the login shell, or what stands in its place, ran nothing.
fn shell(peer: &Peer, said: &str) -> (&'static str, String) {
    let lower = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let (host, user) = (&peer.name, &peer.user);
    if let Some(cause) = of_account(peer, &lower) {
        return cause;
    }
    if has(&["currently not available", "not currently available", "nologin"]) {
        let next = format!(
            "as root on {host}: `usermod -s /bin/sh {user}`, or log in as another user: `ssh: {{ user: NAME }}`"
        );
        return ("its login shell is nologin, which refuses everybody", next);
    }
    if let Some(other) = other_user(said) {
        return (
            "a forced command on the host sends this user away",
            format!("`ssh: {{ user: {other} }}` in the inventory"),
        );
    }
    let next = format!(
        "`{} true` says the same; the reason is on {host}: its log, {user}'s shell, ForceCommand in its sshd_config, command= in authorized_keys",
        peer.ssh("-T ")
    );
    ("the login shell, a profile or a forced command ended before the script began", next)
}

/// What is out of date, of what is said in small letters.
pub(super) fn of_account(peer: &Peer, said: &str) -> Option<(&'static str, String)> {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let (host, user) = (&peer.name, &peer.user);
    if has(&["password has expired", "password change required", "password expired", "change your password"]) {
        let next = format!(
            "log in once by `{}` and set a new one, or as root on {host}: `chage -d $(date +%F) {user}`",
            peer.ssh("")
        );
        return Some(("the password of this user is out of date, so the host lets it do nothing", next));
    }
    has(&["account has expired", "account is expired"])
        .then(|| ("the account has an end date, and it is past", format!("as root on {host}: `chage -E -1 {user}`")))
}

/// `Please login as the user "debian" rather than the user "root".`, as images of clouds say.
fn other_user(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("login as the user")?;
    let name = rest.trim_start().trim_start_matches('"').split(|c: char| c == '"' || c.is_whitespace()).next()?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::cluster::Ssh;

    fn peer() -> Peer {
        let login = Ssh { user: "deploy".into(), sudo: true, ..crate::ctl::inventory::hosts::default_ssh() };
        Peer::new("web-7", "10.0.0.7".into(), &login)
    }

    #[test]
    fn each_cause_has_its_own_advice() {
        for (step, said, advice) in [
            (Step::Sudo, "sudo: sorry, you must have a tty to run sudo", "!requiretty"),
            (
                Step::Shell,
                "WARNING: Your password has expired.\nPassword change required but no TTY available.",
                "chage -d",
            ),
            (Step::Shell, "Your account has expired; please contact your system administrator", "chage -E -1 deploy"),
            (Step::Shell, "This account is currently not available.", "usermod -s /bin/sh deploy"),
            (Step::Shell, "Please login as the user \"debian\" rather than the user \"root\".", "user: debian"),
            (Step::Shell, "", "`ssh -T deploy@10.0.0.7 true` says the same"),
        ] {
            let problem = problem(&peer(), step, said.as_bytes(), Some(1));
            assert!(problem.next.as_ref().unwrap().contains(advice), "{said}: {problem}");
            assert!(problem.why.is_some() && problem.message.starts_with("web-7: deploy "), "{problem}");
            assert_eq!(problem.code, if step == Step::Sudo { Code::NotRoot } else { Code::NoCommands }, "{problem}");
        }
        let silent = problem(&peer(), Step::Shell, b" \n", Some(1));
        assert!(silent.message.ends_with("it ended with status 1 and said nothing"), "{silent}");
    }

    #[test]
    fn what_never_came_is_told_by_how_far_it_came() {
        let limit = Duration::from_millis(30_080);
        let shell = late(&peer(), Step::Shell, limit);
        assert!(
            shell.code == Code::NoCommands && shell.to_string().contains("within 30 s\n  why: a profile"),
            "{shell}"
        );
        let sudo = late(&peer(), Step::Sudo, limit);
        assert!(sudo.code == Code::NotRoot && sudo.to_string().contains("-T deploy@10.0.0.7 sudo -n true"), "{sudo}");
    }
}
