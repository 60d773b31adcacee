//! What runs beside the VRRP loop, on a real agent: notify order, FIFOs, mail, webhook, dumps, metrics, tracked files
//! and processes, peers by name.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::Signal;

use crate::lan::{DEADLINE, Lan, read, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";

fn config(globals: &str, priority: u8, more: &str) -> String {
    format!(
        "global_defs {{\nscript_user root\n{globals}\n}}\nvrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\n\
         priority {priority}\nversion 3\nadvert_int 0.2\n{more}\nvirtual_ipaddress {{\n{VIP}/24\n}}\n}}\n"
    )
}

fn script(lan: &Lan, name: &str, body: &str) -> String {
    let path = lan.path(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// Listens in a host's namespace.
fn listen(lan: &Lan, n: usize, address: &'static str) -> TcpListener {
    let space = fs::File::open(format!("/run/netns/{}", lan.host(n))).unwrap();
    let thread = std::thread::spawn(move || {
        setns(space, CloneFlags::CLONE_NEWNET).unwrap(); // this thread alone
        TcpListener::bind(address).unwrap()
    });
    thread.join().unwrap()
}

fn connect(lan: &Lan, n: usize, address: &'static str) -> TcpStream {
    let space = fs::File::open(format!("/run/netns/{}", lan.host(n))).unwrap();
    let thread = std::thread::spawn(move || {
        setns(space, CloneFlags::CLONE_NEWNET).unwrap(); // this thread alone
        TcpStream::connect(address).unwrap()
    });
    thread.join().unwrap()
}

#[test]
fn a_flapping_router_s_last_state_is_told_last() {
    need_root!();
    let lan = Lan::new(1);
    let heard = lan.path("heard");
    let notify = script(&lan, "notify.sh", &format!("echo \"$3\" >> {}; sleep 0.2", heard.display()));
    let a = lan.hactl(0, &config("", 150, &format!("notify {notify}")));
    lan.wait_owner(0, VIP);
    let state = || lan.status(0)["instances"][0]["state"].as_str().unwrap_or_default().to_owned();
    for _ in 0..4 {
        lan.plug(0, false);
        wait("the fault", || state() == "FAULT");
        lan.plug(0, true);
        wait("the way back", || state() != "FAULT");
    }
    lan.wait_owner(0, VIP);
    wait("the last word", || read(&heard).ends_with("MASTER\n"));
    let changes = lan.status(0)["instances"][0]["counters"]["became_master"].as_u64().unwrap();
    a.stop();
    let lines: Vec<String> = read(&heard).lines().map(str::to_owned).collect();
    assert_eq!(lines[lines.len() - 2..], ["MASTER", "STOP"]);
    assert_eq!(lines[0], "BACKUP", "the first began before anything was newer");
    let told = lines.iter().filter(|line| *line == "MASTER").count();
    assert!(u64::try_from(told).unwrap() <= changes, "{lines:?}");
}

#[test]
fn keepalived_s_dumps_come_by_its_signals() {
    need_root!();
    let lan = Lan::new(1);
    let _a = lan.hactl(0, &config("", 150, ""));
    lan.wait_owner(0, VIP);
    let precious = lan.path("precious");
    fs::write(&precious, "precious").unwrap();
    std::os::unix::fs::symlink(&precious, lan.path("keepalived.data")).unwrap();
    let pid = lan.status(0)["pid"].to_string();
    let dump = |name: &str, file: &str| {
        let number =
            Command::new(env!("CARGO_BIN_EXE_hactl")).args(["agent", "run", "--signum", name]).output().unwrap();
        let number = String::from_utf8(number.stdout).unwrap().trim().to_owned();
        assert!(Command::new("kill").args([&format!("-{number}"), &pid]).status().unwrap().success());
        let path = lan.path(file);
        wait(file, || fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file()));
        read(&path)
    };
    assert!(dump("DATA", "keepalived.data").contains("\n   State = MASTER\n"));
    assert_eq!(read(&precious), "precious");
    assert!(dump("STATS", "keepalived.stats").contains("\n  Became master: 1\n"));
    let json: serde_json::Value = serde_json::from_str(&dump("JSON", "keepalived.json")).unwrap();
    assert_eq!(json[0]["data"]["state"], 2);
    assert_eq!(json[0]["data"]["vips"][0], "10.77.0.3/24 dev eth0 scope global set");
    fs::remove_file(lan.path("keepalived.stats")).unwrap();
    dump("STATS_CLEAR", "keepalived.stats");
}

#[test]
fn metrics_and_a_watched_status() {
    need_root!();
    let lan = Lan::new(1);
    let _a = lan.hactl(0, &config("", 150, ""));
    lan.wait_owner(0, VIP);
    let told = lan.document(0, &["metrics"]);
    assert!(told["text"].as_str().unwrap().contains("hactl_vrrp_state{"), "{told}");
    let told = lan.document(0, &["status"]);
    assert_eq!((&told["instances"][0]["state"], &told["safety"]["tier"]), (&"MASTER".into(), &0.into()), "{told}");
    let told = lan.document(0, &["history"]);
    assert!(told["events"].as_array().is_some_and(|events| events.len() > 1), "{told}");
    let output = lan.agent(0, &["metrics"]);
    let page = String::from_utf8(output.stdout).unwrap();
    let state = r#"hactl_vrrp_state{vrrp_instance="VI_1",group="",vrid="51",interface="eth0",family="ipv4"} 2"#;
    assert!(page.lines().any(|line| line == state), "{page}");
    let history = String::from_utf8(lan.agent(0, &["history"]).stdout).unwrap();
    assert!(history.lines().any(|line| line.contains("BACKUP -> MASTER") && line.contains("(after ")), "{history}");
    let mut watching = Command::new(env!("CARGO_BIN_EXE_hactl"))
        .args(["agent", "status", "--watch", "--json", "--socket"])
        .arg(lan.socket(0))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<serde_json::Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["instances"][0]["state"], "MASTER");
    lan.plug(0, false);
    wait("the fault", || next()["instances"][0]["state"] == "FAULT");
    watching.kill().unwrap();
    watching.wait().unwrap();
}

/// Typed lines: how things stand, what happened last, and then whatever happens.
#[test]
fn events_are_told_as_they_happen() {
    need_root!();
    let lan = Lan::new(2);
    let a = lan.hactl(0, &config("", 150, ""));
    lan.wait_owner(0, VIP);
    let _b = lan.hactl(1, &config("", 100, ""));
    let mut telling = Command::new(env!("CARGO_BIN_EXE_hactl"))
        .args(["agent", "events", "--json", "--socket"])
        .arg(lan.socket(1))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(telling.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<serde_json::Value>(&lines.next().unwrap().unwrap()).unwrap();
    let first = next();
    assert_eq!(
        (&first["event"], &first["status"]["instances"][0]["name"]),
        (&"state".into(), &"VI_1".into()),
        "{first}"
    );
    let entered =
        |line: &serde_json::Value, state: &str| line["what"]["kind"] == "entered" && line["what"]["to"] == state;
    wait("what happened before", || entered(&next(), "BACKUP"));
    wait("the other one's adverts", || {
        let line = next();
        line["event"] == "adverts" && line["heard"].as_u64() > Some(0) && line["priority"] == 150
    });
    a.stop();
    wait("the end of the other one", || entered(&next(), "MASTER"));
    wait("own adverts", || {
        let line = next();
        line["event"] == "adverts" && line["sent"].as_u64() > Some(0) && line["from"].is_null()
    });
    telling.kill().unwrap();
    telling.wait().unwrap();
}

#[test]
fn fifos_and_their_script_hear_every_state() {
    need_root!();
    let lan = Lan::new(1);
    let (fifo, plain, heard) = (lan.path("fifo"), lan.path("plain"), lan.path("heard"));
    let reader = script(&lan, "reader.sh", &format!("exec cat \"$1\" >> {}", heard.display()));
    let globals = format!(
        "notify_fifo {} root\nnotify_fifo_script {reader} root\nvrrp_notify_fifo {} root",
        fifo.display(),
        plain.display()
    );
    let a = lan.hactl(0, &config(&globals, 150, "notify_priority_changes"));
    lan.wait_owner(0, VIP);
    wait("the script", || read(&heard).lines().count() == 2);
    let meta = fs::symlink_metadata(&fifo).unwrap();
    assert!(meta.file_type().is_fifo());
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    lan.agent(0, &["promote"]);
    a.stop();
    let expected = ["BACKUP 150", "MASTER 150", "STOP 150"].map(|rest| format!("INSTANCE \"VI_1\" {rest}"));
    let lines: Vec<String> = read(&heard).lines().map(str::to_owned).collect();
    assert_eq!(lines, expected, "a master that is promoted changes nothing");
    assert!(fs::symlink_metadata(&plain).unwrap().file_type().is_fifo());
}

#[test]
fn mail_and_webhook_tell_of_changes() {
    need_root!();
    let lan = Lan::new(1);
    let (mail, hook) = (listen(&lan, 0, "127.0.0.1:2525"), listen(&lan, 0, "127.0.0.1:8025"));
    let globals = "router_id lb-5\nnotification_email {\nops@example.org\n}\nnotification_email_from hactl@lb-5\n\
                   smtp_server 127.0.0.1 2525\nsmtp_connect_timeout 5";
    let own = "hactl {\nwebhook http://127.0.0.1:8025/hook\n}\n";
    let _a = lan.hactl(0, &(own.to_owned() + &config(globals, 150, "smtp_alert")));
    let mut letters = Vec::new();
    while !letters.iter().any(|letter: &String| letter.contains("entering MASTER")) {
        letters.push(take_mail(&mail));
    }
    let letter = letters.last().unwrap();
    assert!(letter.contains("\r\nSubject: [lb-5] VRRP instance VI_1 - entering MASTER state\r\n"), "{letter}");
    assert!(letter.contains("RCPT TO:<ops@example.org>") && letter.contains("10.77.0.3/24"), "{letter}");
    let document = take_post(&hook);
    assert_eq!((&document["node"], &document["instance"]), (&"lb-5".into(), &"VI_1".into()));
    assert_eq!(document["kind"], "transition");
}

fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let mut stream = None;
    wait("a connection", || {
        stream = listener.accept().ok();
        stream.is_some()
    });
    let (stream, _) = stream.unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// One SMTP conversation, all that the client said.
fn take_mail(listener: &TcpListener) -> String {
    let mut stream = accept(listener);
    stream.write_all(b"220 mx\r\n").unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut said, mut in_data) = (String::new(), false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return said;
        }
        said.push_str(&line);
        if in_data && line != ".\r\n" {
            continue;
        }
        in_data = line == "DATA\r\n";
        let answer: &[u8] = match line.as_str() {
            "DATA\r\n" => b"354 go on\r\n",
            "QUIT\r\n" => b"221 bye\r\n",
            _ => b"250 fine\r\n",
        };
        stream.write_all(answer).unwrap();
    }
}

