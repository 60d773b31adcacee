//! Deploys in which nothing goes wrong: what comes, what stays, and what is left alone.

use hactl::ctl::apply::deploy::Order;
use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{Stage, stage, stage_with};
use super::truth::{check, pending};

#[test]
fn a_first_deploy_brings_everything_and_leaves_nothing_of_itself() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    let before = stage.snapshot();
    stage.plan().is(Exit::Pending, &[]);
    assert_eq!(stage.changes(&before), Vec::<String>::new(), "a plan changes nothing");
    assert_eq!(stage.deployed().hosts, 3);
    assert_eq!(stage.owner(), "lb-5");
    for host in stage.hosts.values() {
        assert_eq!(pending(host), Vec::<&str>::new());
    }
    assert_eq!(stage.host("web-7").text("/usr/share/nginx/html/hactl/index.html"), "web7\n");
    let mut told = stage.told.lock().unwrap().clone();
    assert_eq!(told.remove(0), "lb-5: done", "it may have to claim the VIP, which takes longest");
    told.sort();
    assert_eq!(told, ["lb-6: done", "web-7: done"], "and the others follow at once");
}

/// A pair and a web host; an agent waits before it claims a VIP that nobody has.
fn waiting() -> Option<Stage> {
    let stage = stage(&["lb-5", "lb-6", "web-7"])?;
    stage.agents_wait();
    Some(stage)
}

/// What the agent of a host was asked for.
fn asked(stage: &Stage, host: &str) -> Vec<String> {
    let requests = stage.host(host).text("/played/asked");
    let verb =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["verb"].as_str().unwrap().to_owned();
    requests.lines().map(verb).collect()
}

/// The deploy has seen that nobody has the VIP, so it does not wait until its owner has listened for long enough.
#[test]
fn who_shall_own_a_free_vip_is_promoted_once_it_runs() {
    let Some(stage) = waiting() else { return };
    stage.deployed();
    assert_eq!(stage.owner(), "lb-5");
    assert_eq!((asked(&stage, "lb-5"), asked(&stage, "lb-6").len()), (vec!["promote".into(), "unpin".into()], 0));
    let asked = stage.host("lb-5").text("/played/asked");
    assert!(asked.contains("\"instance\":\"VI_1\"") && asked.contains("\"force\":false"), "{asked}");
}

#[test]
fn who_comes_second_and_shall_own_it_is_promoted_too() {
    let Some(stage) = waiting() else { return };
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    let vip = "vip: { address: 127.0.0.3/24, order: [lb-6, lb-5] }";
    stage.write("inventory.yaml", &text.replace("vip: 127.0.0.3/24", vip));
    stage.deployed();
    assert_eq!((asked(&stage, "lb-5").len(), asked(&stage, "lb-6")), (0, vec!["promote".into(), "unpin".into()]));
}

/// Then it claims by itself when its wait is over.
#[test]
fn where_it_is_not_known_that_nobody_has_the_vip_nobody_is_promoted() {
    let claimed_by_itself = |stage: &Stage, why: &str| {
        stage.deployed();
        assert!(stage.owner().starts_with("lb-"), "{why}");
        assert_eq!((asked(stage, "lb-5").len(), asked(stage, "lb-6").len()), (0, 0), "{why}");
    };
    let Some(stage) = waiting() else { return };
    stage.host("lb-5").tells("heard", "vrid 3 from 127.0.0.6\n");
    claimed_by_itself(&stage, "one of ours is heard");

    let Some(stage) = waiting() else { return };
    stage.inventory("roles: { vip: { guard: no } }\n");
    claimed_by_itself(&stage, "nobody would ask the LAN again");

    let Some(stage) = waiting() else { return };
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    stage.write("inventory.yaml", &text.replace("vip: 127.0.0.3/24", "vip: { address: 127.0.0.3/24, vrid: 77 }"));
    claimed_by_itself(&stage, "nobody listened for a VRID that is given");
}

