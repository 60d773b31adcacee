//! Goes through a block with its keyword table: names what is unknown, misplaced or not supported yet, and hands
//! what works to its reader.

use super::keywords::{GLOBAL_DEFS, ROOT, VIRTUAL_SERVER, VRRP_INSTANCE, VRRP_SCRIPT, VRRP_SYNC_GROUP};
use super::schema::{Context, Keyword, Support};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::{Block, Statement};

/// Calls `read` for each statement whose keyword works in `context`, in file order.
pub(crate) fn walk<'s>(
    statements: &'s [Statement],
    context: &'static Context,
    sink: &mut Sink<'_>,
    mut read: impl FnMut(&'s Statement, &mut Sink<'_>),
) {
    let mut seen: Vec<&Statement> = Vec::new();
    let mut astray: Option<&'static str> = None;
    for statement in statements {
        let Some(keyword) = context.find(statement.name()) else {
            // A `}` too early leaves many lines without their block: that is one fault, not one a line.
            let home = home_of(statement.name());
            if home.is_none() || home != astray {
                unknown(statement, context, home, sink);
            }
            astray = home;
            continue;
        };
        astray = None;
        match keyword.support {
            Support::Already => {}
            Support::NotYet(consequence) => not_yet(statement, consequence, sink),
            Support::Yes if shape_fits(statement, keyword, sink) => {
                let each = keyword.block.is_some() || EACH_COUNTS.contains(&keyword.name);
                let once = !each || FIRST_COUNTS.contains(&keyword.name);
                if !once || !repeated(statement, &mut seen, sink) {
                    read(statement, sink);
                }
            }
            Support::Yes => {}
        }
    }
}

/// The statements of a block; none when it is missing.
pub(crate) fn inside(statement: &Statement) -> &[Statement] {
    match statement.block.as_deref() {
        Some(Block { statements, .. }) => statements,
        None => &[],
    }
}

fn unknown(statement: &Statement, context: &'static Context, home: Option<&str>, sink: &mut Sink<'_>) {
    let name = statement.name();
    if statement.keyword.text.starts_with('$') {
        let bare = name.trim_start_matches(['$', '{']).trim_end_matches('}');
        let help = format!("define it further up: `${bare}=…`");
        sink.error_help(statement.place(), format!("`{name}` is defined nowhere above"), help);
        return;
    }
    if let Some(home) = home {
        let message = format!("`{name}` does not belong in {}", context.name);
        let help = format!("it belongs in {home}; is a `}}` too early?");
        sink.error_help(statement.place(), message, help);
        return;
    }
    if let Some(near) = sink.guess(name, context.keywords().map(|keyword| keyword.name)) {
        let message = format!("unknown keyword `{name}` in {}", context.name);
        sink.error_help(statement.place(), message, format!("did you mean `{near}`?"));
        return;
    }
    let anywhere = HOMES.iter().flat_map(|home| home.keywords()).map(|keyword| keyword.name);
    let message = format!("unknown keyword `{name}` in {}", context.name);
    match sink.guess(name, anywhere) {
        Some(near) => sink.error_help(statement.place(), message, format!("did you mean `{near}`?")),
        None => sink.error(statement.place(), message),
    }
}

fn not_yet(statement: &Statement, consequence: &str, sink: &mut Sink<'_>) {
    let known = format!("`{}` is known but not supported yet; ignored", statement.name());
    let message = if consequence.is_empty() { known } else { format!("{known}: {consequence}") };
    sink.warning(statement.place(), message);
}

fn shape_fits(statement: &Statement, keyword: &Keyword, sink: &mut Sink<'_>) -> bool {
    match (&statement.block, keyword.block) {
        (Some(_), Some(_)) | (None, None) => true,
        (None, Some(_)) => {
            let help = format!("write `{} {{ … }}`", keyword.name);
            sink.error_help(statement.place(), format!("`{}` needs a block", keyword.name), help);
            false
        }
        (Some(block), None) => {
            sink.error(block.open, format!("`{}` takes no block; the block is ignored", keyword.name));
            true
        }
    }
}

/// Tells of a line that was given before; whether that one counts.
fn repeated<'s>(statement: &'s Statement, seen: &mut Vec<&'s Statement>, sink: &mut Sink<'_>) -> bool {
    let name = statement.name();
    let Some(earlier) = seen.iter().find(|earlier| earlier.name() == name) else {
        seen.push(statement);
        return false;
    };
    let line = sink.earlier(earlier.place());
    let first = FIRST_COUNTS.contains(&name);
    let which = if first { "that one counts, as in keepalived" } else { "this one counts" };
    sink.warning_help(statement.place(), format!("`{name}` was already given on {line}; {which}"), "keep one of them");
    first
}

/// Of these keepalived keeps the first, of all others the last.
const FIRST_COUNTS: &[&str] = &[
    "file",
    "group",
    "lvs_notify_fifo",
    "lvs_notify_fifo_script",
    "lvs_sync_daemon",
    "net_namespace",
    "net_namespace_ipvs",
    "nftables",
    "notify",
    "notify_backup",
    "notify_deleted",
    "notify_down",
    "notify_fault",
    "notify_fifo",
    "notify_fifo_script",
    "notify_master",
    "notify_master_rx_lower_pri",
    "notify_stop",
    "notify_up",
    "process",
    "quorum_down",
    "quorum_up",
    "shutdown_script",
    "startup_script",
    "state",
    "use_vmac",
    "vrrp_notify_fifo",
    "vrrp_notify_fifo_script",
];

/// hactl's own lines without a block that may stand there several times.
const EACH_COUNTS: &[&str] = &["takeover_start", "takeover_stop"];

/// The block that a keyword belongs in, when it belongs in one of [`HOMES`].
fn home_of(name: &str) -> Option<&'static str> {
    HOMES.iter().find(|home| home.find(name).is_some()).map(|home| home.name)
}

/// Where a misplaced keyword may have been meant to stand.
static HOMES: [&Context; 6] = [&VRRP_INSTANCE, &VRRP_SCRIPT, &GLOBAL_DEFS, &ROOT, &VRRP_SYNC_GROUP, &VIRTUAL_SERVER];
