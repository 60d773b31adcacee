//! A planned give-up in a guarded pair whose hosts know each other, as the desk deploys it: for how long nobody takes
//! what is sent to the VIP, in counted time.

use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::conf;
use hactl_engine::conf::config::Config;
use hactl_engine::input::{Command, Input, Link};

use super::random::Random;
use super::world::{World, host_address};

/// The tracked interface, which nothing stands on.
const ETH1: u32 = 3;
/// How long nobody may take it, of a second between adverts and 0.6 s of skew. A packet takes 0.05 to 0.1 ms here.
const GAP: Duration = Duration::from_millis(5);
const MS: Duration = Duration::from_millis(1);

fn config(own: usize, priority: u8) -> Config {
    let text = format!(
        "hactl {{\n lease on\n guard on\n peers {}\n}}\nvrrp_script web {{\n script /bin/true\n interval 2\n}}\n\
         vrrp_track_process nginx {{\n process nginx\n unit nginx\n}}\n\
         vrrp_instance VI_1 {{\n state BACKUP\n interface eth0\n virtual_router_id 37\n priority {priority}\n version 3\n advert_int 1\n \
         track_script {{\n web\n }}\n track_process {{\n nginx\n }}\n track_interface {{\n eth1\n }}\n virtual_ipaddress {{\n 10.0.0.100/27\n 10.0.0.101/27\n }}\n}}\n",
        host_address(1 - own)
    );
    let parsed = conf::parse("give_up.conf", &text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed.config
}

fn eth1(up: bool) -> Input {
    Input::Link(Link { index: ETH1, name: "eth1".into(), up, mac: [2, 0, 0, 0, 1, 0], addresses: vec![] })
}

/// Host 0 owns the VIP, host 1 has heard it for some seconds.
fn pair() -> World {
    let mut world = World::new(vec![config(0, 150), config(1, 100)], Random::new(37), false);
    world.overlap_max = Some(Duration::ZERO);
    for host in 0..2 {
        world.start(host).unwrap();
        world.input(host, eth1(true)).unwrap();
        world.input(host, Input::Script { name: "web".into(), ok: true }).unwrap();
        world.input(host, Input::Process { name: "nginx".into(), ok: true }).unwrap();
    }
    world.run_until(world.now.after(Duration::from_secs(12))).unwrap();
    assert_eq!(owners(&world), ([0].into(), [0].into()));
    world
}

/// Who answers for the VIP, and who takes what is sent to it.
fn owners(world: &World) -> (Vec<usize>, Vec<usize>) {
    let vip = IpAddr::from([10, 0, 0, 100]);
    let answers = (0..2).filter(|host| world.answers(*host, vip)).collect();
    (answers, (0..2).filter(|host| world.takes(*host, vip)).collect())
}

/// For how long nobody takes anything, until the other one answers.
fn gap(world: &mut World, give_up: Input) -> Duration {
    world.input(0, give_up).unwrap();
    let (step, mut gap) = (MS / 20, Duration::ZERO);
    for _ in 0..200_000 {
        let (answers, takes) = owners(world);
        if answers == [1] {
            return gap;
        }
        if takes.is_empty() {
            gap += step;
        }
        world.run_until(world.now.after(step)).unwrap();
    }
    panic!("the other one never took over");
}

#[test]
fn a_planned_give_up_leaves_no_gap() {
    let give_ups = [
        ("a check fails", Input::Script { name: "web".into(), ok: false }),
        ("a tracked process has ended", Input::Process { name: "nginx".into(), ok: false }),
        ("resign", Input::Command { token: 1, command: Command::Resign { instance: None } }),
        ("a tracked interface is down", eth1(false)),
        ("a tracked interface is gone", Input::LinkGone(ETH1)),
        ("stop", Input::Stop { keep_addresses: false }),
    ];
    for (what, give_up) in give_ups {
        let gap = gap(&mut pair(), give_up);
        assert!(gap <= GAP, "{what}: nobody for {gap:?}");
    }
}

/// The measure can fail: who is killed says nothing, and is waited for.
#[test]
fn a_death_is_no_planned_give_up() {
    let mut world = pair();
    (world.hosts[0].agent, world.hosts[0].link_up) = (None, false);
    assert!(gap(&mut world, Input::Wake) > Duration::from_secs(2));
}
