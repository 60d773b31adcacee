//! Every command that works offline, as programs see it.

use std::io::{Read as _, Write as _};

use super::{HOMEWORK, hactl, json};

#[test]
fn every_document_is_as_described() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let good = write("good.yaml", HOMEWORK);
    let bad = write("bad.yaml", &HOMEWORK.replace("vip:", "viip:"));
    let conf = write("ha.conf", "vrrp_instance a {\n virtual_router_id 300\n}\n");
    // A section and nothing in it.
    let words = [0x0a0d_0d0a_u32, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28];
    let empty = folder.path().join("empty.pcapng");
    std::fs::write(&empty, words.map(u32::to_ne_bytes).concat()).unwrap();
    let empty = empty.display().to_string();
    let none = folder.path().join("none.yaml").display().to_string();
    for (words, exit) in [
        (&["check", &good][..], 0),
        (&["check", &bad], 3),
        (&["check", &conf], 3),
        (&["role", "list"], 0),
        (&["role", "show", "vip"], 0),
        (&["role", "show", "vpi"], 3),
        (&["template", "list"], 0),
        (&["template", "show", "hactl.conf.tera", "-i", &good], 0),
        (&["template", "variables", "lb-5", "-i", &good], 0),
        (&["template", "variables", "lb-9", "-i", &good], 3),
        (&["explain", "HactlNoStandby"], 0),
        (&["check", &none], 3),
        (&["explain", "E702"], 0),
        (&["explain", "--list"], 0),
        (&["explain", "nothing"], 3),
        (&["explain", "quorum"], 0),
        (&["explain", "2132 9601 0001 3e7b 0a4d 0003 0000 0000 0000 0000"], 0),
        (&["lab", "status"], 0),
        (&["lab", "ssh", "lb-5"], 4),
        (&["render", "lb-5", "-i", &good], 0),
        (&["render", "web-7", "-i", &good, "--file", "/etc/nginx/conf.d/hactl-web.conf"], 0),
        (&["render", "lb-9", "-i", &good], 3),
        (&["render", "lb-5", "-i", &good, "--file", "/etc/passwd"], 3),
        (&["plan", &bad], 3),
        (&["deploy", &none], 3),
        (&["status", "-i", &none], 3),
        (&["import", "a b"], 3),
        (&["takeover", "-i", &none], 3),
        (&["verify", "-i", &good, "--max-gap", "1s"], 64),
        (&["failover", "-i", &good, "--to", "lb-9"], 3),
        (&["unpin", "lb-9", "-i", &good], 3),
        (&["drain", "web-7", "-i", &good], 3),
        (&["backend", "list", "-i", &good], 0),
        (&["backend", "drain", "web-9", "-i", &good], 3),
        (&["drill", "none", "-i", &good], 64),
        (&["logs", "lb-9", "-i", &good], 3),
        (&["capture", "-i", &none, "--for", "1s"], 3),
        (&["capture", "lb-9", "-i", &good], 3),
        (&["capture", "--read", &none, "-i", &good], 3),
        (&["capture", "--read", &conf], 3),
        (&["capture", "--read", &empty], 0),
        (&["capture", "--read", &empty, "--write", "/nowhere/at/all.pcapng"], 1),
        (&["drill", "--list"], 0),
        (&["agent", "status", "--socket", &none], 4),
        (&["genhash", "-s", "127.0.0.1", "-p", "9"], 7),
    ] {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let output = hactl(&words);
        assert_eq!(output.status.code(), Some(exit), "{words:?}: {output:?}");
        let value = json::document(&output.stdout, output.status.code());
        assert_eq!(value["command"], words[0]);
        let told = value["problems"].as_array().unwrap().iter().any(|problem| problem["severity"] == "error");
        assert_eq!(told, exit != 0, "{words:?}: {value:#}");
    }
}

/// Each command that prints more than a text has its place in docs/json.md.
#[test]
fn every_command_is_described() {
    let help = String::from_utf8(hactl(&["--help"]).stdout).unwrap();
    let list = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    assert!(commands.len() > 25, "{commands:?}");
    let described: Vec<&str> = include_str!("../../docs/json.md")
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .flat_map(|heading| heading.split(", "))
        .collect();
    let only_text = ["init", "man", "completions", "help"];
    let lacking: Vec<&&str> =
        commands.iter().filter(|name| !described.contains(*name) && !only_text.contains(*name)).collect();
    assert!(lacking.is_empty(), "no heading and schema in docs/json.md and its twin for {lacking:?}");
}

/// A page of a web server, as `genhash` tells a program of it.
#[test]
fn a_digest_is_a_document() {
    let web = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = web.local_addr().unwrap().port().to_string();
    let serves = std::thread::spawn(move || {
        let (mut client, _) = web.accept().unwrap();
        let mut request = [0; 4096];
        let _ = client.read(&mut request).unwrap();
        client.write_all(b"HTTP/1.0 203 X\r\nContent-Length: 6\r\n\r\nhello\n").unwrap();
    });
    let output = hactl(&["genhash", "-s", "127.0.0.1", "-p", &port, "-u", "/page", "--json"]);
    let value = json::document(&output.stdout, output.status.code());
    serves.join().unwrap();
    let digest = "b1946ac92492d2347c6235b4d2611184"; // md5sum's of the page
    assert_eq!(value["digest"], digest, "{value}");
    assert_eq!((&value["status"], &value["bytes"]), (&203.into(), &6.into()), "{value}");
}

/// Words that the grammar refuses are a command that failed, too.
#[test]
fn wrong_usage_is_a_document() {
    for (words, command) in [
        (&["status", "--frobnicate", "--json"][..], "status"),
        (&["--json", "frobnicate"], "hactl"),
        (&["deploy", "--timeout", "soon", "-o", "json"], "deploy"),
        (&["import", "--json"], "import"),
        (&["lock", "--output=json"], "lock"),
        (&["--json"], "hactl"),
    ] {
        let output = hactl(words);
        let value = json::document(&output.stdout, Some(64));
        assert_eq!((output.status.code(), output.stderr.len()), (Some(64), 0), "{words:?}: {output:?}");
        assert_eq!((&value["command"], &value["problems"][0]["code"]), (&command.into(), &"E022".into()), "{words:?}");
        let words: Vec<&str> = words.iter().copied().filter(|word| !word.contains("json") && *word != "-o").collect();
        let text = hactl(&words);
        assert_eq!((text.status.code(), text.stdout.len()), (Some(64), 0), "{words:?}: in words it stays as it was");
    }
}
