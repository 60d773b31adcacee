//! The desk on real hosts: deploy, verify, failover, drills and bad days, in the lab.
//!
//! A lab takes a while to make and to deploy to, so each test below runs many cases in one, each from a state that it
//! names. One that fails is told of by its name, and the next begins with a lab made anew. Hosts wait more than they
//! work: the labs of the tests stand side by side. Needs root and the static binary in `HACTL_BINARY` (`make test` sees
//! to both); without them it says so and passes.

mod acme;
mod backends;
mod bad_days;
mod browser;
mod capture;
mod cases;
mod changes;
mod dashboard;
mod deaths;
mod deploys;
mod drills;
mod elsewhere;
mod faults;
mod hardened;
mod hosts;
#[path = "../common/json.rs"]
mod json;
mod kills;
mod loads;
mod lvs;
mod moves;
mod names;
mod page;
mod pages;
mod pair;
mod pings;
mod place;
mod sites;
mod takeover;
mod trust;
mod up;
mod wordpress;

use cases::Case;
use hosts::State;

/// Cases with the state that each begins with and the one that it leaves, in an order that makes few of them anew.
const PAIR: &[Case] = cases! {
    Down -> Down: up::bad_plans_are_refused;
    Down -> Up: up::it_comes_up;
    Up -> Up: up::there_is_one_lab;
    Up -> Up: deploys::unknown_host_keys_are_refused;
    Up -> Up: deploys::nobody_is_asked_twice;
    Up -> Up: deploys::a_stranger_that_has_the_vip;
    Up -> Up: trust::a_vrid_in_use;
    Up -> Deployed: deploys::the_first_and_the_second;
    Deployed -> Deployed: moves::status_tells_who_owns;
    Deployed -> Deployed: moves::there_and_back;
    Deployed -> Deployed: moves::after_a_blocked_heartbeat;
    Deployed -> Deployed: capture::what_the_pair_says;
    Deployed -> Deployed: capture::a_desk_that_dies;
    Deployed -> Deployed: trust::profiles_that_print_and_read;
    Deployed -> Deployed: trust::a_few_of_many;
    Deployed -> Deployed: trust::each_refusal_of_a_login;
    Deployed -> Deployed: trust::one_session_at_a_time;
    Deployed -> Deployed: trust::a_deaf_standby;
    Deployed -> Deployed: deploys::mistakes_in_the_inventory;
    Deployed -> Deployed: deploys::a_mistake_in_a_template;
    Deployed -> Deployed: bad_days::nginx_refuses_its_files;
    Deployed -> Deployed: bad_days::an_agent_that_does_not_come_up;
    Deployed -> Deployed: bad_days::a_wrong_host_key;
    Deployed -> Deployed: bad_days::no_login;
    Deployed -> Deployed: bad_days::a_host_that_is_down;
    Deployed -> Deployed: bad_days::no_space_left;
    Deployed -> Deployed: bad_days::locked_by_somebody_else;
    Deployed -> Deployed: bad_days::a_killed_desk;
    Deployed -> Deployed: bad_days::a_killed_desk_s_lock_is_broken;
    Deployed -> Deployed: kills::bad_luck_at_random_moments;
    Deployed -> Deployed: moves::a_restart_on_the_owner;
    Deployed -> Deployed: drills::six_of_them;
    Deployed -> Deployed: drills::an_unknown_one;
    Deployed -> Deployed: hardened::a_script_that_writes;
    Deployed -> Deployed: deploys::more_hosts_and_vips;
    Deployed -> Deployed: deploys::a_vip_of_web_hosts;
    Deployed -> Down: up::nothing_is_left;
    Down -> Down: up::nothing_is_left_of_a_crash;
};

const TRAFFIC: &[Case] = cases! {
    Deployed -> Deployed: changes::the_owner_stays;
    Deployed -> Deployed: changes::a_move_is_predicted;
    Deployed -> Deployed: changes::signing_comes_and_goes;
    Deployed -> Deployed: deaths::a_death_moves_the_vip_at_once;
    Deployed -> Deployed: deaths::a_restart_moves_nothing;
    Deployed -> Deployed: loads::a_deploy_of_a_changed_site_loses_nothing;
    Deployed -> Deployed: loads::a_move_costs_nothing_and_a_death_one_request;
};

const FAULTS: &[Case] = cases! {
    Deployed -> Deployed: faults::of_hosts;
    Deployed -> Deployed: faults::of_the_network;
    Deployed -> Deployed: faults::of_others;
    Deployed -> Deployed: faults::seeds_trends_and_budgets;
    Deployed -> Deployed: faults::a_desk_that_is_told_to_end;
    Deployed -> Deployed: faults::a_pair_that_cannot_fail_over;
    Deployed -> Deployed: faults::a_desk_that_dies;
};

const SITES: &[Case] = cases! {
    Deployed -> Deployed: sites::https_by_name;
    Deployed -> Deployed: sites::several_servers_on_a_host;
    Deployed -> Deployed: sites::limits_caches_and_streams;
    Deployed -> Deployed: acme::certificates_of_an_authority;
    Up -> Down: wordpress::from_bare_hosts;
    Up -> Down: wordpress::after_the_homework_and_before_it;
    Up -> WordPress: pages::wordpress;
    WordPress -> WordPress: wordpress::a_browser_stays_logged_in;
    WordPress -> Down: pair::no_post_is_lost;
};

const LABS: &[Case] = cases! {
    Up -> Deployed: pages::the_homework;
    Deployed -> Deployed: pages::the_pair;
    Deployed -> Down: pages::lvs_and_keepalived;
};

const OTHERS: &[Case] = cases! {
    Up -> Down: takeover::there_and_back; // on hosts that have no nginx yet
    Up -> Up: names::the_unit_of_centos_7;
    Up -> Up: names::an_init_script;
    Up -> Up: elsewhere::an_ipv6_cluster;
    Up -> Up: elsewhere::a_vip_of_another_subnet;
    Up -> Up: elsewhere::two_public_addresses;
    Up -> Up: hardened::a_macvlan;
    Deployed -> Deployed: dashboard::a_browser_looks_and_orders;
    Deployed -> Deployed: dashboard::split_brain_and_silence;
    Deployed -> Deployed: backends::while_requests_come;
    Deployed -> Deployed: backends::canaries_and_maintenance;
    Deployed -> Deployed: backends::a_dead_server_costs_nothing;
    Deployed -> Deployed: lvs::a_kernel_without_ipvs_is_refused;
    Deployed -> Balanced: lvs::four_hosts;
    Balanced -> Balanced: lvs::mistakes_of_direct_routing;
    Balanced -> Balanced: lvs::drain_and_weight;
    Balanced -> Balanced: lvs::a_deploy_takes_web_hosts_out;
    Balanced -> Deployed: lvs::directors_that_serve_and_back_to_nginx;
};

const ALL: [&[Case]; 6] = [PAIR, TRAFFIC, FAULTS, SITES, LABS, OTHERS];

#[test]
fn a_pair_and_its_bad_days() {
    run(PAIR);
}

#[test]
fn what_traffic_sees() {
    run(TRAFFIC);
}

#[test]
fn faults_of_all_kinds() {
    run(FAULTS);
}

#[test]
fn sites_of_all_kinds() {
    run(SITES);
}

#[test]
fn the_course() {
    run(LABS);
}

#[test]
fn clusters_of_other_kinds() {
    run(OTHERS);
}

fn run(cases: &[Case]) {
    match hosts::unavailable() {
        Some(why) => eprintln!("SKIPPED: {why}"),
        None => cases::run(cases, &ALL),
    }
}
