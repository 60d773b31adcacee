//! `alerts:` and `metrics:`: whom the agents tell, and where they can be asked.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::document::{Node, Value};
use super::fields::{Fields, Reader};
use super::secret;
use crate::ctl::alerts::{Alerts, Mail, Metrics, Tls, postable};
use crate::ctl::cluster::{Sealed, Secret};
use crate::error::{Code, Problem};

/// How mail may be protected.
const PROTECTION: [(&str, Tls); 6] = [
    ("starttls", Tls::StartTls),
    ("on", Tls::On),
    ("yes", Tls::On),
    ("off", Tls::Off),
    ("no", Tls::Off),
    ("tls", Tls::On),
];
/// Where metrics are when the inventory only says yes.
const METRICS: &str = "127.0.0.1:9650";

/// Reads `alerts:`.
pub fn alerts(reader: &Reader<'_>, node: &Node) -> Alerts {
    let fields = reader.fields(node, "alerts");
    let read = Alerts {
        webhook: fields.get("webhook").and_then(|node| webhook(reader, node)),
        mail: fields.get("mail").and_then(|node| mail(reader, node)),
        authorities: fields.get("authorities").and_then(|node| path(reader, node, "authorities")),
    };
    fields.finish();
    read
}

/// Reads `metrics:`.
pub fn metrics(reader: &Reader<'_>, node: &Node) -> Option<Metrics> {
    match node.value {
        Value::Map(_) => unprotected(reader, node).map(Metrics::Unprotected),
        _ => here(reader, node).map(Metrics::Here),
    }
}

/// `metrics: { port: NUMBER, unprotected: yes }`: the second key says that somebody has thought of it.
fn unprotected(reader: &Reader<'_>, node: &Node) -> Option<u16> {
    let fields = reader.fields(node, "metrics");
    let said = fields.get("unprotected").and_then(|node| reader.boolean(node, "unprotected"));
    let port = fields.get("port").and_then(|node| reader.number(node, "port", 1..=65535));
    fields.finish();
    let (Some(port), Some(true)) = (port.and_then(|port| u16::try_from(port).ok()), said) else {
        let problem = Problem::new(Code::WrongValue, "metrics at another address than loopback lack a key")
            .why("who is master, and of whom, would be read by anybody: that is said in so many words");
        reader.wrong(node.place, problem.next("write `metrics: { port: 9650, unprotected: yes }`, or `metrics: yes`"));
        return None;
    };
    let message = format!("metrics are for anybody who reaches port {port} of a load balancer");
    let problem = Problem::new(Code::MetricsUnprotected, message)
        .why("they tell who is master and which servers are down; nothing can be changed there")
        .warn();
    reader.wrong(node.place, problem.next("let a firewall there admit Prometheus alone"));
    Some(port)
}

/// In the agent's own words.
fn here(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "metrics")?;
    let wrong = |message: String, next: String| {
        let problem = Problem::new(Code::WrongValue, message);
        reader.wrong(node.place, problem.why("agents serve metrics on their own host only").next(next));
        None
    };
    if matches!(text, "yes" | "true" | "on") {
        return Some(METRICS.to_owned());
    }
    if matches!(text, "no" | "false" | "off") {
        return None;
    }
    let path = text.strip_prefix("unix:").or(Some(text).filter(|text| text.starts_with('/')));
    if let Some(path) = path {
        let fits = path.starts_with('/') && path.chars().all(word_letter) && !path.contains("/../");
        return match (fits, text.starts_with('/')) {
            (true, false) => Some(text.to_owned()),
            (true, true) => wrong(format!("metrics `{text}` lacks its kind"), format!("write `unix:{text}`")),
            (false, _) => wrong(
                format!("metrics `{}` is no path of a socket", text.escape_default()),
                "write it like unix:/run/hactl/metrics.sock".to_owned(),
            ),
        };
    }
    let proxy = "and let a proxy on the host show them to others; `{ port: 9650, unprotected: yes }` is for anybody";
    if text.parse().is_ok_and(|port: u16| port != 0)
        || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
    {
        let port = text.trim_start_matches(':');
        return wrong(format!("metrics `{text}` has no address"), format!("write 127.0.0.1:{port}, {proxy}"));
    }
    match text.parse::<SocketAddr>() {
        Ok(at) if at.ip().is_loopback() && at.port() != 0 => Some(at.to_string()),
        Ok(at) if at.ip().is_loopback() => wrong(format!("metrics `{text}` has no port"), format!("write {METRICS}")),
        Ok(at) => wrong(
            format!("metrics `{text}` is not an address of the host itself: anybody could read them"),
            format!("write 127.0.0.1:{}, {proxy}", at.port()),
        ),
        Err(_) => wrong(
            format!("metrics `{}` is neither an address with a port nor a socket", text.escape_default()),
            format!("write {METRICS}, or unix:/run/hactl/metrics.sock"),
        ),
    }
}

