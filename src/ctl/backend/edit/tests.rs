//! Edits in every style of YAML: what comes is as it is told here, and everything else is byte for byte as it was.

use std::path::Path;

use super::*;

const HEAD: &str = "# Ours; ask ann before Fridays.\ncluster: shop   # the shop\nvip: 10.0.0.3/24\nlb:  { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }\n";
const FLOW: &str =
    "web: { web-7: 10.0.0.7, \"web-8\": { address: 10.0.0.8, weight: 2 } }   # two\nsite: { kind: static }\n";
const LINES: &str = "web:\n  # the old one\n  web-7: 10.0.0.7   # rack 1\n\n  web-8:\n    address: '10.0.0.8' # rack 2\n    vars:\n      a: b\n  # nobody\nsite: { kind: static }\n";
const BROKEN: &str = "web: {\n  web-7: 10.0.0.7, # seven\n  web-8: { address: 10.0.0.8 } # eight\n}\n";
const POOLS: &str = "web: { web-7: 10.0.0.7, web-8: 10.0.0.8 }\npools:\n  api:   # slow\n    servers: [web-7:8080, \"web-8:8080\", 10.0.0.21:9000]\n    method: least_conn\n  lines:\n    - web-7:81 # x\n    - web-8:81: { weight: 3 }\n  map: { servers: { web-7:82: {}, web-8:82: { max_fails: 2, backup: yes } } }\n  long:\n    servers:\n      web-7:83:\n      web-8:83:\n        weight: 4\nsites: [{ pool: api }]\n";

fn wish(verb: Verb, server: &str, pool: Option<&str>) -> Wish {
    Wish { verb, server: server.into(), pool: pool.map(str::to_owned) }
}

fn edit(text: &str, verb: Verb, server: &str, pool: Option<&str>) -> Result<String, Failure> {
    edited(Path::new("x.yaml"), text, &wish(verb, server, pool)).map(|edited| edited.text)
}

const ADD: Verb = Verb::Add { managed: true };

/// Each pair of texts is replaced once, and nothing else differs.
fn becomes(text: &str, (verb, server, pool): (Verb, &str, Option<&str>), pairs: &[(&str, &str)]) {
    let before = format!("{HEAD}{text}");
    let wanted = pairs.iter().fold(before.clone(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {text}");
        text.replace(from, to)
    });
    let new = edit(&before, verb, server, pool).unwrap_or_else(|failure| panic!("{verb:?} {server}: {failure}"));
    assert_eq!(new, wanted, "{verb:?} {server}");
}

#[test]
fn web_hosts_are_edited_where_they_stand() {
    let (seven, eight) = ("web-7: 10.0.0.7", "{ address: 10.0.0.8, weight: 2 }");
    becomes(FLOW, (Verb::Drain, "web-7", None), &[(seven, "web-7: { address: 10.0.0.7, down: yes }")]);
    becomes(FLOW, (Verb::Drain, "web-8", None), &[(eight, "{ address: 10.0.0.8, weight: 2, down: yes }")]);
    becomes(FLOW, (Verb::Weight(5), "web-8", None), &[("weight: 2", "weight: 5")]);
    becomes(FLOW, (Verb::Remove, "web-7", None), &[("web-7: 10.0.0.7, ", "")]);
    becomes(FLOW, (Verb::Remove, "web-8", None), &[(", \"web-8\": { address: 10.0.0.8, weight: 2 }", "")]);
    becomes(FLOW, (ADD, "web-9=10.0.0.9", None), &[("weight: 2 }", "weight: 2 }, web-9: 10.0.0.9")]);
    let other = (Verb::Add { managed: false }, "web-9=10.0.0.9:81", None);
    becomes(FLOW, other, &[("weight: 2 }", "weight: 2 }, web-9: { address: 10.0.0.9, port: 81, managed: no }")]);
    becomes(LINES, (Verb::Drain, "web-7", None), &[(seven, "web-7: { address: 10.0.0.7, down: yes }")]);
    becomes(LINES, (Verb::Drain, "web-8", None), &[("      a: b\n", "      a: b\n    down: yes\n")]);
    becomes(LINES, (Verb::Remove, "web-7", None), &[("  web-7: 10.0.0.7   # rack 1\n", "")]);
    let eight = "  web-8:\n    address: '10.0.0.8' # rack 2\n    vars:\n      a: b\n";
    becomes(LINES, (Verb::Remove, "web-8", None), &[(eight, "")]);
    becomes(LINES, (ADD, "web-9=10.0.0.9", None), &[("      a: b\n", "      a: b\n  web-9: 10.0.0.9\n")]);
    let eight = "web-8: { address: 10.0.0.8 } # eight\n";
    becomes(
        BROKEN,
        (ADD, "web-9=10.0.0.9", None),
        &[(eight, "web-8: { address: 10.0.0.8 }, # eight\n  web-9: 10.0.0.9\n")],
    );
    becomes(BROKEN, (Verb::Remove, "web-7", None), &[("  web-7: 10.0.0.7, # seven\n", "")]);
    becomes(BROKEN, (Verb::Remove, "web-8", None), &[("10.0.0.7, #", "10.0.0.7 #"), (&format!("  {eight}"), "")]);
    becomes(
        &BROKEN.replace("8 } #", "8 }, #"),
        (ADD, "web-9=10.0.0.9", None),
        &[("# eight\n", "# eight\n  web-9: 10.0.0.9,\n")],
    );
    becomes(
        &BROKEN.replace(" # eight\n}", " }"),
        (ADD, "web-9=10.0.0.9", None),
        &[("8 } }", "8 },\n  web-9: 10.0.0.9 }")],
    );
    becomes("web:\n  web-7: 10.0.0.7", (ADD, "web-9=10.0.0.9", None), &[("0.7", "0.7\n  web-9: 10.0.0.9")]);
}

