//! Codes that need neither a host nor root: one mistake a row, and the code that it is told with.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{HOMEWORK, hactl};

const LVS: &str = include_str!("../../inventories/lvs-dr.yaml");

/// The codes on a screen.
pub(crate) fn on_screen(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let codes = text.lines().filter_map(|line| line.split_once('[')?.1.split(']').next().map(str::to_owned));
    codes.collect()
}

/// What is wrong when a file of this name and text is not told with a code.
fn untold(folder: &Path, name: &str, text: &str, code: &str) -> Option<String> {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    let codes = on_screen(&hactl(&["check", path.to_str().unwrap()]));
    (!codes.iter().any(|one| one == code)).then(|| format!("{code} is not in {codes:?}"))
}

fn nothing(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mistakes_in_an_inventory() {
    let folder = tempfile::tempdir().unwrap();
    let vip = "vip: 10.0.0.3/24";
    let mut wrong = Vec::new();
    for (from, to, code) in [
        ("ssh: { user: root }", "ssh: root", "E103"),
        ("ssh: { user: root }", "ssh: { user: ops, sudo: no }", "E104"),
        ("lb-6: 10.0.0.6", "\"lb 6\": 10.0.0.6", "E105"),
        (vip, "vip: { vrid: 5 }", "E110"),
        (vip, "vip: { address: fd00::3/64, version: 2 }", "E111"),
        (vip, "vip: { address: 10.0.0.3/24, version: 3, auth: { pass: '1111' } }", "E112"),
        (vip, "vip: { address: 10.0.0.3/24, interval: 5ms }", "E113"),
        (vip, "vip: { address: 10.0.0.3/24, track: [{ name: x }] }", "E115"),
        (vip, "vip: 10.0.1.0/23", "E117"),
        (vip, "vip: { address: 10.0.0.3/24, order: [lb-5, lb-5] }", "E137"),
        (vip, "vip: [{ address: 10.0.0.3/24, name: A }, { address: 10.0.0.4/24, name: A }]", "E122"),
        (vip, "vip: [{ address: 10.0.0.3/24, vrid: 7 }, { address: 10.0.0.4/24, vrid: 7 }]", "E123"),
        (vip, "vip: { address: 10.0.0.3/24, version: 2, auth: { pass: longer-than-eight } }", "E149"),
        (vip, "vip: { address: 10.0.0.3/24, auth: { hmac: { key: hunter2 } } }", "E120"),
        ("site:", "metrics: 0.0.0.0:9650\nsite:", "E104"),
        ("site:", "alerts: { mail: ops@example.cc }\nsite:", "E103"),
        ("web-7: 10.0.0.7", "web-7: { address: 10.0.0.7, roles: [broken] }", "E130"),
        ("web-7: 10.0.0.7", "web-7: { address: 10.0.0.7, roles: [wants] }", "E132"),
        ("web-7: 10.0.0.7", "web-7: { address: 10.0.0.7, roles: [vip] }", "E134"),
        ("web-7: 10.0.0.7", "web-7: { address: 10.0.0.7, roles: [fails] }", "E135"),
        ("site:", "roles: { vip: { nothing: 1 } }\nsite:", "E133"),
        ("kind: static", "kind: static, port: 443", "E147"),
    ] {
        fs::create_dir_all(folder.path().join("templates")).unwrap();
        fs::write(folder.path().join("templates/fails.tera"), "{{ nobody.knows }}").unwrap();
        for (role, text) in [
            ("broken", "files: 7\n"),
            ("wants", "applies_to: [web]\nfiles: [{ template: nowhere.tera, dest: /etc/x }]\n"),
            ("fails", "applies_to: [web]\nfiles: [{ template: fails.tera, dest: /etc/x }]\n"),
        ] {
            fs::create_dir_all(folder.path().join("roles").join(role)).unwrap();
            fs::write(folder.path().join("roles").join(role).join("role.yaml"), text).unwrap();
        }
        let broken = HOMEWORK.replacen(from, to, 1);
        assert_ne!(broken, HOMEWORK, "{from}");
        wrong.extend(untold(folder.path(), "x.yaml", &broken, code).map(|why| format!("{to}: {why}")));
    }
    for (from, to, code) in [
        ("web: { web-7: 10.0.0.7, web-8: 10.0.0.8 }", "web: {}", "E127"),
        ("web-7: 10.0.0.7", "web-7: { address: 10.0.0.7, port: 8080 }", "E128"),
        ("method: dr", "method: nat\n  real_servers: lb", "E129"),
    ] {
        let broken = LVS.replacen(from, to, 1);
        assert_ne!(broken, LVS, "{from}");
        wrong.extend(untold(folder.path(), "lvs.yaml", &broken, code).map(|why| format!("{to}: {why}")));
    }
    nothing(wrong);
}

#[test]
fn mistakes_in_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let instance = "vrrp_instance a {\n interface lo\n virtual_router_id 37\n virtual_ipaddress {\n  10.0.0.3/32\n }\n";
    let mut wrong = Vec::new();
    for (text, code) in [
        (format!("{instance} priorty 7\n}}\n"), "W301"),
        (format!("net_namespace hactl-no-such\n{instance}}}\n"), "W309"),
        (
            format!(
                "global_defs {{\n enable_script_security\n}}\nvrrp_script x {{\n script /bin/true\n}}\n{instance} track_script {{\n  x\n }}\n}}\n"
            ),
            "W311",
        ),
        (format!("{instance} notify_fault \"/usr/bin/killall keepalived\"\n}}\n"), "W310"),
    ] {
        // The user that scripts are run as by default is on some machines.
        if code == "W311" && matches!(nix::unistd::User::from_name("keepalived_script"), Ok(Some(_))) {
            continue;
        }
        wrong.extend(untold(folder.path(), "ha.conf", &text, code));
    }
    nothing(wrong);
}

