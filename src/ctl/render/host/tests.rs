use super::*;
use crate::ctl::cluster::{Sealed, Secret};
use crate::ctl::inventory::load::parse;
use crate::ctl::sites::{Eab, TlsOrigin};

fn rendered(text: &str, host: &str) -> Result<WantedHost, Failure> {
    let cluster = parse(Path::new("/nowhere/x.yaml"), text)?.cluster;
    render(&cluster, cluster.host(host).unwrap(), &Interfaces::new())
}

fn file(wanted: &WantedHost, dest: &str) -> String {
    let file = wanted.files.iter().find(|file| file.dest == dest).unwrap();
    String::from_utf8(file.content.clone()).unwrap()
}

const HOMEWORK: &str = include_str!("../../../../inventories/homework.yaml");
const WORDPRESS: &str = include_str!("../../../../inventories/wordpress.yaml");
const LVS_DR: &str = include_str!("../../../../inventories/lvs-dr.yaml");
const LVS_DR_TWO: &str = include_str!("../../../../inventories/lvs-dr-two.yaml");
const EXPERT: &str = include_str!("../../../../inventories/expert.yaml");

#[test]
fn the_homework_renders() {
    let lb = rendered(HOMEWORK, "lb-6").unwrap();
    assert!(lb.binary);
    let conf = file(&lb, "/etc/hactl/hactl.conf");
    let parsed = hactl_engine::conf::parse("x", &conf);
    assert_eq!(parsed.diagnostics, []);
    assert_eq!((parsed.config.instances[0].priority, parsed.config.instances[0].vrid), (100, 3));
    assert!(file(&lb, "/etc/nginx/conf.d/hactl-lb.conf").contains("server 10.0.0.7:80 weight=1 max_fails=1"));
    assert!(file(&lb, "/etc/nginx/hactl_proxy_params").contains("proxy_set_header Host $http_host;"));
    let web = rendered(HOMEWORK, "web-7").unwrap();
    assert_eq!(file(&web, "/usr/share/nginx/html/hactl/index.html"), "web7\n");
}

#[test]
fn a_vip_of_web_hosts_has_an_agent_that_balances_nothing() {
    let text = HOMEWORK
        .replace("vip: 10.0.0.3/24", "vips: [10.0.0.3/24, { address: 10.0.0.4/24, name: db, hosts: [web-7, web-8] }]");
    let web = rendered(&text, "web-8").unwrap();
    assert!(web.binary && web.services.iter().any(|service| service.name == "hactl-agent"));
    let conf = file(&web, "/etc/hactl/hactl.conf");
    let parsed = hactl_engine::conf::parse("x", &conf);
    assert_eq!(parsed.diagnostics, []);
    let [db] = parsed.config.instances.as_slice() else { panic!("{conf}") };
    assert_eq!((db.name.as_str(), db.vrid, db.priority), ("db", 4, 100));
    assert!(conf.contains("peers 10.0.0.7\n"), "{conf}");
    for word in ["check_web", "virtual_server", "connection_draining", "10.0.0.3"] {
        assert!(!conf.contains(word), "{word} in {conf}");
    }
    let lb = file(&rendered(&text, "lb-5").unwrap(), "/etc/hactl/hactl.conf");
    assert_eq!(lb, file(&rendered(HOMEWORK, "lb-5").unwrap(), "/etc/hactl/hactl.conf"), "balancers have nothing of it");
    assert!(rendered(HOMEWORK, "web-8").unwrap().retired.contains(&"hactl-agent".to_owned()), "it goes with its VIP");
}

