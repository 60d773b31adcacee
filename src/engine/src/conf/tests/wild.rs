//! Habits seen in public files and in course notes. None may stop the parser, and what works in keepalived works.

use std::time::Duration;

use super::support::{faults, one, shown};
use crate::conf::config::{InitialState, SimplePassword};
use crate::conf::parse;

/// A first pair as a course teaches it: comments in Chinese, no indentation, `state MASTER` with priority 150.
const COURSE: &str = "global_defs {
router_id lb-5 # 路由器ID
}
# 定义脚本
vrrp_script check_web {
script \"/etc/keepalived/check-web.sh\"
interval 5 # 执行间隔
}
vrrp_instance VIP_1 { # 组名
state MASTER # 角色
interface eth0
virtual_router_id 50
priority 150
advert_int 1
authentication { # 认证
auth_type PASS
auth_pass 1111
}
virtual_ipaddress {
10.0.0.3 # 虚拟IP
}
track_script {
check_web
}
}
";

#[test]
fn the_course_file_works_with_one_hint() {
    let (found, said) = one(COURSE);
    assert_eq!(said, ["W 20:1 `10.0.0.3` has no prefix length; /32 is used"]);
    assert_eq!((found.vrid, found.priority, found.initial_state), (50, 150, InitialState::Master));
    assert_eq!(found.password, Some(SimplePassword(*b"1111\0\0\0\0")));
    assert_eq!(found.track_scripts[0].name, "check_web");
    assert_eq!(found.addresses[0].address.to_string(), "10.0.0.3/32");
}

#[test]
fn line_ends_of_another_system_change_nothing() {
    let unix = parse("f", COURSE);
    assert_eq!(parse("f", &COURSE.replace('\n', "\r\n")), unix);
    assert_eq!(parse("f", &format!("\u{feff}{COURSE}")), unix);
}

#[test]
fn one_line_blocks_and_glued_braces() {
    let text = "vrrp_script chk{ script \"killall -0 haproxy\" }
vrrp_instance VI_1
{
  state BACKUP
  interface ens160
  virtual_router_id 51
  virtual_ipaddress{ 192.168.25.100/27 }
  track_script { chk }
}
";
    let (found, said) = one(text);
    assert_eq!(said, Vec::<String>::new());
    assert_eq!((found.track_scripts.len(), found.addresses.len()), (1, 1));
}

#[test]
fn slave_and_semicolons_are_errors_with_a_hint() {
    let text = "vrrp_instance a {\nstate SLAVE\ninterface eth0\nvirtual_router_id 51;\npriority 90;\nauthentication {\nauth_type PASS;\nauth_pass 1111\n}\n}";
    let parsed = parse("f", text);
    assert_eq!(
        shown(&parsed),
        [
            "W 1:15 vrrp_instance `a` has no virtual address",
            "E 2:7 unknown state `SLAVE`; BACKUP is used",
            "E 4:19 `virtual_router_id 51;` is not in 1..=255; the instance is ignored",
            "E 5:10 `priority 90;` is not in 1..=255; 100 is used",
            "E 7:11 unknown auth_type `PASS;`; adverts carry no authentication",
        ]
    );
    assert_eq!(parsed.diagnostics[3].help.as_deref(), Some("lines do not end in `;` in this language"));
}

#[test]
fn the_widely_copied_template_is_understood() {
    let text = "! Configuration File for keepalived

global_defs {
   notification_email {
     acassen@firewall.loc
     failover@firewall.loc
   }
   notification_email_from Alexandre.Cassen@firewall.loc
   smtp_server 192.168.200.1
   smtp_connect_timeout 30
   router_id LVS_DEVEL
   vrrp_skip_check_adv_addr
   vrrp_strict
   vrrp_garp_interval 0
   vrrp_gna_interval 0
}

vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        192.168.200.16
        192.168.200.17
        192.168.200.18
    }
}

virtual_server 192.168.200.100 443 {
    delay_loop 6
    lb_algo rr
    lb_kind FNAT
    nat_mask 255.255.255.0
    persistence_timeout 50
    protocol TCP
    real_server 192.168.201.100 443 {
        weight 1
        SSL_GET {
            url {
              path /
              digest ff20ad2481f97b1754ef3e12ecd3a9cc
            }
            connect_timeout 3
            nb_get_retry 3
            delay_before_retry 3
        }
    }
}
";
    let (found, said) = one(text);
    assert_eq!(found.addresses.len(), 3);
    assert_eq!(found.password, None);
    assert!(found.strict && !found.accept);
    assert_eq!(
        said,
        [
            "W 18:1 in strict mode the virtual addresses take no traffic: they do not even answer ping",
            "W 19:5 in strict mode `state MASTER` belongs to the address owner alone, who has priority 255",
            "E 24:5 strict mode permits no authentication; ignored, as keepalived does",
            "W 29:9 `192.168.200.16` has no prefix length; /32 is used",
            "W 30:9 `192.168.200.17` has no prefix length; /32 is used",
            "W 31:9 `192.168.200.18` has no prefix length; /32 is used",
            "E 38:13 unknown forwarding method `FNAT`; ignored",
            "W 39:5 `nat_mask` is known but not supported yet; ignored: \
             the kernel's LVS has no use for it, and keepalived gave it up long ago",
        ]
    );
    let config = parse("f", text).config;
    let server = &config.virtual_servers[0];
    assert_eq!((server.name.as_str(), server.scheduling.name), ("192.168.200.100:443", "rr"));
    let check = &server.real_servers[0].checkers[0];
    assert_eq!((check.retry, check.interval.as_secs(), check.retry_delay.as_secs()), (3, 6, 3));
    let mail = config.global.mail.unwrap();
    assert_eq!((mail.recipients.len(), mail.host.as_str(), mail.port), (2, "192.168.200.1", 25));
}

#[test]
fn a_misremembered_mail_keyword_is_guessed() {
    let parsed = parse("f", "global_defs {\nsmtp_connection_timeout 30\n}\n");
    assert_eq!(parsed.diagnostics[0].help.as_deref(), Some("did you mean `smtp_connect_timeout`?"));
}

#[test]
fn script_habits_survive() {
    let text = "vrrp_script a {
  script \"/usr/bin/pidof nginx > /dev/null || exit 1\"
  interval 2
  weight -20
}
vrrp_script b {
  script \"</dev/tcp/127.0.0.1/80\"
  interval 1
}
";
    let parsed = parse("f", text);
    assert_eq!(parsed.config.scripts[0].command.len(), 7);
    assert_eq!(parsed.config.scripts[0].interval, Duration::from_secs(2));
    assert_eq!(parsed.config.scripts[1].command[0], "/bin/sh");
    assert!(faults(text).iter().all(|one| one.starts_with('W')));
}

#[test]
fn words_that_are_cut_by_a_comment_are_told() {
    let text = "vrrp_instance a {\nauthentication {\nauth_type PASS\nauth_pass se!cret\n}\n}";
    assert!(faults(text).contains(&"W 4:13 `!` right after a word starts a comment".to_owned()));
}
