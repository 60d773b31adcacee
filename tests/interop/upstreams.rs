//! Servers of a proxy: whoever fails its checks is refused to everybody but root, whatever the proxy is, and nobody
//! else is.

use std::fs::File;
use std::net::TcpListener;
use std::process::Command;

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::Signal;

use crate::lan::{Daemon, Lan, wait};
use crate::need_root;

const SERVERS: [&str; 2] = ["10.77.0.6", "10.77.0.7"];
const SERVERS_6: [&str; 2] = ["fd77::6", "fd77::7"];
const PORT: u16 = 8001;

/// An agent that checks the servers on hosts 1 and 2, which run.
fn watched(lan: &Lan) -> Daemon {
    for n in [1, 2] {
        let space = File::open(format!("/run/netns/{}", lan.host(n))).unwrap();
        std::thread::spawn(move || {
            setns(space, CloneFlags::CLONE_NEWNET).unwrap(); // this thread alone
            let listener = TcpListener::bind(("::", PORT)).unwrap();
            listener.incoming().for_each(drop);
        });
    }
    let block = |name: &str, servers: [&str; 2]| {
        let real = |at: &str| format!("real_server {at} {PORT} {{\nTCP_CHECK {{\nconnect_timeout 0.3\n}}\n}}\n");
        let servers: String = servers.into_iter().map(real).collect();
        format!("virtual_server upstream {name} {{\ndelay_loop 0.3\nretry 1\ndelay_before_retry 0.1\n{servers}}}\n")
    };
    let agent = lan.hactl(0, &(block("web", SERVERS) + &block("web6", SERVERS_6)));
    wait("the checks", || SERVERS.iter().chain(&SERVERS_6).all(|at| !is_refused(lan, at)));
    agent
}

fn server(lan: &Lan, at: &str) -> serde_json::Value {
    let status = lan.status(0);
    let pools = status["virtual_servers"].as_array().cloned().unwrap_or_default();
    let mut all = pools.iter().flat_map(|pool| pool["real_servers"].as_array().unwrap().clone());
    let found = all.find(|real| real["address"].as_str().is_some_and(|known| known.contains(at)));
    found.unwrap_or(serde_json::Value::Null)
}

fn is_refused(lan: &Lan, at: &str) -> bool {
    server(lan, at)["refused"].as_bool().unwrap_or(true)
}

/// What comes of a connection: empty when there is one.
fn connects(lan: &Lan, user: &str, at: &str) -> String {
    let line = format!("timeout 2 bash -c ': > /dev/tcp/{at}/{PORT}' || echo over");
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &lan.host(0), "setpriv", "--reuid", user, "--clear-groups", "sh", "-c", &line]);
    let output = command.output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_server_that_fails_is_refused_until_it_is_well() {
    need_root!();
    let lan = Lan::new(3);
    let agent = watched(&lan);
    let nobody = |at| connects(&lan, "65534", at);
    for at in SERVERS.iter().chain(&SERVERS_6) {
        assert_eq!(nobody(at), "", "{at}");
    }
    lan.plug(1, false);
    for at in [SERVERS[0], SERVERS_6[0]] {
        wait("the refusal", || is_refused(&lan, at));
        assert!(nobody(at).contains("Connection refused"), "{at}: {}", nobody(at));
        assert!(!connects(&lan, "0", at).contains("Connection refused"), "{at}");
    }
    assert_eq!((nobody(SERVERS[1]), nobody(SERVERS_6[1])), (String::new(), String::new()));
    // Where all of them fail a check may be wrong, and nobody is refused.
    lan.plug(2, false);
    for at in SERVERS.iter().chain(&SERVERS_6) {
        wait("no refusal", || server(&lan, at)["up"] == false && !is_refused(&lan, at));
        assert!(!nobody(at).contains("Connection refused"), "{at}: {}", nobody(at));
    }
    lan.plug(1, true);
    lan.plug(2, true);
    for at in SERVERS.iter().chain(&SERVERS_6) {
        wait("the way back", || server(&lan, at)["up"] == true);
        assert_eq!(nobody(at), "", "{at}");
    }
    // An operator's word counts as much as a check, and outlives a restart.
    assert!(lan.document(0, &["drain", SERVERS[1]])["message"].is_string());
    assert_eq!(lan.document(0, &["status"])["virtual_servers"][0]["real_servers"][1]["drained"], true);
    assert!(is_refused(&lan, SERVERS[1]) && nobody(SERVERS[1]).contains("Connection refused"));
    agent.stop();
    assert_eq!(nobody(SERVERS[1]), "", "an agent that has ended refuses nobody");
    let _agent = lan.restart_hactl(0);
    wait("the drained one", || is_refused(&lan, SERVERS[1]));
    assert!(nobody(SERVERS[1]).contains("Connection refused"));
    assert!(lan.agent(0, &["undrain", SERVERS[1]]).status.success());
    assert_eq!(nobody(SERVERS[1]), "");
}

#[test]
fn an_agent_that_dies_keeps_nobody_out() {
    need_root!();
    let lan = Lan::new(3);
    let agent = watched(&lan);
    lan.plug(1, false);
    wait("the refusal", || is_refused(&lan, SERVERS[0]));
    agent.signal(Signal::SIGKILL);
    lan.plug(1, true);
    assert!(connects(&lan, "65534", SERVERS[0]).contains("Connection refused"));
    wait("the end of the lease", || connects(&lan, "65534", SERVERS[0]).is_empty());
}

#[test]
fn a_dead_server_stays_refused_while_the_agent_is_started_anew() {
    need_root!();
    let lan = Lan::new(3);
    let agent = watched(&lan);
    lan.plug(1, false);
    wait("the refusal", || is_refused(&lan, SERVERS[0]));
    agent.kill();
    let agent = lan.restart_hactl(0);
    wait("the new agent's own verdict", || {
        let seen = server(&lan, SERVERS[0]);
        let said = connects(&lan, "65534", SERVERS[0]);
        assert!(said.contains("Connection refused"), "{said}");
        // Refused as it is, nobody calls it good.
        assert!(seen["up"] != true || seen["judged"] == false, "{seen}");
        is_refused(&lan, SERVERS[0])
    });
    lan.plug(1, true);
    wait("the way back", || connects(&lan, "65534", SERVERS[0]).is_empty());
    // Nothing is unknown any more, and nobody is kept out by what an earlier agent knew once this one knows better.
    let known = |at: &str| server(&lan, at)["judged"] == true;
    wait("all verdicts", || SERVERS.iter().chain(&SERVERS_6).all(|at| known(at)));
    lan.plug(1, false);
    wait("the refusal", || is_refused(&lan, SERVERS[0]));
    agent.kill();
    lan.plug(1, true);
    let _agent = lan.restart_hactl(0);
    wait("the new agent's own verdict", || known(SERVERS[0]));
    assert_eq!(connects(&lan, "65534", SERVERS[0]), "", "it is called up, and is not refused until the lease is over");
}
