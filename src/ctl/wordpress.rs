//! `site: { kind: wordpress }`: what is said of it besides where it is served, and what the desk makes up for it.

use std::net::IpAddr;

use super::sealed::{Sealed, Secret};
use super::sites::{Cache, EVERY_NAME, Listen, PoolCheck, Question, Rules, Target, Tls, VirtualHost};

/// A site of WordPress on all web hosts.
#[derive(Debug, Clone)]
pub struct Wordpress {
    /// What the site is called.
    pub title: String,
    /// Who sets it up and may do everything there.
    pub admin: Admin,
    /// Where MariaDB is.
    pub database: Database,
    /// How files that people upload come to all web hosts.
    pub uploads: Uploads,
    /// Largest upload, in nginx's words, which PHP takes, too.
    pub max_body: String,
    /// Certificate and key; without them the site is served by plain HTTP.
    pub tls: Option<Tls>,
    /// `None` while nobody has made them up.
    pub made: Option<Made>,
}

/// `database:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Web hosts with MariaDB, one or two, best first. The first one also does what is done once for all: it sets the
    /// site up, and sees to what is due.
    pub hosts: Vec<String>,
    /// The VIP of whichever of them is written to; `None`: it is found at the one host's own address.
    pub vip: Option<IpAddr>,
}

impl Database {
    /// The host that begins.
    pub fn first(&self) -> &str {
        self.hosts.first().map_or("", String::as_str)
    }
}

/// `admin:`.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The login's name.
    pub user: String,
    /// Where WordPress's mails go.
    pub email: String,
    /// The password that the login begins with; it may be changed there.
    pub password: Sealed,
}

/// `uploads:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploads {
    /// Each web host has all of them: who takes one brings it to the others.
    Copy,
    /// Somebody else sees to it: a folder of a file server is mounted there, or a plugin keeps them elsewhere.
    Local,
}

/// Secrets that the desk makes up once and that all web hosts share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// By name, in the order of [`SALTS`].
    pub salts: Vec<(&'static str, Secret)>,
    /// WordPress's password at the database.
    pub database: Secret,
    /// What web hosts say when they bring each other an upload.
    pub copies: Secret,
    /// What the two hosts of the database say to each other: it follows from the password there.
    pub pair: Secret,
}

impl Made {
    /// All of them.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.salts.iter().map(|(_, secret)| secret).chain([&self.database, &self.copies, &self.pair])
    }
}

/// With these WordPress signs its cookies.
pub const SALTS: [&str; 8] = [
    "AUTH_KEY",
    "SECURE_AUTH_KEY",
    "LOGGED_IN_KEY",
    "NONCE_KEY",
    "AUTH_SALT",
    "SECURE_AUTH_SALT",
    "LOGGED_IN_SALT",
    "NONCE_SALT",
];

/// The page that says whether a web host can serve, its database included.
const HEALTH: &str = "/hactl-database";
/// nginx's variable that is not empty for whoever is logged in or has commented: they see pages of their own.
pub const MEMBER: &str = "$hactl_wordpress_member";

impl Wordpress {
    /// The site as one of `sites:`, under these names; `plain` is the port of plain HTTP.
    pub fn virtual_host(&self, names: &[String], plain: u16, pool: &str, expect_status: &[(u16, u16)]) -> VirtualHost {
        let http = Listen { port: plain, tls: false, proxy_protocol: false };
        let https = Listen { port: 443, tls: true, proxy_protocol: false };
        let names: Vec<String> = names.iter().filter(|name| *name != EVERY_NAME).cloned().collect();
        // A page of nobody's own is kept for a moment, and for as long as it must be when neither PHP nor the database
        // answers. Who comes first after that moment waits for the new one (no `updating`): on a quiet site the old one
        // could be of last week.
        let stale = ["error", "timeout", "http_500", "http_502", "http_503", "http_504"];
        let cache = Cache {
            keep: "10s".into(),
            stale: stale.map(str::to_owned).to_vec(),
            size: "1g".into(),
            skip: vec![MEMBER.into()],
        };
        let hidden = |path: &str| super::sites::Location {
            path: path.into(),
            rules: Rules { target: Some(Target::Status(404)), ..Rules::default() },
        };
        VirtualHost {
            id: names.first().cloned().unwrap_or_default(),
            listens: if self.tls.is_some() { vec![http, https] } else { vec![http] },
            addresses: Vec::new(),
            tls: self.tls.clone(),
            to_https: self.tls.is_some(),
            to_name: None,
            rules: Rules {
                target: Some(Target::Pool(pool.into())),
                max_body: Some(self.max_body.clone()),
                cache: Some(cache),
                // With the two seconds that PHP waits for its database: whoever comes when a host has just died gets an
                // old page in five.
                connect_timeout: Some(std::time::Duration::from_secs(2)),
                ..Rules::default()
            },
            // What web hosts say among themselves, and to load balancers, is nobody else's.
            locations: [format!("= {HEALTH}"), "= /hactl-php".into(), "^~ /hactl-uploads/".into()]
                .iter()
                .map(|path| hidden(path))
                .collect(),
            hotlink_protection: false,
            sorry_page: None,
            path: "/".into(),
            expect_status: expect_status.to_vec(),
            names,
        }
    }

    /// How load balancers find out whether a web host can serve: without the database no page of WordPress is worth
    /// anything.
    pub fn check(name: &str) -> PoolCheck {
        let status = vec![(200, 200)];
        let question = Question::Page { tls: false, path: HEALTH.into(), host: Some(name.to_owned()), status };
        PoolCheck { question, timeout: std::time::Duration::from_secs(3), ..PoolCheck::default() }
    }
}
