//! `virtual_server upstream NAME`.

use super::round_trip::assert_round_trip;
use super::support::{faults, read};

fn upstream(name: &str, lines: &str) -> String {
    format!("virtual_server upstream {name} {{\n{lines}\nreal_server 10.0.0.7 8080 {{\nTCP_CHECK {{\n}}\n}}\n}}\n")
}

#[test]
fn an_upstream_has_servers_and_no_service() {
    let both = upstream("web", "delay_loop 7\nrise 3\nquorum 1") + &upstream("web-2", "");
    let config = read(&both);
    let names: Vec<&str> = config.virtual_servers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["upstream web", "upstream web-2"]);
    let first = &config.virtual_servers[0];
    assert!(first.upstream && first.services.is_empty());
    let real = &first.real_servers[0];
    assert_eq!((real.address.to_string().as_str(), real.checkers[0].rise), ("10.0.0.7:8080", 3));
    assert_round_trip(config);
}

#[test]
fn a_host_asks_servers_of_either_family() {
    let six = "real_server 2001:db8::7 80 {\n}";
    assert_eq!(read(&upstream("web", six)).virtual_servers[0].real_servers.len(), 2);
}

#[test]
fn what_cannot_be_meant_is_told() {
    assert_eq!(
        faults("virtual_server upstream {\n}\n"),
        ["E 1:1 `virtual_server` does not say what it serves; ignored"]
    );
    let twice = upstream("web", "") + &upstream("web", "");
    assert_eq!(faults(&twice), ["E 8:25 upstream `web` stands already on line 1; ignored"]);
    let no_port = "virtual_server upstream web {\nreal_server 10.0.0.7 {\n}\n}\n";
    assert_eq!(faults(no_port), ["E 2:1 real server `10.0.0.7` of an upstream needs a port; ignored"]);
    for line in ["lb_algo rr", "protocol TCP", "persistence_timeout 50", "master_only", "sorry_server 10.0.0.9 80"] {
        let word = line.split(' ').next().unwrap();
        let told = format!("W 2:1 `{word}` changes nothing: the proxy spreads the requests of an upstream");
        assert_eq!(faults(&upstream("web", line)), [told]);
    }
}
