//! What an nginx balances: the server that hands requests to an upstream, that upstream's servers, and what else is
//! there, which no key of an inventory stands for and which stays nginx's own.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::nginx::{Directive, all, read};
use crate::ctl::cluster::{Backend, Balancing};
use crate::text::parse_time;

/// A site that is balanced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balanced {
    /// `server_name`, `_` where there is none.
    pub server_name: String,
    /// The port that it listens on for plain HTTP.
    pub port: u16,
    /// Where the server block stands.
    pub place: String,
    /// The name of the upstream.
    pub upstream: String,
    /// Where it stands.
    pub upstream_place: String,
    /// How it balances; `None` for a way that the inventory does not know.
    pub method: Option<Balancing>,
    /// Its servers.
    pub servers: Vec<Server>,
    /// What stays nginx's own: the place, and the line.
    pub others: Vec<(String, String)>,
}

/// A `server` of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// As written.
    pub written: String,
    /// Its address; `None` for a name or a socket.
    pub address: Option<IpAddr>,
    /// Port and parameters.
    pub backend: Backend,
    /// `down`: it gets nothing.
    pub down: bool,
    /// Where.
    pub place: String,
    /// Parameters that the inventory does not know.
    pub others: Vec<String>,
}

/// The first site of a configuration that is balanced over an upstream.
pub fn balanced(dump: &str) -> Option<Balanced> {
    let directives = read(dump);
    let upstreams = all(&directives, "upstream");
    let servers: Vec<&Directive> = all(&directives, "server").into_iter().filter(|one| one.block.is_some()).collect();
    let passes = |server: &&Directive| {
        all(server.inside(), "proxy_pass").into_iter().find_map(|pass| {
            let rest = pass.first().strip_prefix("http://").or_else(|| pass.first().strip_prefix("https://"))?;
            let name = rest.split(['/', ':', '$']).next()?;
            upstreams.iter().find(|upstream| upstream.first() == name).copied()
        })
    };
    // One for plain HTTP is preferred: that is what the inventory's site speaks.
    let mut balancing: Vec<(&Directive, &Directive)> =
        servers.iter().filter_map(|server| Some((*server, passes(server)?))).collect();
    balancing.sort_by_key(|(server, _)| plain_port(server).is_none());
    let (server, upstream) = *balancing.first()?;
    let rest = servers.iter().chain(&upstreams).filter(|one| **one != server && **one != upstream);
    let mut others: Vec<(String, String)> = rest.map(|one| (one.place.clone(), words(one))).collect();
    others.extend(server.inside().iter().filter(|one| !known(one)).map(|one| (one.place.clone(), words(one))));
    let method = method(upstream);
    others.extend(method.is_none().then(|| (upstream.place.clone(), words(upstream))));
    others.sort();
    let names = server.inside().iter().find(|one| one.name == "server_name").map(|one| one.arguments.join(" "));
    Some(Balanced {
        server_name: names.filter(|names| !names.trim_matches('"').is_empty()).unwrap_or_else(|| "_".to_owned()),
        port: plain_port(server).unwrap_or(443),
        place: server.place.clone(),
        upstream: upstream.first().to_owned(),
        upstream_place: upstream.place.clone(),
        method,
        servers: upstream.inside().iter().filter(|one| one.name == "server").map(read_server).collect(),
        others,
    })
}

/// `name argument…`, and `{ … }` where it has a block.
fn words(one: &Directive) -> String {
    let head = std::iter::once(&one.name).chain(&one.arguments).cloned().collect::<Vec<_>>().join(" ");
    let name = one.inside().iter().find(|inner| inner.name == "server_name").map(|inner| inner.arguments.join(" "));
    let name = name.map_or_else(String::new, |name| format!(" (server_name {name})"));
    let text = if one.block.is_some() { format!("{head} {{ … }}{name}") } else { head };
    text.replace(char::is_control, " ") // a quoted word may be of several lines
}

/// What the inventory's own keys say, or what the built-in template has as well.
fn known(one: &Directive) -> bool {
    matches!(one.name.as_str(), "server_name")
        || (one.name == "listen" && !one.arguments.iter().any(|word| word == "ssl"))
}