/// The other load balancer takes no part, and may serve.
#[test]
fn where_one_of_ours_answers_for_the_vip_nobody_is_promoted() {
    let Some(stage) = waiting() else { return };
    for address in ["127.0.0.3", "127.0.0.6"] {
        let line = format!("{address} dev eth0 lladdr 02:aa:00:00:00:06 REACHABLE\n");
        stage.host("lb-5").tells(&format!("neighbours/{address}"), &line);
    }
    let end = stage.deploy_as(&Order { limit: vec!["lb-5".into(), "web-7".into()], ..stage.order.clone() });
    assert_eq!(end.exit, Exit::Done, "{}", end.said());
    assert_eq!(asked(&stage, "lb-5").len(), 0);
}

#[test]
fn who_refuses_to_be_promoted_claims_by_itself() {
    let Some(stage) = waiting() else { return };
    stage.host("lb-5").tells("refuses", "promote\n");
    stage.deployed();
    assert!(stage.owner().starts_with("lb-"));
    assert_eq!(asked(&stage, "lb-5"), ["promote"]);
}

/// What becomes of a promotion whose answer does not come is said truly, and who deploys after a desk that died over it
/// ends well.
#[test]
fn a_promotion_that_is_cut_off_is_taken_back_with_the_rest() {
    const CALL: &str = "/usr/local/bin/hactl agent call";
    let Some(stage) = waiting() else { return };
    let before = stage.snapshot();
    for fault in [Fault::Lost, Fault::Late, Fault::Cut(3)] {
        stage.host("lb-5").faults.at(CALL, fault);
        let end = stage.deploy();
        assert!(stage.host("lb-5").faults.over(), "{fault:?}");
        let after = stage.snapshot();
        let told = format!("{fault:?}: {:?} {}", end.exit, end.said());
        check(&stage, &before, &after, &end).unwrap_or_else(|why| panic!("{why}: {told}"));
        stage.reset(&before, "");
    }
    stage.host("lb-5").faults.at(CALL, Fault::DeskDies);
    stage.deploy_and_die();
    assert_eq!(stage.owner(), "lb-5");
    stage.holder_is_dead();
    stage.deployed();
    assert_eq!(stage.owner(), "lb-5");
}

#[test]
fn a_second_deploy_changes_nothing() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    stage.deployed();
    let before = stage.snapshot();
    assert_eq!(stage.deployed().changed, 0);
    stage.plan().is(Exit::Done, &[]);
    assert_eq!(stage.changes(&before), Vec::<String>::new());
}

#[test]
fn what_was_changed_by_hand_is_put_right() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let after = stage.snapshot();
    stage.host("web-7").sh("echo mine >/usr/share/nginx/html/hactl/index.html");
    stage
        .host("lb-5")
        .sh("chmod 644 /etc/hactl/hactl.conf; rm /etc/nginx/hactl_proxy_params; systemctl disable --now nginx");
    let deployed = stage.deployed();
    let what: Vec<&str> =
        deployed.plan.hosts.iter().flat_map(|host| &host.changes).map(|one| one.what.as_str()).collect();
    assert!(what.contains(&"correct owner and mode of /etc/hactl/hactl.conf"), "{what:?}");
    assert!(what.contains(&"start nginx") && what.contains(&"enable nginx"), "{what:?}");
    assert_eq!(stage.live_changes(&after), Vec::<String>::new());
}

#[test]
fn a_changed_template_reaches_its_hosts_only_and_reloads_what_reads_it() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let (before, reloads) = (stage.snapshot(), stage.host("web-7").calls("reload-or-restart nginx"));
    stage.write("templates/nginx-web.conf.tera", "server { listen {{ host.port }}; } # another\n");
    let deployed = stage.deployed();
    assert_eq!((deployed.changed, deployed.hosts), (2, 1));
    let mut changed = stage.live_changes(&before);
    changed.sort();
    assert_eq!(
        changed,
        ["web-7: changed /etc/nginx/conf.d/hactl-web.conf", "web-7: changed /played/units/nginx.loaded"]
    );
    assert_eq!(stage.host("web-7").calls("reload-or-restart nginx"), reloads + 1);
}

