//! `net_namespace` and `net_namespace_ipvs`.

use super::support::{faults, instance, read};
use crate::conf::parse;

#[test]
fn the_first_namespace_counts() {
    let config = read(&("net_namespace blue\n".to_owned() + &instance("")));
    assert_eq!((config.namespaces.own.as_deref(), config.namespaces.ipvs.as_deref()), (Some("blue"), None));
    assert!(!config.strays());
    let more = "net_namespace blue\nnet_namespace red\n".to_owned() + &instance("");
    assert_eq!(faults(&more), ["W 2:1 `net_namespace` was already given on line 1; that one counts, as in keepalived"]);
    assert_eq!(parse("f", &more).config.namespaces.own.as_deref(), Some("blue"));
    for (line, told) in [
        ("net_namespace ../x", "E 1:15 `../x` is no name of a network namespace; ignored"),
        ("net_namespace", "E 1:1 `net_namespace` needs a value"),
    ] {
        assert_eq!(faults(&format!("{line}\n{}", instance(""))), [told]);
    }
}

#[test]
fn lvs_in_another_namespace_is_refused() {
    let server = "virtual_server 10.1.2.3 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.1.2.7 80 {\nTCP_CHECK {\n}\n}\n}\n";
    let with = |line: &str, more: &str| format!("{line}\n{more}{}", instance(""));
    let refused = "E 1:1 `net_namespace_ipvs` is not supported: the agent refuses to start, for it would balance in the wrong namespace";
    assert_eq!(faults(&with("net_namespace_ipvs red", server)), [refused]);
    let nothing = "W 1:1 `net_namespace_ipvs` changes nothing: there is no virtual server";
    assert_eq!(faults(&with("net_namespace_ipvs red", "")), [nothing]);
    assert_eq!(faults(&with("net_namespace_ipvs red\nnet_namespace red", server)), Vec::<String>::new());
    // Without a name it is the namespace that the agent is started in.
    assert_eq!(faults(&with("net_namespace_ipvs", server)), Vec::<String>::new());
}
