//! Which key a host may show.

use super::host::{Scene, run};

const FINE: &str = "exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"";
/// Told of each host.
const CHANGED: &str = "its state is unknown: host key CHANGED";
/// Somebody else's key.
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIECcW+EuSQsoFU9tJ1PBpPZX2Yp4L5UhXI9Ogz7zpuwb";

fn known(scene: &Scene, lines: impl AsRef<[u8]>) {
    scene.write("home/.ssh/known_hosts", lines);
}

/// Both hosts as known_hosts names them.
fn both(scene: &Scene, key: &str) -> String {
    format!("[127.0.0.5]:{0},[127.0.0.6]:{0} {key}\n", scene.port)
}

/// A byte that is not UTF-8 once made the desk forget every key, and take an impostor's.
#[test]
fn one_strange_byte_forgets_no_key() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    let lines = [both(&scene, OTHER).as_bytes(), b"10.9.9.9 ssh-ed25519 AAAA M\xfcller\n"].concat();
    known(&scene, &lines);
    let said = scene.accepting(&["status"]);
    assert_eq!(said.matches(CHANGED).count(), 2, "{said}");
    assert_eq!(std::fs::read(scene.path("home/.ssh/known_hosts")).unwrap(), lines, "nothing was recorded");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    std::fs::create_dir(scene.path("home/.ssh/known_hosts")).unwrap(); // root reads every file, but no folder as a file
    let said = scene.accepting(&["status"]);
    assert!(said.contains("known host keys: ") && said.contains("impostor"), "{said}");
    assert_eq!(said.matches("unreachable").count(), 3, "nobody was connected to: {said}");
}

#[test]
fn the_inventory_s_name_does_not_override_the_address() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    let key = scene.host_key();
    known(&scene, format!("[lb-5]:{0},[lb-6]:{0} {key}\n{1}", scene.port, both(&scene, OTHER)));
    let said = scene.accepting(&["status"]);
    assert_eq!(said.matches(CHANGED).count(), 2, "{said}");
    known(&scene, format!("[lb-5]:{0},[lb-6]:{0} {key}\n", scene.port));
    assert_eq!(scene.understood(), [true, true], "nothing else is known of the address");
}

/// Then neither known_hosts nor --accept-new-host-keys counts.
#[test]
fn a_key_that_the_inventory_names_is_the_only_one() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    let key = scene.host_key();
    known(&scene, both(&scene, &key));
    scene.inventory(&format!("ssh: {{ port: PORT, host_key: {OTHER} }}"));
    let said = scene.accepting(&["status"]);
    assert_eq!(said.matches(CHANGED).count(), 2, "{said}");
    assert!(said.contains("host key CHANGED: the inventory has SHA256:"), "{said}");
    known(&scene, "");
    scene.inventory(&format!("ssh: {{ port: PORT, host_key: [{OTHER}, {key}] }}"));
    assert_eq!(scene.understood(), [true, true], "without known_hosts");
    assert_eq!(std::fs::read_to_string(scene.path("home/.ssh/known_hosts")).unwrap(), "", "nothing is recorded");
    scene.inventory("ssh: { port: PORT, host_key: yes }");
    let said = scene.accepting(&["check"]);
    assert!(said.contains("E104") && said.contains("host_key `yes` is neither"), "{said}");
}

#[test]
fn an_authority_vouches_for_hosts() {
    let certificate = "HostCertificate FOLDER/host-cert.pub";
    let Some(scene) = Scene::new(FINE, certificate) else { return };
    let path = |name: &str| scene.path(name).display().to_string();
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", &path("ca")]);
    let ca = std::fs::read_to_string(scene.path("ca.pub")).unwrap();
    let sign = |principals: &str| {
        run("ssh-keygen", &["-q", "-s", &path("ca"), "-h", "-I", "x", "-n", principals, &path("host.pub")])
    };
    // Read by each new connection's process.
    sign("127.0.0.5,lb-6");
    let trusting = format!("@cert-authority [127.0.0.*]:{} {ca}", scene.port);
    known(&scene, &trusting);
    certificates(&scene, &trusting, &ca, &sign);
}

