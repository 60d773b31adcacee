//! `hactl init`: an inventory to start from.

use std::net::IpAddr;
use std::path::Path;

use super::args::Init;
use super::examples::{EXAMPLES, HOMEWORK};
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// Prints an inventory to start from.
///
/// # Errors
/// A name or address that cannot be used.
pub(super) fn init(init: &Init) -> Outcome {
    let text = match init.example.as_deref() {
        Some(name) => EXAMPLES.iter().find(|(known, _)| *known == name).map_or(HOMEWORK, |(_, text)| text).to_owned(),
        None if init.vip.is_none() && init.lb.is_empty() && init.web.is_empty() => HOMEWORK.to_owned(),
        None => from_flags(init)?,
    };
    // What is printed must be loadable: mistakes in the flags show here and not after copying.
    crate::ctl::inventory::load::parse(Path::new("(inventory from these flags)"), &text)?;
    print!("{text}");
    Ok(Exit::Done)
}

fn from_flags(init: &Init) -> Result<String, Failure> {
    let mut text = String::from("cluster: mine\n");
    if let Some(vip) = &init.vip {
        text.push_str(&format!("vip: {vip}\n"));
    }
    text.push_str("ssh: { user: root }\n");
    text.push_str(&group("lb", &init.lb)?);
    if !init.web.is_empty() {
        text.push_str(&group("web", &init.web)?);
    }
    text.push_str("site: { kind: static, server_name: www.example.cc }\n");
    Ok(text)
}

/// `lb: { lb-5: 10.0.0.5, … }` from `NAME=ADDRESS` or bare addresses, which are named by their last part, or by the
/// last two where that would name two alike.
fn group(prefix: &str, words: &[String]) -> Result<String, Failure> {
    let mut hosts: Vec<(String, String)> = Vec::new();
    let mut problems = Vec::new();
    for word in words {
        let (name, address) = match word.split_once('=') {
            Some((name, address)) => (Some(name.to_owned()), address),
            None => (None, word.as_str()),
        };
        if address.parse::<IpAddr>().is_err() {
            let problem = Problem::new(
                Code::WrongValue,
                format!("--{prefix} {word}: `{address}` is not an IPv4 or IPv6 address"),
            );
            let name = name.as_deref().unwrap_or(address);
            problems.push(problem.next(format!("give a name with its address: --{prefix} {name}=10.0.0.5")));
            continue;
        }
        let parts: Vec<&str> = address.rsplit(['.', ':']).filter(|part| !part.is_empty()).take(2).collect();
        let last = |n: usize| parts.iter().take(n).rev().copied().collect::<Vec<_>>().join("-");
        let taken = |name: &String| hosts.iter().any(|(known, _)| known == name);
        let short = format!("{prefix}-{}", last(1));
        let name = name.unwrap_or_else(|| if taken(&short) { format!("{prefix}-{}", last(2)) } else { short });
        if taken(&name) {
            let problem = Problem::new(Code::HostTwice, format!("--{prefix} {word}: host name `{name}` is used twice"));
            problems.push(problem.next(format!("give each its own name: --{prefix} NAME={address}")));
            continue;
        }
        hosts.push((name, address.to_owned()));
    }
    if !problems.is_empty() {
        return Err(Failure { exit: Exit::Invalid, problems });
    }
    let entries: Vec<String> = hosts.iter().map(|(name, address)| format!("{name}: {address}")).collect();
    Ok(format!("{prefix}: {{ {} }}\n", entries.join(", ")))
}
