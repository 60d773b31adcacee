//! What becomes of requests: the keys that a site and each of its `locations:` have in common.

use std::path::Path;

use super::document::{Node, Value};
use super::fields::{Fields, Reader};
use super::nginx_words::{directive_value, is_number, is_time, lines, quoted, shaped, size, words};
use crate::ctl::sites::{Auth, Cache, Limit, Location, Rules, Target};
use crate::error::{Code, Problem};
use crate::includes::read_file;

/// When an old answer may be given, in the words of `proxy_cache_use_stale`.
const STALE: [&str; 9] =
    ["error", "timeout", "invalid_header", "updating", "http_500", "http_502", "http_503", "http_504", "http_404"];

/// Reads them. Files are looked for from the inventory's folder.
pub fn rules(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, folder: &Path) -> Rules {
    let time = |name| fields.get(name).and_then(|node| reader.duration(node, name));
    let expires = |text: &str| matches!(text, "off" | "max" | "epoch") || is_time(text.trim_start_matches('-'));
    Rules {
        target: None,
        connect_timeout: time("connect_timeout"),
        read_timeout: time("read_timeout"),
        send_timeout: time("send_timeout"),
        max_body: fields.get("max_body").and_then(|node| size(reader, node, "max_body")),
        websocket: fields.get("websocket").and_then(|node| reader.boolean(node, "websocket")).unwrap_or(false),
        expires: fields.get("expires").and_then(|node| shaped(reader, node, "expires", expires, "30d")),
        cache: fields.get("cache").map(|node| cache(reader, node)),
        limit: fields.get("limit").map(|node| limit(reader, node)),
        auth: fields.get("auth").and_then(|node| auth(reader, node, folder)),
        allow: fields.get("allow").map(|node| allow(reader, node)).unwrap_or_default(),
        lines: fields.get("lines").and_then(|node| lines(reader, node)).unwrap_or_default(),
    }
}

fn cache(reader: &Reader<'_>, node: &Node) -> Cache {
    let fields = reader.fields(node, "cache");
    let stale = || ["error", "timeout", "updating"].map(str::to_owned).to_vec();
    let read = Cache {
        keep: fields.get("keep").and_then(|node| shaped(reader, node, "keep", is_time, "10m")).unwrap_or("10m".into()),
        stale: fields.get("stale").map_or_else(stale, |node| words(reader, node, "stale", &STALE)),
        size: fields.get("size").and_then(|node| size(reader, node, "size")).unwrap_or("1g".into()),
        skip: fields.get("skip").map(|node| variables(reader, node)).unwrap_or_default(),
    };
    fields.finish();
    read
}

/// Variables of nginx's, such as `$cookie_session`.
fn variables(reader: &Reader<'_>, node: &Node) -> Vec<String> {
    let fits = |text: &str| {
        let name = text.strip_prefix('$').unwrap_or_default();
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let items = reader.list(node).into_iter();
    items.filter_map(|item| shaped(reader, item, "skip", fits, "$cookie_session")).collect()
}

fn limit(reader: &Reader<'_>, node: &Node) -> Limit {
    let fields = reader.fields(node, "limit");
    let rate = |text: &str| ["r/s", "r/m"].iter().any(|unit| text.strip_suffix(unit).is_some_and(is_number));
    let number = |name| fields.get(name).and_then(|node| reader.number(node, name, 1..=1_000_000));
    let read = Limit {
        requests: fields.get("requests").and_then(|node| shaped(reader, node, "requests", rate, "50r/s")),
        burst: number("burst").and_then(|number| u32::try_from(number).ok()).unwrap_or(BURST),
        connections: number("connections").and_then(|number| u32::try_from(number).ok()),
    };
    fields.finish();
    if read.requests.is_none() && read.connections.is_none() {
        let problem = Problem::new(Code::WrongShape, "limit says neither `requests` nor `connections`");
        reader.wrong(node.place, problem.next("limit: { requests: 50r/s, connections: 20 }"));
    }
    read
}

/// Requests at once above the rate: a page asks for its pictures all together.
const BURST: u32 = 50;

fn auth(reader: &Reader<'_>, node: &Node, folder: &Path) -> Option<Auth> {
    let fields = reader.fields(node, "auth of a site");
    let realm = match fields.get("realm") {
        Some(node) => directive_value(reader, node, "realm", reader.text(node, "realm")?),
        None => Some(quoted("restricted")),
    };
    let users = match fields.get("users") {
        Some(node) => users(reader, node, folder),
        None => {
            let problem = Problem::new(Code::WrongShape, "auth names no file of users");
            reader.wrong(
                node.place,
                problem
                    .next("auth: { users: htpasswd }, which `htpasswd -c htpasswd ann` or `openssl passwd -6` fills"),
            );
            None
        }
    };
    fields.finish();
    Some(Auth { realm: realm?, users: users? })
}

/// The lines of a file as `htpasswd` makes it. A password that is not hashed is refused, and never shown.
fn users(reader: &Reader<'_>, node: &Node, folder: &Path) -> Option<String> {
    let path = folder.join(reader.text(node, "users")?);
    let wrong = |problem: Problem| {
        reader.wrong(
            node.place,
            problem.next("`htpasswd -B -c FILE ann` writes one, or `ann:` and what `openssl passwd -6` prints"),
        );
        None
    };
    let text = match read_file(&path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            return wrong(Problem::new(Code::InputUnreadable, format!("{} is not UTF-8 text", path.display())));
        }
        Err(error) => return wrong(Problem::new(Code::InputUnreadable, format!("{}: {error}", path.display()))),
    };
    for (number, line) in (1..).zip(text.lines()) {
        let hashed = |hash: &str| hash.starts_with('$') || hash.starts_with('{');
        let good = line.is_empty()
            || line.starts_with('#')
            || line.split_once(':').is_some_and(|(user, hash)| !user.is_empty() && hashed(hash));
        if !good {
            let message = format!("line {number} of {} is not a user with a hashed password", path.display());
            return wrong(
                Problem::new(Code::WrongValue, message)
                    .why("it would lie on the load balancers for everybody there to read"),
            );
        }
    }
    Some(text)
}