#[test]
fn servers_of_pools_are_edited_where_they_stand() {
    let drain = |server, pool| (Verb::Drain, server, Some(pool));
    becomes(POOLS, drain("web-7", "api"), &[("[web-7:8080,", "[web-7:8080: { down: yes },")]);
    becomes(POOLS, drain("web-8", "api"), &[("\"web-8:8080\"", "\"web-8:8080\": { down: yes }")]);
    becomes(POOLS, drain("10.0.0.21", "api"), &[("10.0.0.21:9000", "10.0.0.21:9000: { down: yes }")]);
    becomes(POOLS, drain("web-7", "lines"), &[("web-7:81 #", "web-7:81: { down: yes } #")]);
    becomes(POOLS, drain("web-8", "lines"), &[("{ weight: 3 }", "{ weight: 3, down: yes }")]);
    becomes(POOLS, drain("web-7:82", "map"), &[("web-7:82: {}", "web-7:82: { down: yes }")]);
    becomes(POOLS, drain("web-7", "long"), &[("web-7:83:", "web-7:83: { down: yes }")]);
    becomes(POOLS, drain("web-8", "long"), &[("weight: 4\n", "weight: 4\n        down: yes\n")]);
    becomes(POOLS, (Verb::Weight(7), "web-8", Some("long")), &[("weight: 4", "weight: 7")]);
    // Without a pool it is the host that is drained, in each of them.
    becomes(POOLS, (Verb::Drain, "web-7", None), &[("web-7: 10.0.0.7", "web-7: { address: 10.0.0.7, down: yes }")]);
    // Pools with a weight of their own would not heed the host's.
    let host = ("web-8: 10.0.0.8", "web-8: { address: 10.0.0.8, weight: 9 }");
    becomes(POOLS, (Verb::Weight(9), "web-8", None), &[host, ("weight: 3", "weight: 9"), ("weight: 4", "weight: 9")]);
    becomes(POOLS, (Verb::Remove, "web-7", Some("api")), &[("[web-7:8080, ", "[")]);
    becomes(POOLS, (Verb::Remove, "web-7", Some("lines")), &[("    - web-7:81 # x\n", "")]);
    becomes(POOLS, (Verb::Remove, "web-8", Some("long")), &[("      web-8:83:\n        weight: 4\n", "")]);
    let places = [("web-8: 10.0.0.8", ""), (", \"web-8:8080\"", ""), ("    - web-8:81: { weight: 3 }\n", "")];
    let more = [(", web-8:82: { max_fails: 2, backup: yes }", ""), ("      web-8:83:\n        weight: 4\n", "")];
    let host = [("10.0.0.7,  }", "10.0.0.7 }")];
    becomes(POOLS, (Verb::Remove, "web-8", None), &[&places[..], &more, &host].concat());
    becomes(POOLS, (ADD, "10.0.0.22:9000", Some("api")), &[("21:9000]", "21:9000, 10.0.0.22:9000]")]);
    becomes(POOLS, (ADD, "db=10.0.0.22:9000", Some("api")), &[("21:9000]", "21:9000, 10.0.0.22:9000: { name: db }]")]);
    becomes(POOLS, (ADD, "[2001:db8::1]:80", Some("api")), &[("21:9000]", "21:9000, '[2001:db8::1]:80']")]);
    becomes(POOLS, (ADD, "web-7:84", Some("lines")), &[("{ weight: 3 }\n", "{ weight: 3 }\n    - web-7:84\n")]);
    becomes(POOLS, (ADD, "web-7:84", Some("map")), &[("yes } } }", "yes }, web-7:84: {} } }")]);
    becomes(POOLS, (ADD, "web-7:84", Some("long")), &[("weight: 4\n", "weight: 4\n      web-7:84: {}\n")]);
    becomes(POOLS, (ADD, "web-9=10.0.0.9", Some("web")), &[("web-8: 10.0.0.8", "web-8: 10.0.0.8, web-9: 10.0.0.9")]);
}

