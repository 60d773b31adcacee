//! The picture as it is seen, at the smallest size and at a comfortable one.

use std::path::Path;
use std::time::Duration;

use hactl_engine::control::RouterState;
use hactl_engine::seen::Sight;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::cli::order::{Ended, Found};
use crate::cli::watch::keys::{Do, press};
use crate::ctl::capture::clocks::Offset;
use crate::ctl::drift::Drift;
use crate::ctl::inventory::load::parse;
use crate::ctl::report::Report;
use crate::ctl::stream::told::{Item, News, Told};
use crate::ctl::verify::certificates::HeldStatus;
use crate::ctl::verify::sites::CertificateStatus;
use crate::ctl::verify::status::{HostDrift, ServiceStatus, Status, unseen};
use crate::ctl::view::stories::{T, agent, entered, router};
use crate::error::{Code, Problem};

fn model() -> Model {
    let text = include_str!("../../../../inventories/homework.yaml");
    Model::new(parse(Path::new("x.yaml"), text).unwrap().cluster, false)
}

fn tell(model: &mut Model, host: &str, at_ms: u64, news: News) {
    model.take(Item::Host(Told { host: host.into(), at_ms, news }), at_ms);
}

fn see(model: &mut Model, host: &str, at_ms: u64, sight: Sight) {
    tell(model, host, at_ms, News::Seen(Box::new(sight)));
}

/// Both agents are heard, lb-5 is master, and a look was taken.
fn well() -> Model {
    let mut model = model();
    for (host, state, priority, reason) in
        [("lb-5", RouterState::Master, 150, "no other master heard"), ("lb-6", RouterState::Backup, 100, "started")]
    {
        tell(&mut model, host, T, News::Connected);
        tell(&mut model, host, T, News::Clock(Offset { ahead_ns: 0, within_ns: 400_000 }));
        see(&mut model, host, T, agent(router(state, priority, reason)));
    }
    for second in 1..=5 {
        let adverts = |sent, heard, from: Option<&str>| Sight::Adverts {
            instance: "VI_1".into(),
            sent,
            heard,
            from: from.map(str::to_owned),
            priority: Some(150),
        };
        see(&mut model, "lb-5", T + second * 1000, adverts(1, 0, None));
        see(&mut model, "lb-6", T + second * 1000, adverts(0, 1, Some("10.0.0.5")));
    }
    let report = looked(&model, Vec::new());
    model.take(Item::Looked(Box::new(report)), T + 3000);
    model
}

fn looked(model: &Model, problems: Vec<Problem>) -> Report<Status> {
    let mut report = unseen(&model.known.cluster, problems);
    for host in &mut report.value.hosts {
        (host.reachable, host.nginx) = (true, host.name != "web-8");
    }
    let service = ServiceStatus { status: Some(200), error: None, expected: true };
    report.value.vips[0].service = Some(service);
    report
}

