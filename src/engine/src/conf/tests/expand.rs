//! Includes, lines for one host, definitions, repeated lines; and that every fault points at the line as written.

use std::collections::BTreeMap;

use super::support::{instance, shown};
use crate::conf::expand::surroundings::Nothing;
use crate::conf::expand::{Limits, expand};
use crate::conf::{Included, Parsed, Surroundings, parse, parse_with};

/// A host with files, an id and an environment.
struct Host {
    files: BTreeMap<&'static str, String>,
    id: &'static str,
}

impl Surroundings for Host {
    fn include(&mut self, pattern: &str, from: &str) -> Vec<Included> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let wanted = if pattern.starts_with('/') { pattern.to_owned() } else { format!("{folder}/{pattern}") };
        let fits = |name: &str| match wanted.split_once('*') {
            Some((before, after)) => name.starts_with(before) && name.ends_with(after),
            None => name == wanted,
        };
        let text = |text: &str| {
            if text == "secret" {
                Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "permission denied").into())
            } else {
                Ok(text.to_owned())
            }
        };
        let files = self.files.iter().filter(|(name, _)| fits(name));
        files.map(|(name, content)| Included { name: (*name).to_owned(), text: text(content) }).collect()
    }

    fn config_id(&self) -> Option<String> {
        Some(self.id.to_owned())
    }

    fn environment(&self, name: &str) -> Option<String> {
        (name == "PRIO").then(|| "91".to_owned())
    }

    fn random(&mut self, min: u32, max: u32) -> u32 {
        min + (max - min) / 2
    }
}