#[test]
fn what_is_taken_back_leaves_nothing() {
    for (text, server, pool) in [
        (FLOW, "web-7", None),
        (FLOW, "web-8", None),
        (LINES, "web-7", None),
        (LINES, "web-8", None),
        (BROKEN, "web-7", None),
        (POOLS, "web-7", None),
        (POOLS, "web-7", Some("api")),
        (POOLS, "10.0.0.21:9000", None),
        (POOLS, "web-7", Some("lines")),
        (POOLS, "web-8", Some("lines")),
        (POOLS, "web-7", Some("map")),
        (POOLS, "web-8", Some("long")),
    ] {
        let before = format!("{HEAD}{text}");
        let drained = edit(&before, Verb::Drain, server, pool).unwrap();
        assert_ne!(drained, before);
        assert_eq!(edit(&drained, Verb::Drain, server, pool).unwrap(), drained, "once is enough");
        assert_eq!(edit(&drained, Verb::Undrain, server, pool).unwrap(), before);
    }
    for (text, server, pool) in
        [(FLOW, "web-9=10.0.0.9", None), (LINES, "web-9=10.0.0.9", None), (POOLS, "10.0.0.9:80", Some("api"))]
    {
        let before = format!("{HEAD}{text}");
        let added = edit(&before, ADD, server, pool).unwrap();
        let name = server.split('=').next().unwrap();
        assert_eq!(edit(&added, Verb::Remove, name, pool).unwrap(), before);
    }
    let named = edit(&format!("{HEAD}{POOLS}"), ADD, "db=10.0.0.22:9000", Some("lines")).unwrap();
    let drained = edit(&named, Verb::Drain, "db", None).unwrap();
    assert!(drained.contains("    - 10.0.0.22:9000: { name: db, down: yes }\n"), "{drained}");
}

#[test]
fn what_would_go_wrong_is_refused() {
    for (text, verb, server, pool, code) in [
        (FLOW, Verb::Drain, "web-9", None, Code::NoSuchBackend),
        (POOLS, Verb::Drain, "10.0.0.21", Some("map"), Code::NoSuchBackend),
        (POOLS, Verb::Drain, "web-7", Some("ap"), Code::UnknownPool),
        (POOLS, Verb::Drain, "web-7", Some("web"), Code::CannotEdit),
        (POOLS, Verb::Remove, "web-7", Some("web"), Code::CannotEdit),
        ("web: { web-7: 10.0.0.7 }\n", Verb::Remove, "web-7", None, Code::LastBackend),
        (
            "web: { web-7: 10.0.0.7, web-8: { address: 10.0.0.8, down: yes } }\n",
            Verb::Drain,
            "web-7",
            None,
            Code::LastBackend,
        ),
        (POOLS, Verb::Remove, "web-7", Some("map"), Code::PoolEmpty), // a backup is left
        (FLOW, ADD, "web-9=10.0.0.7", None, Code::AddressTwice),
        (FLOW, ADD, "web-9=somewhere", None, Code::WrongValue),
        (FLOW, ADD, "10.0.0.9", None, Code::WrongValue),
        (
            "web: { web-7: { address: 10.0.0.7, down: yes } }\nlvs: { method: dr }\n",
            ADD,
            "web-9=10.0.0.9",
            None,
            Code::TwoForms,
        ),
        (POOLS, ADD, "10.0.0.21:9000", Some("api"), Code::ServerTwice),
        (
            "vars: { seven: &a 10.0.0.7 }\nweb: { web-7: *a, web-8: 10.0.0.8 }\n",
            Verb::Drain,
            "web-7",
            None,
            Code::CannotEdit,
        ),
        (
            "web: { web-7: 10.0.0.7 }\npools: { web: [web-7] }\nsites: [{ pool: web }]\n",
            ADD,
            "web-9=10.0.0.9",
            None,
            Code::NowhereUsed,
        ),
    ] {
        let failure = edit(&format!("{HEAD}{text}"), verb, server, pool).unwrap_err();
        assert_eq!(failure.exit, Exit::Invalid);
        let codes: Vec<Code> = failure.problems.iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&code), "{verb:?} {server} {pool:?}: {failure}");
        assert!(failure.to_string().contains("next: ") || code != Code::NoSuchBackend, "{failure}");
    }
}
