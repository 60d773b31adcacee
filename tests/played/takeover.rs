//! keepalived is taken over and given back: in order, without a gap, and back by itself when something goes wrong.

use hactl::ctl::apply::back::{Back, Target, WentBack, go_back};
use hactl::ctl::apply::deploy::Order;
use hactl::ctl::apply::takeover::{TakenOver, takeover};
use hactl::error::{Code, Exit};

use super::import::{by_hand, read};
use super::stage::{End, Stage, stage};

/// A pair made by hand, imported.
fn imported(names: &[&str]) -> Option<(Stage, Order)> {
    let stage = stage(names)?;
    by_hand(&stage, "");
    let out = stage.path("imported");
    let lbs: Vec<&str> = names.iter().copied().filter(|name| name.starts_with("lb")).collect();
    read(&stage, &lbs, Some(out.clone())).is(Exit::Done, &[]);
    let order = Order { inventory: Some(out.join("inventory.yaml")), ..stage.order.clone() };
    Some((stage, order))
}

fn take_over(stage: &Stage, order: &Order) -> End<TakenOver> {
    stage.run(async { End::of(takeover(order, stage.options(), &|_| Ok(true)).await) })
}

fn give_back(stage: &Stage, order: &Order) -> End<WentBack> {
    let back =
        Back { inventory: order.inventory.clone(), hosts: Vec::new(), target: Target::Before, settle: order.settle };
    stage.run(async { End::of(go_back(&back, stage.options(), &|_| Ok(true)).await) })
}

/// Which of the two runs and starts at boot.
fn runs(stage: &Stage, name: &str) -> [bool; 4] {
    ["keepalived.active", "keepalived.enabled", "hactl-agent.active", "hactl-agent.enabled"]
        .map(|unit| stage.host(name).has(&format!("/played/units/{unit}")))
}

const KEEPALIVED: [bool; 4] = [true, true, false, false];
const HACTL: [bool; 4] = [false, false, true, true];