/// A URL in place, or where it comes from: its path may be as good as a password.
fn webhook(reader: &Reader<'_>, node: &Node) -> Option<Sealed> {
    let url = match &node.value {
        Value::Text(text) if text.contains("://") => text,
        _ => return secret::sealed(reader, node, "webhook", "https://ops.example.cc/hook"),
    };
    if let Err(why) = postable(url) {
        let problem = Problem::new(Code::WrongValue, format!("alerts cannot be posted to this webhook: {why}"));
        reader.wrong_hiding(node.place, problem.next("write it like https://ops.example.cc/hook?token=…"));
        return None;
    }
    let span = reader.hidden(node.place);
    Some(Sealed { source: None, value: Some(Secret(url.clone())), span })
}

fn mail(reader: &Reader<'_>, node: &Node) -> Option<Mail> {
    if !matches!(node.value, Value::Map(_)) {
        let problem = Problem::new(Code::WrongShape, "mail is a mapping (`key: value` lines)");
        reader.wrong(node.place, problem.next("write it like `mail: { to: ops@example.cc, server: mail.example.cc }`"));
        return None;
    }
    let fields = reader.fields(node, "mail");
    let recipients = fields.get("to").map(|node| reader.list(node)).unwrap_or_default();
    let to: Vec<String> = recipients.iter().filter_map(|node| mail_address(reader, node, "to")).collect();
    let from = fields.get("from").and_then(|node| mail_address(reader, node, "from"));
    let server = fields.get("server").and_then(|node| server(reader, node));
    let user = fields.get("user").and_then(|node| user(reader, node));
    let given = fields.get("tls").and_then(|node| Some((node, reader.choice(node, "tls", &PROTECTION)?)));
    let password = fields.get("password").and_then(|node| secret::sealed(reader, node, "password", "{ env: NAME }"));
    let (host, port) = server.unwrap_or_else(|| ("127.0.0.1".to_owned(), None));
    let tls = given.map_or(
        if port == Some(465) {
            Tls::On
        } else if user.is_some() {
            Tls::StartTls
        } else {
            Tls::Off
        },
        |(_, tls)| tls,
    );
    let place = fields.place;
    if recipients.is_empty() {
        let problem = Problem::new(Code::WrongValue, "mail has nobody to go to");
        reader.wrong(place, problem.next("add `to: ops@example.cc`"));
    }
    login(reader, &fields, tls);
    fields.finish();
    let usual = match tls {
        Tls::StartTls => 587,
        Tls::On => 465,
        Tls::Off => 25,
    };
    Some(Mail { to, from, host, port: port.unwrap_or(usual), tls, login: user.zip(password) })
}

/// A login is a user and a password, and the password is not for everybody on the way.
fn login(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, tls: Tls) {
    let (user, password) = (fields.get("user"), fields.get("password"));
    let (node, message, next) = match (user, password) {
        (Some(node), None) => (node, "mail has a user without a password", "add `password: { env: NAME }`"),
        (None, Some(node)) => (node, "mail has a password without a user", "add `user: NAME`"),
        (Some(_), Some(node)) if tls == Tls::Off => {
            (node, "without TLS anybody on the way could read the password", "write `tls: starttls`")
        }
        _ => return,
    };
    reader.wrong(node.place, Problem::new(Code::WrongValue, message).next(next));
}

/// As the agent takes it, and what it writes into its messages.
fn mail_address(reader: &Reader<'_>, node: &Node, what: &str) -> Option<String> {
    let text = reader.text(node, what)?;
    let plain = text.chars().all(|c| word_letter(c) && !"<>(),;:".contains(c));
    let sides =
        text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    if plain && sides && !text.starts_with('@') {
        return Some(text.to_owned());
    }
    let problem = Problem::new(Code::WrongValue, format!("{what} `{}` is no mail address", text.escape_default()))
        .next("write it like ops@example.cc; several as a list: [ops@example.cc, night@example.cc]");
    reader.wrong(node.place, problem);
    None
}

/// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`.
fn server(reader: &Reader<'_>, node: &Node) -> Option<(String, Option<u16>)> {
    let text = reader.text(node, "server")?;
    let (host, port) = match text.parse::<std::net::IpAddr>() {
        Ok(address) => (address.to_string(), None),
        Err(_) => match text.rsplit_once(':') {
            Some((host, port)) => (host.trim_start_matches('[').trim_end_matches(']').to_owned(), Some(port)),
            None => (text.to_owned(), None),
        },
    };
    let number = port.map(|port| port.parse::<u16>().ok().filter(|port| *port != 0));
    let fits = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-.:_".contains(c));
    if fits && number != Some(None) {
        return Some((host, number.flatten()));
    }
    let problem = Problem::new(Code::WrongValue, format!("server `{}` is no mail server", text.escape_default()))
        .next("write its name or address, with the port where it is not the usual one: mail.example.cc:587");
    reader.wrong(node.place, problem);
    None
}

fn user(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "user")?;
    if !text.is_empty() && text.chars().all(|c| c == '@' || word_letter(c)) {
        return Some(text.to_owned());
    }
    let problem = Problem::new(Code::WrongValue, format!("user `{}` is no name to log in with", text.escape_default()))
        .next("write it as the mail server knows it, such as hactl or hactl@example.cc");
    reader.wrong(node.place, problem);
    None
}

fn path(reader: &Reader<'_>, node: &Node, what: &str) -> Option<PathBuf> {
    let text = reader.text(node, what)?;
    if text.starts_with('/') && text.chars().all(word_letter) {
        return Some(text.into());
    }
    let problem =
        Problem::new(Code::WrongValue, format!("{what} `{}` is no path from the root", text.escape_default()))
            .why("it is a file on the load balancers")
            .next("write it like /etc/ssl/certs/ca-certificates.crt");
    reader.wrong(node.place, problem);
    None
}

