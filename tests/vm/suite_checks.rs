//! Checks of every layer decide about the kernel's table.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Case;
use super::cluster::{Cluster, VIP4};
use super::host::Host;
use super::suite_agent::Agent;

pub const CASES: &[Case] = crate::cases![wrong_answers_take_a_server_out, scripts_weigh_and_pings_decide];

/// What a server answers from now on; nothing at all while it is `None`.
type Answer = Arc<Mutex<Option<&'static str>>>;

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// A server whose answer can be changed while it runs.
fn answering(host: &Host, at: IpAddr) -> Answer {
    let listener = host.within(|| TcpListener::bind((at, 80)).unwrap());
    let answer: Answer = Arc::new(Mutex::new(Some(GOOD)));
    let now = Arc::clone(&answer);
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let now = Arc::clone(&now);
            std::thread::spawn(move || {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request); // whatever is asked
                let answer = *now.lock().unwrap();
                match answer {
                    Some(text) => drop(stream.write_all(text.as_bytes())),
                    None => std::thread::sleep(Duration::from_secs(5)),
                }
            });
        }
    });
    answer
}

fn pool(servers: &[(u8, &str)]) -> String {
    let server = |(last, checks): &(u8, &str)| format!("real_server 10.37.0.{last} 80 {{\nweight 3\n{checks}\n}}\n");
    let servers: String = servers.iter().map(server).collect();
    format!(
        "virtual_server {VIP4} 80 {{\ndelay_loop 0.2\nwarmup 0\nlb_algo rr\nlb_kind DR\nprotocol TCP\n{servers}}}\n"
    )
}

fn wrong_answers_take_a_server_out() {
    let cluster = Cluster::new(1, 2);
    let answers: Vec<Answer> = cluster.servers.iter().map(|server| answering(server, server.v4())).collect();
    let times = "connect_timeout 1\nretry 0\ndelay_before_retry 0.2";
    let digest = format!("HTTP_GET {{\nurl {{\npath /health\ndigest 5d41402abc4b2a76b9719d911017c592\n}}\n{times}\n}}");
    let regex = format!("HTTP_GET {{\nhttp_protocol 1.1\nurl {{\npath /\nregex \"^hel+o$\"\n}}\n{times}\n}}");
    let agent = Agent::start(cluster.director(), &pool(&[(21, &digest), (22, &regex)]));
    let (both, second, first) = (["10.37.0.21:80 3", "10.37.0.22:80 3"], ["10.37.0.22:80 3"], ["10.37.0.21:80 3"]);
    agent.until(&both);
    let cases = [
        (0, Some("HTTP/1.1 500 Oops\r\n\r\n"), "HTTP status 500 instead of 200-299 from /health"),
        (0, Some("HTTP/1.1 200 OK\r\n\r\nhullo"), "instead of 5d41402abc4b2a76b9719d911017c592 from /health"),
        (0, Some("220 mail\r\n"), "the answer is not HTTP"),
        (0, None, "no answer within 1s"),
        (1, Some("HTTP/1.1 200 OK\r\n\r\nhello world"), "no match of the regex"),
        (1, Some("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), "closed the connection after 5 bytes"),
    ];
    for (which, answer, words) in cases {
        *answers[which].lock().unwrap() = answer;
        agent.until(if which == 0 { &second } else { &first });
        let status = agent.ask("status");
        assert!(status.contains(words), "{words}: {status}");
        *answers[which].lock().unwrap() = Some(GOOD);
        agent.until(&both);
    }
}

fn scripts_weigh_and_pings_decide() {
    let cluster = Cluster::new(1, 2);
    let director = cluster.director();
    let script = director.folder().join("check.sh");
    let exits = |code: u8| {
        let fresh = script.with_extension("new");
        fs::write(&fresh, format!("#!/bin/sh\nexit {code}\n")).unwrap();
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(fresh, &script).unwrap();
    };
    exits(0);
    let misc = format!("MISC_CHECK {{\nmisc_path \"{}\"\nmisc_dynamic\nuser root\n}}", script.display());
    let ping = "PING_CHECK {\nconnect_timeout 1\nretry 0\ndelay_before_retry 0.2\n}";
    let agent = Agent::start(director, &pool(&[(21, &misc), (22, ping)]));
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    exits(39);
    agent.until(&["10.37.0.21:80 37", "10.37.0.22:80 3"]);
    exits(1);
    agent.until(&["10.37.0.22:80 3"]);
    assert!(agent.ask("status").contains("exit code 1"), "{}", agent.ask("status"));
    exits(0);
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    cluster.plug(&cluster.servers[1], false);
    agent.until(&["10.37.0.21:80 3"]);
    cluster.plug(&cluster.servers[1], true);
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
}