/// An agent gives the VIP up when nginx has ended, unless a job of systemd's starts it again. So whatever a deploy does
/// to nginx is one job that ends in a running nginx, never a stop and then a start.
#[test]
fn a_deploy_never_stops_nginx() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    stage.deployed();
    stage.write("templates/nginx-lb.conf.tera", "server { listen {{ site.port }}; } # another\n");
    stage.write("templates/nginx-web.conf.tera", "server { listen {{ host.port }}; } # another\n");
    stage.deployed();
    for host in ["lb-5", "lb-6", "web-7"] {
        let host = stage.host(host);
        assert!(host.calls("reload-or-restart nginx") > 0);
        assert_eq!(host.calls("systemctl stop nginx") + host.calls("systemctl kill"), 0);
    }
    let conf = stage.host("lb-5").text("/etc/hactl/hactl.conf");
    assert!(conf.contains("unit nginx.service") && conf.contains("track_process {"), "{conf}");
}

#[test]
fn a_new_binary_restarts_the_agents_the_owner_last() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    stage.deployed();
    stage.told.lock().unwrap().clear();
    stage.binary("two");
    assert_eq!(stage.deployed().changed, 4);
    assert_eq!(*stage.told.lock().unwrap(), ["lb-6: done", "lb-5: done"]);
    for lb in ["lb-5", "lb-6"] {
        assert_eq!(stage.host(lb).calls("systemctl restart hactl-agent"), 1);
    }
    assert_eq!(stage.owner(), "lb-5");
}

/// What LVS left on a web host that is nginx's now.
#[test]
fn a_role_that_left_is_undone() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let without = stage.snapshot();
    let left = "mkdir -p /etc/hactl; cd /etc/systemd/system; touch /etc/hactl/realserver.sh hactl-realserver.service; \
                systemctl enable --now hactl-realserver";
    stage.host("web-7").sh(left);
    assert_eq!(stage.deployed().changed, 3);
    assert_eq!(stage.host("web-7").calls("systemctl disable -q --now hactl-realserver"), 1);
    assert_eq!(stage.live_changes(&without), ["web-7: new /etc/hactl"], "a folder that it did not make");
}

#[test]
fn limit_and_only_leave_the_others_alone() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let before = stage.snapshot();
    let end = stage.deploy_as(&Order { only: vec!["web-static".into()], ..stage.order.clone() });
    assert_eq!(end.exit, Exit::RolledBack, "no VIP yet: {}", end.said());
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    stage.deployed();
    let before = stage.snapshot();
    stage.binary("two");
    stage.inventory("roles: { web-static: { page: changed } }\n");
    let end = stage.deploy_as(&Order { limit: vec!["web-7".into()], ..stage.order.clone() });
    assert_eq!(end.exit, Exit::Done, "{}", end.said());
    let value = end.value.unwrap();
    assert_eq!((value.not_looked_at, value.verified), (1, None), "of the other host nothing was seen");
    assert_eq!(stage.live_changes(&before), ["web-7: changed /usr/share/nginx/html/hactl/index.html"]);
    let end = stage.deploy_as(&Order { only: vec!["web-static".into()], ..stage.order.clone() });
    assert_eq!(end.value.unwrap().changed, 0);
    assert_eq!(stage.deployed().changed, 2, "the other host's binary");
}

#[test]
fn packages_come_first_and_their_example_site_goes() {
    let Some(stage) = stage_with(&["lb-5", "web-7"], &[], false) else { return };
    if stage.host("web-7").try_sh("command -v nginx").status.success() {
        return eprintln!("SKIPPED: nginx is among the machine's own programs");
    }
    stage.deployed();
    for host in stage.hosts.values() {
        assert_eq!(host.calls("apt-get install"), 1);
        assert!(host.has("/played/units/nginx.active") && !host.has("/etc/nginx/sites-enabled/default"));
    }
}

