//! `hactl dashboard`: what it prints once it is served, who may ask, and a port that somebody else has.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use super::{HOMEWORK, hactl, json};

/// An inventory of hosts on the loopback, where nobody listens.
fn inventory(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("x.yaml");
    let text = HOMEWORK.replace("10.0.0.", "127.0.0.").replace("user: root", "user: root, port: 1");
    assert_ne!(text, HOMEWORK);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_port_of_somebody_else() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = inventory(&folder);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = hactl(&["dashboard", "--port", &port, "-i", &inventory, "--json"]);
    let value = json::document(&output.stdout, output.status.code());
    assert_eq!((output.status.code(), &value["problems"][0]["code"]), (Some(4), &"E023".into()), "{value}");
}

#[test]
fn its_url_is_a_document_and_opens_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = inventory(&folder);
    let mut command = Command::new(env!("CARGO_BIN_EXE_hactl"));
    command.args(["dashboard", "--read-only", "--json", "-vv", "-i", &inventory]).env("RUST_LOG", "trace");
    let log = folder.path().join("log");
    let mut child = command.stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let (mut said, mut byte) = (Vec::new(), [0]);
    while serde_json::from_slice::<serde_json::Value>(&said).is_err() {
        assert_eq!(child.stdout.as_mut().unwrap().read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&said));
        said.extend(byte);
    }
    let value = json::document(&said, Some(0));
    assert_eq!(value["read_only"], true);
    let url = value["url"].as_str().unwrap();
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask(path).starts_with("HTTP/1.1 200 OK\r\n") && ask(path).contains("<svg id=\"picture\""));
    assert!(ask("").starts_with("HTTP/1.1 403 ") && ask("?token=0").starts_with("HTTP/1.1 403 "));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let (said, token) = (std::fs::read_to_string(&log).unwrap(), path.strip_prefix("?token=").unwrap());
    assert!(!said.contains(token), "however much is logged, the token is not: {said}");
}
