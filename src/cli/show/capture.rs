//! `hactl capture` on a screen: a line for what each host says, with who received it.

use std::path::Path;

use console::{Term, measure_text_width, style};
use indicatif::ProgressBar;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::say;
use crate::cli::global::Global;
use crate::ctl::capture::live::Shown;
use crate::ctl::capture::routers::Advertiser;
use crate::ctl::capture::watch::{Happening, Said, Summary, Vantage};
use crate::error::{Problem, plain};

/// Behind the time, where lines go on.
const INDENT: usize = 14;
/// Explanations are no wider.
const WIDEST: usize = 100;

/// Where lines go.
pub(crate) struct Screen<'s> {
    json: bool,
    quiet: bool,
    endless: bool,
    bar: &'s ProgressBar,
    /// Whether a line says who received it: where only one host listens that is no news.
    several: bool,
    /// `None` where lines may be as long as they are.
    width: Option<usize>,
}

/// A line for programs.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Object<'o> {
    Line(&'o Said),
    Finding(&'o Problem),
}

impl<'s> Screen<'s> {
    /// Words or JSON. `endless` captures are ended by whoever watches.
    pub(crate) fn new(global: &Global, bar: &'s ProgressBar, endless: bool) -> Self {
        let terminal = Term::stdout();
        let width = terminal.is_term().then(|| usize::from(terminal.size().1));
        Self { json: global.wants_json(), quiet: global.quiet, endless, bar, several: true, width }
    }
}

impl Shown for Screen<'_> {
    fn begun(&mut self, hosts: &[Vantage]) {
        self.bar.finish_and_clear();
        self.several = hosts.len() > 1;
        if !self.quiet && !self.json {
            say::aside(heading(hosts, self.endless));
        }
    }

    fn happened(&mut self, what: &Happening) {
        if self.json {
            let object = match what {
                Happening::Said(said) => Object::Line(said),
                Happening::Found(problem) => Object::Finding(problem),
            };
            if let Ok(line) = serde_json::to_string(&object) {
                say::out(line + "\n");
            }
            return;
        }
        say::out(match what {
            Happening::Said(said) => line(said, self.several, self.width),
            Happening::Found(problem) => finding(problem, self.width),
        });
    }
}

/// Who is listened on, and how good the times are.
fn heading(hosts: &[Vantage], endless: bool) -> String {
    let each = hosts.iter().map(|host| format!("{} ({})", host.host, host.interfaces.join(", ")));
    let until = if endless { "; Ctrl-C ends it" } else { "" };
    let mut text = format!("listening on {}{until}", each.collect::<Vec<_>>().join(", "));
    let clocks: Vec<String> = hosts.iter().filter_map(clock).collect();
    if !clocks.is_empty() {
        text += &format!("\ntimes are this desk's; the clock of {}", clocks.join(", of "));
    }
    if hosts.len() > 1 {
        text += "\n→ names who received it";
    }
    text
}

