//! The ways to a host: what ~/.ssh/config says of it.

use super::host::Scene;

const FINE: &str = "exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"";

fn has_ssh() -> bool {
    let here = which::which("ssh").is_ok();
    if !here {
        eprintln!("SKIPPED: no ssh here");
    }
    here
}

#[test]
fn the_user_s_ssh_configuration_is_asked() {
    let Some(scene) = Scene::new(FINE, "").filter(|_| has_ssh()) else { return };
    std::fs::rename(scene.path("home/.ssh/id_ed25519"), scene.path("home/.ssh/cluster")).unwrap();
    scene.inventory("ssh: { }");
    assert_eq!(scene.understood(), [false, false], "neither port nor key is known");
    let config = format!(
        "Host lb-*\n HostName 10.9.9.9\nHost 127.0.0.*\n Port {}\n IdentityFile {}\n",
        scene.port,
        scene.path("home/.ssh/cluster").display()
    );
    scene.write("home/.ssh/config", config);
    assert_eq!(scene.understood(), [true, true], "an alias that leads elsewhere does not count");
    scene.inventory("ssh: { port: 9 }");
    assert_eq!(scene.understood(), [false, false], "the inventory's own word wins");
}

#[test]
fn jump_hosts_may_be_aliases_and_stand_in_a_row() {
    let Some(scene) = Scene::new(FINE, "AllowTcpForwarding yes").filter(|_| has_ssh()) else { return };
    scene.inventory("ssh: { user: root, port: PORT, jump: bastion }");
    let said = scene.accepting(&["status"]);
    assert!(said.contains("lb-5: not reachable, its state is unknown: its jump host bastion is not reached"), "{said}");
    let config = format!(
        "Host bastion\n HostName 127.0.0.6\n Port {0}\n User root\n ProxyJump first\nHost first\n HostName 127.0.0.5\n Port {0}\n",
        scene.port
    );
    scene.write("home/.ssh/config", config);
    assert_eq!(scene.understood(), [true, true]);
    scene.write("home/.ssh/config", "Host bastion\n ProxyJump first\nHost first\n ProxyJump bastion\n");
    let said = scene.accepting(&["status"]);
    assert!(said.contains("is a jump host of itself"), "{said}");
    scene.write("home/.ssh/config", "Host *\n ProxyCommand nc %h %p\n");
    scene.inventory("ssh: { user: root, port: PORT }");
    let said = scene.accepting(&["status"]);
    assert!(said.contains("ProxyCommand") && said.contains("use ProxyJump"), "{said}");
}

/// Where there is no ssh to ask, that is said to whoever may need it.
#[test]
fn a_configuration_that_nobody_reads_is_told() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    scene.write("home/.ssh/config", "Host 127.0.0.*\n User deploy\n");
    scene.inventory("ssh: { port: 9 }");
    let mut command = scene.command(&["status"]);
    let output = command.env("PATH", "/nowhere").output().unwrap();
    let said = super::host::text(&output);
    assert!(said.contains("there is no `ssh` here to ask what ~/.ssh/config says"), "{said}");
}