/// What stands in one word of the agent's configuration.
fn word_letter(c: char) -> bool {
    c.is_ascii_graphic() && !"\"'\\$#!{}~".contains(c)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::cluster::{Cluster, SecretSource};
    use crate::ctl::inventory::load::parse;

    const HOMEWORK: &str = include_str!("../../../inventories/homework.yaml");

    fn cluster(more: &str) -> Cluster {
        parse(Path::new("x.yaml"), &format!("{HOMEWORK}{more}\n")).unwrap_or_else(|failure| panic!("{failure}")).cluster
    }

    #[test]
    fn mail_has_what_is_usual_where_nothing_is_said() {
        let read =
            |text: &str| cluster(&format!("alerts: {{ mail: {{ to: ops@example.cc{text} }} }}")).alerts.mail.unwrap();
        let login = ", server: mail.lan, user: hactl, password: { env: MAIL }";
        for (text, expected) in [
            ("", ("127.0.0.1", 25, Tls::Off)),
            (", server: mail.lan", ("mail.lan", 25, Tls::Off)),
            (", server: \"mail.lan:2525\", tls: starttls", ("mail.lan", 2525, Tls::StartTls)),
            (", server: \"mail.lan:465\"", ("mail.lan", 465, Tls::On)),
            (", server: \"fd00::9\"", ("fd00::9", 25, Tls::Off)),
            (", server: \"[fd00::9]:26\"", ("fd00::9", 26, Tls::Off)),
            (login, ("mail.lan", 587, Tls::StartTls)),
        ] {
            let mail = read(text);
            assert_eq!((mail.host.as_str(), mail.port, mail.tls), expected, "{text}");
        }
        let (user, password) = read(login).login.unwrap();
        assert_eq!((user.as_str(), password.value), ("hactl", None), "it is fetched when it is needed");
        assert_eq!(password.source, Some(SecretSource::Environment("MAIL".into())));
    }

    #[test]
    fn metrics_are_for_the_host_itself() {
        for (text, expected) in [
            ("yes", Some("127.0.0.1:9650")),
            ("no", None),
            ("127.0.0.1:9700", Some("127.0.0.1:9700")),
            ("\"[::1]:9700\"", Some("[::1]:9700")),
            ("unix:/run/hactl/metrics.sock", Some("unix:/run/hactl/metrics.sock")),
        ] {
            let here = expected.map(|words| Metrics::Here(words.to_owned()));
            assert_eq!(cluster(&format!("metrics: {text}")).metrics, here, "{text}");
        }
        let text = format!("{HOMEWORK}metrics: {{ port: 9651, unprotected: yes }}\n");
        let loaded = parse(Path::new("x.yaml"), &text).unwrap();
        assert_eq!(loaded.warnings.iter().map(|told| told.code.id()).collect::<Vec<_>>(), ["W185"]);
        let metrics = loaded.cluster.metrics.unwrap();
        assert_eq!(metrics.at("10.0.0.5".parse().unwrap()), "10.0.0.5:9651 unprotected");
        assert_eq!(metrics.at("fd00::5".parse().unwrap()), "[fd00::5]:9651 unprotected");
    }

    /// What is wrong, where, and what is right.
    #[test]
    fn mistakes_are_told_with_their_place() {
        let mail = |text: &str| format!("alerts: {{ mail: {{ to: ops@example.cc, {text} }} }}");
        for (text, place, said) in [
            ("metrics: 0.0.0.0:9650".to_owned(), "9:10", "write 127.0.0.1:9650, and let a proxy"),
            ("metrics: 9650".to_owned(), "9:10", "write 127.0.0.1:9650"),
            ("metrics: \":9650\"".to_owned(), "9:10", "write 127.0.0.1:9650"),
            ("metrics: /run/m.sock".to_owned(), "9:10", "write `unix:/run/m.sock`"),
            ("metrics: 127.0.0.1:0".to_owned(), "9:10", "has no port"),
            ("metrics: { port: 9650 }".to_owned(), "9:10", "`metrics: { port: 9650, unprotected: yes }`"),
            ("metrics: { port: 9650, unprotected: no }".to_owned(), "9:10", "in so many words"),
            ("metrics: { unprotected: yes }".to_owned(), "9:10", "lack a key"),
            ("metrics: everywhere".to_owned(), "9:10", "neither an address with a port nor a socket"),
            ("alerts: { mail: { server: mail.lan } }".to_owned(), "9:17", "add `to: ops@example.cc`"),
            ("alerts: { mail: ops@example.cc }".to_owned(), "9:17", "mail: { to: ops@example.cc"),
            ("alerts: { mail: { to: ops } }".to_owned(), "9:23", "`ops` is no mail address"),
            (mail("server: \"mail lan\""), "9:47", "is no mail server"),
            (mail("user: hactl"), "9:45", "a user without a password"),
            (mail("password: { env: X }"), "9:49", "a password without a user"),
            (mail("user: hactl, password: { env: X }, tls: no"), "9:62", "anybody on the way could read"),
            (mail("tls: ssl"), "9:44", "tls `ssl` is none of"),
            (mail("smtp_server: mail.lan"), "9:39", "`server: mail.example.cc:587` in `mail:`"),
            ("alerts: { authorities: ca.crt }".to_owned(), "9:24", "is no path from the root"),
            ("notification_email: ops@example.cc".to_owned(), "9:1", "`alerts: { mail: { to: ops@example.cc } }`"),
        ] {
            let told = parse(Path::new("x.yaml"), &format!("{HOMEWORK}{text}\n")).map(drop).unwrap_err().to_string();
            assert!(told.contains(said) && told.contains(&format!("x.yaml:{place}\n")), "{text}: {told}");
            assert!(told.contains("  next: "), "{text}: {told}");
        }
    }

    #[test]
    fn tokens_and_passwords_are_not_repeated() {
        for text in [
            "alerts: { webhook: \"https://u:hunter2@x.cc/\" }",
            "alerts: { webhook: \"https://x.cc/{hunter2}\" }",
            "alerts: { webhook: hunter2 }",
            "alerts: { mail: { to: a@b.cc, user: u, password: hunter2 } }",
        ] {
            let told = parse(Path::new("x.yaml"), &format!("{HOMEWORK}{text}\n")).map(drop).unwrap_err().to_string();
            assert!(!told.contains("hunter2"), "{told}");
        }
        let good = cluster("alerts: { webhook: \"https://x.cc/hunter2\" }");
        assert!(!format!("{good:?}").contains("hunter2"));
        assert_eq!(good.secrets().collect::<Vec<_>>(), ["https://x.cc/hunter2"]);
    }
}
