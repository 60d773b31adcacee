//! Lines on the control socket: every line is a request or an error in words, and a request reads back from its
//! own text.

use hactl_engine::control::{Request, Response};

use super::mutate;

#[test]
fn control_lines() {
    let corpus: Vec<Vec<u8>> = LINES.iter().map(|line| line.as_bytes().to_vec()).collect();
    assert!(LINES[..REQUESTS].iter().all(|line| serde_json::from_str::<Request>(line).is_ok()));
    mutate::run("control", &corpus, WORDS, |bytes| {
        for line in bytes.split(|byte| *byte == b'\n') {
            check(line);
        }
    });
}

fn check(line: &[u8]) {
    match serde_json::from_slice::<Request>(line) {
        Ok(request) => {
            let text = serde_json::to_string(&request).expect("a request is JSON");
            assert!(!text.contains('\n'), "one line: {text}");
            assert_eq!(serde_json::from_str::<Request>(&text).expect("its own text"), request);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // The desk reads answers of hosts that it does not trust more than any other input.
    if let Ok(response) = serde_json::from_slice::<Response>(line) {
        let text = serde_json::to_string(&response).expect("a response is JSON");
        assert_eq!(serde_json::from_str::<Response>(&text).expect("its own text"), response);
    }
}

const REQUESTS: usize = 8;

const LINES: &[&str] = &[
    r#"{"verb":"status"}"#,
    r#"{"verb":"promote","instance":"VI_1","force":true,"expires_in_s":600,"reason":"drill"}"#,
    r#"{"verb":"promote"}"#,
    r#"{"verb":"resign","instance":null}"#,
    r#"{"verb":"unpin","instance":"VI_1"}"#,
    r#"{"verb":"reload"}"#,
    r#"{"verb":"stop","keep_addresses":true}"#,
    r#"{"verb":"watch"}"#,
    r#"{"kind":"done","message":"VI_1 is master now"}"#,
    r#"{"kind":"status","version":"0.1.0","pid":1,"started_unix_s":1,"now_unix_ms":2,"config":"a","instances":[{"name":"VI_1","state":"MASTER","interface":"eth0","vrid":37,"base_priority":91,"effective_priority":91,"advert_interval_ms":700,"addresses":["10.0.0.100/27"],"master":null,"master_priority":null,"last_advert_ms":3,"last_transition":4,"last_reason":"started","pinned":null}]}"#,
    r#"{"kind":"event","unix_ms":1,"instance":"VI_1","message":"started","state":"BACKUP"}"#,
];

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\u0000",
    "\\ud800",
    "null",
    "true",
    "-1",
    "1e999",
    "18446744073709551616",
    "\"verb\":",
    "\"verb\":\"history\"",
    "\"instance\":",
    "\"expires_in_s\":",
    "\n",
    "\0",
    "\u{feff}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];