fn allow(reader: &Reader<'_>, node: &Node) -> Vec<String> {
    let net = |text: &str| text.parse::<std::net::IpAddr>().is_ok() || text.parse::<ipnet::IpNet>().is_ok();
    let items = reader.list(node).into_iter();
    items.filter_map(|item| shaped(reader, item, "allow", net, "10.0.0.0/8")).collect()
}

/// Where the requests of a site or a path go; `what` is which. More than one word for it is a mistake.
pub fn target(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, what: &str) -> Option<Target> {
    let mut found: Vec<(&str, Option<Target>)> = Vec::new();
    if let Some(node) = fields.get("pool") {
        found.push(("pool", reader.text(node, "pool").map(|name| Target::Pool(name.to_owned()))));
    }
    if let Some(node) = fields.get("root") {
        let fits = |text: &str| {
            text.starts_with('/')
                && !text.contains("/../")
                && !text.contains(['"', '\\', '$'])
                && !text.chars().any(char::is_control)
        };
        found.push(("root", shaped(reader, node, "root", fits, "/var/www/static").map(Target::Root)));
    }
    if let Some(node) = fields.get("status") {
        let status = reader.number(node, "status", 200..=599).and_then(|status| u16::try_from(status).ok());
        found.push(("status", status.map(Target::Status)));
    }
    if let [(first, _), (second, _), ..] = found.as_slice() {
        let problem = Problem::new(Code::WrongShape, format!("{what} has both `{first}` and `{second}`"))
            .why("a request can go one way only");
        reader.wrong(fields.place, problem.next("leave one of them out, or give one a path of its own in `locations`"));
    }
    found.into_iter().next().and_then(|(_, target)| target)
}

/// Reads `locations:`.
pub fn locations(reader: &Reader<'_>, node: &Node, folder: &Path) -> Vec<Location> {
    let mut found: Vec<Location> = Vec::new();
    for item in reader.list(node) {
        if !matches!(item.value, Value::Map(_)) {
            let problem = Problem::new(Code::WrongShape, "each of `locations` is a mapping with a `path`");
            reader.wrong(item.place, problem.next("write it like `- { path: /api/, pool: api }`"));
            continue;
        }
        let fields = reader.fields(item, "location");
        let path = fields.get("path").map(|node| (node.place, path(reader, node)));
        let mut rules = rules(reader, &fields, folder);
        rules.target = target(reader, &fields, "the location");
        if let Some(node) = fields.get("redirect") {
            rules.target = redirect(reader, node);
        }
        fields.finish();
        match path {
            None => {
                let problem = Problem::new(Code::WrongShape, "a location has no `path`");
                reader.wrong(item.place, problem.next("path: /api/, or `path: '~* \\.(png|jpg)$'`"));
            }
            Some((_, None)) => {}
            Some((place, Some(path))) => {
                if found.iter().any(|other| other.path == path) {
                    let problem = Problem::new(Code::PathTwice, format!("the path `{path}` is listed twice"))
                        .why("nginx would refuse the whole configuration");
                    reader.wrong(place, problem.next("write what both say into one of them"));
                }
                found.push(Location { path, rules });
            }
        }
    }
    found
}

/// `redirect: URL`, or `{ to: URL, status: 302 }`.
fn redirect(reader: &Reader<'_>, node: &Node) -> Option<Target> {
    let url = |node| {
        let text = reader.text(node, "redirect")?;
        directive_value(reader, node, "redirect", text)
    };
    if !matches!(node.value, Value::Map(_)) {
        return Some(Target::Redirect(301, url(node)?));
    }
    let fields = reader.fields(node, "redirect");
    let to = fields.get("to").and_then(url);
    let status = fields.get("status").and_then(|node| reader.number(node, "status", 301..=308));
    fields.finish();
    Some(Target::Redirect(status.and_then(|status| u16::try_from(status).ok()).unwrap_or(301), to?))
}

/// `/api/`, `= /`, `^~ /x`, `~ REGEX`, `~* REGEX`: as it stands behind `location`.
fn path(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "path")?.trim();
    let (modifier, path) = match text.split_once(' ') {
        Some((word @ ("=" | "^~" | "~" | "~*"), rest)) => (Some(word), rest.trim()),
        _ => (None, text),
    };
    let pattern = matches!(modifier, Some("~" | "~*"));
    let plain = path.starts_with('/')
        && path.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\' | ';' | '{' | '}' | '$' | '#'));
    let good = if pattern { !path.is_empty() && !path.chars().any(char::is_control) } else { plain };
    if !good {
        let problem = Problem::new(
            Code::WrongValue,
            format!("path `{}` is not one that nginx compares requests with", text.escape_default()),
        )
        .why("a path begins with a slash, or is a pattern behind `~` or `~*`")
        .next("write it like `/api/`, `= /`, `^~ /static/` or `'~* \\.(png|jpg)$'`");
        reader.wrong(node.place, problem);
        return None;
    }
    let path = if pattern { quoted(path) } else { path.to_owned() };
    Some(modifier.map_or_else(|| path.clone(), |modifier| format!("{modifier} {path}")))
}
