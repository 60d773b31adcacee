//! `pools:`, `sites:`, `streams:` and `nginx:` together, and what of them the rest of the program takes for `site:`.

use std::path::Path;

use super::fields::{Fields, Reader};
use super::maintenance::maintenance;
use super::nginx;
use super::pools::{WEB, of_web_hosts, pools};
use super::streams::streams;
use super::virtual_hosts::{Known, sites};
use crate::ctl::cluster::{Host, Site, Vip};
use crate::ctl::sites::Traffic;
use crate::error::{Code, Problem};

/// Reads them.
pub fn traffic(
    reader: &Reader<'_>,
    fields: &Fields<'_, '_, '_>,
    hosts: &[Host],
    vips: &[&Vip],
    folder: &Path,
) -> Traffic {
    let mut traffic = Traffic::default();
    let own = fields.get("pools");
    if let Some(node) = own {
        traffic.pools = pools(reader, node, hosts);
    }
    let long = fields.get("sites");
    if own.is_some() || long.is_some() || fields.get("streams").is_some() {
        // The pool of all web hosts is there without being written.
        let webs = of_web_hosts(hosts);
        if !webs.servers.is_empty() {
            traffic.pools.entry(WEB.into()).or_insert(webs);
        }
    }
    if let Some(node) = long {
        let known = Known { pools: &traffic.pools, vips: vips.to_vec(), folder };
        traffic.sites = sites(reader, node, &known);
    }
    if let Some(node) = fields.get("streams") {
        traffic.streams = streams(reader, node, &traffic.pools, &traffic.sites);
    }
    traffic.maintenance = maintenance(reader, fields, folder);
    traffic.nginx = fields.get("nginx").map(|node| nginx::nginx(reader, node));
    for (other, why) in [
        ("site", "`site` is the short form of one entry of `sites`"),
        ("lvs", "with `lvs` the kernel balances, and the load balancers have no nginx"),
    ] {
        if let Some(node) = long.filter(|_| fields.get(other).is_some()) {
            let problem =
                Problem::new(Code::TwoForms, format!("the inventory has both `{other}` and `sites`")).why(why);
            reader.wrong(node.place, problem.next("leave one of them out"));
        }
    }
    traffic
}

