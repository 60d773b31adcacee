//! What a site of WordPress is to the rest of the inventory: one of `sites`, its pool, and the roles of its hosts.

use super::fields::{Fields, Reader};
use super::pools::{WEB, of_web_hosts};
use super::wordpress::names;
use crate::ctl::cluster::{Group, Host, Site};
use crate::ctl::sites::{Pool, Traffic};
use crate::ctl::wordpress::Wordpress;
use crate::error::{Code, Problem};

/// Puts the site where sites are, with its pool, and gives its hosts their roles.
pub fn settle(wordpress: &Wordpress, site: &Site, hosts: &mut [Host], traffic: &mut Traffic) {
    for host in hosts.iter_mut().filter(|host| host.group == Group::Web && host.managed) {
        let mut roles = vec!["web-wordpress"];
        if wordpress.database.hosts.contains(&host.name) {
            roles.push("wordpress-database");
            if wordpress.database.vip.is_some() {
                // What is set up once asks through the VIP.
                roles.extend(["wordpress-pair", "vip"]);
            }
        }
        if host.name == wordpress.database.first() {
            roles.push("wordpress-once");
        }
        let own = std::mem::take(&mut host.roles);
        host.roles = roles.into_iter().map(str::to_owned).collect();
        host.roles.extend(own.into_iter().filter(|role| role != "web-static"));
    }
    let check = Some(Wordpress::check(site.host_name()));
    let method = site.method.line().map(str::to_owned);
    let pool = Pool { check, method, ..of_web_hosts(hosts) };
    if !pool.servers.is_empty() {
        traffic.pools.insert(WEB.into(), pool);
    }
    traffic.sites = vec![wordpress.virtual_host(&names(site), site.port, WEB, &site.expect_status)];
}

/// What cannot be said beside such a site.
pub fn exclude(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>) {
    for (other, why) in [
        ("lvs", "WordPress is served behind nginx, which keeps pages for when the database is away"),
        ("pools", "its pool is all web hosts, checked by a page that asks the database"),
    ] {
        if let Some(node) = fields.get(other) {
            let message = format!("the inventory has both `{other}` and a site of WordPress");
            let problem = Problem::new(Code::TwoForms, message).why(why);
            reader.wrong(node.place, problem.next("leave one of them out"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::LazyLock;

    use crate::ctl::inventory::load::parse;
    use crate::ctl::sites::{Question, Target};

    /// The example with the database on one host.
    static BLOG: LazyLock<String> = LazyLock::new(|| {
        let text = include_str!("../../../inventories/wordpress.yaml");
        text.replace("database: { vip: 10.0.0.4/24, hosts: [web-7, web-8] }", "database: web-7 ")
    });

    #[test]
    fn a_site_of_wordpress_is_a_site_with_a_pool_that_asks_the_database() {
        let cluster = parse(Path::new("x.yaml"), &BLOG).unwrap().cluster;
        let roles = |name: &str| cluster.host(name).unwrap().roles.join(" ");
        assert_eq!(roles("web-7"), "web-wordpress wordpress-database wordpress-once");
        assert_eq!((roles("web-8"), roles("lb-5")), ("web-wordpress".into(), "lb-nginx vip".into()));
        let [site] = cluster.traffic.sites.as_slice() else { panic!("{:?}", cluster.traffic.sites) };
        assert!(site.to_https && site.rules.cache.is_some());
        let hidden: Vec<&str> = site.locations.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(hidden, ["= /hactl-database", "= /hactl-php", "^~ /hactl-uploads/"]);
        assert!(site.locations.iter().all(|one| one.rules.target == Some(Target::Status(404))));
        let check = cluster.traffic.pools["web"].check.as_ref().unwrap();
        let Question::Page { host, status, .. } = &check.question else { panic!("{check:?}") };
        assert_eq!(
            (host.as_deref(), status.as_slice()),
            (Some("blog.example.cc"), [(200, 200)].as_slice()),
            "no redirects"
        );
    }

    #[test]
    fn what_is_not_said_is_chosen() {
        let text =
            BLOG.replace("  database: web-7 ", "  # ").replace("  title: Our blog\n", "").replace("  tls: ", "  # ");
        let cluster =
            parse(Path::new("x.yaml"), &text.replace("web-7: 10.0.0.7", "web-7: { address: 10.0.0.7, managed: no }"));
        let cluster = cluster.unwrap().cluster;
        let site = cluster.wordpress.as_ref().unwrap();
        assert_eq!((site.database.first(), site.title.as_str()), ("web-8", "blog.example.cc"));
        assert!(!cluster.traffic.sites[0].to_https && cluster.host("web-7").unwrap().roles.is_empty());
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        for (from, to, code, line) in [
            ("server_name: blog.example.cc", "port: 80", "E104", 10),
            ("title: Our blog", "title: \"a\\nb\"", "E104", 12),
            ("title: Our blog", "titel: Our blog", "E102", 12),
            ("user: ann,", "", "E103", 13),
            ("user: ann,", "user: 'a b',", "E104", 13),
            ("email: ann@example.cc", "email: ann", "E104", 13),
            ("password: { env: WP_ADMIN_PASSWORD }", "password: hunter2", "E120", 13),
            ("database: web-7", "database: web-9", "E162", 14),
            ("database: web-7", "database: lb-5", "E162", 14),
            ("uploads: copy", "uploads: nfs", "E107", 15),
            ("self_signed: yes", "certificate: nowhere.pem", "E103", 16),
            ("kind: wordpress", "kind: static", "E102", 12),
            ("site:", "lvs: { method: dr }\nsite:", "E172", 9),
            ("site:", "pools: { web: [web-7] }\nsite:", "E172", 9),
        ] {
            let text = BLOG.replacen(from, to, 1);
            assert_ne!(text, *BLOG);
            let failure = parse(Path::new("x.yaml"), &text).map(drop).unwrap_err().to_string();
            assert!(
                failure.contains(&format!("error[{code}]")) && failure.contains(&format!("x.yaml:{line}:")),
                "{to}: {failure}"
            );
            assert!(!failure.contains("hunter2"), "{failure}");
        }
    }
}