#[test]
fn wordpress_renders_and_its_secrets_are_where_they_are_needed() {
    use crate::ctl::cluster::Secret;
    use crate::ctl::wordpress::{Made, SALTS};

    let text = WORDPRESS.replace("title: Our blog", "title: Ann's blog");
    let mut cluster = parse(Path::new("/nowhere/x.yaml"), &text).unwrap().cluster;
    let site = cluster.wordpress.as_mut().unwrap();
    site.admin.password.value = Some(Secret("pass'word".into()));
    let salts = SALTS.iter().map(|name| (*name, Secret(format!("salt of {name}")))).collect();
    site.made = Some(Made {
        salts,
        database: Secret("database-word".into()),
        copies: Secret("copies-word".into()),
        pair: Secret("pair-word".into()),
    });
    let secrets = ["pass\\'word", "salt of NONCE_SALT", "database-word", "copies-word", "pair-word"];
    for host in &cluster.hosts {
        let wanted = render(&cluster, host, &Interfaces::new()).unwrap();
        let known: Vec<bool> = secrets
            .iter()
            .map(|secret| {
                let with: Vec<&WantedFile> =
                    wanted.files.iter().filter(|one| String::from_utf8_lossy(&one.content).contains(secret)).collect();
                assert!(
                    with.iter().all(|one| one.secret && one.mode & 0o007 == 0),
                    "{secret} on {}: {with:?}",
                    host.name
                );
                !with.is_empty()
            })
            .collect();
        let expected = match host.name.as_str() {
            "web-7" => [true; 5],
            "web-8" => [false, true, true, true, true],
            _ => [false; 5],
        };
        assert_eq!(known, expected, "{}", host.name);
    }
    let seven = render(&cluster, cluster.host("web-7").unwrap(), &Interfaces::new()).unwrap();
    assert!(file(&seven, "/etc/hactl/wordpress/setup.php").contains("'Ann\\'s blog'"));
    assert!(
        file(&seven, "/etc/hactl/wordpress/plugins/hactl.php").contains("['10.0.0.8:80', ]"),
        "it is not its own other"
    );
    assert_eq!(seven.without, ["libapache2-mod-php*"]);
    let script = file(&seven, "/etc/hactl/wordpress/pair.sh");
    assert!(script.contains("\nown=10.0.0.7\n") && script.contains("\nother=10.0.0.8\n"), "{script}");
    // Where there is one web host it has nobody to bring anything to.
    let alone = text.replace(", web-8: 10.0.0.8", "").replace("hosts: [web-7, web-8]", "hosts: [web-7]");
    let alone = parse(Path::new("x.yaml"), &alone).unwrap().cluster;
    let alone = render(&alone, alone.host("web-7").unwrap(), &Interfaces::new()).unwrap();
    assert!(!file(&alone, "/etc/nginx/conf.d/hactl-wordpress.conf").contains("upstream"));
    assert!(alone.files.iter().all(|one| one.dest != "/etc/nginx/hactl_wordpress_copies"));
}