#[test]
fn there_and_back() {
    let Some((stage, order)) = imported(&["lb-5", "lb-6", "web-7"]) else { return };
    let before = stage.snapshot();
    let end = take_over(&stage, &order);
    end.is(Exit::Done, &[]);
    let done = end.value.unwrap();
    assert_eq!(done.keepalived.iter().map(|one| one.owned.len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!((runs(&stage, "lb-5"), runs(&stage, "lb-6")), (HACTL, HACTL));
    assert_eq!(*stage.told.lock().unwrap(), ["lb-6: done", "lb-5: done"], "the owner last");
    // The VIP was taken from the living keepalived, and the election had the last word.
    let asked = stage.host("lb-6").text("/played/asked");
    assert!(asked.contains("promote") && asked.contains("\"force\":true") && asked.contains("unpin"), "{asked}");
    let changed = stage.live_changes(&before);
    assert!(changed.iter().all(|path| !path.contains("nginx") && !path.starts_with("web-7")), "not ours: {changed:?}");
    assert!(changed.iter().all(|path| !path.contains("/etc/keepalived")), "kept ready: {changed:?}");
    take_over(&stage, &order).is(Exit::Preflight, &[Code::NothingToTakeOver]);
    stage.told.lock().unwrap().clear();
    let owner = stage.owner();
    give_back(&stage, &order).is(Exit::Done, &[]);
    assert_eq!((runs(&stage, "lb-5"), runs(&stage, "lb-6")), (KEEPALIVED, KEEPALIVED));
    assert_eq!(
        stage.told.lock().unwrap()[0],
        format!("{owner}: done"),
        "the owner hands over to hactl, not to keepalived"
    );
    let left: Vec<String> = stage.changes(&before).into_iter().filter(|path| !path.contains("/played/")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_keepalived_that_does_not_stop_keeps_running() {
    let Some((stage, order)) = imported(&["lb-5", "lb-6", "web-7"]) else { return };
    let before = stage.snapshot();
    for name in ["lb-6", "lb-5"] {
        stage.host(name).fails("systemctl disable -q --now keepalived");
        take_over(&stage, &order).is(Exit::RolledBack, &[Code::ActivateFailed, Code::TakenBack]);
        stage.host(name).fails("");
        assert_eq!((runs(&stage, "lb-5"), runs(&stage, "lb-6")), (KEEPALIVED, KEEPALIVED), "{name}");
        assert_eq!(stage.live_changes(&before), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_service_that_does_not_answer_gives_keepalived_back() {
    let Some((stage, order)) = imported(&["lb-5", "lb-6", "web-7"]) else { return };
    let before = stage.snapshot();
    stage.answer.store(502, std::sync::atomic::Ordering::SeqCst);
    let end = take_over(&stage, &order);
    assert_eq!((end.exit, end.codes()[0]), (Exit::RolledBack, Code::ServiceBad), "{}", end.said());
    assert_eq!((runs(&stage, "lb-5"), runs(&stage, "lb-6")), (KEEPALIVED, KEEPALIVED));
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
}

#[test]
fn an_heir_that_cannot_own_takes_nothing() {
    let Some((stage, order)) = imported(&["lb-5", "lb-6", "web-7"]) else { return };
    stage.host("lb-6").tells("reasons", "\"check chk_nginx fails\"\n");
    let end = take_over(&stage, &order);
    assert_eq!((end.exit, end.codes()[0]), (Exit::RolledBack, Code::TargetFault), "{}", end.said());
    assert!(end.said().contains("check chk_nginx fails"), "{}", end.said());
    assert_eq!((stage.owner().as_str(), runs(&stage, "lb-5"), runs(&stage, "lb-6")), ("lb-5", KEEPALIVED, KEEPALIVED));
}

#[test]
fn a_desk_that_dies_leaves_keepalived() {
    let Some((stage, order)) = imported(&["lb-5", "lb-6", "web-7"]) else { return };
    stage.host("lb-5").faults.at("open_generation", super::fault::Fault::DeskDies);
    let died = stage.run(async {
        tokio::select! {
            end = takeover(&order, stage.options(), &|_| Ok(true)) => Err(End::of(end)),
            () = stage.death.notified() => Ok(()),
        }
    });
    died.unwrap();
    stage.wait_long();
    assert_eq!((runs(&stage, "lb-5"), runs(&stage, "lb-6")), (KEEPALIVED, KEEPALIVED));
}

#[test]
fn what_would_not_go_well_is_refused_before_anything_changes() {
    let Some((stage, order)) = imported(&["lb-5", "lb-6", "web-7"]) else { return };
    let text = std::fs::read_to_string(order.inventory.as_ref().unwrap()).unwrap();
    let before = stage.snapshot();
    for (from, to) in [("vrid: 51", "vrid: 52"), ("interval: 1s", "interval: 2s")] {
        assert!(text.contains(from), "{text}");
        std::fs::write(order.inventory.as_ref().unwrap(), text.replace(from, to)).unwrap();
        let end = take_over(&stage, &order);
        assert_eq!((end.exit, end.codes()[0]), (Exit::Preflight, Code::TakeoverDiffers), "{}", end.said());
    }
    // What only this host does otherwise is told, and no reason against it.
    std::fs::write(order.inventory.as_ref().unwrap(), text.replace("weight: -60", "weight: -61")).unwrap();
    take_over(&stage, &Order { binary: Some("/nowhere".into()), ..order.clone() });
    assert!(stage.told.lock().unwrap().iter().any(|told| told.contains("W442")), "{:?}", stage.told.lock().unwrap());
    std::fs::write(order.inventory.as_ref().unwrap(), &text).unwrap();
    let lb = stage.host("lb-6");
    lb.sh("systemctl stop keepalived; mkdir /proc/77; echo keepalived >/proc/77/comm; printf 'keepalived\\0-D\\0' >/proc/77/cmdline");
    take_over(&stage, &order).is(Exit::Preflight, &[Code::OutsideItsUnit]);
    lb.sh("rm -r /proc/77; systemctl start keepalived");
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
}

#[test]
fn the_only_owner_there_is_needs_a_word() {
    let Some((stage, order)) = imported(&["lb-5", "lb-6", "web-7"]) else { return };
    stage.host("lb-6").sh("systemctl disable --now keepalived");
    let inventory = order.inventory.clone().unwrap();
    let text = std::fs::read_to_string(&inventory).unwrap();
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("  lb-6"))
        .map(|line| line.replace(", lb-6: 100", "") + "\n")
        .collect();
    std::fs::write(&inventory, text).unwrap();
    take_over(&stage, &order).is(Exit::Preflight, &[Code::NobodyFree]);
    let end = take_over(&stage, &Order { accept_gap: true, ..order });
    end.is(Exit::Done, &[]);
}