/// What of several sites is asked for where one is enough: the first one.
pub fn stand_for(traffic: &Traffic, site: &mut Site) {
    // Every path says how large its buffers are, so that what `nginx:` says of them has to be said there.
    for (name, value) in traffic.nginx.iter().flat_map(|nginx| &nginx.http) {
        if matches!(*name, "proxy_buffer_size" | "proxy_buffers") {
            site.proxy_params.entry((*name).to_owned()).or_insert_with(|| value.clone());
        }
    }
    let Some(first) = traffic.sites.first() else { return };
    if !first.names.is_empty() {
        site.server_name = first.names.join(" ");
    }
    let plain =
        traffic.sites.iter().flat_map(|site| &site.listens).find(|listen| !listen.tls && !listen.proxy_protocol);
    site.port = plain.map_or(80, |listen| listen.port);
    // What answers there may be a redirect; where no site is plain, it is who tells of this balancer's health, and
    // knows nothing else.
    site.expect_status = match plain {
        None => vec![(200, 404)],
        Some(_) if first.to_https => vec![(200, 399)],
        Some(_) => first.expect_status.clone(),
    };
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use crate::certificate::make_up;
    use crate::ctl::inventory::load::parse;
    use crate::ctl::sites::{Listen, Target};

    const HOSTS: &str = "cluster: shop\nvip: 10.0.0.3/24\nlb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }\n\
        web: { web-7: 10.0.0.7, web-8: { address: 10.0.0.8, port: 81 } }\n";

    #[test]
    fn the_long_form_is_read() {
        let text = HOSTS.to_owned()
            + "pools: { api: { servers: { web-7:8080: { weight: 2 }, 10.0.0.21:9000: { backup: yes } }, method: least_conn } }\n\
               sites: [{ names: [www.example.cc], pool: api, locations: [{ path: '~* \\.(png)$', root: /srv }] }, { listen: [8080], pool: web }]\n\
               streams: [{ listen: 3306, pool: api }]\nnginx: { worker_processes: 4, gzip: no }\n";
        let cluster = parse(std::path::Path::new("x.yaml"), &text).unwrap().cluster;
        let traffic = &cluster.traffic;
        let at: Vec<String> = traffic.pools["api"].servers.iter().map(|one| one.at.to_string()).collect();
        assert_eq!(at, ["10.0.0.7:8080", "10.0.0.21:9000"]);
        let web: Vec<String> = traffic.pools["web"].servers.iter().map(|one| one.at.to_string()).collect();
        assert_eq!(web, ["10.0.0.7:80", "10.0.0.8:81"], "it is there without being written");
        let [first, second] = traffic.sites.as_slice() else { panic!("{:?}", traffic.sites) };
        assert_eq!((first.id.as_str(), second.id.as_str()), ("www.example.cc", "site-2"));
        assert_eq!(first.locations[0].path, r#"~* "\\.(png)$""#);
        assert_eq!(first.rules.target, Some(Target::Pool("api".into())));
        assert_eq!(second.listens, [Listen { port: 8080, tls: false, proxy_protocol: false }]);
        assert_eq!((cluster.site.port, cluster.site.host_name()), (80, "www.example.cc"));
        assert_eq!(traffic.ports_of("10.0.0.7".parse().unwrap()), [80, 8080]);
        let roles = &cluster.host("lb-5").unwrap().roles;
        assert_eq!(roles, &["lb-nginx", "lb-nginx-stream", "lb-nginx-main", "vip"]);
    }

    #[test]
    fn every_mistake_of_the_long_form_has_its_code() {
        for (more, code) in [
            ("pools: { api: { servers: [] } }\nsites: [{ pool: web }]", "E160"),
            ("pools: { api: { servers: { web-7: { backup: yes } } } }\nsites: [{ pool: web }]", "E160"),
            ("pools: { api: [web-7, 10.0.0.7:80] }\nsites: [{ pool: web }]", "E161"),
            ("pools: { api: [web-77] }\nsites: [{ pool: web }]", "E162"),
            ("pools: { api: [web-7:0] }\nsites: [{ pool: web }]", "E104"),
            ("pools: { 'a;b': [web-7] }\nsites: [{ pool: web }]", "E104"),
            ("pools: { api: { method: fastest } }\nsites: [{ pool: web }]", "E107"),
            (
                "pools: { api: { method: ip_hash, servers: { web-7: {}, web-8: { backup: yes } } } }\nsites: [{ pool: web }]",
                "E104",
            ),
            ("sites: [{ pool: wbe }]", "E163"),
            ("sites: [{ pool: web }]\nstreams: [{ listen: 3306, pool: db }]", "E163"),
            ("sites: [{ names: [a.cc] }]", "E164"),
            ("sites: [{ pool: web, vips: [10.0.0.4] }]", "E165"),
            ("sites: [{ pool: web }, { pool: web }]", "E166"),
            ("sites: [{ names: [a.cc], pool: web }, { names: [a.cc, b.cc], pool: web }]", "E166"),
            (
                "sites: [{ names: [a.cc], pool: web, listen: [80] }, { names: [b.cc], pool: web, listen: [{ port: 80, proxy_protocol: yes }] }]",
                "E166",
            ),
            ("sites: [{ pool: web }]\nstreams: [{ listen: 80, pool: web }]", "E166"),
            ("sites: [{ pool: web, locations: [{ path: /a, status: 404 }, { path: /a, pool: web }] }]", "E167"),
            ("sites: [{ pool: web, locations: [{ path: 'a', status: 404 }] }]", "E104"),
            ("sites: [{ pool: web, locations: [{ path: '/a; return 200', status: 404 }] }]", "E104"),
            ("sites: [{ pool: web, locations: [{ path: /a, status: 404, pool: web }] }]", "E103"),
            ("sites: [{ names: ['a.cc; return 200'], pool: web }]", "E104"),
            ("sites: [{ names: [a.cc], pool: web, redirect: { to_name: b.cc } }]", "E104"),
            ("sites: [{ pool: web, listen: [443] }]", "E147"),
            ("sites: [{ pool: web, tls: { certificate: nowhere.pem, key: nowhere.key } }]", "E168"),
            ("sites: [{ pool: web, max_body: 5x }]", "E104"),
            ("sites: [{ pool: web, limit: {} }]", "E103"),
            ("sites: [{ pool: web, auth: { users: nowhere } }]", "E101"),
            ("sites: [{ pool: web, allow: [10.0.0.0/33] }]", "E104"),
            ("sites: [{ pool: web }]\nsite: { kind: static }", "E172"),
            ("sites: [{ pool: web }]\nlvs: { method: dr }", "E172"),
            ("sites: [{ pool: web }]\nnginx: { worker_processes: four }", "E104"),
            ("sites: [{ pool: web }]\nnginx: { worker_proceses: 4 }", "E102"),
        ] {
            let text = format!("{HOSTS}{more}\n");
            let failure = parse(std::path::Path::new("/nowhere/x.yaml"), &text).map(drop).unwrap_err();
            let codes: Vec<&str> = failure.problems.iter().map(|problem| problem.code.id()).collect();
            assert!(codes.contains(&code), "{more}: {failure}");
            let told = failure.to_string();
            assert!(told.contains("x.yaml:5:") || told.contains("x.yaml:6:"), "{told}");
        }
    }

    #[test]
    fn certificates_are_compared_before_anything_is_contacted() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, (certificate, key): (String, String)| {
            fs::write(folder.path().join(format!("{name}.pem")), certificate).unwrap();
            fs::write(folder.path().join(format!("{name}.key")), key).unwrap();
        };
        let now = SystemTime::now();
        let day = Duration::from_secs(24 * 60 * 60);
        let name = ["www.example.cc".to_owned()];
        put("good", make_up(&name, now).unwrap());
        put("soon", make_up(&name, now - day * 390).unwrap());
        put("ended", make_up(&name, now - day * 400).unwrap());
        put("early", make_up(&name, now + day * 9).unwrap());
        put("both", make_up(&name, now).map(|(one, key)| (one.clone() + &key, key)).unwrap());
        put("damaged", ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into(), "x".into()));
        for (certificate, key, site, told) in [
            ("good.pem", "good.key", "www.example.cc", None),
            ("soon.pem", "soon.key", "www.example.cc", Some("warning[W171]")),
            ("ended.pem", "ended.key", "www.example.cc", Some("error[E170]")),
            ("early.pem", "early.key", "www.example.cc", Some("error[E170]")),
            ("good.pem", "good.key", "www.other.cc", Some("error[E169]")),
            ("good.pem", "soon.key", "www.example.cc", Some("the key is not the certificate's")),
            ("good.pem", "damaged.key", "www.example.cc", Some("there is no private key in it")),
            ("damaged.pem", "good.key", "www.example.cc", Some("error[E168]")),
            ("both.pem", "both.key", "www.example.cc", Some("it holds a private key as well")),
        ] {
            let more = format!(
                "sites: [{{ names: [{site}], pool: web, tls: {{ certificate: {certificate}, key: {key} }} }}]\n"
            );
            let path = folder.path().join("x.yaml");
            let said = match parse(&path, &(HOSTS.to_owned() + &more)) {
                Ok(loaded) => loaded.warnings.iter().map(ToString::to_string).collect::<String>(),
                Err(failure) => failure.to_string(),
            };
            match told {
                None => assert_eq!(said, "", "{certificate} {key}"),
                Some(told) => assert!(said.contains(told) && said.contains("x.yaml:5:"), "{certificate} {key}: {said}"),
            }
            assert!(!said.contains("MII"), "{said}");
        }
    }

    #[test]
    fn profiles_of_one_port_are_told_to_be_one() {
        let said = |first: &str, second: &str| {
            let text = format!(
                "{HOSTS}sites:\n- {{ names: [a.cc], pool: web, {first} }}\n- {{ names: [b.cc], pool: web, {second} }}\n"
            );
            let loaded = parse(std::path::Path::new("x.yaml"), &text).unwrap();
            loaded.warnings.iter().map(ToString::to_string).filter(|one| one.contains("E166")).collect::<String>()
        };
        let (one, other) = ("tls: { self_signed: yes }", "tls: { self_signed: yes, profile: modern }");
        let told = said(one, other);
        assert!(told.contains("x.yaml:7:") && told.contains("the versions of `a.cc` hold for both"), "{told}");
        assert_eq!(said(other, other), "");
        assert_eq!(said(one, &format!("listen: [8443], {other}")), "");
    }

    #[test]
    fn buffers_are_those_of_every_path() {
        let text =
            HOSTS.to_owned() + "sites: [{ pool: web }]\nnginx: { proxy_buffer_size: 16k, proxy_buffers: 4 64k }\n";
        let cluster = parse(std::path::Path::new("x.yaml"), &text).unwrap().cluster;
        let own = &cluster.site.proxy_params;
        assert_eq!((own["proxy_buffer_size"].as_str(), own["proxy_buffers"].as_str()), ("16k", "4 64k"));
    }

    #[test]
    fn a_password_that_is_not_hashed_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("users"), "ann:hunter2\n").unwrap();
        let text = HOSTS.to_owned() + "sites: [{ pool: web, auth: { users: users } }]\n";
        let failure = parse(&folder.path().join("x.yaml"), &text).unwrap_err().to_string();
        assert!(failure.contains("line 1 of") && !failure.contains("hunter2"), "{failure}");
    }
}
