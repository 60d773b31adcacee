//! Servers come and go while requests run: none fails, a long answer ends as it would, and the inventory keeps its
//! comments.

use std::cell::RefCell;

use super::hosts::{Lab, SUBNET, expect};
use super::sites::{Load, timed};

pub(crate) fn while_requests_come(lab: &Lab) {
    let list = format!("web: {{ web-7: {SUBNET}.7, web-8: {SUBNET}.8 }}");
    let blocks = format!("web:   # by rack\n  web-7: {SUBNET}.7   # rack 1\n  web-8: {SUBNET}.8   # rack 2");
    let inventory = lab.inventory("backends.yaml", &[(&list, &blocks)]);
    let text = || std::fs::read_to_string(&inventory).unwrap();
    let before = text();
    let verbs = RefCell::new(Vec::new());
    let backend = |words: &[&str]| {
        let words = [&["backend"], words, &["-y", "--accept-new-host-keys"]].concat();
        let when = timed(|| drop(expect(&words.join(" "), &lab.desk(&inventory, &words), 0)));
        verbs.borrow_mut().push((words.join(" "), when));
    };
    let settled = |what: &str| expect(what, &lab.desk(&inventory, &["plan"]), 0);
    // Many, since the load has its turns between them: whose turn it is is left to chance.
    let pages = || -> Vec<String> {
        let line = format!("for i in $(seq 80); do curl -sS http://{SUBNET}.3/; done");
        lab.sh("client", &line).lines().map(str::to_owned).collect()
    };
    expect("deploy", &lab.desk(&inventory, &["deploy", "-y"]), 0);
    for web in ["web-7", "web-8"] {
        lab.sh(web, "head -c 30000000 /dev/zero > /usr/share/nginx/html/hactl/long");
    }
    let load = Load::begin(lab, None);

    backend(&["add", &format!("web-9={SUBNET}.9")]);
    assert_eq!(text(), before.replace("# rack 2\n", &format!("# rack 2\n  web-9: {SUBNET}.9\n")));
    assert!(pages().contains(&"web9".to_owned()), "{:?}", pages());
    settled("added");

    // Answers of web-7 are on their way for some seconds when it is drained.
    lab.sh("client", "rm -f /tmp/long.*");
    let line = format!(
        "for i in 1 2 3 4 5 6; do curl -sS --limit-rate 4M -o /dev/null -w '%{{http_code}} %{{size_download}}\\n' \
         http://{SUBNET}.3/long > /tmp/long.$i 2>&1 & done; wait; cat /tmp/long.*"
    );
    let mut long = lab.command();
    long.args(["lab", "exec", "client", "--", "sh", "-c", &line]).stdout(std::process::Stdio::piped());
    backend(&["remove", "web-9"]);
    let long = long.spawn().unwrap();
    wait("all long answers to be on their way", || lab.sh("client", "pgrep -xc curl || true").trim() == "6");
    backend(&["drain", "web-7"]);
    assert!(pages().iter().all(|page| page == "web8"), "{:?}", pages());
    let said = expect("list", &lab.desk(&inventory, &["backend", "list"]), 0);
    assert!(said.lines().any(|line| line.contains("web-7") && line.ends_with("drained")), "{said}");
    let said = expect("drain the last", &lab.desk(&inventory, &["backend", "drain", "web-8", "-y"]), 3);
    assert!(said.contains("E181"), "{said}");
    let ended = String::from_utf8(long.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(ended, "200 30000000\n".repeat(6));
    settled("drained");

    backend(&["weight", "web-8", "3"]);
    backend(&["undrain", "web-7"]);
    let weighed = pages();
    let share = weighed.iter().filter(|page| *page == "web7").count();
    assert!((5..40).contains(&share), "a quarter of {}: {share}", weighed.len());
    backend(&["weight", "web-8", "1"]);
    let wanted = before.replace(&format!("web-8: {SUBNET}.8"), &format!("web-8: {{ address: {SUBNET}.8, weight: 1 }}"));
    assert_eq!(text(), wanted);
    let lost = load.end();
    assert_eq!(lost.failed, Vec::<String>::new());
    for (verb, when) in verbs.into_inner() {
        let answered = lost.during(when);
        eprintln!("NOTE {verb}: {answered} requests meanwhile, none failed");
        assert!(answered > 0, "{verb}: {when:?}");
    }
    eprintln!("NOTE sent again, as nginx closed the kept connection just then: {:?}", lost.again);
    expect("web-9 is left as it was", &lab.desk(&inventory, &["remove", "web-9", "-y"]), 0);
    expect("the homework", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
    for web in ["web-7", "web-8"] {
        lab.sh(web, "rm /usr/share/nginx/html/hactl/long");
    }
}

/// A canary that is good, one that is not, and a page instead of all servers: the VIP stays where it is.
pub(crate) fn canaries_and_maintenance(lab: &Lab) {
    let inventory = lab.inventory("canaries.yaml", &[]);
    let before = std::fs::read_to_string(&inventory).unwrap();
    let text = || std::fs::read_to_string(&inventory).unwrap();
    let backend = |words: &str, exit| {
        let words: Vec<&str> = ["backend"].into_iter().chain(words.split(' ')).chain(["-y"]).collect();
        expect(&words.join(" "), &lab.desk(&inventory, &words), exit)
    };
    expect("deploy", &lab.desk(&inventory, &["deploy", "-y"]), 0);
    let said = backend("canary web-8 --weight 5 --for 2s", 0);
    assert!(said.contains("the old weight is back") && text() == before, "{said}");
    lab.sh("web-8", "mv /usr/share/nginx/html/hactl/index.html /usr/share/nginx/html/hactl/gone.html");
    let said = backend("canary web-8 --weight 5 --for 30s --keep", 7);
    assert!(said.contains("E704") && text() == before, "{said}");
    lab.sh("web-8", "mv /usr/share/nginx/html/hactl/gone.html /usr/share/nginx/html/hactl/index.html");
    expect("the old weight is back", &lab.desk(&inventory, &["plan"]), 0);
    backend("canary web-8 --weight 5 --for 1s --keep", 0);
    assert!(text().contains(&format!("{{ address: {SUBNET}.8, weight: 5 }}")), "{}", text());

    let owner = || lab.sh("lb-5", &format!("ip -o addr show dev eth0 | grep -c {SUBNET}.3/"));
    std::fs::write(lab.files.path().join("soon.html"), "soon\n").unwrap();
    let page = lab.files.path().join("soon.html").display().to_string();
    backend(&format!("maintenance on --page {page}"), 0);
    let answer = |path: &str| lab.sh("client", &format!("curl -sSi http://{SUBNET}.3/{path}"));
    let said = answer("x");
    assert!(
        said.starts_with("HTTP/1.1 503") && said.contains("Retry-After: 120") && said.ends_with("soon\n"),
        "{said}"
    );
    assert!(answer("hactl-health").starts_with("HTTP/1.1 200"));
    let said = expect("verify", &lab.desk(&inventory, &["verify"]), 0);
    assert!(said.contains("W184"), "{said}");
    assert_eq!(owner().trim(), "1");
    backend("maintenance off", 0);
    assert_eq!(owner().trim(), "1");
    let said = answer("");
    assert!(said.ends_with("web7\n") || said.ends_with("web8\n"), "{said}");
    assert_eq!(lab.sh("lb-6", "find /etc/nginx/hactl 2>/dev/null"), "", "no page is left, nor a folder");
    expect("the homework", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
}

/// A web server that is silent, then all that refuse: the agent's checks keep nginx from waiting for the first, and the
/// VIP stays.
pub(crate) fn a_dead_server_costs_nothing(lab: &Lab) {
    let inventory = lab.homework();
    expect("deploy", &lab.desk(&inventory, &["deploy", "-y"]), 0);
    let server = |last: u8| {
        let said = lab.sh("lb-5", "hactl agent status --json");
        let status: serde_json::Value = serde_json::from_str(&said).unwrap();
        let pool =
            status["virtual_servers"].as_array().unwrap().iter().find(|pool| pool["name"] == "upstream web").cloned();
        let servers = pool.unwrap_or_else(|| panic!("{said}"))["real_servers"].as_array().unwrap().clone();
        servers.into_iter().find(|real| real["address"] == format!("{SUBNET}.{last}:80")).unwrap()
    };
    wait("both to be up", || server(7)["up"] == true && server(8)["up"] == true);
    lab.sh("web-8", "nft add table inet shut && nft 'add chain inet shut in { type filter hook input priority 0; }' && nft add rule inet shut in tcp dport 80 drop");
    wait("the silent one to be out", || server(8)["refused"] == true);
    // Longer than nginx itself leaves a server alone that has failed: it would wait for it again, for three seconds.
    let line = format!(
        "end=$(($(date +%s)+13)); while [ $(date +%s) -lt $end ]; do curl -sS -o /dev/null -m 9 -w '%{{http_code}} %{{time_total}}\\n' http://{SUBNET}.3/ 2>&1; sleep 0.1; done"
    );
    let answers = lab.sh("client", &line);
    let slow = |line: &&str| {
        let (code, time) = line.split_once(' ').unwrap();
        code != "200" || time.parse::<f64>().unwrap() > 2.5
    };
    assert!(answers.lines().count() > 20, "{answers}");
    let times = answers.lines().filter_map(|line| line.split_once(' ')?.1.parse::<f64>().ok());
    let slowest = times.fold(0.0, f64::max);
    eprintln!(
        "NOTE a silent web server: the slowest of {} answers took {:.0} ms",
        answers.lines().count(),
        slowest * 1000.0
    );
    assert_eq!(answers.lines().filter(slow).collect::<Vec<_>>(), Vec::<&str>::new(), "{answers}");
    let said = expect("verify", &lab.desk(&inventory, &["verify"]), 7);
    assert!(said.contains("web-8"), "{said}");

    // Nobody is left: nobody is refused, and the VIP does not look for a better place.
    lab.sh("web-7", "systemctl stop nginx");
    wait("nobody to be refused", || server(7)["up"] == false && server(8)["refused"] == false);
    let code = lab.sh("client", &format!("curl -sS -o /dev/null -m 9 -w '%{{http_code}}' http://{SUBNET}.3/"));
    assert!(["502", "504"].contains(&code.trim()), "{code}");
    assert_eq!(lab.sh("lb-5", &format!("ip -o addr show dev eth0 | grep -c {SUBNET}.3/")).trim(), "1");
    lab.sh("web-7", "systemctl start nginx");
    lab.sh("web-8", "nft delete table inet shut");
    wait("both to be back", || server(7)["up"] == true && server(8)["up"] == true);
    assert_eq!(lab.sh("lb-5", "nft list tables").lines().filter(|line| line.contains("hactl_upstreams")).count(), 0);
    // nginx itself leaves servers alone for ten seconds that have failed.
    wait("the site to be back", || lab.desk(&inventory, &["verify"]).status.code() == Some(0));
}

fn wait(what: &str, holds: impl Fn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !holds() {
        assert!(std::time::Instant::now() < end, "waited for {what}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
