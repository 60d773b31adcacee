//! The engine reaches nothing outside: `src/engine/clippy.toml` refuses what is planted here, one by one.

use std::process::Command;

use super::root;

/// Each reaches the outside in another way.
const REACHING: &[&str] = &[
    "path.exists()",
    "path.try_exists()",
    "path.is_file()",
    "path.is_dir()",
    "path.is_symlink()",
    "path.metadata()",
    "path.symlink_metadata()",
    "path.canonicalize()",
    "path.read_link()",
    "path.read_dir()",
    "std::path::absolute(path)",
    "fs::read(path)",
    "fs::soft_link(path, path)",
    "std::os::unix::fs::symlink(path, path)",
    "[path].map(fs::remove_file)",
    "fs::File::open(path)",
    "thread::spawn(|| ())",
    "thread::sleep(Duration::ZERO)",
    "std::time::Instant::now()",
    "std::time::SystemTime::now()",
    "std::sync::mpsc::channel::<u8>()",
    "std::hash::RandomState::new()",
    "std::env::var(\"HOME\")",
    "std::env::home_dir()",
    "std::process::id()",
    "Command::new(\"true\")",
    "std::net::UdpSocket::bind(\"[::1]:0\")",
    "\"localhost:1\".to_socket_addrs()",
    "io::pipe()",
    "io::stdin()",
    "dbg!(path)",
    "println!()",
];

/// None does.
const PURE: &[&str] =
    &["path.file_name()", "std::path::Path::new(\"/\")", "Duration::ZERO", "format!(\"{}\", path.display())"];

#[test]
fn the_engine_is_refused_what_reaches_the_outside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("planted.rs");
    let head = "#![allow(unused, deprecated)]\nuse std::net::ToSocketAddrs as _;\n#[allow(clippy::disallowed_types)]\n\
                use std::{fs, io, process::Command, thread, time::Duration};\n\npub fn planted(path: &std::path::Path) {\n";
    let lines: Vec<String> = REACHING.iter().chain(PURE).map(|call| format!("    let _ = {call};\n")).collect();
    std::fs::write(&file, format!("{head}{}}}\n", lines.concat())).unwrap();
    let lints = ["disallowed_methods", "disallowed_types", "disallowed_macros"].map(|lint| format!("-Dclippy::{lint}"));
    let clippy = Command::new("clippy-driver")
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
            "--error-format",
            "short",
            "--out-dir",
        ])
        .args([folder.path(), &file])
        .args(lints)
        .env("CLIPPY_CONF_DIR", root().join("src/engine"))
        .output();
    let Ok(clippy) = clippy else {
        return println!("skipped: there is no clippy-driver, so whether the engine is refused anything was not tried");
    };
    let said = String::from_utf8_lossy(&clippy.stderr);
    let refused = |line: usize| {
        said.lines().any(|text| text.contains(&format!("planted.rs:{line}:")) && text.contains("disallowed"))
    };
    let first = head.lines().count() + 1;
    for (at, call) in REACHING.iter().enumerate() {
        assert!(refused(first + at), "src/engine/clippy.toml lets `{call}` through:\n{said}");
    }
    for (at, call) in PURE.iter().enumerate() {
        assert!(!refused(first + REACHING.len() + at), "`{call}` reaches nothing:\n{said}");
    }
}
