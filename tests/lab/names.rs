//! A link called keepalived under what others wrote to start it: CentOS 7's unit, and an init script.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::hosts::{Lab, SUBNET};

/// As CentOS 7 and Red Hat 7 have it.
const UNIT: &str = "[Unit]\nDescription=LVS and VRRP High Availability Monitor\nAfter=syslog.target network-online.target\n\n\
                    [Service]\nType=forking\nPIDFile=/var/run/keepalived.pid\nKillMode=process\n\
                    EnvironmentFile=-/etc/sysconfig/keepalived\nExecStart=/usr/sbin/keepalived $KEEPALIVED_OPTIONS\n\
                    ExecReload=/bin/kill -HUP $MAINPID\n\n[Install]\nWantedBy=multi-user.target\n";
const SCRIPT: &str = "#!/bin/sh\n# Provides: keepalived\npid=/run/keepalived.pid\ncase $1 in\n\
                      start) start-stop-daemon --start --quiet --pidfile $pid --exec /usr/sbin/keepalived -- -D ;;\n\
                      stop) start-stop-daemon --stop --quiet --retry=TERM/20/KILL/5 --pidfile $pid --name keepalived ;;\n\
                      reload) start-stop-daemon --stop --quiet --signal 1 --pidfile $pid --name keepalived ;;\n\
                      status) start-stop-daemon --status --pidfile $pid --name keepalived ;;\nesac\n";

/// A host as its owner has it: the link, his configuration, his unit, his script.
fn by_hand(lab: &Lab) {
    let root = lab.folder.join("hosts/lb-5/merged");
    let binary = PathBuf::from(std::env::var_os("HACTL_BINARY").unwrap());
    std::fs::copy(binary, root.join("usr/local/bin/hactl")).unwrap();
    symlink("/usr/local/bin/hactl", root.join("usr/sbin/keepalived")).unwrap();
    for folder in ["etc/keepalived", "etc/sysconfig"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    std::fs::write(root.join("etc/sysconfig/keepalived"), "KEEPALIVED_OPTIONS=\"-D\"\n").unwrap();
    std::fs::write(root.join("etc/systemd/system/keepalived.service"), UNIT).unwrap();
    configure(lab, "");
    lab.sh("lb-5", "systemctl daemon-reload");
}

/// The file that it reads, with one address more perhaps.
fn configure(lab: &Lab, more: &str) {
    let conf = format!(
        "vrrp_instance VI_1 {{\nstate MASTER\ninterface eth0\nvirtual_router_id 51\npriority 150\nadvert_int 1\n\
         virtual_ipaddress {{\n{SUBNET}.3/24\n{more}\n}}\n}}\n"
    );
    std::fs::write(lab.folder.join("hosts/lb-5/merged/etc/keepalived/keepalived.conf"), conf).unwrap();
}

fn until(lab: &Lab, what: &str, line: &str, wanted: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    while lab.sh("lb-5", line).trim() != wanted {
        assert!(
            Instant::now() < end,
            "{what}: {}\n{}",
            lab.sh("lb-5", line),
            lab.sh("lb-5", "systemctl status keepalived; journalctl -n 30")
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn addresses(lab: &Lab, last: &[u8]) {
    let line = format!("ip -4 -o addr show dev eth0 | grep -o '{SUBNET}\\.[34]/' | sort | tr -d '\\n'");
    let wanted: String = last.iter().map(|last| format!("{SUBNET}.{last}/")).collect();
    until(lab, "the addresses", &line, &wanted);
}

pub(crate) fn the_unit_of_centos_7(lab: &Lab) {
    by_hand(lab);
    assert_eq!(lab.sh("lb-5", "systemctl start keepalived; echo $?; systemctl is-active keepalived"), "0\nactive\n");
    addresses(lab, &[3]);
    let pids = "systemctl show -p MainPID --value keepalived; cat /run/keepalived.pid; readlink /proc/$(cat /run/keepalived.pid)/exe";
    let pids = |lab: &Lab| lab.sh("lb-5", pids).lines().map(str::to_owned).collect::<Vec<_>>();
    let first = pids(lab);
    assert!(first[0] == first[1] && first[0] != "0" && first[2] == "/usr/local/bin/hactl", "{first:?}");
    configure(lab, &format!("{SUBNET}.4/24"));
    assert_eq!(lab.sh("lb-5", "systemctl reload keepalived; echo $?"), "0\n");
    addresses(lab, &[3, 4]);
    assert_eq!(pids(lab), first, "the same process");
    assert_eq!(lab.sh("lb-5", "systemctl restart keepalived; echo $?; systemctl is-active keepalived"), "0\nactive\n");
    let second = pids(lab);
    assert!(second[0] == second[1] && second[0] != first[0], "{second:?}");
    addresses(lab, &[3, 4]);
    assert_eq!(lab.sh("lb-5", "systemctl stop keepalived; echo $?; systemctl is-failed keepalived"), "0\ninactive\n");
    addresses(lab, &[]);
    assert_eq!(lab.sh("lb-5", "pgrep -x keepalived; ls /run/keepalived.pid 2>/dev/null"), "", "nothing is left");
    configure(lab, "");
}

/// It is no unit's process: typed on a console, or at boot of a system without systemd.
pub(crate) fn an_init_script(lab: &Lab) {
    lab.sh("lb-5", "rm /etc/systemd/system/keepalived.service; systemctl daemon-reload");
    let script = lab.folder.join("hosts/lb-5/merged/root/keepalived");
    std::fs::write(&script, SCRIPT).unwrap();
    let call = |verb: &str| lab.sh("lb-5", &format!("sh /root/keepalived {verb}; echo $?"));
    assert_eq!(call("status"), "3\n", "it does not run");
    assert_eq!(call("start"), "0\n");
    assert_eq!(call("status"), "0\n");
    addresses(lab, &[3]);
    let pid = lab.sh("lb-5", "cat /run/keepalived.pid");
    assert_eq!(lab.sh("lb-5", "pgrep -x keepalived"), pid, "one process, and its id in the file");
    configure(lab, &format!("{SUBNET}.4/24"));
    assert_eq!(call("reload"), "0\n");
    addresses(lab, &[3, 4]);
    assert_eq!(lab.sh("lb-5", "cat /run/keepalived.pid"), pid);
    assert_eq!(call("stop"), "0\n");
    addresses(lab, &[]);
    assert_eq!(lab.sh("lb-5", "pgrep -x keepalived; ls /run/keepalived.pid 2>/dev/null"), "", "nothing is left");
    lab.sh("lb-5", "rm -r /root/keepalived /usr/sbin/keepalived /usr/local/bin/hactl /etc/keepalived /etc/sysconfig");
}
