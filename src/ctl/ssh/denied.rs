//! Why nobody is logged in: what was shown to the host, what it said to each, and what helps against that. sshd tells
//! the reason to its own log only, so each advice names that.

use std::path::Path;

use russh::MethodKind;

use super::auth::{Attempt, Attempts, End};
use super::peer::Peer;
use super::refused::of_account;
use super::trust::Said;
use crate::ctl::remote::last_lines;
use crate::ctl::words::clean;
use crate::error::{Code, Problem};

/// The problem of a login that came to nothing.
pub(super) fn problem(peer: &Peer, seen: &Attempts, said: &Said) -> Problem {
    let banner = clean(said.banner.as_bytes());
    // PAM refuses an account however good its key is.
    if let Some((why, next)) = of_account(peer, &banner.to_lowercase()) {
        return refusal(peer, last_lines(&banner)).why(why).next(next);
    }
    let first = |end: &End| seen.tried.iter().find(|one| one.end == *end);
    if let Some(key) = first(&End::KnownThenEnded) {
        return closed(peer, key, &banner, &said.goodbye);
    }
    if let Some(one) = first(&End::Ended) {
        return ended(peer, seen, one, &banner, &said.goodbye);
    }
    if seen.tried.iter().any(|one| one.end == End::Taken) {
        return more_is_wanted(peer, seen);
    }
    if let Some(key) = first(&End::KnownThenRefused) {
        return refusal(peer, format!("the host knows {} and refuses the login", key.what))
            .why("what stands beside the key in authorized_keys (`from=`), or a rule of sshd (PermitRootLogin), speaks against it")
            .next(format!("{} says why", peer.log()));
    }
    none_taken(peer, seen)
}

fn refusal(peer: &Peer, what: String) -> Problem {
    Problem::on(&peer.name, Code::LoginRefused, format!("{} may not log in: {what}", peer.user))
}

/// The key is right; then the host ended the connection, perhaps with a word.
fn closed(peer: &Peer, key: &Attempt, banner: &str, goodbye: &str) -> Problem {
    let what = format!("the host took {} and ended the connection{}", key.what, words(banner, goodbye));
    refusal(peer, what)
        .why("the key is right; something else lets this user in no further: /etc/nologin, PAM's rules for the account, or a limit")
        .next(format!("{} says which; while /etc/nologin is there, only root logs in", peer.log()))
}

/// The connection ended instead of an answer.
fn ended(peer: &Peer, seen: &Attempts, last: &Attempt, banner: &str, goodbye: &str) -> Problem {
    let words = words(banner, goodbye);
    let what = format!("the host ended the connection when {} was shown{words}; tried {}", last.what, tried(seen));
    let problem = Problem::on(&peer.name, Code::HandshakeFailed, what);
    if goodbye.contains("Too many authentication failures") {
        return problem
            .why("sshd ends a login after so many keys (MaxAuthTries), and each of ssh-agent's counts")
            .next(format!(
                "name the one that is right: `ssh: {{ user: {}, key: PATH }}`; then no other is shown",
                peer.user
            ));
    }
    problem
        .why("without an answer it is not known whether that was the right one")
        .next(format!("{} says why", peer.log()))
}

/// What the host says before it ends a connection.
fn words(banner: &str, goodbye: &str) -> String {
    let said = [last_lines(banner), clean(goodbye.trim().as_bytes())];
    let said: Vec<String> = said.into_iter().filter(|said| !said.is_empty()).collect();
    if said.is_empty() { String::new() } else { format!("; it says: {}", said.join("; ")) }
}

/// AuthenticationMethods of sshd: one thing is not enough.
fn more_is_wanted(peer: &Peer, seen: &Attempts) -> Problem {
    let taken: Vec<&str> = seen.tried.iter().filter(|one| one.end == End::Taken).map(|one| one.what.as_str()).collect();
    let asks =
        if seen.questions.is_empty() { String::new() } else { format!(", asking `{}`", seen.questions.join("`, `")) };
    let what = format!("the host took {} and wants {} as well{asks}", taken.join(" and "), methods(seen));
    let refused = seen.tried.iter().any(|one| one.what == "password" && one.end == End::Refused);
    let by_password = seen.may(MethodKind::Password) || seen.may(MethodKind::KeyboardInteractive);
    let exempt = format!(
        "as root on {}, with a `Match User {}` in its sshd_config: `AuthenticationMethods publickey`",
        peer.name, peer.user
    );
    let next = match (by_password, refused) {
        (true, false) => format!(
            "if that is the user's password: `ssh: {{ password: prompt }}`. If it is a code that changes, hactl cannot give it: {exempt}"
        ),
        (true, true) => format!(
            "see that the password is the right one. If a code that changes is wanted, hactl cannot give it: {exempt}"
        ),
        (false, _) => exempt,
    };
    refusal(peer, what).why("sshd there asks for a second factor (AuthenticationMethods)").next(next)
}

