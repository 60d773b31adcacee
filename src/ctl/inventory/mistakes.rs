//! Words for what beginners write: YAML's own mistakes, keepalived's words in the inventory, and names of the same
//! thing elsewhere. Each gets what is meant here.

use crate::error::{Code, Problem};

/// A mistake of YAML in words: `told` is the library's sentence, `line` the text it stands in.
pub(super) fn worded(told: &str, line: &str) -> Problem {
    let problem = |message: &str, next: &str| {
        Problem::new(Code::InvalidYaml, format!("not valid YAML: {message}"))
            .why("nothing after this place can be read for sure")
            .next(next)
    };
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    if indent.contains('\t') || told.contains(" tab") {
        return problem("a tab at the beginning of a line", "indent with blanks: YAML takes no tabs there");
    }
    if let Some(key) = told.split_once("duplicate mapping key").map(|(_, rest)| rest) {
        let name = key.trim_start_matches([':', ' ']).split(',').next().unwrap_or_default().trim();
        return problem(
            &format!("`{name}` stands twice in one mapping"),
            "give each its own name, or remove one of them",
        );
    }
    if let (true, Some((name, rest))) = (told.contains("mapping values"), line.trim().split_once(':'))
        && rest.starts_with(['{', '[', '"'])
    {
        return problem(
            "a blank is missing behind a colon",
            &format!("put a blank behind the colon: `{name}: {rest}`"),
        );
    }
    if told.contains("unclosed") || told.contains("did not find expected ',' or") {
        let open = ['{', '['].into_iter().find(|open| line.contains(*open)).unwrap_or('{');
        let close = if open == '[' { ']' } else { '}' };
        return problem(
            &format!("a comma or a closing `{close}` is missing ({told})"),
            &format!("put a comma between the entries, and `{close}` behind the last one"),
        );
    }
    if told.contains("expected key")
        || told.contains("mapping values")
        || told.contains("block mapping")
        || told.contains("<document start>")
        || told.contains("indent")
    {
        return problem(
            &format!("this line does not fit the lines above it ({told})"),
            "begin keys that belong together in the same column; a colon is followed by a blank (`vip: 10.0.0.3/24`)",
        );
    }
    problem(told, "`hactl init` prints an inventory to compare with")
}

/// What a word of keepalived, or a key without its blank, is in the inventory.
pub(super) fn translated(key: &str) -> Option<String> {
    if let Some((name, rest)) = key.split_once(':') {
        return Some(format!("put a blank behind the colon: `{name}: {rest}`"));
    }
    let meant = match key {
        "virtual_router_id" => "`vrid: 51`",
        "state" => "not needed: the first of `order: [lb-5, lb-6]` is master while it is well",
        "priority" => "`order: [lb-5, lb-6]`, or `priorities: { lb-5: 150, lb-6: 100 }`",
        "nopreempt" => "`preempt: no`",
        "advert_int" => "`interval: 1s`",
        "authentication" | "auth_type" | "auth_pass" => "`auth: { pass: \"1111\" }`",
        "virtual_ipaddress" | "virtual_ip" => "`addresses: [10.0.0.3/24, 10.0.0.4/24]`",
        "unicast_peer" | "unicast_src_ip" => "`unicast: yes`: the peers are the other load balancers",
        "track_script" | "vrrp_script" => "`track: [{ name: disk, command: /usr/local/bin/check }]`",
        "notify_master" | "notify_backup" | "notify_fault" | "notify_stop" => {
            "`notify: { master: …, backup: …, fault: …, stop: … }`"
        }
        "lb_algo" | "lvs_sched" => "`scheduler: wrr` in `lvs:`",
        "lb_kind" | "lvs_method" => "`method: dr` in `lvs:`",
        "persistence_timeout" => "`persistence: 50s` in `lvs:`",
        "delay_loop" => "`interval: 2s` in `lvs:`",
        "virtual_server" | "real_server" => "`lvs: { method: dr }`; the real servers are the hosts of `web:`",
        "dev" => "`interface: eth0`",
        "upstream" | "backends" | "servers" => "`web: { web-7: 10.0.0.7 }`",
        "host" | "ip" => "`address: 10.0.0.5`",
        "identity_file" | "private_key" => "`key: ~/.ssh/id_ed25519`",
        "track_interface" => "`track: { interface: [eth1] }`",
        "auth_hmac" => "`auth: { hmac: yes }`, which mints a key at the first deploy",
        "active_key" | "key_id" => "`id: 2` in `hmac:`",
        "anti_replay" => "`replay: time` or `replay: monotonic` in `hmac:`",
        "time_window" => "`window: 5s` in `hmac:`",
        "notification_email" | "smtp_to" | "email" => "`alerts: { mail: { to: ops@example.cc } }`",
        "notification_email_from" => "`from: lb@example.cc` in `mail:`",
        "smtp_server" | "smtp_host" | "host_name" => "`server: mail.example.cc:587` in `mail:`",
        "smtp_alert" => "not needed: with `alerts: { mail: … }` every VIP is mailed about",
        "smtp_tls" | "starttls" => "`tls: starttls` in `mail:`",
        "smtp_user" => "`user: hactl` in `mail:`",
        "smtp_password" | "smtp_password_file" => "`password: { file: PATH }` in `mail:`",
        "virtual_ipaddress_excluded" | "virtual_routes" | "garp_master_delay" | "mcast_src_ip" => {
            "not a key: put your own `templates/hactl.conf.tera` beside the inventory"
        }
        _ => return None,
    };
    let of_the_vip = VIP_WORDS.contains(&key) || key.starts_with("notify_") || key.starts_with("auth");
    let place = if of_the_vip { " (a key of the VIP: `vip: { address: 10.0.0.3/24, … }`)" } else { "" };
    Some(format!("keepalived's or nginx's `{key}` is {meant} here{place}"))
}