fn take_post(listener: &TcpListener) -> serde_json::Value {
    let mut stream = accept(listener);
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        let mut more = [0; 4096];
        let length = stream.read(&mut more).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&request));
        request.extend(&more[..length]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let text = String::from_utf8(request).unwrap();
    serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn get(mut stream: impl std::io::Read + std::io::Write, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_by_http_come_and_go_with_a_reload() {
    need_root!();
    let lan = Lan::new(1);
    let socket = lan.path("metrics");
    let own = format!("hactl {{\nmetrics unix:{}\n}}\n", socket.display());
    let a = lan.hactl(0, &(own + &config("", 150, "")));
    lan.wait_owner(0, VIP);
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let answer = get(UnixStream::connect(&socket).unwrap(), "/metrics");
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.contains("hactl_vrrp_is_master"), "{answer}");
    assert!(get(UnixStream::connect(&socket).unwrap(), "/").starts_with("HTTP/1.0 404"));
    fs::write(lan.path("0.conf"), format!("hactl {{\nmetrics 127.0.0.1:9650\n}}\n{}", config("", 150, ""))).unwrap();
    a.signal(Signal::SIGHUP);
    wait("the socket to go", || !socket.exists());
    assert!(get(connect(&lan, 0, "127.0.0.1:9650"), "/metrics").contains("hactl_build_info"));
    a.stop();
}

#[test]
fn a_tracked_file_moves_the_vip() {
    need_root!();
    let lan = Lan::new(2);
    let file = lan.path("load");
    let block = format!("track_file load {{\nfile {}\nweight -1\ninit_file 0\n}}\n", file.display());
    let _a = lan.hactl(0, &(block + &config("", 150, "track_file {\nload\n}")));
    let _b = lan.keepalived(1, &config("", 100, ""));
    lan.wait_owner(0, VIP);
    assert_eq!(read(&file).trim(), "0", "written at the start");
    fs::write(&file, "90\n").unwrap();
    lan.wait_owner(1, VIP);
    let status = lan.status(0);
    assert_eq!((&status["files"][0]["value"], &status["instances"][0]["effective_priority"]), (&90.into(), &60.into()));
    fs::remove_file(&file).unwrap();
    lan.wait_owner(0, VIP);
}

#[test]
fn a_tracked_process_moves_the_vip() {
    need_root!();
    let lan = Lan::new(2);
    let program = lan.path("worker");
    std::os::unix::fs::symlink("/bin/sleep", &program).unwrap();
    let start = || Command::new(&program).arg("600").spawn().unwrap();
    let mut worker = start();
    let block = format!("vrrp_track_process worker {{\nprocess {} 600\nweight 100\n}}\n", program.display());
    let a = lan.hactl(0, &(block + &config("", 50, "track_process {\nworker\n}")));
    let _b = lan.keepalived(1, &config("", 100, ""));
    lan.wait_owner(0, VIP);
    assert!(a.log().contains("/proc is read every 1 s"), "another network namespace gets no events");
    worker.kill().unwrap();
    worker.wait().unwrap();
    lan.wait_owner(1, VIP);
    assert_eq!(lan.status(0)["processes"][0]["running"], 0);
    worker = start();
    lan.wait_owner(0, VIP);
    worker.kill().unwrap();
    worker.wait().unwrap();
}

#[test]
fn peers_by_name_are_found_while_running() {
    need_root!();
    let lan = Lan::new(2);
    let hosts = Hosts([0, 1].map(|n| format!("/etc/netns/{}", lan.host(n))));
    hosts.write("127.0.0.1 localhost\n");
    let unicast = |peer: &str| format!("unicast_peer {{\n{peer}\n}}");
    let _a = lan.hactl(0, &config("", 150, &unicast("b.lan")));
    let _b = lan.hactl(1, &config("", 100, &unicast("a.lan")));
    wait("two masters", || lan.has(0, VIP) && lan.has(1, VIP));
    hosts.write("127.0.0.1 localhost\n10.77.0.5 a.lan\n10.77.0.6 b.lan\n");
    lan.wait_owner(0, VIP);
}

/// Files that `ip netns exec` puts over /etc/hosts; they go when dropped.
struct Hosts([String; 2]);

impl Hosts {
    fn write(&self, text: &str) {
        for folder in &self.0 {
            fs::create_dir_all(folder).unwrap();
            fs::write(format!("{folder}/hosts"), text).unwrap();
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.0.iter().for_each(|folder| drop(fs::remove_dir_all(folder)));
    }
}

#[test]
fn scripts_at_both_ends() {
    need_root!();
    let lan = Lan::new(1);
    let heard = lan.path("heard");
    let first = script(&lan, "first.sh", &format!("echo start >> {}", heard.display()));
    let last = script(&lan, "last.sh", &format!("echo end >> {}", heard.display()));
    let notify = script(&lan, "notify.sh", &format!("echo \"$3\" >> {}", heard.display()));
    let globals = format!("startup_script {first}\nshutdown_script {last}");
    let a = lan.hactl(0, &config(&globals, 150, &format!("notify {notify}")));
    lan.wait_owner(0, VIP);
    a.stop();
    let lines: Vec<String> = read(&heard).lines().map(str::to_owned).collect();
    assert_eq!(lines, ["start", "BACKUP", "MASTER", "STOP", "end"]);
    let a = lan.restart_hactl(0);
    lan.wait_owner(0, VIP);
    UnixStream::connect(lan.socket(0)).unwrap().write_all(b"{\"verb\":\"stop\",\"keep_addresses\":true}\n").unwrap();
    a.wait_end();
    assert!(lan.has(0, VIP));
    assert_eq!(read(&heard).matches("end\n").count(), 1, "half of a restart is no end");
}

#[test]
fn an_upgrade_leaves_one_fifo_script_and_starts_nothing_else() {
    need_root!();
    let lan = Lan::new(1);
    let (fifo, starts, reader) = (lan.path("fifo"), lan.path("starts"), lan.path("reader"));
    let first = script(&lan, "first.sh", &format!("echo start >> {}", starts.display()));
    let body = format!("echo $$ >> {}; exec cat \"$1\" > {}", reader.display(), lan.path("heard").display());
    let script = script(&lan, "reader.sh", &body);
    let globals = format!("startup_script {first}\nnotify_fifo {}\nnotify_fifo_script {script}", fifo.display());
    let _a = lan.hactl(0, &config(&globals, 150, ""));
    lan.wait_owner(0, VIP);
    wait("the script", || read(&reader).lines().count() == 1);
    assert!(lan.agent(0, &["upgrade"]).status.success());
    wait("the next script", || read(&reader).lines().count() == 2);
    let pids: Vec<String> = read(&reader).lines().map(str::to_owned).collect();
    let runs = |pid: &String| read(std::path::Path::new(&format!("/proc/{pid}/stat"))).contains("(cat)");
    wait("the first script's end", || !runs(&pids[0]) && runs(&pids[1]));
    assert_eq!(read(&starts), "start\n", "an upgrade is no start");
    assert!(lan.has(0, VIP));
}