/// Everything that was shown was refused, or nothing was.
fn none_taken(peer: &Peer, seen: &Attempts) -> Problem {
    let shown: Vec<&str> =
        seen.tried.iter().filter(|one| one.end == End::Refused).map(|one| one.what.as_str()).collect();
    if shown.is_empty() {
        return nothing_shown(peer, seen);
    }
    let problem = refusal(peer, format!("tried {}", tried(seen)));
    if shown == ["password"] {
        return problem
            .why("the host does not take this password, or this user: sshd answers both alike")
            .next(format!("see that `{}` takes it; {} says more", peer.ssh(""), peer.log()));
    }
    if !seen.may(MethodKind::PublicKey) {
        let next = format!(
            "as root on {}: `PubkeyAuthentication yes` in its sshd_config, then `systemctl reload ssh`{}",
            peer.name,
            if seen.may(MethodKind::Password) { "; or `ssh: { password: prompt }`" } else { "" }
        );
        return problem.why(format!("sshd there takes no keys of this user; it offers {}", methods(seen))).next(next);
    }
    let root = if peer.user == "root" { ", PermitRootLogin" } else { "" };
    let why = format!(
        "the key is not in {}'s authorized_keys, or sshd does not take the user or its files (AllowUsers{root}, no such user, no shell, a home that others can write): it answers all of these alike",
        peer.user
    );
    problem.why(why).next(format!("{} tells which; {}", peer.log(), bring(peer, seen)))
}

/// Nothing that could be shown.
fn nothing_shown(peer: &Peer, seen: &Attempts) -> Problem {
    let nothing = if seen.tried.is_empty() { "there is no key here".to_owned() } else { tried(seen) };
    let problem = refusal(peer, format!("nothing was shown to the host: {nothing}"));
    let locked = seen.tried.iter().find_map(|one| match &one.end {
        End::NotShown(why) if why.contains("passphrase") => Some(one.what.as_str()),
        _ => None,
    });
    let offers = match &seen.offered {
        Some(offered) if !offered.is_empty() => format!("it would take {}", methods(seen)),
        Some(_) | None => "it did not say what it would take".to_owned(),
    };
    let next = match locked {
        Some(key) => format!("`eval $(ssh-agent)` where none runs, then `ssh-add {key}`; then the same command again"),
        None => format!(
            "`ssh-keygen -t ed25519` makes a key; {}; or name one that is elsewhere: `ssh: {{ user: {}, key: PATH }}`",
            bring(peer, seen),
            peer.user
        ),
    };
    problem.why(format!("the host did not refuse anything; {offers}")).next(next)
}

/// How a key comes to the host: by its password, where it takes one.
fn bring(peer: &Peer, seen: &Attempts) -> String {
    let public = seen.file.as_ref().map(|file| format!("{}.pub", file.display()));
    if seen.may(MethodKind::Password) || seen.may(MethodKind::KeyboardInteractive) {
        let own = public.filter(|path| Path::new(path).exists());
        return format!("`{}` puts the key there", peer.copy_key(own.as_deref().map(Path::new)));
    }
    let public = public.unwrap_or_else(|| "~/.ssh/id_ed25519.pub".to_owned());
    format!(
        "the host takes no password, so whoever is root there puts the line of {public} into {}'s ~/.ssh/authorized_keys",
        peer.user
    )
}

fn tried(seen: &Attempts) -> String {
    let each = seen.tried.iter().map(|one| {
        let end = match &one.end {
            End::NotShown(why) => why.as_str(),
            End::Refused => "refused",
            End::KnownThenRefused => "known, then refused",
            End::KnownThenEnded => "taken",
            End::Taken => "taken, and more is wanted",
            End::Ended => "no answer",
        };
        format!("{} ({end})", one.what)
    });
    each.collect::<Vec<_>>().join(", ")
}

