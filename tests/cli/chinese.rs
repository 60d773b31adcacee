//! What people see whose environment asks for Chinese; programs see what they always do.

use std::fs;
use std::process::{Command, Output};

use super::HOMEWORK;

/// The binary with these variables and no others that name a language.
fn hactl_in(variables: &[(&str, &str)], words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hactl"));
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE", "HACTL_INVENTORY"] {
        command.env_remove(name);
    }
    command.args(words).envs(variables.iter().copied()).env("HACTL_LAB_DIR", "/nonexistent/lab").output().unwrap()
}

fn chinese(words: &[&str]) -> Output {
    hactl_in(&[("LANG", "zh_CN.UTF-8")], words)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn codes_are_explained() {
    let text = stdout(&chinese(&["explain", "E702"]));
    insta::assert_snapshot!("chinese_explain", text);
    assert!(text.lines().all(|line| console::measure_text_width(line) <= 100), "{text}");
    let list = stdout(&chinese(&["explain", "--list"]));
    assert!(list.contains("E702  VIP 有两个持有者\n") && !list.contains("owners"), "{list}");
    let keywords = stdout(&chinese(&["explain", "quorum"]));
    assert!(keywords.contains("quorum（在 vrrp_track_process 里）\n  必须运行这么多个进程。\n"), "{keywords}");
    let ignored = stdout(&chinese(&["explain", "bfd_instance"]));
    assert!(ignored.contains("hactl 认得它，但会忽略：不建立会话；对端的故障由它的心跳发现。"), "{ignored}");
    assert!(stdout(&chinese(&["explain", "HactlNoStandby"])).starts_with("HactlNoStandby\n\n"));
}

#[test]
fn the_environment_chooses() {
    let is_chinese = |variables: &[(&str, &str)]| stdout(&hactl_in(variables, &["explain", "E702"])).contains("持有者");
    assert!(is_chinese(&[("LC_ALL", "zh_CN.UTF-8"), ("LANG", "C")]));
    assert!(is_chinese(&[("LC_MESSAGES", "zh_CN"), ("LANG", "en_US.UTF-8")]));
    assert!(is_chinese(&[("LANGUAGE", "zh_CN:en"), ("LANG", "en_US.UTF-8")]));
    assert!(!is_chinese(&[("LANG", "zh_CN.GBK")]));
    assert!(!is_chinese(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C.UTF-8")]));
    assert!(!is_chinese(&[]));
}

#[test]
fn mistakes_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let screen = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let output = chinese(&["check", path.to_str().unwrap()]);
        let text = stdout(&output) + std::str::from_utf8(&output.stderr).unwrap();
        text.replace(&format!("{}/", folder.path().display()), "")
    };
    insta::assert_snapshot!("chinese_typo", screen("x.yaml", &HOMEWORK.replace("vip:", "viip:")));
    insta::assert_snapshot!(
        "chinese_many_at_once",
        screen("x.yaml", "vip: 10.0.0.3\nlb: {a-1: nowhere}\nsite: {method: round}\n")
    );
    let conf = "vrrp_instance VI_1 {\n    virtual_router_id 300\n    priorty 150\n    interface hactl0\n";
    insta::assert_snapshot!("chinese_conf", screen("keepalived.conf", conf));
    assert_eq!(screen("good.yaml", HOMEWORK), "good.yaml：有效\n");
}

/// Columns line up although a Chinese letter is as wide as two others.
#[test]
fn a_status_lines_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    // Nothing listens on port 1.
    fs::write(
        &path,
        "cluster: x\nvip: 127.0.0.3/24\nssh: { user: root, port: 1 }\nlb: { lb-5: 127.0.0.5, lb-6: 127.0.0.6 }\n\
         web: { web-7: 127.0.0.7 }\n",
    )
    .unwrap();
    let output = chinese(&["status", "-i", path.to_str().unwrap()]);
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(['主', 'l', 'w'])).collect();
    assert!(lines[0].starts_with("主机   组   实例  状态") && lines.len() == 4, "{text} {output:?}");
    let column = |line: &str, word: &str| console::measure_text_width(line.split_once(word).unwrap().0);
    let states: Vec<usize> = lines[1..].iter().map(|line| column(line, "连不上")).collect();
    assert_eq!(states, [column(lines[0], "状态"); 3], "{text}");
    assert!(text.contains("持有者 未知") && text.contains("错误[E706] 没有看到一台主机：lb-5：连不上，"), "{text}");
    assert!(
        text.contains("\n  原因：主机开着，但那里没有程序在监听\n  下一步：在 lb-5 上执行 `systemctl status ssh`"),
        "{text}"
    );
}

#[test]
fn programs_see_what_they_always_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    fs::write(&path, HOMEWORK.replace("vip:", "viip:")).unwrap();
    let path = path.to_str().unwrap();
    for words in [
        &["explain", "E702", "--json"][..],
        &["explain", "--list", "--json"],
        &["explain", "bfd_instance", "--json"],
        &["check", path, "--json"],
        &["drill", "--list", "--json"],
        &["status", "-i", path, "--json"],
        &["--version"],
        &["completions", "bash"],
    ] {
        let (here, there) = (chinese(words), hactl_in(&[], words));
        assert_eq!(stdout(&here), stdout(&there), "{words:?}");
        assert_eq!(here.status.code(), there.status.code(), "{words:?}");
    }
}