/// A clock beside the desk's.
fn clock(host: &Vantage) -> Option<String> {
    let clock = host.clock?;
    let ms = |ns: u64| {
        let tenths = ns.saturating_add(50_000) / 100_000;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let way = if clock.ahead_ns < 0 { "behind" } else { "ahead" };
    Some(format!("{} is {} ms {way} (±{} ms)", host.host, ms(clock.ahead_ns.unsigned_abs()), ms(clock.within_ns)))
}

fn line(said: &Said, several: bool, width: Option<usize>) -> String {
    let time = said.at.to_zoned(TimeZone::system()).strftime("%H:%M:%S%.3f").to_string();
    let mut text = format!("{}  {}", style(time).dim(), speaker(said));
    let to = if several { receivers(said) } else { String::new() };
    if !to.is_empty() {
        let fits = width.is_none_or(|width| measure_text_width(&text) + 1 + measure_text_width(&to) <= width);
        text.push_str(&if fits { " ".to_owned() } else { format!("\n{}", " ".repeat(INDENT)) });
        text.push_str(&to);
    }
    text.push('\n');
    let indent = " ".repeat(INDENT);
    for remark in &said.remarks {
        text += &format!("{indent}{}\n", style(format!("note: {}", plain(remark))).yellow());
    }
    if let Some(meaning) = said.meaning {
        let longest = said.details.iter().map(|detail| detail.what.len()).max().unwrap_or(0);
        for detail in &said.details {
            let head = format!("{indent}{:<longest$}  ", detail.what);
            text += &wrapped(&plain(&detail.value), &head, width, |words| style(words).dim().to_string());
        }
        text += &wrapped(meaning, &indent, width, |words| style(words).cyan().to_string());
    }
    text
}

/// The sentence, who says it in bold.
fn speaker(said: &Said) -> String {
    let says = plain(&said.says);
    match says.strip_prefix(&said.from).filter(|_| !said.from.is_empty()) {
        Some(rest) => format!("{}{rest}", style(&said.from).bold()),
        None => says,
    }
}

/// Who received it, and who did not.
fn receivers(said: &Said) -> String {
    let reached = said.heard_by.iter().map(|host| match said.stopped_at.contains(host) {
        true => style(format!("{host} (dropped by its firewall)")).red().to_string(),
        false => style(host).dim().to_string(),
    });
    let lacks = said.not_heard_by.iter().map(|host| style(format!("not {host}")).red().to_string());
    let all: Vec<String> = reached.chain(lacks).collect();
    if all.is_empty() { String::new() } else { format!("{} {}", style("→").dim(), all.join(", ")) }
}

/// A finding when it shows; why and what next is told at the end.
fn finding(problem: &Problem, width: Option<usize>) -> String {
    let colour = |words: &str| match problem.warning {
        true => style(words).yellow().to_string(),
        false => style(words).red().bold().to_string(),
    };
    let head = format!("{:>width$}  ", problem.code.to_string(), width = INDENT - 2);
    wrapped(&plain(&problem.message), &head, width, colour)
}

/// A text behind a head, its further lines as far in as the first.
fn wrapped(text: &str, head: &str, width: Option<usize>, colour: impl Fn(&str) -> String) -> String {
    let room = width.unwrap_or(WIDEST).min(WIDEST).saturating_sub(measure_text_width(head)).max(20);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let further = " ".repeat(measure_text_width(head));
    let heads = std::iter::once(head).chain(std::iter::repeat(further.as_str()));
    heads.zip(&lines).map(|(head, line)| format!("{head}{}\n", colour(line))).collect()
}

/// What it comes to.
pub(crate) fn summary(summary: &Summary, written: Option<&Path>) -> String {
    let mut text = String::from("\n");
    text.extend(summary.advertisers.iter().map(advertiser));
    let counts: Vec<String> = summary.lines.iter().map(|(what, count)| format!("{count} {}", of(what))).collect();
    let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
    let hosts: Vec<&str> = summary.hosts.iter().map(|host| host.host.as_str()).collect();
    text += &format!("seen on {}: {counts}\n", hosts.join(", "));
    for host in summary.hosts.iter().filter(|host| host.dropped > 0) {
        text += &format!("{}: {} frames came too fast and were not seen\n", host.host, host.dropped);
    }
    if summary.unread > 0 {
        text += &format!("{} frames begin with a header that hactl does not know\n", summary.unread);
    }
    if let Some(path) = written {
        text += &format!("written to {}; `tshark -r` and Wireshark read it\n", path.display());
    }
    text
}

fn of(protocol: &str) -> &str {
    match protocol {
        "vrrp" => "VRRP",
        "arp" => "ARP",
        "ndp" => "neighbour discovery",
        _ => "other",
    }
}

fn advertiser(one: &Advertiser) -> String {
    let Advertiser { vrid, vip, sender, adverts, priority, interval_ms, shortest_ms, longest_ms } = one;
    let name = vip.as_ref().map_or_else(String::new, |vip| format!("{vip}, "));
    let s = if *adverts == 1 { "" } else { "s" };
    let seconds = |ms: u64| format!("{}.{:03} s", ms / 1000, ms % 1000);
    let measured = match shortest_ms.zip(*longest_ms) {
        Some((least, most)) => format!(" (measured: {} to {})", seconds(least), seconds(most)),
        None => String::new(),
    };
    format!(
        "{name}VRID {vrid}: {sender} sent {adverts} advert{s}, priority {priority}, every {}{measured}\n",
        seconds(*interval_ms)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::capture::clocks::Offset;
    use crate::ctl::packet::Detail;
    use crate::error::Code;

    fn said() -> Said {
        Said {
            at: "2026-11-30T17:04:05.123456Z".parse().unwrap(),
            protocol: "vrrp",
            from: "lb-5".into(),
            sent_by: Some("lb-5".into()),
            heard_by: vec!["lb-6".into()],
            not_heard_by: Vec::new(),
            stopped_at: Vec::new(),
            says: "lb-5 says: I own VRID 50 with priority 150; next within 1 s".into(),
            details: vec![Detail { what: "to", value: "224.0.0.18, every VRRP router of the LAN".into() }],
            remarks: Vec::new(),
            meaning: None,
        }
    }

    /// Without colour, and without the hour, which is the desk's own.
    fn shown(said: &Said, several: bool, width: Option<usize>) -> String {
        let text = console::strip_ansi_codes(&line(said, several, width)).into_owned();
        text.get(3..).unwrap().to_owned()
    }

    #[test]
    fn a_line_fits_a_terminal() {
        let mut one = said();
        let first = "04:05.123  lb-5 says: I own VRID 50 with priority 150; next within 1 s";
        assert_eq!(shown(&one, true, Some(80)), format!("{first} → lb-6\n"));
        assert_eq!(shown(&one, false, Some(80)), format!("{first}\n"));
        (one.stopped_at, one.not_heard_by) = (vec!["lb-6".into()], vec!["lb-7".into()]);
        let second = "→ lb-6 (dropped by its firewall), not lb-7";
        assert_eq!(shown(&one, true, Some(80)), format!("{first}\n{:14}{second}\n", ""));
        assert_eq!(shown(&one, true, None), format!("{first} {second}\n"));
        one.remarks.push("the TTL is 64\x1b[2J".into());
        assert!(shown(&one, true, None).ends_with("\n              note: the TTL is 64␛[2J\n"));
        one.meaning = Some("An advert is the heartbeat of VRRP. Only the owner of a VIP sends it, to a group.");
        let explained = shown(&one, true, Some(60));
        assert!(explained.lines().skip(3).all(|line| measure_text_width(line) <= 60), "{explained}");
        assert!(explained.contains("              to  224.0.0.18, every VRRP router of the LAN\n"), "{explained}");
    }

    #[test]
    fn findings_and_the_end() {
        let problem = Problem::on(
            "lb-6",
            Code::DeafStandby,
            "adverts for VI_1 (VRID 3) of lb-5 reach its interface, but no program on it",
        );
        let text = console::strip_ansi_codes(&finding(&problem, Some(80))).into_owned();
        assert_eq!(
            text,
            "        E716  lb-6: adverts for VI_1 (VRID 3) of lb-5 reach its interface, but\n              no program on it\n"
        );
        let clock = Some(Offset { ahead_ns: -5_849_999, within_ns: 450_000 });
        let mut five = Vantage::new("lb-5".into(), clock);
        five.interfaces.push("eth0".into());
        let six = Vantage { dropped: 7, ..Vantage::new("lb-6".into(), None) };
        let head = heading(&[five.clone(), six.clone()], true);
        assert!(head.starts_with("listening on lb-5 (eth0), lb-6 (); Ctrl-C ends it\n"), "{head}");
        assert!(head.contains("the clock of lb-5 is 5.8 ms behind (±0.5 ms)\n"), "{head}");
        let one = Advertiser {
            vrid: 3,
            vip: Some("VI_1".into()),
            sender: "lb-5".into(),
            adverts: 5,
            priority: 150,
            interval_ms: 1000,
            shortest_ms: Some(998),
            longest_ms: Some(1003),
        };
        let lines = [("vrrp", 5), ("ndp", 1)].into_iter().collect();
        let all = Summary { hosts: vec![five, six], advertisers: vec![one], lines, unread: 1 };
        assert_eq!(
            summary(&all, Some(Path::new("f.pcapng"))),
            "\nVI_1, VRID 3: lb-5 sent 5 adverts, priority 150, every 1.000 s (measured: 0.998 s to 1.003 s)\n\
             seen on lb-5, lb-6: 1 neighbour discovery, 5 VRRP\nlb-6: 7 frames came too fast and were not seen\n\
             1 frames begin with a header that hactl does not know\nwritten to f.pcapng; `tshark -r` and Wireshark read it\n"
        );
    }
}