#[test]
fn keepalived_gives_way() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.host("lb-5").sh("touch /etc/systemd/system/keepalived.service; systemctl enable --now keepalived");
    stage.deployed();
    let lb = stage.host("lb-5");
    assert!(!lb.has("/played/units/keepalived.active") && !lb.has("/played/units/keepalived.enabled"));
}

#[test]
fn any_login_shell_and_any_banner() {
    for (shell, banner) in [
        ("/bin/sh", "Welcome to lb-5\n@@addr\n"),
        ("/usr/bin/bash", "\x1b]0;lb-5\x07last login: never"),
        ("/usr/bin/tcsh", "two\nlines\n"),
        ("/usr/bin/fish", ""),
        ("/usr/bin/zsh", "x"),
    ] {
        let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
        if !std::path::Path::new(shell).exists() {
            eprintln!("no {shell} here");
            continue;
        }
        for host in stage.hosts.values() {
            *host.shell.lock().unwrap() = shell.into();
            *host.banner.lock().unwrap() = banner.into();
        }
        stage.deployed();
        assert_eq!(stage.deployed().changed, 0, "{shell}");
    }
}

/// Half a pair with another VRID would be two routers of one each.
#[test]
fn what_a_pair_has_alike_changes_on_both_or_on_none() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    stage.deployed();
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    stage.write("inventory.yaml", &text.replace("vip: 127.0.0.3/24", "vip: { address: 127.0.0.3/24, vrid: 77 }"));
    let before = stage.snapshot();
    let half = Order { limit: vec!["lb-6".into()], ..stage.order.clone() };
    let end = stage.deploy_as(&half);
    end.is(Exit::Preflight, &[Code::NotTogether]);
    assert!(end.said().contains("VRID 3 becomes 77") && end.said().contains("lb-5"), "{}", end.said());
    assert_eq!(stage.changes(&before), Vec::<String>::new());
    let end = stage.deploy_as(&Order { accept_gap: true, ..half });
    assert!(!end.codes().contains(&Code::NotTogether), "{}", end.said());
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    stage.write("inventory.yaml", &(text.replace("77", "78") + "roles: { vip: { guard: no } }\n"));
    let end = stage.deploy();
    end.is(Exit::Preflight, &[Code::NotTogether]);
    assert!(end.said().contains("guard"), "{}", end.said());
}

/// What travels grows with a role, and no command's words do: they have an end (ARG_MAX).
#[test]
fn a_role_of_two_thousand_files() {
    let Some(mut stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.limit = std::time::Duration::from_secs(120); // a busy machine plays it
    let files: String =
        (0..2000).map(|n| format!("  - {{ template: many.tera, dest: '/srv/many files/{n}' }}\n")).collect();
    let role = |probe: &str| {
        let probes = format!("probes:\n  - {{ name: it works, command: '{probe}' }}\n");
        stage.write("roles/many/role.yaml", &format!("applies_to: [web]\nretires: []\nfiles:\n{files}{probes}"));
    };
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    stage.write("inventory.yaml", &text.replace("web-7: {", "web-7: { roles: [many],"));
    stage.write("templates/many.tera", "one\n");
    role("true");
    stage.deployed();
    let has = |text: &str| {
        let command = "cd '/srv/many files' && ls | wc -l && cat * | sort | uniq -c";
        let said = stage.host("web-7").sh(command);
        assert_eq!(said.split_whitespace().collect::<Vec<_>>(), ["2000", "2000", text]);
    };
    has("one");
    assert_eq!(stage.deployed().changed, 0);
    stage.write("templates/many.tera", "two\n");
    role("false");
    assert_eq!(stage.deploy().exit, Exit::RolledBack);
    has("one");
}