/// A key of the host that changed was once taken in silence on another port.
#[test]
fn a_key_that_changed_is_refused_on_another_port_too() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    let plain = |key: &str| format!("127.0.0.5,127.0.0.6 {key}\n");
    known(&scene, plain(&scene.host_key()));
    assert_eq!(scene.understood(), [true, true], "by the line without a port");
    known(&scene, "");
    let said = scene.accepting(&["unpin"]);
    assert!(said.contains("lb-5: its host key ssh-ed25519 SHA256:"), "{said}");
    assert!(said.contains("was not known; it is taken, and recorded in "), "{said}");
    known(&scene, plain(OTHER));
    let said = scene.accepting(&["unpin"]);
    assert_eq!(said.matches("[E203]").count(), 2, "{said}");
    assert!(said.contains("known_hosts:1 has ssh-ed25519 SHA256:"), "{said}");
    assert!(said.contains(&format!("127.0.0.5 port {} shows ssh-ed25519 SHA256:", scene.port)), "{said}");
    assert_eq!(
        std::fs::read_to_string(scene.path("home/.ssh/known_hosts")).unwrap(),
        plain(OTHER),
        "nothing is recorded"
    );
    // What it advises is done as it stands.
    for line in said.lines().filter(|line| line.contains("next: ")) {
        let command = line.split('`').find(|words| words.starts_with("echo ")).unwrap();
        let done = std::process::Command::new("sh").args(["-c", command]).env("HOME", scene.path("home")).status();
        assert!(done.unwrap().success(), "{command}");
    }
    assert_eq!(scene.understood(), [true, true]);
}

/// The line goes by the command that is told, whatever home ssh-keygen would look in.
#[test]
fn a_line_that_is_old_goes_by_the_command_that_is_told() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    for lines in [both(&scene, OTHER), format!("[127.0.0.*]:{} {OTHER}\n", scene.port)] {
        known(&scene, lines);
        let said = scene.accepting(&["unpin"]);
        let command = said.split('`').find(|words| words.contains("-R") || words.starts_with("sed ")).unwrap();
        assert!(std::process::Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
        assert_eq!(scene.understood(), [true, true], "{command}");
    }
}

/// Another kind of key may be another setting of sshd; it is refused, and both kinds are named.
#[test]
fn a_key_of_another_kind_is_told_as_such() {
    let Some(scene) = Scene::new(FINE, "HostKey FOLDER/rsa\nHostKeyAlgorithms rsa-sha2-512") else { return };
    run("ssh-keygen", &["-q", "-t", "rsa", "-N", "", "-f", &scene.path("rsa").display().to_string()]);
    known(&scene, both(&scene, &scene.host_key()));
    let said = scene.accepting(&["unpin"]);
    assert!(said.contains("[E203]") && said.contains("has ssh-ed25519 SHA256:"), "{said}");
    assert!(said.contains("shows ssh-rsa SHA256:") && said.contains("shows no ssh-ed25519 key any more"), "{said}");
    assert!(said.contains("ssh_host_rsa_key.pub"), "{said}");
}

fn certificates(scene: &Scene, trusting: &str, ca: &str, sign: &dyn Fn(&str)) {
    assert_eq!(scene.understood(), [true, true], "by address and by name");
    sign("127.0.0.9");
    let said = scene.accepting(&["status"]);
    assert!(said.contains("does not prove who it is: it is for \"127.0.0.9\", not for 127.0.0.5 or lb-5"), "{said}");
    sign("127.0.0.5,127.0.0.6");
    known(scene, format!("{trusting}\n@revoked * {ca}"));
    let said = scene.accepting(&["status"]);
    for host in ["lb-5", "lb-6"] {
        let told = said.lines().find(|line| line.contains(&format!("{host}: not reachable"))).unwrap();
        assert!(told.contains("is marked @revoked"), "{said}");
    }
    known(scene, format!("@cert-authority *.example.org {ca}\n{}", both(scene, OTHER)));
    let said = scene.accepting(&["status"]);
    assert_eq!(said.matches(CHANGED).count(), 2, "an authority for others: {said}");
}
