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
