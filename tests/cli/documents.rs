//! Every command that works offline, as programs see it.

use super::{HOMEWORK, hactl};

#[path = "../common/json.rs"]
mod json;

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
    let none = folder.path().join("none.yaml").display().to_string();
    for (words, exit) in [
        (&["check", &good][..], 0),
        (&["check", &bad], 3),
        (&["check", &conf], 3),
        (&["check", &none], 3),
        (&["explain", "E702"], 0),
        (&["explain", "--list"], 0),
        (&["explain", "nothing"], 3),
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
