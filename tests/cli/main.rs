//! The whole binary offline: help, errors, exit codes, JSON, completions. Screens are snapshots; `INSTA_UPDATE=always`
//! rewrites them.

mod agent;
mod chinese;
mod codes;
mod documents;
mod lab;
mod unit;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn hactl(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hactl"));
    command.args(words).env_remove("HACTL_INVENTORY").env("COLUMNS", "100").env("LC_ALL", "C.UTF-8");
    command.env("HACTL_LAB_DIR", "/nonexistent/lab"); // whether this machine has a lab is not asked
    command.output().unwrap()
}

/// Writes a file, checks it, and returns exit code and screen with the folder's name taken out.
fn check(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let output = hactl(&["check", path.to_str().unwrap()]);
    let screen = format!(
        "exit {}\n{}{}",
        output.status.code().unwrap(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    screen.replace(&format!("{}/", folder.path().display()), "")
}

const HOMEWORK: &str = include_str!("../../inventories/homework.yaml");

#[test]
fn bad_inventories_are_drawn() {
    insta::assert_snapshot!("typo", check("x.yaml", &HOMEWORK.replace("vip:", "viip:")));
    insta::assert_snapshot!("vip_outside", check("x.yaml", &HOMEWORK.replace("10.0.0.3/24", "10.1.0.3/24")));
    insta::assert_snapshot!("duplicate_address", check("x.yaml", &HOMEWORK.replace("10.0.0.6", "10.0.0.5")));
    let role = HOMEWORK.replace("web-7: 10.0.0.7", "web-7: {address: 10.0.0.7, roles: [web-statik]}");
    insta::assert_snapshot!("unknown_role", check("x.yaml", &role));
    insta::assert_snapshot!("not_yaml", check("x.yaml", "vip: [1,\nlb: 2\n"));
    insta::assert_snapshot!(
        "many_at_once",
        check("x.yaml", "vip: 10.0.0.3\nlb: {a-1: nowhere}\nsite: {method: round}\n")
    );
    insta::assert_snapshot!("empty", check("x.yaml", "\n"));
}

#[test]
fn a_broken_keepalived_conf_is_drawn() {
    let text = "vrrp_instance VI_1 {\n    interface hactl0\n    virtual_router_id 300\n    priorty 150\n    authentication {\n        auth_type PASS\n        auth_pass hunter2\n    }\n    virtual_ipaddress {\n        10.0.0.3/24\n    }\n";
    let screen = check("keepalived.conf", text);
    assert!(!screen.contains("hunter2"), "{screen}");
    insta::assert_snapshot!("broken_conf", screen);
}

#[test]
fn lines_of_included_files_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("conf.d")).unwrap();
    write("ha.conf", "include conf.d/*.conf\n$PRIO=300\n~SEQ(N, 1, 2) $BODY\n");
    write(
        "conf.d/one.conf",
        "$BODY=\\\n  vrrp_instance v.${N} {\\\n    interface hactl0\\\n    virtual_router_id ${N}\\\n    virtual_ipaddress { 10.0.0.${N}/24 }\\\n    auth_hmac { key 1 ascii:hunter2 x }\\\n  }\n",
    );
    write(
        "conf.d/two.conf",
        "vrrp_instance two {\n  interface hactl0\n  virtual_router_id 37\n  prioritty $PRIO\n  notify \"/no/such/program x\"\n  virtual_ipaddress { 10.0.0.3/24 }\n  auth_hmac {\n    key 1 ascii:hunter2 x\n  }\n}\n",
    );
    let output = hactl(&["check", folder.path().join("ha.conf").to_str().unwrap()]);
    let screen = String::from_utf8_lossy(&output.stderr).replace(&format!("{}/", folder.path().display()), "");
    assert!(!screen.contains("hunter2"), "{screen}");
    insta::assert_snapshot!("included", screen);
    write("id.conf", "@lb-5 prioritty 1\n@lb-6 hactl { guard on }\n");
    let path = folder.path().join("id.conf");
    for (id, code) in [("lb-5", 3), ("lb-6", 0)] {
        let output = hactl(&["check", "--config-id", id, path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let output = hactl(&["agent", "run", "-t", "--config-id", id, "-f", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
    }
}

/// Waiting for a pipe, reading a device or the kernel's log is nothing that a check should do; nor the agent.
#[test]
fn only_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    nix::unistd::mkfifo(at("pipe.conf").as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::os::unix::fs::symlink("/dev/zero", at("link.conf")).unwrap();
    std::os::unix::fs::symlink(at("pipe.conf"), at("pipe.yaml")).unwrap();
    fs::write(at("includes.conf"), "include /proc/kmsg\ninclude pipe.conf\nincluder /dev/zero\n").unwrap();
    let said = |words: &[&str]| {
        let output = hactl(words);
        assert_eq!(output.status.code(), Some(3), "{words:?} {output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let folder_name = folder.path().display().to_string();
    for (file, why) in [
        (at("pipe.conf"), "it is a pipe, not a file"),
        (at("link.conf"), "it is a device, not a file"),
        (at("pipe.yaml"), "it is a pipe, not a file"),
        ("/dev/zero".to_owned(), "it is a device, not a file"),
        (folder_name, "it is a folder, not a file"),
    ] {
        let screen = said(&["check", &file]);
        assert!(screen.contains(why) && screen.matches("error[").count() == 1, "{screen}");
        if !file.ends_with(".yaml") {
            let screen = said(&["agent", "run", "--use-file", &file, "--socket", &at("socket")]);
            assert!(screen.contains(why), "{screen}");
        }
    }
    let screen = said(&["check", &at("includes.conf")]);
    for why in ["the kernel makes it up", "it is a pipe, not a file", "it is a device, not a file"] {
        assert!(screen.contains(why) || (why.starts_with("the kernel") && screen.contains("denied")), "{screen}");
    }
}

#[test]
fn a_text_of_another_kind_is_one_error() {
    let passwd =
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nbin:x:2:2::/bin:/x\n";
    insta::assert_snapshot!("other_kind", check("passwd", passwd));
    // A misspelt keyword is still told of as one.
    assert!(check("ha.conf", "vrrp_instnce x {\n}\n").contains("did you mean"));
}

/// What is looked for on this host, and not for a file that is meant for another.
#[test]
fn what_this_host_lacks_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let block = |name: &str, vrid: u8, more: &str| {
        format!(
            "vrrp_instance {name} {{\n    interface hactl0\n    virtual_router_id {vrid}\n    virtual_ipaddress {{\n        \
             10.0.0.{vrid}/24 dev hactl1\n    }}\n    virtual_routes {{\n        10.9.0.0/16 dev hactl2\n    }}\n{more}}}\n"
        )
    };
    let tracks = "    track_file {\n        load\n    }\n    track_interface {\n        hactl3\n    }\n";
    let head = "global_defs {\n    enable_script_security\n    script_user hactl-nobody hactl-nogroup\n}\n\
                track_file load {\n    file /no/such/load\n}\n";
    let file = folder.path().join("ha.conf");
    fs::write(&file, format!("{head}{}{}", block("a", 37, tracks), block("b", 38, ""))).unwrap();
    let screen = |words: &[&str]| {
        let output = hactl(&[words, &[file.to_str().unwrap()]].concat());
        let looked = if words.contains(&"--elsewhere") { 0 } else { 4 };
        assert_eq!(output.status.code(), Some(looked), "a warning each: {output:?}");
        String::from_utf8_lossy(&output.stderr).replace(&format!("{}/", folder.path().display()), "")
    };
    insta::assert_snapshot!("this_host", screen(&["check"]));
    assert_eq!(screen(&["check", "--elsewhere"]), "");
    fs::write(&file, "net_namespace hactl-none\n".to_owned() + &block("a", 37, "")).unwrap();
    let said = screen(&["check"]);
    let interfaces = said.contains("there is no interface"); // those of another namespace are not seen from here
    assert!(said.contains("there is no network namespace `hactl-none` on this host") && !interfaces, "{said}");
}

/// The agent starts with such a file, as keepalived does, and `keepalived -t` fails: who reloads behind a check must
/// see it.
#[test]
fn what_this_host_lacks_fails_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ha.conf").display().to_string();
    // The one interface that each machine has.
    let good = "vrrp_script web {\n    script /bin/true\n    user root\n}\nvrrp_instance a {\n    interface lo\n    \
                virtual_router_id 37\n    virtual_ipaddress {\n        10.0.0.3/24\n    }\n    track_script {\n        web\n    }\n}\n";
    for (text, id, left) in [
        (good.to_owned(), None, Some(0)),
        (good.replace("/bin/true", "/no/such/check"), Some("W303"), Some(4)),
        (good.replace("user root", "user hactl-nobody"), Some("W306"), Some(4)),
        (good.replace("interface lo", "interface hactl0"), Some("W305"), Some(4)),
        (format!("net_namespace hactl-none\n{good}"), Some("W309"), Some(4)),
        (format!("track_file load {{\n    file /no/such/load\n}}\n{good}"), Some("W307"), Some(0)),
        (good.replace("user root", "user hactl-nobody").replace("id 37", "id 300"), Some("W306"), Some(3)),
    ] {
        fs::write(&file, &text).unwrap();
        for words in [&["check", &file][..], &["agent", "run", "-t", "-f", &file]] {
            let output = hactl(words);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), left, "{words:?} {text}{output:?}");
            assert!(id.is_none_or(|id| said.contains(&format!("warning[{id}]"))), "{id:?}: {said}");
        }
        let output = hactl(&["check", "--elsewhere", &file]);
        assert_eq!(output.status.code(), if left == Some(3) { left } else { Some(0) }, "{output:?}");
        let output = hactl(&["check", "--json", &file]);
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&value["exit"], &value["valid"]), (&left.into(), &(left != Some(3)).into()), "{value:#}");
    }
    fs::write(&file, good.replace("/bin/true", "/no/such/check")).unwrap();
    let output = hactl(&["check", &file]);
    assert!(
        String::from_utf8_lossy(&output.stdout).ends_with("ha.conf: valid, but not ready on this host\n"),
        "{output:?}"
    );
}

