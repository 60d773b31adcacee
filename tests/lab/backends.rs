//! Servers come and go while requests run: none fails, a long answer ends as it would, and the inventory keeps its comments.

use super::hosts::{Lab, SUBNET, expect};
use super::sites::Load;

pub fn while_requests_come(lab: &Lab) {
    let list = format!("web: {{ web-7: {SUBNET}.7, web-8: {SUBNET}.8 }}");
    let blocks = format!("web:   # by rack\n  web-7: {SUBNET}.7   # rack 1\n  web-8: {SUBNET}.8   # rack 2");
    let inventory = lab.inventory("backends.yaml", &[(&list, &blocks)]);
    let text = || std::fs::read_to_string(&inventory).unwrap();
    let before = text();
    let backend = |words: &[&str]| {
        let words = [&["backend"], words, &["-y", "--accept-new-host-keys"]].concat();
        expect(&words.join(" "), &lab.desk(&inventory, &words), 0)
    };
    let settled = |what: &str| expect(what, &lab.desk(&inventory, &["plan"]), 0);
    let pages = || -> Vec<String> {
        let line = format!("for i in 1 2 3 4 5 6 7 8; do curl -sS http://{SUBNET}.3/; done");
        lab.sh("client", &line).lines().map(str::to_owned).collect()
    };
    expect("deploy", &lab.desk(&inventory, &["deploy", "-y"]), 0);
    for web in ["web-7", "web-8"] {
        lab.sh(web, "head -c 3000000 /dev/zero > /usr/share/nginx/html/hactl/long");
    }
    let load = Load::begin(lab, "http://www.example.cc/", 30);

    backend(&["add", &format!("web-9={SUBNET}.9")]);
    assert_eq!(text(), before.replace("# rack 2\n", &format!("# rack 2\n  web-9: {SUBNET}.9\n")));
    assert!(pages().contains(&"web9".to_owned()), "{:?}", pages());
    settled("added");

    // Answers of web-7 are on their way for some seconds when it is drained.
    lab.sh("client", "rm -f /tmp/long.*");
    let line = format!(
        "for i in 1 2 3 4 5 6; do curl -sS --limit-rate 600k -o /dev/null -w '%{{http_code}} %{{size_download}}\\n' \
         http://{SUBNET}.3/long > /tmp/long.$i 2>&1 & done; wait; cat /tmp/long.*"
    );
    let mut long = lab.command();
    long.args(["lab", "exec", "client", "--", "sh", "-c", &line]).stdout(std::process::Stdio::piped());
    backend(&["remove", "web-9"]);
    let long = long.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    backend(&["drain", "web-7"]);
    assert!(pages().iter().all(|page| page == "web8"), "{:?}", pages());
    let said = expect("list", &lab.desk(&inventory, &["backend", "list"]), 0);
    assert!(said.lines().any(|line| line.contains("web-7") && line.ends_with("drained")), "{said}");
    let said = expect("drain the last", &lab.desk(&inventory, &["backend", "drain", "web-8", "-y"]), 3);
    assert!(said.contains("E181"), "{said}");
    let ended = String::from_utf8(long.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(ended, "200 3000000\n".repeat(6));
    settled("drained");

    backend(&["weight", "web-8", "3"]);
    backend(&["undrain", "web-7"]);
    let weighed = pages();
    assert_eq!(weighed.iter().filter(|page| *page == "web7").count(), 2, "{weighed:?}");
    backend(&["weight", "web-8", "1"]);
    let wanted = before.replace(&format!("web-8: {SUBNET}.8"), &format!("web-8: {{ address: {SUBNET}.8, weight: 1 }}"));
    assert_eq!(text(), wanted);
    let lost = load.end();
    assert_eq!(lost.failed, 0, "{lost:?}");
    assert!(lost.done > 1000, "{lost:?}");
    expect("web-9 is left as it was", &lab.desk(&inventory, &["remove", "web-9", "-y"]), 0);
    expect("the homework", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
    for web in ["web-7", "web-8"] {
        lab.sh(web, "rm /usr/share/nginx/html/hactl/long");
    }
}
