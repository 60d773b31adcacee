//! WordPress's database on two hosts behind a VIP of their own: it moves by one command, and what somebody was told is
//! there stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Child;

use super::hosts::{Lab, SUBNET, expect};
use super::sites::deploy;
use super::wordpress::{NAME, becomes, blog};

/// The example with other hosts for the database, or other web hosts.
fn with(lab: &Lab, name: &str, replace: &[(&str, &str)]) -> PathBuf {
    let mut text = std::fs::read_to_string(blog(lab)).unwrap().replace(&database("web-7, web-8"), "database: web-7 ");
    for (from, to) in replace {
        assert!(text.contains(from), "`{from}` is not in {text}");
        text = text.replace(from, to);
    }
    let path = lab.files.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// What an inventory says of it.
fn database(hosts: &str) -> String {
    format!("database: {{ vip: {SUBNET}.4/24, hosts: [{hosts}] }} ")
}

fn sql(lab: &Lab, host: &str, query: &str) -> String {
    lab.sh(host, &format!("mariadb wordpress -sNe \"{query}\" 2>&1")).trim().to_owned()
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
        becomes("posts are written", 60, || self.told().len() >= before + more);
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

/// One host is written to and has the VIP, and the other one follows: a post counts once both have it.
fn in_step(lab: &Lab, primary: &str, other: &str) {
    becomes("a post counts once both have it", 60, || {
        let is = |name: &str| sql(lab, primary, &format!("SHOW STATUS LIKE 'Rpl_semi_sync_master_{name}'"));
        is("status").ends_with("ON") && is("clients").ends_with('1')
    });
    let states = [primary, other].map(|host| sql(lab, host, "SELECT state, @@read_only FROM hactl.pair"));
    assert_eq!(states, ["written\t0", "follows\t1"]);
    assert!(has_vip(lab, primary) && !has_vip(lab, other));
}

fn has_vip(lab: &Lab, host: &str) -> bool {
    !lab.sh(host, &format!("ip -o addr show to {SUBNET}.4")).is_empty()
}

fn longest(told: &[(u64, String)]) -> u64 {
    told.windows(2).map(|two| two[1].0 - two[0].0).max().unwrap_or(0)
}

fn reads(lab: &Lab) -> String {
    let url = format!("https://{NAME}/");
    lab.sh(
        "client",
        &format!("curl -sk --max-time 20 -o /dev/null -w '%{{http_code}}' --resolve {NAME}:443:{SUBNET}.3 {url}"),
    )
}

pub(crate) fn no_post_is_lost(lab: &Lab) {
    let pair = blog(lab);
    in_step(lab, "web-7", "web-8");
    let plan = expect("plan", &lab.desk(&pair, &["plan"]), 0);
    assert!(plan.contains("nothing would change"), "{plan}");
    let again = deploy(lab, "again", &pair);
    assert!(again.contains("nothing changed"), "{again}");
    // There and back while somebody writes.
    for (to, from) in [("web-8", "web-7"), ("web-7", "web-8")] {
        let writer = Writer::begin(lab, to);
        expect("failover", &lab.desk(&pair, &["failover", "--vip", "db", "--to", to]), 0);
        writer.writes(10);
        let told = writer.end();
        in_step(lab, to, from);
        all_there(lab, to, &told);
        becomes("the other one has them, too", 20, || {
            sql(lab, to, "SELECT @@gtid_binlog_pos") == sql(lab, from, "SELECT @@gtid_slave_pos")
        });
        all_there(lab, from, &told);
        expect("verify", &lab.desk(&pair, &["verify"]), 0);
        eprintln!(
            "NOTE {} posts while the database moved to {to}: none lost, {} ms without one",
            told.len(),
            longest(&told)
        );
    }
    no_longer_follows(lab, &pair);
    mariadb_dies(lab, &pair);
    its_host_dies(lab, &pair);
}

/// Who followed a moment ago and does not any more is told of: nobody goes by what was said then.
fn no_longer_follows(lab: &Lab, pair: &Path) {
    sql(lab, "web-8", "STOP SLAVE");
    let said = expect("verify", &lab.desk(pair, &["verify"]), 7);
    assert!(said.contains("E729") && said.contains("web-8: this host is neither written to nor follows"), "{said}");
    sql(lab, "web-8", "START SLAVE");
    becomes("it follows again", 20, || lab.desk(pair, &["verify"]).status.success());
}

/// Killed, it comes back by systemd, and goes on to be written to, here or there.
fn mariadb_dies(lab: &Lab, pair: &Path) {
    let writer = Writer::begin(lab, "killed");
    lab.sh("web-7", "pkill -KILL mariadbd");
    writer.writes(10);
    let told = writer.end();
    let owner = if has_vip(lab, "web-7") { ["web-7", "web-8"] } else { ["web-8", "web-7"] };
    in_step(lab, owner[0], owner[1]);
    all_there(lab, owner[0], &told);
    eprintln!("NOTE {} posts while MariaDB was killed: none lost, {} ms without one", told.len(), longest(&told));
    expect("failover", &lab.desk(pair, &["failover", "--vip", "db", "--to", "web-7"]), 0);
    in_step(lab, "web-7", "web-8");
}

/// The other host has the VIP and everything, and is not written to: whether it has everything only the dead one knows.
fn its_host_dies(lab: &Lab, pair: &Path) {
    let writer = Writer::begin(lab, "dies");
    expect("power off", &lab.hactl(&["lab", "power", "web-7", "off"]), 0);
    becomes("the VIP moves", 20, || has_vip(lab, "web-8"));
    becomes("it says why it is not written to", 20, || {
        lab.sh("web-8", "journalctl -u hactl-wordpress-pair -n 5 -o cat").contains("cannot be asked")
    });
    assert_eq!(sql(lab, "web-8", "SELECT @@read_only"), "1");
    becomes("everybody reads", 20, || reads(lab) == "200");
    // It comes back, is asked, and follows.
    expect("power on", &lab.hactl(&["lab", "power", "web-7", "on"]), 0);
    writer.writes(10);
    let told = writer.end();
    in_step(lab, "web-8", "web-7");
    all_there(lab, "web-8", &told);
    eprintln!(
        "NOTE {} posts while the database's host was started anew: none lost, {} ms without one",
        told.len(),
        longest(&told)
    );

    // Dead for good: somebody says so in the inventory, and it is written to without the other one.
    let writer = Writer::begin(lab, "gone");
    expect("back", &lab.desk(pair, &["failover", "--vip", "db", "--to", "web-7"]), 0);
    in_step(lab, "web-7", "web-8");
    expect("power off", &lab.hactl(&["lab", "power", "web-7", "off"]), 0);
    let replace = [("database: web-7 ", &*database("web-8")), (&*format!("web-7: {SUBNET}.7, "), "")];
    deploy(lab, "without web-7", &with(lab, "alone.yaml", &replace));
    writer.writes(10);
    let told = writer.end();
    all_there(lab, "web-8", &told);
    eprintln!("NOTE {} posts while the database's host died: none lost", told.len());
    // It is a host of this cluster again, and begins with what the other one has.
    expect("power on", &lab.hactl(&["lab", "power", "web-7", "on"]), 0);
    let again = with(lab, "again.yaml", &[("database: web-7 ", &database("web-8, web-7"))]);
    deploy(lab, "with web-7 again", &again);
    in_step(lab, "web-8", "web-7");
    all_there(lab, "web-7", &told);
}