#[test]
fn a_script_that_stops_keepalived_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("nginx.sh"), "#!/bin/sh\npidof nginx || killall keepalived\n").unwrap();
    let text = format!(
        "vrrp_script nginx {{\n script \"/bin/sh {}\"\n}}\nvrrp_instance a {{\n interface hactl0\n virtual_router_id 37\n \
         track_script {{\n  nginx\n }}\n virtual_ipaddress {{\n  10.0.0.3/24\n }}\n notify_fault \"/bin/systemctl stop keepalived\"\n}}\n",
        at("nginx.sh")
    );
    fs::write(at("ha.conf"), text).unwrap();
    let said =
        |words: &[&str]| String::from_utf8_lossy(&hactl(&[words, &[&at("ha.conf")]].concat()).stderr).into_owned();
    let screen = said(&["check"]);
    let inside = format!("vrrp_script nginx: `killall keepalived` on line 2 of {} stops nothing", at("nginx.sh"));
    let direct = "notify_fault of vrrp_instance a: `/bin/systemctl stop keepalived` stops nothing";
    assert!(screen.contains(&inside) && screen.contains(direct) && screen.contains("`hactl agent resign`"), "{screen}");
    let elsewhere = said(&["check", "--elsewhere"]);
    assert!(!elsewhere.contains("nginx.sh stops") && elsewhere.contains(direct), "{elsewhere}");
}