fn methods(seen: &Attempts) -> String {
    let names = seen.offered.iter().flatten().map(<&'static str>::from);
    names.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::cluster::Ssh;
    use crate::ctl::inventory::hosts::default_ssh;

    fn of(tried: &[(&str, End)], offered: &[MethodKind], banner: &str, goodbye: &str) -> Problem {
        let login = Ssh { user: "ops".into(), ..default_ssh() };
        let tried = tried.iter().map(|(what, end)| Attempt { what: (*what).into(), end: end.clone() }).collect();
        let seen = Attempts { tried, offered: Some(offered.to_vec()), ..Attempts::default() };
        let said = Said { banner: banner.into(), goodbye: goodbye.into(), ..Said::default() };
        problem(&Peer::new("lb-6", "10.0.0.6".into(), &login), &seen, &said)
    }

    #[test]
    fn each_end_of_a_login_has_its_own_words_and_advice() {
        const KEY: &str = "~/.ssh/id_ed25519";
        let both = [MethodKind::PublicKey, MethodKind::Password];
        let only_keys = [MethodKind::PublicKey];
        let locked = End::NotShown("has a passphrase: `ssh-add` it".into());
        for (problem, code, message, next) in [
            (
                of(&[(KEY, End::KnownThenEnded)], &both, "maintenance until 5\n", ""),
                Code::LoginRefused,
                "the host took ~/.ssh/id_ed25519 and ended the connection; it says: maintenance until 5",
                "`journalctl -u ssh -u sshd -n 20`",
            ),
            (
                of(&[(KEY, End::KnownThenEnded)], &both, "Your account has expired", ""),
                Code::LoginRefused,
                "has expired",
                "chage -E -1 ops",
            ),
            (
                of(
                    &[("ssh-agent a", End::Refused), ("ssh-agent b", End::Ended)],
                    &both,
                    "",
                    "Too many authentication failures",
                ),
                Code::HandshakeFailed,
                "when ssh-agent b was shown; it says: Too many authentication failures; tried ssh-agent a (refused), ssh-agent b (no answer)",
                "key: PATH",
            ),
            (
                of(&[("password", End::Ended)], &both, "", ""),
                Code::HandshakeFailed,
                "when password was shown",
                "journalctl",
            ),
            (
                of(&[(KEY, End::Taken)], &[MethodKind::KeyboardInteractive], "", ""),
                Code::LoginRefused,
                "took ~/.ssh/id_ed25519 and wants keyboard-interactive as well",
                "`AuthenticationMethods publickey`",
            ),
            (
                of(&[(KEY, End::KnownThenRefused)], &both, "", ""),
                Code::LoginRefused,
                "knows ~/.ssh/id_ed25519",
                "journalctl",
            ),
            (
                of(&[(KEY, End::Refused)], &both, "", ""),
                Code::LoginRefused,
                "tried ~/.ssh/id_ed25519 (refused)",
                "`ssh-copy-id ops@10.0.0.6`",
            ),
            (of(&[(KEY, End::Refused)], &only_keys, "", ""), Code::LoginRefused, "tried", "takes no password"),
            (
                of(&[(KEY, End::Refused)], &[MethodKind::Password], "", ""),
                Code::LoginRefused,
                "tried",
                "`PubkeyAuthentication yes`",
            ),
            (
                of(&[("password", End::Refused)], &both, "", ""),
                Code::LoginRefused,
                "password (refused)",
                "`ssh ops@10.0.0.6` takes it",
            ),
            (
                of(&[("/k", locked)], &both, "", ""),
                Code::LoginRefused,
                "nothing was shown to the host: /k (has a passphrase",
                "`ssh-add /k`",
            ),
            (of(&[], &both, "", ""), Code::LoginRefused, "there is no key here", "`ssh-keygen -t ed25519`"),
        ] {
            assert!(problem.code == code && problem.message.contains(message), "{problem}");
            assert!(problem.next.as_ref().unwrap().contains(next) && problem.why.is_some(), "{problem}");
            assert!(!problem.next.as_ref().unwrap().contains('…'), "{problem}");
        }
        let refused = of(&[(KEY, End::Refused)], &only_keys, "", "");
        assert!(!refused.to_string().contains("ssh-copy-id"), "it would be refused as well: {refused}");
    }
}
