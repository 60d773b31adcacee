//! `database: { vip: …, hosts: [web-7, web-8] }` of a site of WordPress: two hosts, and a VIP of whichever of them is
//! written to.

use std::time::Duration;

use super::document::Node;
use super::fields::Reader;
use super::vips::{self, Placed};
use crate::ctl::cluster::{Group, Host, TrackedScript, Vip};
use crate::ctl::wordpress::Database;
use crate::error::{Code, Problem};

/// What its VIP is called where nobody says otherwise.
const NAME: &str = "db";
/// Run at each change of the VIP. It looks for itself who has it by then.
const CHANGED: &str = "/usr/bin/systemctl --no-block restart hactl-wordpress-pair.service";
const CHANGES: [&str; 4] = ["notify_master", "notify_backup", "notify_fault", "notify_stop"];
const EXAMPLE: &str = "database: { vip: 10.0.0.4/24, hosts: [web-7, web-8] }";

/// On this host, and found at the host's own address.
pub fn on(reader: &Reader<'_>, node: &Node, all: &[Host]) -> Option<Database> {
    Some(Database { hosts: vec![database(reader, node, all)?], vip: None })
}

/// The same on the first web host that is ours.
pub fn on_the_first(all: &[Host]) -> Option<Database> {
    let host = candidates(all).next()?;
    Some(Database { hosts: vec![host.name.clone()], vip: None })
}

/// Reads it. The VIP is one of the cluster's, carried by these hosts. `None`: something is missing without which there
/// is none.
pub fn behind_a_vip(reader: &Reader<'_>, node: &Node, all: &[Host]) -> Option<(Database, Option<Placed>)> {
    let fields = reader.fields(node, "database");
    let mut hosts: Vec<String> = match fields.get("hosts") {
        Some(node) => reader.list(node).into_iter().filter_map(|item| database(reader, item, all)).collect(),
        None => candidates(all).take(2).map(|host| host.name.clone()).collect(),
    };
    let vip = fields.get("vip").and_then(|node| vips::read(reader, node, all, 1).into_iter().next());
    let lacks = fields.get("vip").is_none();
    fields.finish();
    let wrong = |problem: Problem| reader.wrong(node.place, problem.next(EXAMPLE));
    if lacks {
        let problem = Problem::new(Code::WrongShape, "a database in long form names no `vip`");
        wrong(problem.why("web hosts would not find it after a move"));
    }
    if hosts.len() > 2 {
        wrong(
            Problem::new(Code::WrongValue, format!("the database is on {} hosts", hosts.len()))
                .why("one is written to, and another one follows"),
        );
        hosts.truncate(2);
    }
    if hosts.iter().skip(1).any(|host| Some(host) == hosts.first()) {
        wrong(Problem::new(Code::NamedTwice, "the database is on one host twice").why("both would be gone with it"));
    }
    let mut placed = vip.filter(|_| !hosts.is_empty())?;
    carry(&mut placed.vip, &hosts, |problem| reader.wrong(placed.place, problem));
    let address = placed.vip.address();
    Some((Database { hosts, vip: address }, Some(placed)))
}

/// The VIP goes to who can serve, and stays there: moving a database is somebody's decision.
fn carry(vip: &mut Vip, hosts: &[String], wrong: impl Fn(Problem)) {
    let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
    vip.members = vips::members(&names);
    vip.preempt = false;
    if vip.name == "VI_1" {
        vip.name = NAME.into();
    }
    if !vip.notify.is_empty() {
        let problem = Problem::new(Code::TwoForms, "the VIP of the database has `notify` of its own")
            .why("one command runs at each change, and that is what tells the database");
        wrong(problem.next("leave it out, and let another VIP of the same hosts run it"));
    }
    vip.notify = CHANGES.map(|keyword| (keyword.to_owned(), CHANGED.to_owned())).into();
    vip.track.scripts.push(TrackedScript {
        name: "check_database".into(),
        command: "/usr/bin/mariadb-admin --connect-timeout=2 ping".into(),
        interval: Duration::from_secs(2),
        weight: 0,
        fall: 3,
        rise: 1,
    });
}

