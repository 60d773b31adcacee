//! Why a script never began, in the host's own words, and what helps against that cause. Each cause has its own advice:
//! three different ones once got the same wrong line.

use crate::ctl::cluster::Ssh;
use crate::ctl::remote::last_lines;
use crate::ctl::words::clean;
use crate::error::{Code, Problem};

/// The problem of a host whose login shell, forced command or sudo ended before the script began.
pub fn problem(host: &str, login: &Ssh, said: &[u8], code: Option<u32>) -> Problem {
    let said = clean(said);
    let shown = match (last_lines(&said), code) {
        (words, _) if !words.is_empty() => words,
        (_, Some(code)) => format!("it ended with status {code} and said nothing"),
        (_, None) => "it ended and said nothing".to_owned(),
    };
    let user = &login.user;
    let elevated = user != "root" || login.sudo;
    let (code, what) =
        if elevated { (Code::NotRoot, "cannot become root") } else { (Code::NoCommands, "cannot run commands") };
    let problem = Problem::on(host, code, format!("{user} {what}: {shown}"));
    let (why, next) = cause(host, user, &said);
    problem.why(why).next(next)
}

/// The password that sudo was given is not the right one.
pub fn wrong_password(host: &str, login: &Ssh) -> Problem {
    let user = &login.user;
    Problem::on(host, Code::NotRoot, format!("sudo does not take the password of {user}"))
        .why("sudo asks for the password of the user who logs in, not for root's; nothing was changed")
        .next(format!(
            "see that `ssh: {{ password: … }}` gives the one that `sudo -k true` takes when {user} types it on {host}"
        ))
}

fn cause(host: &str, user: &str, said: &str) -> (&'static str, String) {
    let lower = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["must have a tty"]) {
        let next = format!("as root on {host}: `echo 'Defaults:{user} !requiretty' > /etc/sudoers.d/{user}-tty`");
        return ("sudo there wants a terminal (requiretty), and hactl has none to give; nothing was changed", next);
    }
    if has(&["password has expired", "password change required", "password expired", "change your password"]) {
        let next = format!(
            "log in once by `ssh {user}@…` and set a new one, or as root on {host}: `chage -d $(date +%F) {user}`"
        );
        return ("the password of this user is out of date, so the host lets it do nothing", next);
    }
    if has(&["account has expired", "account is expired"]) {
        return ("the account has an end date, and it is past", format!("as root on {host}: `chage -E -1 {user}`"));
    }
    if has(&["currently not available", "not currently available", "nologin"]) {
        let next =
            format!("as root on {host}: `usermod -s /bin/sh {user}`, or log in as another user: `ssh: {{ user: … }}`");
        return ("its login shell is nologin, which refuses everybody", next);
    }
    if let Some(other) = other_user(said) {
        let next = format!("`ssh: {{ user: {other} }}` in the inventory");
        return ("a forced command on the host sends this user away", next);
    }
    if has(&["not in the sudoers", "may not run sudo", "not allowed to execute", "not allowed to run"]) {
        let next = format!("as root on {host}: `echo '{user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{user}`");
        return ("sudo there does not know this user; packages, files and services belong to root", next);
    }
    if has(&["password is required", "terminal is required to read the password"]) {
        let next = format!(
            "as root on {host}: `echo '{user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{user}`, or give `ssh: {{ password: … }}`"
        );
        return ("sudo there asks for a password, and the inventory gives none; nothing was changed", next);
    }
    if lower.contains("sudo") && has(&["not found", "no such file", "unknown command"]) {
        let next = format!("install sudo on {host}, or log in as root: `ssh: {{ user: root }}`");
        return ("there is no sudo on the host; packages, files and services belong to root", next);
    }
    let next = format!(
        "`ssh -T {user}@…` with the command `true` says the same; the reason is on {host}: its log, {user}'s shell and authorized_keys"
    );
    ("the login shell, a profile or a forced command ended before the script began; nothing was changed", next)
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

    #[test]
    fn each_cause_has_its_own_advice() {
        let login = Ssh { user: "deploy".into(), sudo: true, ..crate::ctl::inventory::hosts::default_ssh() };
        for (said, advice) in [
            ("sudo: sorry, you must have a tty to run sudo", "!requiretty"),
            ("WARNING: Your password has expired.\nPassword change required but no TTY available.", "chage -d"),
            ("Your account has expired; please contact your system administrator", "chage -E -1 deploy"),
            ("This account is currently not available.", "usermod -s /bin/sh deploy"),
            ("Please login as the user \"debian\" rather than the user \"root\".", "user: debian"),
            ("deploy is not in the sudoers file.", "/etc/sudoers.d/deploy"),
            ("sudo: a password is required", "password: …"),
            ("sudo: a terminal is required to read the password; either use -S", "password: …"),
            ("bash: line 1: exec: sudo: not found", "install sudo"),
            ("fish: Unknown command: sudo", "install sudo"),
            ("", "ssh -T deploy@"),
        ] {
            let problem = problem("web-7", &login, said.as_bytes(), Some(1));
            assert!(problem.next.as_ref().unwrap().contains(advice), "{said}: {problem}");
            assert!(problem.why.is_some() && problem.message.starts_with("web-7: deploy "), "{problem}");
        }
        let silent = problem("web-7", &login, b" \n", Some(1));
        assert!(silent.message.ends_with("it ended with status 1 and said nothing"), "{silent}");
    }
}