/// Words of a vrrp_instance: what they mean stands with the VIP.
const VIP_WORDS: [&str; 11] = [
    "virtual_router_id",
    "state",
    "priority",
    "nopreempt",
    "advert_int",
    "virtual_ipaddress",
    "unicast_peer",
    "unicast_src_ip",
    "track_script",
    "track_interface",
    "dev",
];

/// The short name of what others write out.
pub(super) fn short(word: &str) -> Option<&'static [&'static str]> {
    let plain: String = word.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    Some(match plain.as_str() {
        "roundrobin" => &["rr"],
        "weightedroundrobin" | "weightedrr" => &["wrr", "rr"],
        "leastconn" | "leastconnection" | "leastconnections" => &["lc", "least_conn"],
        "weightedleastconn" | "weightedleastconnection" | "weightedleastconnections" => &["wlc", "least_conn"],
        "source" | "sourcehash" | "sourcehashing" => &["sh", "ip_hash"],
        "iphash" => &["ip_hash", "sh"],
        "maglev" => &["mh"],
        "directrouting" | "gateway" | "drouting" => &["dr"],
        "masquerade" | "masquerading" => &["nat"],
        "tunnel" | "ipip" => &["tun"],
        _ => return None,
    })
}

/// How a mapping looks, for whoever wrote a single value in its place.
pub(super) fn example(what: &str) -> &'static str {
    match what {
        "auth" => "auth: { pass: \"1111\" }",
        "ssh" => "ssh: { user: root }",
        "site" => "site: { server_name: www.example.cc }",
        "pools" => "pools: { api: [web-7:8080, web-8:8080] }",
        "pool" => "api: { servers: [web-7:8080, web-8:8080], method: least_conn }",
        "server" => "web-7:8080: { weight: 2 }",
        "cache" => "cache: { keep: 10m }",
        "limit" => "limit: { requests: 50r/s, connections: 20 }",
        "auth of a site" => "auth: { users: htpasswd }",
        "redirect" => "redirect: { to_name: www.example.cc }",
        "nginx" => "nginx: { worker_connections: 10240 }",
        "takeover" => "takeover: { routes: [default via 10.0.0.1] }",
        "lvs" => "lvs: { method: dr, scheduler: rr }",
        "track" => "track: { interface: [eth1], script: [{ name: disk, command: /usr/local/bin/check }] }",
        "alerts" => "alerts: { webhook: https://ops.example.cc/hook }",
        "hmac" => "hmac: yes",
        "notify" => "notify: { master: /usr/local/bin/tell }",
        "priorities" => "priorities: { lb-5: 150, lb-6: 100 }",
        "proxy_params" => "proxy_params: { proxy_connect_timeout: 5 }",
        "roles" => "roles: { vip: { check_interval_s: 2 } }",
        "group_vars" => "group_vars: { lb: { rack: front } }",
        "password" => "password: { env: NAME }",
        "the inventory" => "vip: 10.0.0.3/24",
        _ => "name: value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_says_what_to_do() {
        for (told, line, next) in [
            ("did not find expected ',' or '}'", "lb: { a: 1 b: 2 }", "put a comma"),
            ("unclosed bracket '['", "vip: [1,", "`]` behind the last one"),
            ("did not find expected key", " lb: x", "same column"),
            ("did not find expected key", "\tlb: x", "no tabs"),
            ("duplicate mapping key: lb-5, set DuplicateKeyPolicy in Options if acceptable", "lb: …", "its own name"),
            ("mapping values are not allowed in this context", "lb:{ a: 1 }", "colon: `lb: { a: 1 }`"),
            ("mapping values are not allowed in this context", " ssh: { user: root }", "same column"),
            ("something new", "x", "hactl init"),
        ] {
            let problem = worded(told, line);
            assert!(problem.next.as_ref().unwrap().contains(next), "{told}: {problem}");
        }
        assert!(worded("duplicate mapping key: lb-5, set X", "").message.contains("`lb-5` stands twice"));
    }
}