/// Web hosts that may have it.
fn candidates(hosts: &[Host]) -> impl Iterator<Item = &Host> {
    hosts.iter().filter(|host| host.group == Group::Web && host.managed)
}

/// One of them by its name.
fn database(reader: &Reader<'_>, node: &Node, hosts: &[Host]) -> Option<String> {
    let text = reader.text(node, "database")?;
    if let Some(host) = candidates(hosts).find(|host| host.name == text) {
        return Some(host.name.clone());
    }
    let known: Vec<&str> = candidates(hosts).map(|host| host.name.as_str()).collect();
    let mut message = format!("database `{}` is no web host that hactl manages", text.escape_default());
    if let Some(close) = crate::ctl::words::closest(text, known.iter().copied()) {
        message.push_str(&format!(", did you mean `{close}`?"));
    }
    let problem = Problem::new(Code::UnknownServer, message).why("MariaDB is set up on one of them");
    reader.wrong(node.place, problem.next(format!("web hosts are {}", known.join(", "))));
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::ctl::inventory::load::parse;

    const BLOG: &str = include_str!("../../../inventories/wordpress.yaml");

    fn with(database: &str) -> String {
        let pair = "database: { vip: 10.0.0.4/24, hosts: [web-7, web-8] }";
        assert!(BLOG.contains(pair));
        BLOG.replace(pair, &format!("database: {database}"))
    }

    #[test]
    fn the_database_has_a_vip_that_its_hosts_carry() {
        let cluster = parse(Path::new("x.yaml"), &with("{ vip: 10.0.0.4/24, hosts: [web-8, web-7] }")).unwrap().cluster;
        let db = &cluster.vips[1];
        assert_eq!((db.name.as_str(), db.vrid, db.preempt, db.preferred()), ("db", 4, false, Some("web-8")));
        assert_eq!(db.track.scripts.len(), 1);
        assert!(db.notify["notify_master"].contains("hactl-wordpress-pair"));
        let roles = |name: &str| cluster.host(name).unwrap().roles.join(" ");
        assert_eq!(roles("web-8"), "web-wordpress wordpress-database wordpress-pair vip wordpress-once");
        assert_eq!(roles("web-7"), "web-wordpress wordpress-database wordpress-pair vip");
        let database = &cluster.wordpress.as_ref().unwrap().database;
        assert_eq!((database.first(), database.vip), ("web-8", "10.0.0.4".parse().ok()));
        // The two web hosts, where nobody says which.
        let text = with("{ vip: { address: 10.0.0.4/24, name: posts, vrid: 77 } }");
        let cluster = parse(Path::new("x.yaml"), &text).unwrap().cluster;
        assert_eq!((cluster.vips[1].name.as_str(), cluster.vips[1].vrid), ("posts", 77));
        assert_eq!(cluster.wordpress.unwrap().database.hosts, ["web-7", "web-8"]);
    }

    #[test]
    fn every_mistake_is_told() {
        for (database, code) in [
            ("{ hosts: [web-7, web-8] }", "E103"),
            ("{ vip: 10.0.0.4/24, hosts: [web-7, web-7] }", "E137"),
            ("{ vip: 10.0.0.4/24, hosts: [web-7, lb-5] }", "E162"),
            ("{ vip: 10.0.0.3/24, hosts: [web-7, web-8] }", "E124"),
            ("{ vip: 10.0.0.4, hosts: [web-7, web-8] }", "E116"),
            ("{ vip: 10.0.0.4/24, host: web-7 }", "E102"),
            ("{ vip: { address: 10.0.0.4/24, notify: { master: /bin/true } } }", "E172"),
        ] {
            let said = parse(Path::new("x.yaml"), &with(database)).map(drop).unwrap_err().to_string();
            assert!(said.contains(code), "{database}: {code} is not in {said}");
        }
    }
}