/// Every state of the two databases, as the script that is deployed judges them: who begins without asking the other
/// one.
#[test]
fn a_database_begins_without_asking_where_nobody_can_have_more() {
    let cluster = parse(Path::new("/nowhere/x.yaml"), WORDPRESS).unwrap().cluster;
    let states = ["", "new", "joins", "follows", "written"];
    for (host, first) in [("web-7", true), ("web-8", false)] {
        let wanted = render(&cluster, cluster.host(host).unwrap(), &Interfaces::new()).unwrap();
        let script = file(&wanted, "/etc/hactl/wordpress/pair.sh");
        let (functions, end) = script.split_once("\nmariadb <").unwrap();
        assert!(end.contains("then lead; else stand_by"), "{end}");
        let walk = format!(
            "{functions}\nfor bare in true false; do is_bare() {{ $bare; }}; for mine in new joins follows written; do for their in '' new joins follows written; do \
             if may_begin \"$mine\" \"$their\"; then echo \"$bare $mine $their\"; fi; done; done; done; other=; may_begin follows '' && echo alone"
        );
        let output = std::process::Command::new("bash").args(["-c", &walk]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let begins = String::from_utf8(output.stdout).unwrap();
        let mut expected = String::new();
        for bare in ["true", "false"] {
            if first {
                expected += if bare == "true" { "true new \ntrue new new\n" } else { "false new new\n" };
            }
            expected.extend(states.map(|their| format!("{bare} written {their}\n")));
        }
        assert_eq!(begins, format!("{expected}alone\n"), "{host}");
    }
}

#[test]
fn the_expert_renders() {
    for host in ["lb-5", "lb-6", "web-7", "web-8", "web-9"] {
        let wanted = rendered(EXPERT, host).unwrap_or_else(|failure| panic!("{failure}"));
        if host == "lb-6" {
            let parsed = hactl_engine::conf::parse("x", &file(&wanted, "/etc/hactl/hactl.conf"));
            let links = |n: usize| parsed.config.instances[n].track_interfaces.len();
            assert_eq!((links(0), links(1)), (2, 1), "its own besides those of its VIPs");
        }
        if host == "lb-5" {
            let conf = file(&wanted, "/etc/hactl/hactl.conf");
            let parsed = hactl_engine::conf::parse("x", &conf);
            assert_eq!(parsed.diagnostics, [], "{conf}");
            let [first, second] = parsed.config.instances.as_slice() else { panic!("{conf}") };
            let links: Vec<(&str, i16)> =
                first.track_interfaces.iter().map(|one| (one.name.as_str(), one.weight)).collect();
            assert_eq!(links, [("eth1", 0), ("eth2", -20)]);
            assert!(first.hmac.is_none() && first.password.is_some());
            let hmac = second.hmac.as_ref().unwrap();
            assert_eq!((hmac.active, hmac.window.as_secs(), hmac.keys.len()), (2, 5, 1));
            assert_eq!(hmac.keys[0].file.as_deref(), Some("/etc/hactl/vrrp-VI_2-2.key"));
            let key = wanted.files.iter().position(|file| file.dest == "/etc/hactl/vrrp-VI_2-2.key").unwrap();
            let at = wanted.files.iter().position(|file| file.dest == "/etc/hactl/hactl.conf").unwrap();
            assert!(key < at && wanted.files[key].secret && wanted.files[key].mode == 0o600);
            let (own, mail) = (&parsed.config.own, parsed.config.global.mail.as_ref().unwrap());
            assert!(own.metrics.is_some() && own.webhook.is_some() && own.tls_authorities.is_some());
            assert_eq!(
                (own.smtp_user.as_deref(), own.smtp_password_file.as_deref()),
                (Some("hactl"), Some("/etc/hactl/smtp.password"))
            );
            assert_eq!(
                (mail.host.as_str(), mail.port, mail.from.as_deref()),
                ("mail.example.cc", 587, Some("lb@example.cc"))
            );
            assert!(file(&wanted, "/etc/nginx/hactl_proxy_params").contains("proxy_connect_timeout 5;"));
        }
    }
}

/// Nothing of what an inventory does not speak of is in what is deployed.
#[test]
fn what_is_not_asked_for_is_not_there() {
    let wanted = rendered(HOMEWORK, "lb-5").unwrap();
    let left = [
        "/etc/wordpress/config-hactl.php",
        "/etc/nginx/hactl_wordpress_copies",
        "/etc/hactl/wordpress/setup.php",
        "/etc/hactl/wordpress/pair.sql",
        "/etc/hactl/wordpress/pair.client",
    ];
    assert_eq!(wanted.forgotten, ["/etc/hactl/smtp.password"]);
    assert_eq!(wanted.removed_secrets, left, "what other roles left");
    let conf = file(&wanted, "/etc/hactl/hactl.conf");
    for word in ["smtp", "webhook", "metrics", "auth_hmac", "track_interface", "notification"] {
        assert!(!conf.contains(word), "{conf}");
    }
    assert!(!wanted.files.iter().any(|file| file.dest.ends_with(".key")));
}

#[test]
fn the_lvs_clusters_render() {
    for (text, web, master_only) in [(LVS_DR, "web-7", false), (LVS_DR_TWO, "lb-6", true)] {
        let conf = file(&rendered(text, "lb-6").unwrap(), "/etc/hactl/hactl.conf");
        let parsed = hactl_engine::conf::parse("x", &conf);
        assert_eq!(parsed.diagnostics, [], "{conf}");
        let server = &parsed.config.virtual_servers[0];
        assert_eq!((server.name.as_str(), server.real_servers.len()), ("10.0.0.3:80", 2));
        assert_eq!(server.master_only, master_only);
        assert_eq!(parsed.config.global.lvs.sync_daemon.as_ref().unwrap().instance.as_deref(), Some("VI_1"));
        assert!(parsed.config.instances[0].track_scripts.is_empty(), "the directors need no web server");
        let script = file(&rendered(text, web).unwrap(), "/etc/hactl/realserver.sh");
        assert!(script.contains("vips=\"10.0.0.3\"") && script.contains("device=lo"), "{script}");
    }
    let nat = LVS_DR.replace("method: dr", "method: nat");
    let script = file(&rendered(&nat, "web-7").unwrap(), "/etc/hactl/realserver.sh");
    assert!(script.contains("gateway=\"10.0.0.3\"") && !script.contains("arp_ignore"), "{script}");
    let tun = LVS_DR.replace("method: dr", "method: tun");
    assert!(file(&rendered(&tun, "web-7").unwrap(), "/etc/hactl/realserver.sh").contains("device=tunl0"));
    let six = LVS_DR.replace("vip: 10.0.0.3/24", "vip: 2001:db8::3/64").replace("10.0.0.", "2001:db8::");
    let conf = file(&rendered(&six, "lb-6").unwrap(), "/etc/hactl/hactl.conf");
    let parsed = hactl_engine::conf::parse("x", &conf);
    assert_eq!(parsed.diagnostics, [], "{conf}");
    assert_eq!(parsed.config.instances[0].addresses[0].preferred_s, Some(0), "checks must not come from it");
    let retired = rendered(HOMEWORK, "web-7").unwrap().retired;
    let left = [
        "hactl-certificates.timer",
        "hactl-realserver",
        "hactl-agent",
        "hactl-wordpress-cron.timer",
        "hactl-wordpress",
        "hactl-wordpress-pair",
    ];
    assert_eq!(retired, left, "what WordPress, certificates by ACME, VIPs and LVS left behind goes");
    let static_page = rendered(HOMEWORK, "web-7").unwrap();
    for secret in
        ["/etc/hactl/wordpress/setup.php", "/etc/wordpress/config-hactl.php", "/etc/nginx/hactl_wordpress_copies"]
    {
        let (removed, hidden) = (&static_page.removed, &static_page.removed_secrets);
        assert!(!removed.iter().any(|dest| dest == secret), "its lines would be shown: {removed:?}");
        assert!(hidden.iter().any(|dest| dest == secret), "{hidden:?}");
    }
}

#[test]
fn the_interface_is_found_by_subnet() {
    let cluster = parse(Path::new("x.yaml"), HOMEWORK).unwrap().cluster;
    let nets = [("lo", "127.0.0.1/8"), ("ens3", "10.0.0.6/24")].map(|(n, a)| (n.to_owned(), a.parse().unwrap()));
    let interfaces = Interfaces::from([("lb-6".to_owned(), nets.to_vec())]);
    let wanted = render(&cluster, cluster.host("lb-6").unwrap(), &interfaces).unwrap();
    assert!(file(&wanted, "/etc/hactl/hactl.conf").contains("interface ens3\n"));
}

/// A VIP of another subnet says nothing of the interface: the inventory names it.
#[test]
fn a_vip_beside_the_hosts_network_stands_where_the_inventory_says() {
    let nets = [("eth0", "10.0.0.5/24"), ("eth1", "198.51.100.5/27")];
    let nets = nets.map(|(name, net)| (name.to_owned(), net.parse().unwrap())).to_vec();
    let interfaces = Interfaces::from([("lb-5".to_owned(), nets)]);
    for (vip, lb) in [
        ("{ address: 192.0.2.3/27, interface: eth1 }", "10.0.0.5"),
        ("192.0.2.3/27", "{ address: 10.0.0.5, interface: eth1 }"),
    ] {
        let text = HOMEWORK.replace("10.0.0.3/24", vip).replace("lb-5: 10.0.0.5", &format!("lb-5: {lb}"));
        let text = text.replace("lb-6: 10.0.0.6", "lb-6: { address: 10.0.0.6, interface: eth1 }");
        let cluster = parse(Path::new("x.yaml"), &text).unwrap().cluster;
        let conf =
            file(&render(&cluster, cluster.host("lb-5").unwrap(), &interfaces).unwrap(), "/etc/hactl/hactl.conf");
        let parsed = hactl_engine::conf::parse("x", &conf);
        let instance = &parsed.config.instances[0];
        assert_eq!(
            (instance.interface.as_str(), instance.addresses[0].address.to_string()),
            ("eth1", "192.0.2.3/27".into())
        );
    }
}

/// What a user writes comes to the agent as he wrote it, whatever it is made of.
#[test]
fn free_text_is_read_back_as_it_was_written() {
    let password = r#"a"\$b #c"#;
    let command = r#"/bin/sh -c "echo \"$0\" it's 100% \\ {} ! # ${_PWD}" 'a "b"'"#;
    let vip = serde_json::json!({ "address": "10.0.0.3/24", "version": 2, "interface": "ens3", "auth": { "pass": password },
        "track": [{ "name": "odd", "command": command }], "notify": { "any": command, "fault": r#"/bin/echo "" '"'"# } });
    let text = HOMEWORK.replace("vip: 10.0.0.3/24", &format!("vip: {vip}"));
    let conf = file(&rendered(&text, "lb-5").unwrap(), "/etc/hactl/hactl.conf");
    let parsed = hactl_engine::conf::parse("x", &conf);
    assert_eq!(parsed.diagnostics, [], "{conf}");
    let instance = &parsed.config.instances[0];
    assert_eq!(instance.password.as_ref().unwrap().0.as_slice(), password.as_bytes());
    let words = ["/bin/sh", "-c", r"echo \$0\ it's 100% \\ {} ! # ${_PWD}", r#"a "b""#];
    let script = parsed.config.scripts.iter().find(|script| script.name == "odd").unwrap();
    assert_eq!(script.command, words, "quotes keep arguments together, all else is itself");
    assert_eq!(instance.notify.any.as_ref().unwrap(), &words);
    assert_eq!(instance.notify.fault.as_ref().unwrap(), &["/bin/echo", "", "\""]);
}

/// What cannot be meant is told where it stands, and not as a fault of a file that nobody wrote.
#[test]
fn an_open_quote_is_told_in_the_inventory() {
    for (key, column) in
        [("notify: { any: /bin/echo it's }", 45), ("track: [{ name: odd, command: '/bin/echo \"' }]", 60)]
    {
        let text = HOMEWORK.replace("vip: 10.0.0.3/24", &format!("vip: {{ address: 10.0.0.3/24, {key} }}"));
        let told = rendered(&text, "lb-5").unwrap_err().to_string();
        assert!(told.contains("is not closed") && told.contains(&format!("x.yaml:4:{column}")), "{told}");
    }
    let text = HOMEWORK
        .replace("vip: 10.0.0.3/24", r#"vip: { address: 10.0.0.3/24, version: 2, auth: { pass: "hunt\ter" } }"#);
    let told = rendered(&text, "lb-5").unwrap_err().to_string();
    assert!(told.contains("has control characters") && !told.contains("hunt"), "{told}");
}

#[test]
fn unknown_parameters_and_roles_are_said() {
    let bad = format!("{HOMEWORK}roles: {{ vip: {{ check_intervall: 2 }} }}\n")
        .replace("web-7: 10.0.0.7", "web-7: {address: 10.0.0.7, roles: [web-statik]}");
    let failure = rendered(&bad, "web-7").unwrap_err();
    assert!(failure.to_string().contains("did you mean `web-static`"), "{failure}");
    let failure = rendered(&format!("{HOMEWORK}roles: {{ vip: {{ check_intervall_s: 2 }} }}\n"), "lb-5").unwrap_err();
    let told = failure.to_string();
    assert!(told.contains("did you mean `check_interval_s`?") && told.contains("x.yaml:9:17"), "{told}");
}

/// What is somebody else's gets nothing, and no check of ours asks a page that his nginx does not have.
#[test]
fn what_is_not_managed_is_left_alone() {
    let text = HOMEWORK
        .replace("kind: static", "managed: no")
        .replace("web-7: 10.0.0.7", "web-7: { address: 10.0.0.7, managed: no }");
    let lb = rendered(&text, "lb-5").unwrap();
    assert!(lb.files.iter().all(|file| !file.dest.contains("nginx")) && lb.packages.is_empty() && lb.absent.is_empty());
    let conf = file(&lb, "/etc/hactl/hactl.conf");
    assert!(["check_web", "track_script", "track_process"].iter().all(|word| !conf.contains(word)), "{conf}");
    assert_eq!(hactl_engine::conf::parse("x", &conf).diagnostics, []);
    let web = rendered(&text, "web-7").unwrap();
    assert!(web.files.is_empty() && web.services.is_empty());
    assert!(!rendered(&text, "web-8").unwrap().files.is_empty());
    let cluster = parse(Path::new("x.yaml"), &text).unwrap().cluster;
    assert_eq!(cluster.managed().map(|host| host.name.as_str()).collect::<Vec<_>>(), ["lb-5", "lb-6", "web-8"]);
}

/// The end of nginx gives the VIP up, unless a failing check is to do less than that.
#[test]
fn nginx_is_watched_where_its_failure_is_a_fault() {
    let conf = |more: &str| {
        let text = file(&rendered(&format!("{HOMEWORK}{more}"), "lb-5").unwrap(), "/etc/hactl/hactl.conf");
        let parsed = hactl_engine::conf::parse("x", &text);
        assert_eq!(parsed.diagnostics, [], "{text}");
        parsed.config
    };
    let watched = conf("");
    let (process, tracked) = (&watched.processes[0], &watched.instances[0].track_processes[0]);
    assert_eq!((process.process.as_str(), process.unit.as_deref()), ("nginx", Some("nginx.service")));
    assert_eq!((tracked.name.as_str(), tracked.weight, process.quorum), ("nginx", 0, 1));
    assert!(process.terminate_delay.is_zero() && !process.fork_delay.is_zero());
    let lowered = conf("roles: { vip: { check_weight: -60 } }\n");
    assert_eq!(lowered.instances[0].track_scripts[0].weight, -60);
    assert!(lowered.processes.is_empty() && lowered.instances[0].track_processes.is_empty());
}

/// nginx listens where requests come: on IPv6 as well, and every name of the site is spared the redirect.
#[test]
fn nginx_speaks_ipv6_and_knows_several_names() {
    let six = HOMEWORK.replace("10.0.0.3/24", "fd83::3/64").replace("10.0.0.", "fd83::");
    let web = file(&rendered(&six, "web-7").unwrap(), "/etc/nginx/conf.d/hactl-web.conf");
    assert!(web.contains("listen [::]:80 default_server;") && web.contains("listen 80 default_server;"), "{web}");
    let lb = file(&rendered(&six, "lb-5").unwrap(), "/etc/nginx/conf.d/hactl-lb.conf");
    assert!(lb.contains("server [fd83::7]:80 weight=1") && lb.contains("listen [::]:80 default_server;"), "{lb}");
    let redirect = "roles: { lb-nginx: { redirect_to_server_name: yes } }\n";
    let lb = |text: &str| file(&rendered(text, "lb-5").unwrap(), "/etc/nginx/conf.d/hactl-lb.conf");
    let one = lb(&format!("{HOMEWORK}{redirect}"));
    assert!(
        one.contains("if ($host != \"www.example.cc\") {")
            && one.contains("return 301 http://www.example.cc$request_uri;")
    );
    let two = lb(&format!("{HOMEWORK}{redirect}").replace("www.example.cc", "a.example.cc b-c.example.cc"));
    assert!(two.contains(r#"if ($host !~ "^(a\.example\.cc|b-c\.example\.cc)$") {"#), "{two}");
    assert!(two.contains("return 301 http://a.example.cc$request_uri;"), "{two}");
}

/// Each load balancer answers every question, before everything else; nothing that is a secret or one's own stands in
/// the file.
#[test]
fn certificates_by_acme_are_rendered() {
    let text = include_str!("../../../../inventories/acme.yaml");
    let mut cluster = parse(Path::new("/nowhere/x.yaml"), text).unwrap().cluster;
    let account = crate::ctl::account::mint().unwrap();
    let thumbprint = crate::ctl::account::thumbprint(&account.0).unwrap();
    cluster.traffic.account = Some(account);
    let host = |cluster: &Cluster| render(cluster, cluster.host("lb-5").unwrap(), &Interfaces::new()).unwrap();
    let wanted = host(&cluster);
    let conf = file(&wanted, "/etc/nginx/conf.d/hactl-lb.conf");
    let answer =
        format!("location ~ \"^/.well-known/acme-challenge/([A-Za-z0-9_-]+)$\" {{ return 200 \"$1.{thumbprint}\"; }}");
    assert_eq!(conf.matches(&answer).count(), 1, "on port 80 alone: {conf}");
    assert!(conf.find(&answer) < conf.find("return 301 https://"), "{conf}");
    assert_eq!(conf.matches("ssl_certificate /etc/nginx/hactl/acme/www.example.cc.pem;").count(), 2, "{conf}");
    assert_eq!(conf.matches("ssl_certificate_key /etc/nginx/hactl/acme/www.example.cc.pem;").count(), 2, "{conf}");
    let orders: hactl_engine::certificates::Orders =
        serde_json::from_str(&file(&wanted, hactl_engine::certificates::ORDERS)).unwrap();
    let [order] = orders.certificates.as_slice() else { panic!("{orders:?}") };
    assert_eq!(
        (order.names.as_slice(), order.port),
        (["www.example.cc", "example.cc"].map(str::to_owned).as_slice(), Some(443))
    );
    let of = |dest: &str| wanted.files.iter().find(|file| file.dest == dest).unwrap();
    let (stands_in, key) =
        (of("/etc/nginx/hactl/acme/www.example.cc.pem"), of(hactl_engine::certificates::ACCOUNT_KEY));
    assert!(stands_in.once && stands_in.secret && stands_in.mode == 0o600 && stands_in.role == "lb-nginx");
    assert!(key.secret && key.mode == 0o600 && key.on_change.is_none() && !key.once);
    assert!(wanted.services.iter().any(|service| service.name == "hactl-certificates.timer"));
    // An account is bound by a key that root alone may read, and that the order only names.
    let mut bound = cluster.clone();
    let tls = bound.traffic.sites[0].tls.as_mut().unwrap();
    let key = Sealed { value: Some(Secret("3q2-7w".into())), ..tls.key.clone() };
    let TlsOrigin::Acme(acme) = &mut tls.origin else { panic!("{:?}", tls.origin) };
    acme.eab = Some(Eab { kid: "kid-37".into(), key });
    let with_eab = host(&bound);
    let orders = file(&with_eab, hactl_engine::certificates::ORDERS);
    let eab = "/etc/nginx/hactl/acme/www.example.cc.eab";
    assert!(orders.contains("\"kid\": \"kid-37\"") && orders.contains(eab) && !orders.contains("3q2"), "{orders}");
    let key = with_eab.files.iter().find(|file| file.dest == eab).unwrap();
    assert!(key.secret && key.mode == 0o600 && key.on_change.is_none() && key.content == b"3q2-7w\n");
    // During a maintenance an authority is answered all the same.
    cluster.traffic.maintenance = Some("soon".into());
    let conf = file(&host(&cluster), "/etc/nginx/conf.d/hactl-lb.conf");
    assert!(conf.contains(&answer) && conf.contains("return 503;"), "{conf}");
    // What stands in is another one each time; that tells nobody that nginx has another configuration.
    let version = |cluster: &Cluster| {
        let conf = file(&host(cluster), "/etc/nginx/conf.d/hactl-lb.conf");
        conf.split("\"ok ").nth(1).unwrap()[..12].to_owned()
    };
    let before = version(&cluster);
    let (pem, _) = crate::certificate::make_up(&["x.cc".to_owned()], std::time::SystemTime::now()).unwrap();
    cluster.traffic.sites[0].tls.as_mut().unwrap().certificate =
        Some(crate::certificate::Certificate::read(&pem).unwrap());
    assert_eq!(version(&cluster), before);
}
