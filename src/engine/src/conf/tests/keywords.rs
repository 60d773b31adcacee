//! Known, not supported yet: one warning each, nothing about what such a block holds.

use std::collections::BTreeSet;

use super::support::{faults, instance};
use crate::conf::config::{MetricsAddress, SmtpTls};
use crate::conf::grammar::keywords::{GLOBAL_DEFS, ROOT, VIRTUAL_SERVER, VRRP_INSTANCE};
use crate::conf::grammar::schema::{Context, Support};

fn collect(context: &'static Context, seen: &mut BTreeSet<&'static str>) {
    for keyword in context.keywords() {
        seen.insert(keyword.name);
        if let Some(block) = keyword.block {
            collect(block, seen);
        }
    }
}

#[test]
fn all_of_keepalived_is_known() {
    let mut names = BTreeSet::new();
    collect(&ROOT, &mut names);
    let own = [
        "hactl",
        "lease",
        "guard",
        "connection_draining",
        "metrics",
        "webhook",
        "smtp_tls",
        "smtp_user",
        "smtp_password_file",
        "tls_authorities",
        "unit",
        "slow_start",
        "tls_verify",
        "header",
        "basic_auth",
    ];
    let theirs = names.iter().filter(|name| !own.contains(name)).count();
    assert!(theirs >= 361, "{theirs}");
}

#[test]
fn no_keyword_stands_twice_in_a_context() {
    fn check(context: &'static Context) {
        let mut names = BTreeSet::new();
        for keyword in context.keywords() {
            assert!(names.insert(keyword.name), "{} in {}", keyword.name, context.name);
            if let Some(block) = keyword.block {
                check(block);
            }
        }
    }
    check(&ROOT);
}

/// Every supported keyword in its block, and that in the blocks around it.
fn supported(context: &'static Context, around: &mut Vec<&'static str>, texts: &mut Vec<String>) {
    for keyword in context.keywords().filter(|keyword| keyword.support == Support::Yes) {
        let heads: String = around.iter().map(|name| format!("{name} {} {{\n", argument(name))).collect();
        let line = if keyword.block.is_some() { " a {\n}" } else { "" };
        texts.push(format!("{heads}{}{line}\n{}", keyword.name, "}\n".repeat(around.len())));
        if let Some(block) = keyword.block {
            around.push(keyword.name);
            supported(block, around, texts);
            around.pop();
        }
    }
}

fn argument(block: &str) -> &str {
    match block {
        "virtual_server" | "real_server" => "10.0.0.3 80",
        "vrrp_instance" | "vrrp_sync_group" | "vrrp_script" | "track_file" | "vrrp_track_process" => "a",
        _ => "",
    }
}

#[test]
fn every_supported_keyword_is_read_by_somebody() {
    let mut texts = Vec::new();
    supported(&ROOT, &mut Vec::new(), &mut texts);
    assert!(texts.len() > 250, "{}", texts.len());
    let mut seen = Vec::new();
    for text in texts {
        seen.extend(faults(&text).into_iter().filter(|one| one.contains("nothing reads it")));
    }
    assert_eq!(seen, Vec::<String>::new());
}

#[test]
fn every_unsupported_keyword_gets_exactly_one_warning() {
    let instance = "vrrp_instance a {\ninterface e\nvirtual_router_id 37\nvirtual_ipaddress { 10.0.0.3/27 }\n";
    let server = "virtual_server 10.0.0.3 80 {\nprotocol TCP\nreal_server 10.0.0.7 80 {\n}\n";
    let places: [(_, &str); 4] =
        [(&ROOT, ""), (&GLOBAL_DEFS, "global_defs {\n"), (&VRRP_INSTANCE, instance), (&VIRTUAL_SERVER, server)];
    for (context, before) in places {
        let after = if before.is_empty() { "" } else { "}\n" };
        for keyword in context.keywords() {
            let Support::NotYet(consequence) = keyword.support else { continue };
            let block = if keyword.block.is_some() { " {\n  whatever 1 2 3\n  deeper { x }\n}" } else { "" };
            let said = faults(&format!("{before}{}{block}\n{after}", keyword.name));
            assert_eq!(said.len(), 1, "{said:?}");
            let known = format!("`{}` is known but not supported yet; ignored", keyword.name);
            assert!(
                said[0].starts_with("W ") && said[0].contains(&known) && said[0].ends_with(consequence),
                "{said:?}"
            );
        }
    }
}