/// The picture as text, without what blanks end a line.
fn shown(model: &Model, now_ms: u64, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(model, now_ms, &TimeZone::UTC, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect::<Vec<_>>().join("\n")
}

fn key(model: &mut Model, code: KeyCode) -> Do {
    press(model, KeyEvent::new(code, KeyModifiers::NONE), false)
}

#[test]
fn before_anybody_is_heard() {
    insta::assert_snapshot!(shown(&model(), T, 80, 24));
}

#[test]
fn everything_is_well() {
    insta::assert_snapshot!("well_80x24", shown(&well(), T + 5200, 80, 24));
    insta::assert_snapshot!("well_120x40", shown(&well(), T + 5200, 120, 40));
}

/// lb-5 falls silent and its connection with it, lb-6 takes over, and the desk says what is wrong.
#[test]
fn the_owner_dies() {
    let mut model = well();
    let silence = "no advert from 10.0.0.5 for 3.609 s";
    see(&mut model, "lb-6", T + 8700, entered(RouterState::Backup, RouterState::Master, silence, 100));
    let why = Problem::on("lb-5", Code::ConnectionLost, "nothing was heard for 8 s");
    tell(&mut model, "lb-5", T + 13_000, News::Lost { problem: Box::new(why), again_in: Duration::from_secs(4) });
    let mut report =
        looked(&model, vec![Problem::new(Code::ServiceBad, "10.0.0.3: http 502 and not what is expected")]);
    report.value.hosts[0].reachable = false;
    report.value.hosts[3].reachable = false;
    report.value.hosts[3].reason = Some("web-8: no route to host".into());
    model.take(Item::Looked(Box::new(report)), T + 13_500);
    see(&mut model, "lb-6", T + 13_700, Sight::Beat);
    let text = shown(&model, T + 14_000, 80, 24);
    assert!(text.contains("10.0.0.3  owned by lb-6 for 5 s  (not heard: lb-5)"), "{text}");
    assert!(text.contains("not heard since 22:13:25 (9 s); again in 3 s: nothing was heard for 8 s"), "{text}");
    insta::assert_snapshot!("owner_dies_80x24", text);
    insta::assert_snapshot!("owner_dies_120x40", shown(&model, T + 14_000, 120, 40));
}

/// `--drift`: a section of its own, and a line among the events.
#[test]
fn drift_has_its_lines() {
    let mut model = well();
    assert!(!shown(&model, T + 5200, 80, 24).contains("Drift"), "it was not asked");
    let mut report = looked(&model, Vec::new());
    report.value.drift = Some(Vec::new());
    model.take(Item::Looked(Box::new(report.clone())), T + 5000);
    assert!(shown(&model, T + 5200, 80, 24).contains("Drift since the last deploy"));
    let what = "/etc/nginx/nginx.conf was edited".to_owned();
    report.value.drift = Some(vec![HostDrift { host: "lb-6".into(), drift: vec![Drift { kind: "file", what }] }]);
    report.value.drift_unknown = vec!["web-8".into()];
    model.take(Item::Looked(Box::new(report)), T + 6000);
    see(&mut model, "lb-5", T + 6000, Sight::Beat);
    see(&mut model, "lb-6", T + 6000, Sight::Beat);
    let text = shown(&model, T + 6100, 80, 24);
    assert!(text.contains("lb-6  drift: /etc/nginx/nginx.conf was edited"), "among the events: {text}");
    insta::assert_snapshot!("drift_80x24", text);
}

/// What is not heard is not known: nobody is called owner because nothing is said.
#[test]
fn unknown_is_shown_as_unknown() {
    let mut model = well();
    let why = Problem::on("lb-5", Code::ConnectionLost, "it ended without a word");
    tell(&mut model, "lb-5", T + 6000, News::Lost { problem: Box::new(why), again_in: Duration::from_secs(1) });
    let text = shown(&model, T + 6000, 80, 24);
    assert!(text.contains("10.0.0.3  owner UNKNOWN: lb-5 may have it, not heard"), "{text}");
    // Who hands over is no second owner, and the only one while nobody else is there.
    let mut model = well();
    see(&mut model, "lb-5", T + 6000, entered(RouterState::Master, RouterState::Handover, "promoted", 150));
    assert!(shown(&model, T + 6000, 80, 24).contains("owned by lb-5 for 0 s"));
    see(&mut model, "lb-6", T + 6001, entered(RouterState::Backup, RouterState::Master, "promoted", 100));
    assert!(shown(&model, T + 6100, 80, 24).contains("owned by lb-6 for 0 s"));
    // Who is silent since another one took over may have let go of it.
    let mut model = well();
    see(&mut model, "lb-6", T + 6000, entered(RouterState::Backup, RouterState::Master, "silence", 100));
    let text = shown(&model, T + 6000, 80, 24);
    assert!(text.contains("owned by lb-6 for 0 s  (not heard: lb-5)"), "{text}");
    // Two that both say so are two.
    let adverts = Sight::Adverts { instance: "VI_1".into(), sent: 1, heard: 0, from: None, priority: Some(150) };
    see(&mut model, "lb-5", T + 6500, adverts);
    let text = shown(&model, T + 6500, 80, 24);
    assert!(text.contains("owned by 2 hosts at once: lb-5 and lb-6"), "{text}");
    see(&mut model, "lb-5", T + 6501, entered(RouterState::Master, RouterState::Fault, "link down", 150));
    see(&mut model, "lb-6", T + 6502, entered(RouterState::Master, RouterState::Backup, "resigned", 100));
    let text = shown(&model, T + 6600, 80, 24);
    assert!(text.contains("10.0.0.3  owned by NOBODY"), "{text}");
    // What was said long ago is said to be that.
    let text = shown(&model, T + 12_000, 80, 24);
    assert!(text.contains("was BACKUP with priority 100; nothing heard for 5 s"), "{text}");
    assert!(text.contains("owner UNKNOWN: lb-5, lb-6 may have it, not heard"), "{text}");
}

/// An order is chosen, named in full, and carried out only by `y`.
#[test]
fn an_order_is_confirmed() {
    let mut model = well();
    assert_eq!(key(&mut model, KeyCode::Char('f')), Do::Nothing);
    insta::assert_snapshot!("failover_chosen", shown(&model, T + 5200, 80, 24));
    assert_eq!(key(&mut model, KeyCode::Enter), Do::Nothing);
    insta::assert_snapshot!("failover_confirmed", shown(&model, T + 5200, 80, 24));
    assert_eq!(key(&mut model, KeyCode::Enter), Do::Nothing, "Enter once too often does nothing");
    assert!(shown(&model, T + 5200, 80, 24).contains("nothing was done"));
    for code in [KeyCode::Char('f'), KeyCode::Char('1')] {
        assert_eq!(key(&mut model, code), Do::Nothing);
    }
    let Do::CarryOut(order) = key(&mut model, KeyCode::Char('y')) else { panic!("it is not carried out") };
    assert_eq!(order.command(), "hactl failover --vip VI_1 --to lb-6");
    // While it is at work no other one begins, and nobody leaves by accident.
    model.work = Some(Work { order, since_ms: T + 5300, words: vec!["lb-6: asked".into()], end: None });
    assert_eq!(key(&mut model, KeyCode::Char('q')), Do::Nothing);
    assert!(shown(&model, T + 7300, 80, 24).contains("Ctrl-C leaves it in the middle"));
    assert_eq!(key(&mut model, KeyCode::Char('r')), Do::Nothing);
    assert_eq!(model.mode, Mode::Watching);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(press(&mut model, control_c, false), Do::Quit);
    let words = "VIP 10.0.0.3: moved: lb-5 -> lb-6\n  longest gap 0.0 ms, 0 of 874 pings lost".into();
    model.work.as_mut().unwrap().end = Some(Ended { well: true, words, found: Found::Nothing });
    insta::assert_snapshot!("failover_done", shown(&model, T + 8300, 80, 24));
    assert_eq!(key(&mut model, KeyCode::Enter), Do::Nothing);
    assert_eq!(model.work, None);
    assert_eq!(key(&mut model, KeyCode::Char('q')), Do::Quit);
}

#[test]
fn drains_drills_and_help() {
    let mut model = well();
    key(&mut model, KeyCode::Char('d'));
    key(&mut model, KeyCode::Down);
    key(&mut model, KeyCode::Enter);
    let text = shown(&model, T + 5200, 80, 24);
    assert!(text.contains("The same as: hactl backend drain web-8"), "{text}");
    key(&mut model, KeyCode::Esc);
    key(&mut model, KeyCode::Char('r'));
    let text = shown(&model, T + 5200, 80, 24);
    assert!(text.contains("> 1 stop") && !text.contains("poweroff"), "{text}");
    key(&mut model, KeyCode::Char('1'));
    insta::assert_snapshot!("drill_confirmed", shown(&model, T + 5200, 80, 24));
    key(&mut model, KeyCode::Char('n'));
    key(&mut model, KeyCode::Char('?'));
    insta::assert_snapshot!("help", shown(&model, T + 5200, 80, 24));
    key(&mut model, KeyCode::Char('x'));
    assert_eq!(model.mode, Mode::Watching);
}

/// An order that would ask for a password on this terminal is not begun.
#[test]
fn nothing_is_asked_for_behind_the_picture() {
    let mut model = well();
    model.known.cluster.hosts[0].ssh.password = Some(crate::ctl::cluster::SecretSource::Prompt);
    for order in ['f', 'd', 'r'] {
        assert_eq!(key(&mut model, KeyCode::Char(order)), Do::Nothing);
        assert_eq!(model.mode, Mode::Watching);
        assert!(shown(&model, T + 5200, 80, 24).contains("passwords are typed in for this inventory"));
    }
}

/// Whoever reads old events is not disturbed by new ones.
#[test]
fn events_can_be_gone_through() {
    let mut model = well();
    for number in 0..40 {
        see(&mut model, "lb-6", T + 6000 + number, Sight::Note { message: format!("note {number}") });
    }
    assert!(shown(&model, T + 7000, 80, 24).contains("note 39"));
    key(&mut model, KeyCode::PageUp);
    let text = shown(&model, T + 7000, 80, 24);
    assert!(text.contains("note 29") && !text.contains("note 30"), "{text}");
    see(&mut model, "lb-6", T + 7000, Sight::Note { message: "note 40".into() });
    let text = shown(&model, T + 7000, 80, 24);
    assert!(text.contains("note 29") && !text.contains("note 30") && text.contains("11 newer below"), "{text}");
    key(&mut model, KeyCode::Enter);
    assert!(shown(&model, T + 7000, 80, 24).contains("note 40"));
    key(&mut model, KeyCode::Char('a'));
    assert!(shown(&model, T + 7000, 80, 60).contains("VI_1: adverts: 1 heard from 10.0.0.5, priority 150"));
}

/// Pools with what they carry; who is down, with the reason; certificates with their days.
#[test]
fn pools_and_certificates_are_shown() {
    let mut model = well();
    let real = |address: &str, up: bool| hactl_engine::control::RealServerStatus {
        address: address.into(),
        up,
        judged: true,
        reason: (!up).then(|| "connection refused".to_owned()),
        for_ms: 12_000,
        drained: false,
        refused: !up,
        weight: 1,
        weight_by_operator: false,
        weight_now: None,
        forward: "NAT".into(),
        active: 37,
        inactive: 0,
        traffic: Default::default(),
        checks: Vec::new(),
    };
    let server = |name: &str, upstream| hactl_engine::control::VirtualServerStatus {
        name: name.into(),
        upstream,
        services: Vec::new(),
        scheduler: "wrr".into(),
        persistence_s: None,
        quorum: true,
        quorum_for_ms: 0,
        alive: 1,
        needed: 1,
        sorry_server: None,
        suspended: false,
        absent: false,
        in_kernel: Some(true),
        traffic: hactl_engine::control::TrafficStatus {
            connections_per_s: 12,
            bytes_in_per_s: 34_000,
            ..Default::default()
        },
        real_servers: vec![real("10.0.0.7:80", true), real("10.0.0.8:80", false)],
    };
    model.known.hosts[0].servers =
        vec![server("10.0.0.3:80", false), server("upstream web", true), server("10.0.0.30:80", false)];
    let mut report = looked(&model, Vec::new());
    report.value.certificates = vec![HeldStatus {
        host: "lb-6".into(),
        site: "www.example.cc".into(),
        issued: true,
        certificate: CertificateStatus { names: vec!["www.example.cc".into()], issuer: "R11".into(), days_left: 12 },
        failure: None,
        again_unix_s: None,
    }];
    model.take(Item::Looked(Box::new(report)), T + 5000);
    let text = shown(&model, T + 5200, 80, 30);
    for words in [
        "10.0.0.3:80  1 of 2 up  74 connections, 12 new/s, 34 kB/s",
        "  web-8:80  DOWN for 12 s: connection refused  (seen by lb-5)",
        "pool web  1 of 2 up",
        "www.example.cc on lb-6  certificate 12 days left",
    ] {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
    assert!(!text.contains("10.0.0.30"), "another VIP's: {text}");
}

/// What does not fit is counted; a terminal that is no screen says so.
#[test]
fn a_small_terminal_says_what_is_missing() {
    let model = well();
    let text = shown(&model, T + 5200, 60, 14);
    assert!(text.contains("more; a larger terminal shows them"), "{text}");
    assert!(shown(&model, T, 30, 10).starts_with("too small: 30x10"));
}