#[test]
fn mistakes_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.yaml");
    fs::write(&good, HOMEWORK).unwrap();
    let lvs = folder.path().join("lvs.yaml");
    fs::write(&lvs, LVS).unwrap();
    let conf = folder.path().join("ha.conf");
    fs::write(&conf, "net_namespace hactl-no-such\n").unwrap();
    let two = folder.path().join("two.conf");
    fs::write(&two, "net_namespace_ipvs elsewhere\nvirtual_server 192.0.2.3 80 {\n protocol TCP\n real_server 192.0.2.7 80 {\n }\n}\n").unwrap();
    let keyed = folder.path().join("keyed.conf");
    let key = folder.path().join("no-key");
    let text = "vrrp_instance a {\n interface lo\n virtual_router_id 37\n version 3\n auth_hmac {\n  key 1 file:KEY\n }\n virtual_ipaddress {\n  10.0.0.3/32\n }\n}\n";
    fs::write(&keyed, text.replace("KEY", key.to_str().unwrap())).unwrap();
    let lone = folder.path().join("lone.conf");
    fs::write(
        &lone,
        "vrrp_instance a {\n interface lo\n virtual_router_id 37\n virtual_ipaddress {\n  10.0.0.3/32\n }\n}\n",
    )
    .unwrap();
    let path = |path: &Path| path.display().to_string();
    // A file where the folder of the socket would be.
    let (lone, below) = (path(&lone), path(&good.join("run/hactl.sock")));
    let (two, keyed) = (path(&two), path(&keyed));
    let (good, lvs, conf, none) = (path(&good), path(&lvs), path(&conf), path(&folder.path().join("none")));
    let mut wrong = Vec::new();
    for (words, code) in [
        (&["agent", "run", "--signum", "NOTHING"][..], "E012"),
        (&["agent", "listen", "hactl-no-such", "--for", "10ms"], "E013"),
        (&["agent", "run", "-f", &none, "--state-dir", &none], "E017"),
        (&["agent", "run", "-f", &conf, "--state-dir", &none], "E014"),
        (&["agent", "run", "-f", &two, "--state-dir", &none, "--socket", &none], "E015"),
        (&["agent", "run", "-f", &keyed, "--state-dir", &none], "E016"),
        (&["agent", "run", "-f", &lone, "--state-dir", &none, "--socket", &below], "E010"),
        (&["agent", "probe", "http://127.0.0.1:9/"], "E018"),
        (&["genhash", "-s", "127.0.0.1", "-p", "9"], "E019"),
        (&["agent", "status", "--socket", &none], "E401"),
        (&["render", "lb-5", "-i", &good], "W425"),
        (&["render", "lb-99", "-i", &good], "E141"),
        (&["plan", "-i", &good, "--limit", "web-99"], "E141"),
        (&["plan", "-i", &good, "--only", "nothing"], "E141"),
        (&["unpin", "web-7", "-i", &good], "E143"),
        (&["drain", "web-7", "-i", &good], "E144"),
        (&["drain", "web-99", "-i", &lvs], "E138"),
        (&["backend", "drain", "web-99", "-i", &good], "E180"),
        (&["backend", "drain", "web-99", "-i", &lvs], "E138"),
        (&["backend", "add", "10.0.0.9", "-i", &good], "E104"),
        (&["verify", "-i", &good, "--max-gap", "1s"], "E145"),
        (&["failover", "-i", &good, "--to", "lb-5", "--vip", "10.9.9.9"], "E146"),
        (&["failover", "-i", &good, "--to", "lb-5", "--vip", "nothing"], "E146"),
        (&["drill", "stop", "-i", &good], "E613"),
        (&["lock", "break", "-i", &good], "E142"),
        (&["lab", "up", "--subnet", "10.99.0.0/28"], "E503"),
        (&["lab", "up", "--hosts", "lb,web-7"], "E504"),
        (&["lab", "up", "--hosts", "lb-7,web-7"], "E505"),
        (&["lab", "ssh", "lb-5"], "E510"),
    ] {
        // Should an agent start after all, it is not to stay.
        let output = Command::new("timeout")
            .arg("10")
            .arg(env!("CARGO_BIN_EXE_hactl"))
            .args(words)
            .env_remove("HACTL_INVENTORY")
            .env("HACTL_LAB_DIR", "/nonexistent/lab")
            .output()
            .unwrap();
        let codes = on_screen(&output);
        if !codes.iter().any(|one| one == code) {
            wrong.push(format!("{words:?}: {code} is not in {codes:?}: {output:?}"));
        }
    }
    nothing(wrong);
    let mut alone = Command::new(env!("CARGO_BIN_EXE_hactl"));
    alone.arg("status").current_dir(folder.path()).env("XDG_STATE_HOME", folder.path()).env_remove("HACTL_INVENTORY");
    let said = alone.output().unwrap();
    assert!(String::from_utf8_lossy(&said.stderr).contains("[E136]"), "{said:?}");
    let mut call = Command::new(env!("CARGO_BIN_EXE_hactl"));
    let mut call =
        call.args(["agent", "call", "--socket", &none]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut call.stdin.take().unwrap(), b"{\"verb\": \"frobnicate\"}").unwrap();
    let said = call.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&said.stderr).contains("[E020]"), "{said:?}");
    assert_eq!(said.status.code(), Some(3));
    let said = hactl(&["agent", "certificates", "--orders", "/nonexistent/orders.json", "--folder", "/dev/null/x"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("[E021]"), "{said:?}");
    assert_eq!(said.status.code(), Some(4));
}
