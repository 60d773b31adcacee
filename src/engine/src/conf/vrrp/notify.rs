//! The `notify…` lines of instances and groups.

use crate::conf::config::{Argv, Notify, Script, ScriptUser};
use crate::conf::grammar::script;
use crate::conf::grammar::values::{switched, unread};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads one line.
pub(crate) fn notify(line: &Statement, notify: &mut Notify, sink: &mut Sink<'_>) {
    if line.name() == "notify_priority_changes" {
        notify.priority_changes = switched(line, true, sink);
        return;
    }
    let Some((command, user)) = script::command_and_user(line, sink) else { return };
    match line.name() {
        "takeover_start" => return notify.takeover_start.push(Script { argv: command, user }),
        "takeover_stop" => return notify.takeover_stop.push(Script { argv: command, user }),
        _ => {}
    }
    let users = &mut notify.users;
    let (slot, user_slot): (&mut Option<Argv>, &mut Option<ScriptUser>) = match line.name() {
        "notify_master" => (&mut notify.master, &mut users.master),
        "notify_backup" => (&mut notify.backup, &mut users.backup),
        "notify_fault" => (&mut notify.fault, &mut users.fault),
        "notify_stop" => (&mut notify.stop, &mut users.stop),
        "notify_deleted" => (&mut notify.deleted, &mut users.deleted),
        "notify_master_rx_lower_pri" => (&mut notify.master_rx_lower_pri, &mut users.master_rx_lower_pri),
        "notify" => (&mut notify.any, &mut users.any),
        _ => return unread(line, sink),
    };
    *slot = Some(command);
    *user_slot = user;
}
