//! What a deploy refuses before it begins, each with its code; nothing is changed.

use hactl::ctl::apply::deploy::Order;
use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{Stage, stage, stage_with};
use super::truth::pending;

/// Nothing is changed by what comes of this, and this is said.
fn refused(arrange: impl Fn(&Stage), code: Code) -> Option<String> {
    let stage = stage(&["lb-5", "web-7"])?;
    arrange(&stage);
    let before = stage.snapshot();
    let end = stage.deploy();
    end.is(Exit::Preflight, &[code]);
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    assert!(stage.hosts.values().all(|host| pending(host).is_empty()), "no lock is left");
    Some(end.said())
}

#[test]
fn a_selection_that_names_nothing() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let order = Order { limit: vec!["lb-7".into()], only: vec!["vap".into()], ..stage.order.clone() };
    stage.deploy_as(&order).is(Exit::Invalid, &[Code::NothingSelected, Code::NothingSelected]);
    assert!(stage.hosts.values().all(|host| host.faults.calls().is_empty()), "nobody is asked");
}

#[test]
fn a_host_that_cannot_be_examined() {
    let Some(said) = refused(|stage| stage.host("web-7").faults.at("system", Fault::Fails), Code::CannotExamine) else {
        return;
    };
    assert!(said.contains("web-7: cannot be examined: the story lets it fail"), "{said}");
}

#[test]
fn a_host_without_systemd() {
    refused(|stage| drop(stage.host("web-7").sh("echo runit >/proc/1/comm")), Code::NoSystemd);
}

#[test]
fn a_host_without_package_manager() {
    let Some(stage) = stage_with(&["lb-5", "web-7"], &[], false) else { return };
    if stage.host("web-7").try_sh("command -v nginx || PATH=/usr/bin; command -v apt-get dnf yum").status.success() {
        return eprintln!("SKIPPED: a package manager is among the machine's own programs");
    }
    stage.hosts.values().for_each(|host| drop(host.sh("rm /played/bin/apt-get")));
    stage.deploy().is(Exit::Preflight, &[Code::NoPackageManager, Code::NoPackageManager]);
}

#[test]
fn a_stranger_that_answers_for_the_vip() {
    let line = "127.0.0.3 dev eth0 lladdr 02:bb:00:00:00:37 REACHABLE\n";
    let Some(said) = refused(|stage| stage.host("lb-5").tells("neighbours/127.0.0.3", line), Code::Stranger) else {
        return;
    };
    assert!(said.contains("by a stranger at 02:bb:00:00:00:37"), "{said}");
}

#[test]
fn a_tool_that_a_role_needs() {
    let role = "applies_to: [web]\nretires: []\nrequires:\n  - { name: the moon, command: 'false', next: wait }\n";
    let arrange = |stage: &Stage| {
        stage.write("roles/mine/role.yaml", role);
        let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
        let text = text.replace("web-7: {", "web-7: { roles: [mine],");
        stage.write("inventory.yaml", &text);
    };
    let Some(said) = refused(arrange, Code::ToolMissing) else { return };
    assert!(said.contains("web-7: the moon is missing") && said.contains("next: wait"), "{said}");
}

#[test]
fn a_port_that_somebody_else_has() {
    let arrange = |stage: &Stage| {
        let port = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
        let port = port.rsplit_once("port: ").unwrap().1.split(' ').next().unwrap().to_owned();
        let nginx = format!("LISTEN 0 511 0.0.0.0:{port} 0.0.0.0:* users:((\"nginx\",pid=7,fd=6))\n");
        stage.host("lb-5").tells("listeners", &nginx);
        let apache =
            format!("{nginx}LISTEN 0 511 *:{port} *:* users:((\"apache2\",pid=91,fd=4),(\"apache2\",pid=92,fd=4))\n");
        stage.host("web-7").tells("listeners", &apache);
    };
    let Some(said) = refused(arrange, Code::PortTaken) else { return };
    assert!(
        said.contains("web-7: port ") && said.contains("is taken by apache2, and nginx is to listen there"),
        "{said}"
    );
}

#[test]
fn a_place_without_room() {
    let Some(stage) = stage_with(&["lb-5", "web-7"], &[("tmp", 64 << 10)], true) else { return };
    let end = stage.deploy();
    end.is(Exit::Preflight, &[Code::NoSpace, Code::NoSpace]);
    assert!(end.said().contains("web-7: 64 kB free in /tmp, 1024 kB are needed"), "{}", end.said());
}

#[test]
fn a_place_that_cannot_be_written() {
    let Some(stage) = stage_with(&["lb-5", "web-7"], &[("tmp", 8 << 20)], true) else { return };
    if !stage.host("web-7").try_sh("mount -n -o remount,ro,size=8388608 -t tmpfs tmpfs /tmp").status.success() {
        return eprintln!("SKIPPED: nothing can be mounted anew here");
    }
    let end = stage.deploy();
    end.is(Exit::Preflight, &[Code::ReadOnly]);
    assert!(end.said().contains("web-7: /tmp is read-only"), "{}", end.said());
}

#[test]
fn packages_that_somebody_else_works_with() {
    let Some(stage) = stage_with(&["lb-5", "web-7"], &[], false) else { return };
    if stage.host("web-7").try_sh("command -v nginx").status.success() {
        return eprintln!("SKIPPED: nginx is among the machine's own programs");
    }
    stage.host("web-7").sh(
        "mkdir -p /var/lib/dpkg /proc/4242; touch /var/lib/dpkg/lock-frontend; echo unattended-upgr >/proc/4242/comm; \
         echo \"1: POSIX  ADVISORY  WRITE 4242 fe:01:$(stat -c %i /var/lib/dpkg/lock-frontend) 0 EOF\" >/proc/locks",
    );
    let end = stage.deploy();
    end.is(Exit::Preflight, &[Code::PackagesLocked]);
    assert!(end.said().contains("worked on by unattended-upgr (process 4242)"), "{}", end.said());
}

#[test]
fn a_vrid_that_somebody_else_uses() {
    let heard = "vrid 3 from 127.0.0.99\n";
    let Some(said) = refused(|stage| stage.host("lb-5").tells("heard", heard), Code::VridTaken) else { return };
    assert!(said.contains("in use on this LAN by 127.0.0.99"), "{said}");
}

/// A plan brings nothing to hosts; where one has a program already that one listens, and the plan is shown all the
/// same.
#[test]
fn a_plan_tells_of_a_vrid_that_somebody_else_uses() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let lb = stage.host("lb-5");
    lb.tells("heard", "vrid 3 from 127.0.0.99\n");
    let plan = stage.plan();
    plan.is(Exit::Pending, &[]);
    lb.sh("printf '#!/bin/sh\\nexec /bin/sh /played/hactl.sh \"$@\"\\n' >/usr/local/bin/hactl; chmod +x /usr/local/bin/hactl");
    let plan = stage.plan();
    plan.is(Exit::Preflight, &[Code::VridTaken]);
    assert!(plan.said().contains("in use on this LAN by 127.0.0.99") && plan.value.is_some(), "{}", plan.said());
    lb.tells("heard", "vrid 4 from 127.0.0.99\n");
    stage.plan().is(Exit::Pending, &[]);
    // Who has an agent uses it himself.
    stage.deployed();
    lb.tells("heard", "vrid 3 from 127.0.0.99\n");
    stage.inventory("metrics: 127.0.0.1:9650\n");
    stage.plan().is(Exit::Pending, &[]);
}

#[test]
fn no_binary_to_send() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.write("hactl", "#!/bin/sh\n");
    stage.deploy().is(Exit::Invalid, &[Code::NoBinary]);
}
