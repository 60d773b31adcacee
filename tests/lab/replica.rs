//! WordPress's database with a replica: where it is written to moves, and what somebody was told is there stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Child;

use super::hosts::{Lab, SUBNET, expect};
use super::sites::deploy;
use super::wordpress::{NAME, becomes, blog};

/// The example with other hosts for the database, or other web hosts.
fn with(lab: &Lab, name: &str, replace: &[(&str, &str)]) -> PathBuf {
    let mut text = std::fs::read_to_string(blog(lab)).unwrap();
    for (from, to) in replace {
        assert!(text.contains(from), "`{from}` is not in {text}");
        text = text.replace(from, to);
    }
    let path = lab.files.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn sql(lab: &Lab, host: &str, query: &str) -> String {
    lab.sh(host, &format!("mariadb wordpress -sNe \"{query}\"")).trim().to_owned()
}

/// Somebody who writes all the time.
struct Writer<'l> {
    lab: &'l Lab,
    child: Child,
    folder: PathBuf,
}

impl<'l> Writer<'l> {
    fn begin(lab: &'l Lab, name: &str) -> Self {
        let folder = lab.files.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/writer.py");
        let (password, here) = (lab.files.path().join("password"), folder.display());
        let line = format!(
            "exec python3 {program} {SUBNET}.3 {NAME} ann {} {here}/stop {here}/lines 2>{here}/failed",
            password.display()
        );
        let child = lab.command().args(["lab", "exec", "client", "--", "sh", "-c", &line]).spawn().unwrap();
        let writer = Self { lab, child, folder };
        writer.writes(10);
        writer
    }

    /// When WordPress said that it has a post, and which.
    fn told(&self) -> Vec<(u64, String)> {
        let text = std::fs::read_to_string(self.folder.join("lines")).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')?.split_once(' '));
        whole.map(|(at, title)| (at.parse().unwrap(), title.to_owned())).collect()
    }

    /// Waits for so many more.
    fn writes(&self, more: usize) {
        let before = self.told().len();
        becomes("posts are written", 90, || self.told().len() >= before + more);
    }

    /// What was told, after the last post.
    fn end(mut self) -> Vec<(u64, String)> {
        self.stop();
        self.told()
    }

    fn stop(&mut self) {
        self.lab.sh("client", &format!("touch {}/stop", self.folder.display()));
        let _ = self.child.wait(); // it may have ended before
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Each post that somebody was told of is there once.
fn all_there(lab: &Lab, host: &str, told: &[(u64, String)]) {
    let query = "SELECT post_title FROM wp_posts WHERE post_title LIKE 'post % of %' AND post_status = 'publish'";
    let found: Vec<String> = sql(lab, host, query).lines().map(str::to_owned).collect();
    let once: BTreeSet<&String> = found.iter().collect();
    assert_eq!(once.len(), found.len(), "a post is there twice");
    let lost: Vec<&String> = told.iter().map(|(_, title)| title).filter(|title| !once.contains(title)).collect();
    assert!(!told.is_empty() && lost.is_empty(), "{host} lacks {lost:?}");
}

fn in_step(lab: &Lab, primary: &str) {
    becomes("a post counts once both have it", 60, || {
        let is = |name: &str| sql(lab, primary, &format!("SHOW STATUS LIKE 'Rpl_semi_sync_master_{name}'"));
        is("status").ends_with("ON") && is("clients").ends_with('1')
    });
}

fn written_to(lab: &Lab) -> [String; 2] {
    ["web-7", "web-8"].map(|host| sql(lab, host, "SELECT @@read_only"))
}

fn longest(told: &[(u64, String)]) -> u64 {
    told.windows(2).map(|two| two[1].0 - two[0].0).max().unwrap_or(0)
}

pub fn no_post_is_lost(lab: &Lab) {
    let seven = with(lab, "seven.yaml", &[("database: web-7 ", "database: { host: web-7, replica: web-8 } ")]);
    let eight = with(lab, "eight.yaml", &[("database: web-7 ", "database: { host: web-8, replica: web-7 } ")]);
    deploy(lab, "with a replica", &seven);
    in_step(lab, "web-7");
    assert_eq!(written_to(lab), ["0", "1"]);
    // There and back while somebody writes.
    for (inventory, primary, other, expected) in
        [(&eight, "web-8", "web-7", ["1", "0"]), (&seven, "web-7", "web-8", ["0", "1"])]
    {
        let writer = Writer::begin(lab, primary);
        deploy(lab, "moved", inventory);
        writer.writes(10);
        let told = writer.end();
        assert_eq!(written_to(lab), expected);
        in_step(lab, primary);
        all_there(lab, primary, &told);
        becomes("the other one has them, too", 20, || {
            sql(lab, primary, "SELECT @@gtid_binlog_pos") == sql(lab, other, "SELECT @@gtid_slave_pos")
        });
        all_there(lab, other, &told);
        let plan = expect("plan", &lab.desk(inventory, &["plan"]), 0);
        assert!(plan.contains("nothing would change"), "{plan}");
        eprintln!(
            "NOTE {} posts while the database moved to {primary}: none lost, {} ms without one",
            told.len(),
            longest(&told)
        );
    }
    // Its host loses its power: whoever may promote the other one says so in the inventory.
    let writer = Writer::begin(lab, "dies");
    expect("power off", &lab.hactl(&["lab", "power", "web-7", "off"]), 0);
    let one = &[("database: web-7 ", "database: web-8 "), (&*format!("web-7: {SUBNET}.7, "), "")];
    deploy(lab, "without web-7", &with(lab, "alone.yaml", one));
    writer.writes(10);
    let told = writer.end();
    all_there(lab, "web-8", &told);
    eprintln!("NOTE {} posts while the database's host died: none lost", told.len());
    // It is a host of this cluster again, and begins with what the other one has.
    expect("power on", &lab.hactl(&["lab", "power", "web-7", "on"]), 0);
    deploy(lab, "with web-7 again", Path::new(&eight));
    in_step(lab, "web-8");
    all_there(lab, "web-7", &told);
}