/// The first port that it listens on without TLS.
fn plain_port(server: &Directive) -> Option<u16> {
    let listens: Vec<&Directive> = server.inside().iter().filter(|one| one.name == "listen").collect();
    if listens.is_empty() {
        return Some(80);
    }
    let plain = listens.into_iter().filter(|one| !one.arguments.iter().any(|word| word == "ssl" || word == "quic"));
    plain
        .filter_map(|one| {
            let text = one.first();
            let port = text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(text, |(_, port)| port);
            port.parse().ok().or_else(|| (!text.starts_with("unix:") && !text.is_empty()).then_some(80))
        })
        .next()
}

fn method(upstream: &Directive) -> Option<Balancing> {
    let has = |name: &str| upstream.inside().iter().any(|one| one.name == name);
    match () {
        () if has("ip_hash") => Some(Balancing::IpHash),
        () if has("least_conn") => Some(Balancing::LeastConn),
        () if has("hash") || has("random") || has("sticky") || has("least_time") => None,
        () => Some(Balancing::Rr),
    }
}

fn read_server(one: &Directive) -> Server {
    let written = one.first().to_owned();
    let socket: Option<SocketAddr> = written.parse().ok();
    let bare: Option<IpAddr> = written.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let port = socket.map(|socket| socket.port()).or_else(|| written.rsplit_once(':')?.1.parse().ok());
    let mut server = Server {
        address: socket.map(|socket| socket.ip()).or(bare),
        written,
        backend: Backend {
            port: port.unwrap_or(80),
            weight: 1,
            max_fails: 1,
            fail_timeout: None,
            backup: false,
            down: false,
        },
        down: false,
        place: one.place.clone(),
        others: Vec::new(),
    };
    for word in one.arguments.iter().skip(1) {
        if !parameter(&mut server, word) {
            server.others.push(word.clone());
        }
    }
    server
}

/// Reads one parameter; `false` for one that the inventory does not know.
fn parameter(server: &mut Server, word: &str) -> bool {
    let backend = &mut server.backend;
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    match name {
        "weight" => value.parse().map(|weight| backend.weight = weight).is_ok(),
        "max_fails" => value.parse().map(|fails| backend.max_fails = fails).is_ok(),
        "fail_timeout" => {
            let time = value.parse().map(Duration::from_secs).ok().or_else(|| parse_time(value).ok());
            let whole = time.filter(|time| time.subsec_nanos() == 0);
            whole.map(|time| backend.fail_timeout = Some(time)).is_some()
        }
        "backup" => {
            backend.backup = true;
            true
        }
        "down" => {
            server.down = true;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "# configuration file /etc/nginx/conf.d/shop.conf:\nupstream pool {\n  ip_hash;\n  server 10.0.0.7:8080 weight=3 max_fails=2 fail_timeout=7s;\n\
        \x20 server 10.0.0.8 backup slow_start=5s;\n  server app.internal:81 down;\n}\nupstream other { server 10.0.0.9; }\nserver {\n  listen 443 ssl;\n\
        \x20 server_name a.cc;\n  location / { proxy_pass https://pool; }\n}\nserver {\n  listen 10.0.0.5:8000 default_server;\n  server_name a.cc b.cc;\n\
        \x20 gzip on;\n  location / { proxy_pass http://pool/x; }\n}\n";

    #[test]
    fn the_balanced_site_is_found() {
        let found = balanced(DUMP).unwrap();
        assert_eq!((found.server_name.as_str(), found.port, found.upstream.as_str()), ("a.cc b.cc", 8000, "pool"));
        assert_eq!((found.method, found.place.as_str()), (Some(Balancing::IpHash), "/etc/nginx/conf.d/shop.conf:13"));
        let one = &found.servers[0];
        assert_eq!((one.address, one.backend.port), (Some("10.0.0.7".parse().unwrap()), 8080));
        assert_eq!(
            (one.backend.weight, one.backend.max_fails, one.backend.fail_timeout.map(|time| time.as_secs())),
            (3, 2, Some(7))
        );
        assert_eq!((found.servers[1].backend.port, found.servers[1].backend.backup), (80, true));
        assert_eq!(found.servers[1].others, ["slow_start=5s"]);
        assert_eq!((found.servers[2].address, found.servers[2].down), (None, true));
        let others: Vec<&str> = found.others.iter().map(|(_, words)| words.as_str()).collect();
        assert!(others.contains(&"gzip on") && others.contains(&"upstream other { … }"), "{others:?}");
        assert!(others.iter().any(|words| words.starts_with("server { … } (server_name a.cc)")), "{others:?}");
        assert_eq!(balanced("server { listen 80; return 204; }"), None);
    }
}