#[test]
fn a_good_file_is_said_to_be() {
    assert_eq!(check("x.yaml", HOMEWORK), "exit 0\nx.yaml: valid\n");
}

#[test]
fn json_has_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    fs::write(&path, HOMEWORK.replace("vip:", "viip:")).unwrap();
    let output = hactl(&["check", "--json", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let typo = said["problems"].as_array().unwrap().iter().find(|problem| problem["code"] == "E102").unwrap();
    assert_eq!((&typo["line"], &typo["column"], &typo["severity"]), (&4.into(), &1.into(), &"error".into()));
}

#[test]
fn usage_mistakes_exit_64_and_help_exits_0() {
    for words in [&["frobnicate"][..], &["failover"], &["status", "--for"], &["lab", "up", "--subnet", "x"], &[]] {
        assert_eq!(hactl(words).status.code(), Some(64), "{words:?}");
    }
    for words in [&["--help"][..], &["deploy", "--help"], &["--version"]] {
        assert_eq!(hactl(words).status.code(), Some(0), "{words:?}");
    }
}

#[test]
fn no_inventory_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hactl"))
        .arg("status")
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env_remove("XDG_STATE_HOME")
        .env_remove("HACTL_INVENTORY")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hactl init"), "{output:?}");
}

#[test]
fn what_init_prints_is_valid() {
    for words in [
        &["init"][..],
        &["init", "--example", "expert"],
        &["init", "--vip", "10.0.0.3/24", "--lb", "10.0.0.5,six=10.0.0.6", "--web", "10.0.0.7"],
    ] {
        let output = hactl(words);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(check("x.yaml", &String::from_utf8(output.stdout).unwrap()), "exit 0\nx.yaml: valid\n");
    }
    let output = hactl(&["init", "--vip", "10.0.0.3", "--lb", "10.0.0.5"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

/// Every inventory of the folder is an example, printed to the byte, and the help names it.
#[test]
fn each_inventory_is_an_example() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventories");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    assert!(files.len() >= 9, "{files:?}");
    let help = String::from_utf8(hactl(&["init", "--help"]).stdout).unwrap();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let output = hactl(&["init", "--example", &name]);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), fs::read_to_string(&file).unwrap(), "{name}");
        assert!(help.contains(&name), "{name} is not in\n{help}");
    }
}