fn on(files: &[(&'static str, &str)], text: &str) -> Parsed {
    let files = files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    parse_with("/etc/ha/ha.conf", text, &mut Host { files, id: "lb-5" })
}

/// Diagnostics as `FILE:LINE:COLUMN+LENGTH message`.
fn places(parsed: &Parsed) -> Vec<String> {
    let found = parsed.diagnostics.iter();
    found
        .map(|one| match &one.location {
            Some(at) => format!("{at}+{} {}", at.length, one.message),
            None => one.message.clone(),
        })
        .collect()
}

#[test]
fn lines_for_one_host() {
    let text = instance("@lb-5 priority 91\n@^lb-5 priority 37\n@lb-6 priority 38\n@^lb-6 advert_int 2");
    let parsed = on(&[], &text);
    assert_eq!(places(&parsed), Vec::<String>::new());
    assert_eq!((parsed.config.instances[0].priority, parsed.config.instances[0].advert_interval.as_secs()), (91, 2));
    let nowhere = parse("f", &text);
    assert_eq!(nowhere.config.instances[0].priority, 37, "{:?}", nowhere.diagnostics);
    assert_eq!(nowhere.diagnostics.len(), 4);
}

#[test]
fn a_fault_behind_a_condition_keeps_its_column() {
    let parsed = on(&[], &instance("  @lb-5 priority 300"));
    assert_eq!(places(&parsed), ["/etc/ha/ha.conf:2:18+3 `priority 300` is not in 1..=255; 100 is used"]);
}

#[test]
fn definitions_are_replaced_when_used() {
    let text = "$BASE=10.2.${SUB}\n$SUB=7\n$LEN=27 # comment\n@lb-5 $PRIO=91\n@lb-6 $PRIO=37\n".to_owned()
        + &instance("priority $PRIO")
            .replace("10.1.2.3/27", "${BASE}.3/$LEN\n$UNKNOWN 10.2.7.9/27")
            .replace("web", "w-${SUB}");
    let parsed = on(&[], &text);
    let found = &parsed.config.instances[0];
    assert_eq!((found.priority, found.name.as_str()), (91, "w-7"));
    assert_eq!(found.addresses[0].address.to_string(), "10.2.7.3/27");
    assert_eq!(
        places(&parsed),
        ["/etc/ha/ha.conf:12:1+8 `$UNKNOWN` is not an IP address with a prefix length; ignored"]
    );
}

#[test]
fn a_name_with_something_behind_it_needs_braces() {
    let parsed = on(&[], &("$N=7\n".to_owned() + &instance("").replace("10.1.2.3/27", "10.1.2.$N/27")));
    assert_eq!(parsed.diagnostics[2].message, "`$N` is not replaced: something other than a blank follows it");
    assert_eq!(parsed.diagnostics[2].help.as_deref(), Some("write `${N}`"));
}

#[test]
fn faults_in_replaced_text_point_at_what_was_written() {
    let text = "$BAD=300\n".to_owned() + &instance("priority ${BAD} # ${BAD}\nadvert_int  $BAD");
    let parsed = on(&[], &text);
    assert_eq!(
        places(&parsed),
        [
            "/etc/ha/ha.conf:3:10+6 `priority 300` is not in 1..=255; 100 is used",
            "/etc/ha/ha.conf:4:13+4 `advert_int 300` is not in 0.01..=255 s; 1 s is used",
        ]
    );
}

#[test]
fn definitions_of_several_lines() {
    let text = "$BODY= \\\n  interface eth7 \\\n  @lb-5 priority 91 \\\n  @lb-6 priority 92 \\\n  virtual_ipaddress { \\\n    10.0.${NUM}.3/27 \\\n  } \\\n  prioritty 3\n\
                $NUM=7\nvrrp_instance a {\n virtual_router_id 1\n $BODY\n}\n$NUM=8\nvrrp_instance b { virtual_router_id 2 \n $BODY }\n";
    let parsed = on(&[], text);
    let found: Vec<_> = parsed
        .config
        .instances
        .iter()
        .map(|one| (one.vrid, one.priority, one.addresses[0].address.to_string()))
        .collect();
    assert_eq!(found, [(1, 91, "10.0.7.3/27".to_owned()), (2, 91, "10.0.8.3/27".to_owned())]);
    assert_eq!(
        places(&parsed),
        [
            "/etc/ha/ha.conf:12:2+5 unknown keyword `prioritty` in vrrp_instance",
            "/etc/ha/ha.conf:16:2+5 unknown keyword `prioritty` in vrrp_instance",
        ]
    );
}

#[test]
fn what_is_always_there() {
    let text = instance(
        "priority ${_ENV PRIO}\nnotify_master \"${_PWD}/x ${_INSTANCE} ${_HASH}1 ${_RANDOM} ${_RANDOM 10 20}\"\nnotify_fault /x${_BANG}\nnotify_stop \"/x ${_ENV NO}y ${_WHAT}\"",
    );
    let parsed = on(&[], &text);
    let found = &parsed.config.instances[0];
    assert_eq!(found.priority, 91);
    assert_eq!(found.notify.master.as_ref().unwrap(), &["/etc/ha/x", "lb-5", "#1", "16383", "15"]);
    // Outside quotes the rest of the line is a comment.
    assert_eq!(found.notify.fault.as_ref().unwrap(), &["/x"]);
    assert_eq!(found.notify.stop.as_ref().unwrap(), &["/x", "y", "${_WHAT}"]);
    assert_eq!(
        places(&parsed),
        [
            "/etc/ha/ha.conf:4:16+8 `!` right after a word starts a comment",
            "/etc/ha/ha.conf:5:17+10 `${_ENV NO}` is not set: nothing stands here",
        ]
    );
}

#[test]
fn lines_are_repeated() {
    let list = "~SEQ(A, 1, 2) ~LST({B, C}, {3,27}, {4,26}) 10.0.${A}.$B/$C x\n~SEQx(H,0x9,0xb) 10.9.9.1${H}/27";
    let text = instance("").replace("10.1.2.3/27", &list.replace("$B/$C x", "${B}/${C}").replace("1${H}", "1"));
    let parsed = on(&[], &text);
    let found: Vec<_> = parsed.config.instances[0].addresses.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(found, ["10.0.1.3/27", "10.0.1.4/26", "10.0.2.3/27", "10.0.2.4/26", "10.9.9.1/27"]);
    // Three turns of the second line say the same: once is enough.
    assert_eq!(places(&parsed), ["/etc/ha/ha.conf:7:18+11 `10.9.9.1` is listed twice; this line is ignored"]);
}

#[test]
fn a_sequence_makes_whole_instances() {
    let text = "$VI= \\\nvrrp_instance v.${N} { \\\ninterface eth${N} \\\nvirtual_router_id ${N} \\\nvirtual_ipaddress { 10.0.${N}.3/27 } \\\n}\n$MAX=37\n~SEQ(N, 1, $MAX) $VI\n";
    let parsed = on(&[], text);
    assert_eq!(places(&parsed), Vec::<String>::new());
    assert_eq!((parsed.config.instances.len(), parsed.config.instances[36].interface.as_str()), (37, "eth37"));
    assert_eq!(parsed.config.instances[36].location.line, 8);
}

#[test]
fn files_are_included_where_they_are_named() {
    let files = [
        ("/etc/ha/conf.d/a.conf", "vrrp_script a {\n  script /a\n}\ninclude ../x\n"),
        ("/etc/ha/conf.d/b.conf", "vrrp_script b {\n  script /b\n  wieght 3\n}\n"),
        ("/etc/ha/conf.d/sub/c", "priority 37\nprioritty 38"),
        ("/etc/ha/conf.d/d.key", "secret"),
    ];
    let text = "include conf.d/*.conf\nincluder conf.d/{d,e}.key\ninclude none.d/*\nincludew none.d/*\n".to_owned()
        + &instance("track_script { a\nb }\ninclude conf.d/sub/c\nprioritty 1");
    let parsed = on(&files, &text);
    assert_eq!(parsed.config.instances[0].priority, 37);
    assert_eq!(parsed.config.scripts.len(), 2);
    assert_eq!(
        places(&parsed),
        [
            "/etc/ha/conf.d/a.conf:4:1+7 there is no file `../x` to include",
            "/etc/ha/conf.d/b.conf:3:3+6 unknown keyword `wieght` in vrrp_script",
            "/etc/ha/ha.conf:2:1+8 `/etc/ha/conf.d/d.key` cannot be read and is left out: permission denied",
            "/etc/ha/ha.conf:2:1+8 there is no file `conf.d/e.key` to include",
            "/etc/ha/ha.conf:3:1+7 there is no file `none.d/*` to include",
            "/etc/ha/ha.conf:4:1+8 there is no file `none.d/*` to include",
            "/etc/ha/conf.d/sub/c:2:1+9 unknown keyword `prioritty` in vrrp_instance",
            "/etc/ha/ha.conf:9:1+9 unknown keyword `prioritty` in vrrp_instance",
        ]
    );
    assert_eq!(&*parsed.config.scripts[1].location.file, "/etc/ha/conf.d/b.conf");
}

#[test]
fn nothing_goes_round_for_ever() {
    let files = [("/etc/ha/a", "include b\nvrrp_script a { script /a }\n"), ("/etc/ha/b", "include a\n")];
    let parsed = on(&files, "include a\n");
    assert_eq!(places(&parsed)[0], "/etc/ha/b:1:1+7 `/etc/ha/a` includes itself; not read again");
    let said = |text: &str| shown(&on(&[], text));
    let grown: String = (1..8).map(|n| format!("$A{n}=${{A{}}}${{A{}}}\n", n - 1, n - 1)).collect();
    assert_eq!(
        said(&format!("$A0={}\n{grown}${{A7}}\n", "x".repeat(500)))[0],
        "E 9:1 the line grows beyond 16384 characters by its definitions; ignored"
    );
    // Put together from two, a reference can make itself again.
    assert_eq!(
        said("$D=$\n$X=${D}{X}\n${X}\n")[0],
        "E 3:1 more than 1024 definitions are replaced in this line; ignored"
    );
    let deep = said(&format!("a {}", "{ @lb-5 b ".repeat(100)));
    let told = "definitions and blocks on one line nest deeper than 64; the line is ignored";
    assert!(deep.iter().any(|one| one.ends_with(told)), "{deep:?}");
    let limits = Limits { lines: 2000, bytes: 3000, steps: 5000 };
    let first = |text: &str| {
        let (source, found) = expand("f", text, limits, &mut Nothing);
        (source.texts().count(), found[0].1.message.clone())
    };
    let (lines, message) = first("~SEQ(A,1,300) ~SEQ(B,1,300)\n");
    assert!(lines < 2000 && message.ends_with("bytes; it is read up to here"), "{lines} {message}");
    let (lines, message) = first("~SEQ(A,1,99999999999) $B=\n");
    assert_eq!((lines, message.as_str()), (0, "more than 5000 steps to expand this file; it is read up to here"));
    let (lines, message) = first(&"\n".repeat(3000));
    assert_eq!(lines, 2000);
    assert_eq!(message, "the file expands beyond 2000 lines or 3000 bytes; it is read up to here");
}

/// Each of these ran for seconds, and the last two lines of keepalived's own never end.
#[test]
fn what_is_part_of_itself_is_named_where_it_is_defined() {
    let wrong = |at: &str, name: &str| {
        format!("E {at} `${name}` is part of its own value, directly or by other definitions; the line is ignored")
    };
    let steps = Limits { steps: 100, ..Limits::default() };
    for (text, at, name) in [
        ("$IF=${IF}\n", "1:1", "IF"),
        ("$IF=$IF\n", "1:1", "IF"),
        ("$A=1\n  $A=x ${A} y\n", "2:3", "A"),
        ("$A=$B\n$B=$A\n", "2:1", "B"),
        ("$A=x${B}\n$B=${C}y\n@lb-5 $C=$A\n", "3:7", "C"),
        ("$A=\\\nx\\\n$A\n", "1:1", "A"),
        ("$A=\\\n~SEQ(N,1,3) ${B}\n$B=\\\ny\\\n${A}\n", "3:1", "B"),
    ] {
        let text = text.to_owned() + &instance("").replace("10.1.2.3/27", &format!("10.1.2.3/27 # ${name}"));
        assert_eq!(shown(&on(&[], &text)), [wrong(at, name)], "{text}");
        let (_, found) = expand("f", &text, steps, &mut Host { files: BTreeMap::new(), id: "lb-5" });
        assert_eq!(found.len(), 1, "{found:?}");
    }
    assert_eq!(
        shown(&on(&[], "~LST(N, ${N}) ${N}\n"))[0],
        "E 1:1 `~LST` gives `$N` a value that it is part of; the line is ignored"
    );
    // What only looks like a circle.
    let text = "$A=$B\n$B=7\n$C=${A}\n$A=1\n$B=${A}1\n".to_owned() + &instance("priority ${C}\nadvert_int ${B}");
    assert_eq!(on(&[], &text).config.instances[0].priority, 1);
}

/// As keepalived reads them.
#[test]
fn comments_end_lines_of_a_definition_and_not_the_definition() {
    let addresses = |text: &str| -> Vec<String> {
        let parsed = on(&[], &(text.to_owned() + &instance("").replace("10.1.2.3/27", "$VIPS")));
        assert_eq!(places(&parsed), Vec::<String>::new(), "{text}");
        parsed.config.instances[0].addresses.iter().map(|one| one.address.to_string()).collect()
    };
    let three = ["10.2.0.1/27", "10.2.0.2/27", "10.2.0.3/27"];
    for text in [
        "$VIPS= \\\n10.2.0.1/27 \\ # first\n10.2.0.2/27 \\   ! second\n10.2.0.3/27 # third\n",
        "$VIPS= \\ # all\n10.2.0.1/27 # first \\\n10.2.0.2/27 \\\n# none \\\n10.2.0.3/27\n",
        "$VIPS= \\\n10.2.0.1/27 \\\n! none \\\n\\\n10.2.0.2/27 \\\n10.2.0.3/27\\\n\n",
    ] {
        assert_eq!(addresses(text), three);
    }
}

/// `${_HASH}` and `${_BANG}` switch lines off, wherever they stand outside quotes; what keepalived 2.2.7 makes of the
/// same lines.
#[test]
fn what_expands_to_a_comment_character_starts_a_comment() {
    let lines = "10.1.2.3/27\n$OFF 10.2.0.1/27\n${_BANG} 10.2.0.2/27\n10.2.0.3/27 ${_HASH} dev eth8\n10.2.0.4/27 $OFF dev eth8 }\n10.2.0.5/27${_HASH} dev eth8\n$OFF }\n$OFF x { ~SEQ(N,1,2) 10.3.0.${N}/27";
    let text = "$OFF=${_HASH}\n".to_owned()
        + &instance("notify \"/x ${OFF} ${_BANG}y\"\n$OFF priority 37\n$OFF virtual_routes {")
            .replace("10.1.2.3/27", lines);
    let parsed = on(&[], &text);
    assert_eq!(places(&parsed), ["/etc/ha/ha.conf:14:12+8 `#` right after a word starts a comment"]);
    let found = &parsed.config.instances[0];
    let addresses: Vec<_> = found.addresses.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(addresses, ["10.1.2.3/27", "10.2.0.3/27", "10.2.0.4/27", "10.2.0.5/27"]);
    assert!(found.addresses.iter().all(|one| one.interface.is_none()), "{:?}", found.addresses);
    assert_eq!(found.notify.any.as_ref().unwrap(), &["/x", "#", "!y"]);
    assert_eq!(found.priority, 100);
}

/// keepalived takes what stands behind a brace for a line of its own; so `~SEQ` may stand there, and its kin.
#[test]
fn a_brace_may_stand_before_any_kind_of_line() {
    let files = [("/etc/ha/x", "10.4.0.1/27\n10.4.0.2/27\n")];
    let text = "$N=7\nvrrp_instance a { interface eth7\nvirtual_router_id 37\n\
                virtual_ipaddress { ~SEQ(N, 1, 1, 3) 10.2.0.${N}/27\n}\n\
                virtual_ipaddress { ~LST(N, 4, 5) 10.2.0.${N}/27 }\n\
                virtual_ipaddress { @lb-5 10.3.0.1/27\n}\nvirtual_ipaddress { @lb-6 10.3.0.2/27\n}\n\
                virtual_ipaddress { include x }\nvirtual_ipaddress { $A=10.5.0.1/27\n$A\n} $P=91\n} ~SEQ(M,1,2) vrrp_script s${M} { script /x }\n\
                vrrp_instance b { priority $P\ninterface eth7\nvirtual_router_id 38\nvirtual_ipaddress { 10.6.0.${N}/27 } }\n";
    let parsed = on(&files, text);
    let said = places(&parsed);
    assert!(said.len() == 2 && said.iter().all(|one| one.contains("never runs")), "{said:?}");
    let instances = &parsed.config.instances;
    let addresses: Vec<_> = instances[0].addresses.iter().map(|one| one.address.addr().to_string()).collect();
    assert_eq!(
        addresses,
        ["10.2.0.1", "10.2.0.2", "10.2.0.3", "10.2.0.4", "10.2.0.5", "10.3.0.1", "10.4.0.1", "10.4.0.2", "10.5.0.1"]
    );
    assert_eq!((instances[1].priority, instances[1].addresses[0].address.to_string()), (91, "10.6.0.7/27".into()));
    // Places stay those of the written line.
    let wrong = on(
        &[],
        &instance("").replace("{\n10.1.2.3/27", "{ ~SEQ(N,1,2) 10.1.2.${N}/27x }\nvirtual_ipaddress { 10.1.2.3/27"),
    );
    assert_eq!(
        places(&wrong)[0],
        "/etc/ha/ha.conf:5:33+15 `10.1.2.1/27x` is not an IP address with a prefix length; ignored"
    );
}

#[test]
fn a_sequence_that_makes_no_sense_is_named() {
    assert_eq!(
        shown(&on(&[], &instance("~SEQ(N,1,0,3) priority 37\n~LST(N priority 38"))),
        [
            "W 2:1 `~SEQ` is not understood: its step is 0; the line is ignored",
            "W 3:1 `~LST` is not understood: it is not closed; the line is ignored",
        ]
    );
}

#[test]
fn unreadable_lines_are_named_and_left_out() {
    let text = format!("a {}\nb\0\n", "x".repeat(1100)) + &instance("");
    assert_eq!(
        shown(&parse("f", &text)),
        ["W 1:1 line of 1102 bytes is longer than 1024; ignored", "W 2:1 line holds a NUL byte; ignored"]
    );
    let text = instance("$A=\\\n\0nopreempt\\\nnopreempt\n$A\npriority 37\n");
    assert_eq!(shown(&parse("f", &text)), ["W 3:1 line holds a NUL byte; ignored"]);
}

#[test]
fn what_stands_in_another_file_is_told() {
    let files = [("/etc/ha/a", "\nvrrp_script c { script /c }\n")];
    let text = "include a\nvrrp_script c { script /c }\n".to_owned() + &instance("track_script { c }");
    assert_eq!(
        places(&on(&files, &text)),
        ["/etc/ha/ha.conf:2:13+1 vrrp_script `c` exists already on line 2 of /etc/ha/a; ignored"]
    );
}
