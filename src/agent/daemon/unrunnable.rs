//! Checks that cannot run as a configuration is taken are left out of it, as keepalived does: one wrong word, deployed
//! to both hosts, must not leave the addresses without an owner. What vanishes later counts as failed.

use std::sync::Arc;

use hactl_engine::conf::config::lvs::{Check, Checker};
use hactl_engine::conf::config::{Config, Global, Notify};
use hactl_engine::conf::text::diagnostic::Location;

use super::remark::Remark;
use crate::agent::command::error::Refused;
use crate::agent::command::permit::{Permit, permit};

/// Takes out what cannot run; says so of each, and of what root runs although others can write it.
pub(crate) fn leave_out(config: &mut Config) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let global = config.global.clone();
    let mut gone = Vec::new();
    config.scripts.retain(|script| {
        let judged = permit(&script.command, script.user.as_ref(), &global);
        let (name, place) = (&script.name, &script.location);
        let stays = judged.is_ok();
        if !stays {
            gone.push(name.clone());
        }
        let lost = "no instance tracks it until it can run and the configuration is reloaded";
        remarks.extend(remark(judged, &format!("{place}: check {name}"), lost));
        stays
    });
    for instance in &mut config.instances {
        if instance.track_scripts.iter().any(|track| gone.contains(&track.name)) {
            Arc::make_mut(instance).track_scripts.retain(|track| !gone.contains(&track.name));
        }
    }
    for instance in &config.instances {
        remarks.extend(mute(&instance.notify, &instance.name, &instance.location, &global));
    }
    for group in &config.groups {
        remarks.extend(mute(&group.notify, &group.name, &group.location, &global));
    }
    for server in &mut config.virtual_servers {
        let refused = |checker: &Checker| matches!(&checker.check, Check::Misc(misc) if permit(&misc.command, misc.user.as_ref(), &global).is_err());
        if !server.real_servers.iter().any(|real| real.checkers.iter().any(refused)) {
            continue;
        }
        for real in &mut Arc::make_mut(server).real_servers {
            let (address, place) = (real.address, &real.location);
            real.checkers.retain(|checker| {
                let Check::Misc(misc) = &checker.check else { return true };
                let judged = permit(&misc.command, misc.user.as_ref(), &global);
                let stays = judged.is_ok();
                let lost = "the server counts as up for it until it can run and the configuration is reloaded";
                remarks.extend(remark(judged, &format!("{place}: MISC_CHECK of {address}"), lost));
                stays
            });
        }
    }
    remarks
}

/// Notify scripts that could not run now. They stay: by the time they are due they may be there.
fn mute(notify: &Notify, name: &str, place: &Location, global: &Global) -> Vec<Remark> {
    let users = &notify.users;
    let all = [
        (&notify.master, &users.master),
        (&notify.backup, &users.backup),
        (&notify.fault, &users.fault),
        (&notify.stop, &users.stop),
        (&notify.deleted, &users.deleted),
        (&notify.master_rx_lower_pri, &users.master_rx_lower_pri),
        (&notify.any, &users.any),
    ];
    let steps = notify.takeover_start.iter().chain(&notify.takeover_stop);
    let scripts = all.into_iter().filter_map(|(command, user)| Some((command.as_ref()?, user.as_ref())));
    let scripts = scripts.chain(steps.map(|step| (&step.argv, step.user.as_ref())));
    let judged = scripts.filter_map(|(command, user)| {
        let why = permit(command, user, global).err()?;
        let text = format!("{place}: a notify script of {name} cannot run, so nobody is told by it: {why}");
        Some(Remark { severe: false, text })
    });
    judged.collect()
}

fn remark(judged: Result<Permit<'_>, Refused>, what: &str, lost: &str) -> Option<Remark> {
    match judged {
        Err(why) => Some(Remark { severe: true, text: format!("{what} is left out: {why}; {lost}") }),
        Ok(permit) => permit.caution.map(|why| Remark {
            severe: false,
            text: format!("{what}: {why}; enable_script_security would refuse it"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::parse;

    use super::*;

    #[test]
    fn what_cannot_run_is_left_out_and_said() {
        let own = nix::unistd::getuid();
        let text = format!(
            "global_defs {{\nscript_user {own}\n}}\n\
             vrrp_script gone {{\nscript /no/such/check\n}}\n\
             vrrp_script here {{\nscript /bin/true\n}}\n\
             vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 37\ntrack_script {{\ngone weight -20\nhere\n}}\n\
             virtual_ipaddress {{\n10.0.0.3/27\n}}\n}}\n\
             virtual_server 10.0.0.3 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.0.0.7 8080 {{\n\
             MISC_CHECK {{\nmisc_path /no/such/check\n}}\nMISC_CHECK {{\nmisc_path /bin/true\n}}\n}}\n}}\n"
        );
        let mut config = parse("ha.conf", &text).config;
        let remarks = leave_out(&mut config);
        let texts: Vec<&str> = remarks.iter().map(|remark| remark.text.as_str()).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].starts_with("ha.conf:4:1: check gone is left out: /no/such/check: No such file"), "{texts:?}");
        assert!(texts[1].contains("MISC_CHECK of 10.0.0.7:8080 is left out: /no/such/check"), "{texts:?}");
        assert!(remarks.iter().all(|remark| remark.severe));
        let notify = "notify_master /no/such/notify\nnotify /bin/true\nvirtual_ipaddress";
        let mut config = parse("ha.conf", &text.replacen("virtual_ipaddress", notify, 1)).config;
        let told = leave_out(&mut config);
        let told: Vec<&Remark> = told.iter().filter(|remark| !remark.severe).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].text.contains("a notify script of VI_1 cannot run"), "{told:?}");
        assert_eq!(config.instances[0].notify.master.as_deref(), Some(&["/no/such/notify".to_owned()][..]));
        let names: Vec<&str> = config.scripts.iter().map(|script| script.name.as_str()).collect();
        assert_eq!(names, ["here"]);
        assert_eq!(config.instances[0].track_scripts.len(), 1);
        assert_eq!(config.instances[0].track_scripts[0].name, "here");
        assert_eq!(config.virtual_servers[0].real_servers[0].checkers.len(), 1);
    }
}