#[test]
fn consequences_are_told() {
    assert_eq!(
        faults(&instance("use_ipvlan")),
        ["W 2:1 `use_ipvlan` is known but not supported yet; ignored: the addresses stand on the interface itself"]
    );
    let text = "virtual_server 10.0.0.3 80 {\nprotocol TCP\nsnmp_name x\nreal_server 10.0.0.7 80 {\n\
                BFD_CHECK {\nname peer\n}\n}\n}\nbfd_instance peer {\nneighbor_ip 10.0.0.7\n}\n";
    assert_eq!(
        faults(text),
        [
            "W 3:1 `snmp_name` is known but not supported yet; ignored: there is no SNMP",
            "W 5:1 `BFD_CHECK` is known but not supported yet; ignored: \
             there is no BFD; the real server is treated as if this check were not there",
            "W 10:1 `bfd_instance` is known but not supported yet; ignored: \
             no session is opened; a peer's failure is found by its adverts",
        ]
    );
}

#[test]
fn our_own_block_is_read() {
    let text =
        "hactl {\nlease on\nguard off\nmetrics 127.0.0.1:9650\nwebhook http://x/\n}\n".to_owned() + &instance("");
    let own = super::support::clean(&text).own;
    assert!(own.lease && !own.guard);
    assert_eq!(own.metrics, Some(MetricsAddress::Tcp(([127, 0, 0, 1], 9650).into())));
    assert_eq!(own.webhook.as_deref(), Some("http://x/"));
    let wrong = "hactl {\nmetrics 10.0.0.5:9650\nwebhook ftp://x\n}\n".to_owned() + &instance("");
    assert_eq!(
        faults(&wrong),
        [
            "E 2:9 `metrics 10.0.0.5:9650` is not a loopback address; no metrics: anybody could read them",
            "E 3:9 `webhook` is ignored: it begins with neither http:// nor https://",
        ]
    );
    let wrong = "hactl { metrics unix:x }\n".to_owned() + &instance("");
    assert_eq!(faults(&wrong), ["E 1:17 `x` is not a path from the root; no metrics"]);
}

#[test]
fn connections_are_drained_where_one_host_can_be_kept_silent() {
    let block = |lines: &str| format!("hactl {{\n{lines}\n}}\n{}", instance(""));
    let own = super::support::clean(&block("lease on\nguard on\nconnection_draining 30")).own;
    assert_eq!(own.connection_draining, std::time::Duration::from_secs(30));
    let silent = "E 1:1 `connection_draining` is ignored: an address may only stay on two hosts where one of them is kept silent";
    for (lines, fault) in [
        ("guard on\nconnection_draining 30", silent),
        ("lease on\nconnection_draining 30", silent),
        (
            "lease on\nguard on\nconnection_draining 301",
            "E 4:21 `connection_draining 301` is not in 0..=300 s; connections are not drained",
        ),
    ] {
        assert_eq!(faults(&block(lines)), [fault], "{lines}");
    }
}

#[test]
fn mail_may_be_protected() {
    let block = |lines: &str| format!("hactl {{\n{lines}\n}}\n{}", instance(""));
    let login = "smtp_user ha\nsmtp_password_file /etc/ha/mail";
    let own = super::support::clean(&block(&format!("smtp_tls starttls\n{login}\ntls_authorities /etc/ha/ca.pem"))).own;
    assert_eq!(own.smtp_tls, SmtpTls::StartTls);
    assert_eq!((own.smtp_user.as_deref(), own.smtp_password_file.as_deref()), (Some("ha"), Some("/etc/ha/mail")));
    assert_eq!(own.tls_authorities.as_deref(), Some("/etc/ha/ca.pem"));
    for (lines, fault) in [
        (login, "E 1:1 `smtp_user` is ignored: without TLS anybody on the way could read the password"),
        ("smtp_tls on\nsmtp_user ha", "E 1:1 `smtp_user` is ignored: there is no password"),
        ("smtp_tls on\nsmtp_password_file /x", "E 1:1 `smtp_password_file` is ignored: there is no user"),
        ("smtp_tls yes", "E 2:10 `smtp_tls yes` is unknown; mail goes without TLS"),
        ("tls_authorities ca.pem", "E 2:17 `ca.pem` is not a path from the root; ignored"),
        (
            "webhook https://me:secret@x/",
            "E 2:9 `webhook` is ignored: it holds a user or password; put a token into the path or query",
        ),
    ] {
        assert_eq!(faults(&block(lines)), [fault], "{lines}");
    }
}
