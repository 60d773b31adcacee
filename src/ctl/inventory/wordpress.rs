//! `site: { kind: wordpress, … }`: title, administrator, database and uploads.

use std::path::Path;

use super::document::{Node, Value};
use super::fields::{Fields, Reader};
use super::nginx_words::size;
use super::tls::tls;
use super::vips::Placed;
use super::{secret, wordpress_database};
use crate::ctl::cluster::{Host, Site};
use crate::ctl::sites::EVERY_NAME;
use crate::ctl::wordpress::{Admin, Uploads, Wordpress};
use crate::error::{Code, Problem};

const UPLOADS: [(&str, Uploads); 2] = [("copy", Uploads::Copy), ("local", Uploads::Local)];
const EXAMPLE: &str = "admin: { user: ann, email: ann@example.cc, password: { env: WP_ADMIN_PASSWORD } }";

/// Reads what `site:` says besides what every kind may. `None`: something is missing without which there is no site.
pub fn wordpress(
    reader: &Reader<'_>,
    fields: &Fields<'_, '_, '_>,
    site: &Site,
    hosts: &[Host],
    folder: &Path,
) -> Option<(Wordpress, Option<Placed>)> {
    let names = names(site);
    if site.host_name() == EVERY_NAME {
        let problem = Problem::new(Code::WrongValue, "a site of WordPress has no name")
            .why("WordPress writes its own name into every page and sends everybody there")
            .next("add `server_name: www.example.cc`");
        reader.wrong(fields.place, problem);
    }
    let title = fields.get("title").and_then(|node| one_line(reader, node, "title"));
    let uploads = fields.get("uploads").and_then(|node| reader.choice(node, "uploads", &UPLOADS));
    let tls = fields.get("tls").and_then(|node| tls(reader, node, &names, folder));
    let (database, vip) = match fields.get("database") {
        Some(node) if matches!(node.value, Value::Map(_)) => wordpress_database::behind_a_vip(reader, node, hosts)?,
        Some(node) => (wordpress_database::on(reader, node, hosts)?, None),
        None => (wordpress_database::on_the_first(hosts)?, None),
    };
    let admin = match fields.get("admin") {
        Some(node) => admin(reader, node),
        None => {
            let problem = Problem::new(Code::WrongShape, "a site of WordPress names no `admin`")
                .why("who is the first to call a WordPress that nobody has set up becomes its administrator");
            reader.wrong(fields.place, problem.next(EXAMPLE));
            None
        }
    };
    let max_body = fields.get("max_body").and_then(|node| size(reader, node, "max_body"));
    let title = title.unwrap_or_else(|| site.host_name().to_owned());
    let wordpress = Wordpress {
        title,
        admin: admin?,
        database,
        uploads: uploads.unwrap_or(Uploads::Copy),
        max_body: max_body.unwrap_or_else(|| "64m".into()),
        tls,
        made: None,
    };
    Some((wordpress, vip))
}

/// The words of `server_name`.
pub fn names(site: &Site) -> Vec<String> {
    site.server_name.split_whitespace().map(str::to_owned).collect()
}

fn admin(reader: &Reader<'_>, node: &Node) -> Option<Admin> {
    if !matches!(node.value, Value::Map(_)) {
        let problem = Problem::new(Code::WrongShape, "`admin` is a mapping");
        reader.wrong(node.place, problem.next(EXAMPLE));
        return None;
    }
    let fields = reader.fields(node, "admin");
    let missing = |name: &str| {
        let problem = Problem::new(Code::WrongShape, format!("admin names no `{name}`"));
        reader.wrong(fields.place, problem.next(EXAMPLE));
    };
    let user = fields.get("user").map(|node| reader.name(node, "user"));
    let email = fields.get("email").map(|node| email(reader, node));
    let password = fields
        .get("password")
        .map(|node| secret::sealed(reader, node, "password", "{ env: NAME }, { file: PATH } or { command: PROGRAM }"));
    for (name, lacks) in [("user", user.is_none()), ("email", email.is_none()), ("password", password.is_none())] {
        if lacks {
            missing(name);
        }
    }
    fields.finish();
    Some(Admin { user: user??, email: email??, password: password?? })
}

fn email(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = one_line(reader, node, "email")?;
    let good = text.split_once('@').is_some_and(|(user, at)| !user.is_empty() && at.contains('.'))
        && !text.contains(char::is_whitespace);
    if !good {
        let problem = Problem::new(Code::WrongValue, format!("email `{}` is no mail address", text.escape_default()));
        reader.wrong(node.place, problem.why("WordPress takes no other").next("write it like ann@example.cc"));
    }
    good.then_some(text)
}

fn one_line(reader: &Reader<'_>, node: &Node, what: &str) -> Option<String> {
    let text = reader.text(node, what)?;
    if !text.trim().is_empty() && !text.chars().any(char::is_control) {
        return Some(text.to_owned());
    }
    let problem = Problem::new(Code::WrongValue, format!("{what} `{}` is not one line of text", text.escape_default()));
    reader.wrong(node.place, problem.next(format!("write it like `{what}: Our blog`")));
    None
}
