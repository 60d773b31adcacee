//! Each way in which a host is not reached has a code of its own.

use super::host::{Scene, run};
use super::json;

const FINE: &str = "exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIECcW+EuSQsoFU9tJ1PBpPZX2Yp4L5UhXI9Ogz7zpuwb";

/// The code that `hactl unpin`, which asks the load balancers, tells of a host with.
fn code_of(scene: &Scene, host: &str, words: &[&str]) -> String {
    let output = scene.desk(&[&["unpin", "--json"], words].concat());
    let value = json::document(&output.stdout, output.status.code());
    let problems = value["problems"].as_array().unwrap();
    let of_host = problems.iter().find(|problem| problem["message"].as_str().unwrap().contains(host));
    of_host.or(problems.first()).map_or_else(String::new, |problem| problem["code"].as_str().unwrap().to_owned())
}

const NEW: &[&str] = &["--accept-new-host-keys"];

#[test]
fn keys_and_certificates() {
    let Some(scene) = Scene::new(FINE, "HostCertificate FOLDER/host-cert.pub") else { return };
    let known = |lines: &str| scene.write("home/.ssh/known_hosts", lines);
    let both = |key: &str| format!("[127.0.0.5]:{0},[127.0.0.6]:{0} {key}\n", scene.port);
    assert_eq!(code_of(&scene, "lb-5", &[]), "E202");
    known(&both(OTHER));
    assert_eq!(code_of(&scene, "lb-5", NEW), "E203");
    known(&format!("@revoked * {}", scene.host_key()));
    assert_eq!(code_of(&scene, "lb-5", NEW), "E213");
    let path = |name: &str| scene.path(name).display().to_string();
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", &path("ca")]);
    run("ssh-keygen", &["-q", "-s", &path("ca"), "-h", "-I", "x", "-n", "127.0.0.9", &path("host.pub")]);
    let authority = std::fs::read_to_string(scene.path("ca.pub")).unwrap();
    known(&format!("@cert-authority [127.0.0.*]:{} {authority}", scene.port));
    assert_eq!(code_of(&scene, "lb-5", NEW), "E214");
    std::fs::remove_file(scene.path("home/.ssh/known_hosts")).unwrap();
    std::os::unix::fs::symlink("/nowhere/known_hosts", scene.path("home/.ssh/known_hosts")).unwrap();
    assert_eq!(code_of(&scene, "lb-5", NEW), "E204", "a link to a folder that is not there");
    std::fs::remove_file(scene.path("home/.ssh/known_hosts")).unwrap();
    std::fs::create_dir(scene.path("home/.ssh/known_hosts")).unwrap();
    assert_eq!(code_of(&scene, "known host keys", NEW), "E208");
}

#[test]
fn logins() {
    let Some(scene) = Scene::new(FINE, "") else { return };
    scene.inventory("ssh: { user: root, port: 9 }");
    assert_eq!(code_of(&scene, "lb-5", NEW), "E201", "nothing listens there");
    scene.inventory("ssh: { user: root, port: PORT, key: /nowhere/key }");
    assert_eq!(code_of(&scene, "lb-5", NEW), "E215");
    scene.inventory("ssh: { user: root, port: PORT }");
    std::fs::remove_file(scene.path("home/.ssh/id_ed25519")).unwrap();
    assert_eq!(code_of(&scene, "lb-5", NEW), "E205");
    // Something that answers and speaks no SSH.
    let listener = std::net::TcpListener::bind("127.0.0.5:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.0 400 what\r\n\r\n");
        }
    });
    scene.inventory(&format!("ssh: {{ user: root, port: {port} }}"));
    assert_eq!(code_of(&scene, "lb-5", NEW), "E206");
}

#[test]
fn shells() {
    let sudo = "case $SSH_ORIGINAL_COMMAND in *sudo*) echo 'sudo: a password is required' >&2; exit 1;; esac\n";
    for (shell, ssh, code) in [
        ("exit 7", "ssh: { user: root, port: PORT }", "E209"),
        (&format!("{sudo}{FINE}"), "ssh: { user: root, sudo: yes, port: PORT }", "E207"),
    ] {
        let Some(scene) = Scene::new(shell, "") else { return };
        scene.inventory(ssh);
        assert_eq!(code_of(&scene, "lb-5", NEW), code);
    }
}

#[test]
fn the_user_s_configuration() {
    let Some(scene) = Scene::new(FINE, "AllowTcpForwarding yes") else { return };
    if which::which("ssh").is_err() {
        return;
    }
    for (config, ssh, code) in [
        ("Host *\n User root\nNonsense yes\n", "ssh: { user: root, port: PORT }", "E211"),
        ("Host *\n ProxyCommand nc %h %p\n", "ssh: { user: root, port: PORT }", "E212"),
        (
            "Host bastion\n ProxyJump first\nHost first\n ProxyJump bastion\n",
            "ssh: { user: root, port: PORT, jump: bastion }",
            "E216",
        ),
    ] {
        scene.write("home/.ssh/config", config);
        scene.inventory(ssh);
        assert_eq!(code_of(&scene, "lb-5", NEW), code, "{config}");
    }
}