/// No shell runs such a line, so the `;` would be part of a word: told, as it is of `|`, and no error.
#[test]
fn a_semicolon_at_the_end_of_a_command_is_told() {
    let said = check(
        "ha.conf",
        "virtual_server 10.20.0.50 80 {\n    lb_algo rr\n    lb_kind DR\n    protocol TCP\n    quorum_up \"/bin/echo up;\"\n    \
         real_server 10.20.0.7 80 {\n    }\n}\n",
    );
    assert!(said.starts_with("exit 0\n") && said.contains("ha.conf:5:15") && said.contains("`;`"), "{said}");
}

/// Who reads an empty file later must not take it for good.
#[test]
fn what_could_not_be_written_is_no_success() {
    for words in [&["explain", "E702"][..], &["explain", "E702", "--json"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_hactl")).args(words).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("No space left on device") && said.contains("was not written"), "{said}");
    }
}

/// An inventory's hosts are asked by a plan; there is nobody to listen for here.
#[test]
fn an_inventory_is_not_listened_for() {
    let output = hactl(&["check", "inventories/homework.yaml", "--listen"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(64), 0), "{said}");
    assert!(said.contains("E022") && said.contains("`hactl plan` asks the hosts"), "{said}");
    let said = String::from_utf8_lossy(&hactl(&["check", "x.conf", "--listen", "6s"]).stderr).into_owned();
    assert!(said.contains("`--listen=6s`, in one word"), "{said}");
    for time in ["--listen=0", "--listen=1500"] {
        assert_eq!(hactl(&["check", "x.conf", time]).status.code(), Some(64), "{time}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_panic() {
    let output = Command::new("sh")
        .args([
            "-c",
            &format!(
                "{} init --example expert | true; {} completions bash | head -n1",
                env!("CARGO_BIN_EXE_hactl"),
                env!("CARGO_BIN_EXE_hactl")
            ),
        ])
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
}

/// What the shell offers after some words, with the homework as inventory.
fn offered(words: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (last, before) = (words.last().unwrap(), words.get(words.len() - 2).unwrap());
    let script = format!(
        "source {}/completions/hactl.bash; COMP_WORDS=({}); COMP_CWORD={}; _hactl hactl '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        root.display(),
        words.join(" "),
        words.len() - 1
    );
    let bin = Path::new(env!("CARGO_BIN_EXE_hactl")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-c", &script]).env("PATH", path).env("HACTL_INVENTORY", root.join("inventories/homework.yaml"));
    String::from_utf8(command.output().unwrap().stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn completions_know_hosts_and_scenarios() {
    assert_eq!(offered(&["hactl", "failover", "--to", "l"]), ["lb-5", "lb-6"]);
    assert_eq!(offered(&["hactl", "deploy", "--limit", "w"]), ["web-7", "web-8"]);
    assert_eq!(offered(&["hactl", "drain", "web"]), ["web-7", "web-8"]);
    assert_eq!(offered(&["hactl", "unpin", "lb-6"]), ["lb-6"]);
    assert_eq!(offered(&["hactl", "render", "web-8"]), ["web-8"]);
    assert_eq!(offered(&["hactl", "drill", "hea"]), ["heartbeat-blocked"]);
}

#[test]
fn both_readmes_list_every_drill() {
    let listed: serde_json::Value = serde_json::from_slice(&hactl(&["drill", "--list", "--json"]).stdout).unwrap();
    let scenarios = listed["scenarios"].as_array().unwrap();
    let mut known: Vec<&str> = scenarios.iter().map(|one| one["scenario"].as_str().unwrap()).collect();
    known.sort_unstable();
    for (name, text) in
        [("README.md", include_str!("../../README.md")), ("README.zh-CN.md", include_str!("../../README.zh-CN.md"))]
    {
        let row = text.lines().find(|line| line.starts_with("| `hactl drill --list` |")).unwrap();
        let mut told: Vec<&str> = row.split('`').nth(3).unwrap().split(' ').collect();
        told.sort_unstable();
        assert_eq!(told, known, "the row of `hactl drill --list` in {name}");
    }
}

#[test]
fn init_names_hosts_apart() {
    let init = |lb: &str| hactl(&["init", "--vip", "10.0.0.3/16", "--lb", lb, "--web", "10.0.0.7"]);
    let output = init("10.0.0.5,10.0.1.5,six=10.0.0.6");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("lb: { lb-5: 10.0.0.5, lb-1-5: 10.0.1.5, six: 10.0.0.6 }"), "{text}");
    for (lb, said) in
        [("lb5,lb6", "give a name with its address: --lb lb5=10.0.0.5"), ("a=10.0.0.5,a=10.0.0.6", "`a` is used twice")]
    {
        let output = init(lb);
        assert_eq!(output.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{output:?}");
    }
    let output = hactl(&["init", "--vip", "fd83::3/64", "--lb", "fd83::5,fd83::6", "--web", "fd83::7"]);
    assert_eq!(check("x.yaml", &String::from_utf8(output.stdout).unwrap()), "exit 0\nx.yaml: valid\n");
}

/// `HACTL_UPDATE=1` writes the files; otherwise a difference fails.
#[test]
fn completions_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, name) in [("bash", "hactl.bash"), ("zsh", "_hactl"), ("fish", "hactl.fish")] {
        let output = hactl(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        let path = folder.join(name);
        // What zsh completions end a line with is not worth an exception from the rule on trailing blanks.
        let text: String =
            String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        if std::env::var_os("HACTL_UPDATE").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, text).unwrap();
        } else {
            let known = fs::read_to_string(&path).unwrap_or_default();
            assert!(known == text, "{} is out of date: HACTL_UPDATE=1 cargo test --test cli", path.display());
        }
    }
}
