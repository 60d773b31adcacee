//! An agent that may not do what it must: in a user namespace of its own nobody has a right over this network.

use std::fs;
use std::process::Command;

use super::codes::on_screen;

#[test]
fn without_its_rights_it_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text = "vrrp_instance VI_1 {\n interface lo\n virtual_router_id 37\n virtual_ipaddress { 10.0.0.3/27 }\n}\n";
    fs::write(path("hactl.conf"), text).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--user", env!("CARGO_BIN_EXE_hactl"), "agent", "run", "-f"]).arg(path("hactl.conf"));
    command.arg("--socket").arg(path("run/control.sock")).arg("--state-dir").arg(path("state"));
    let Ok(output) = command.output() else { return eprintln!("SKIPPED: no unshare here") };
    let words = String::from_utf8_lossy(&output.stderr);
    if words.starts_with("unshare: ") {
        return eprintln!("SKIPPED: no user namespaces for who runs this: {words}");
    }
    assert_eq!((output.status.code(), on_screen(&output)), (Some(1), vec!["E010".to_owned()]), "{words}");
    assert!(words.contains("cannot open raw sockets: "), "{words}");
}
