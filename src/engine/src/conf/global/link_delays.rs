//! `interface_up_down_delays`: a line an interface, `NAME DOWN [UP]`, in seconds.

use std::time::Duration;

use crate::conf::config::{LinkDelay, VrrpInstance};
use crate::conf::grammar::values::{decimal_seconds, interface, show_seconds, surplus};
use crate::conf::grammar::walk::inside;
use crate::conf::text::lexer::Word;
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads a block into what is known already.
pub(crate) fn link_delays(block: &Statement, known: &mut Vec<At<LinkDelay>>, sink: &mut Sink<'_>) {
    surplus(block, &block.arguments, sink);
    for line in inside(block) {
        let Some(read) = delay(line, sink) else { continue };
        match known.iter_mut().find(|(one, _)| one.interface == read.interface) {
            None => known.push((read, line.place())),
            Some(earlier) => {
                let first = sink.earlier(earlier.1);
                let message = format!("the delays of `{}` were already given on {first}; these count", read.interface);
                sink.warning_help(line.place(), message, "keep one of them");
                *earlier = (read, line.place());
            }
        }
    }
}

fn delay(line: &Statement, sink: &mut Sink<'_>) -> Option<LinkDelay> {
    let interface = interface(&line.keyword, sink)?;
    let Some((down, rest)) = line.arguments.split_first() else {
        let help = "write `INTERFACE DOWN_SECONDS [UP_SECONDS]`";
        sink.error_help(line.place(), format!("`{interface}` has no delay; ignored"), help);
        return None;
    };
    let down = time(down, sink)?;
    let up = match rest.split_first() {
        None => down,
        Some((up, more)) => {
            surplus(line, more, sink);
            time(up, sink)?
        }
    };
    Some(LinkDelay { interface, down, up })
}

fn time(word: &Word, sink: &mut Sink<'_>) -> Option<Duration> {
    let value = decimal_seconds(&word.text).filter(|value| *value <= DELAY_MAX);
    if value.is_none() {
        let message = format!("`{}` is no delay of 0..={} s; the line is ignored", word.text, show_seconds(DELAY_MAX));
        sink.error_help(word.place, message, "write seconds, such as 0.5");
    }
    value
}

/// A dead interface must count as such before the other routers take over, or two of them are master.
pub(crate) fn judge(delays: &[At<LinkDelay>], instances: &[&VrrpInstance], sink: &mut Sink<'_>) {
    for (delay, place) in delays {
        let own = instances.iter().filter(|instance| instance.interface == delay.interface);
        let Some(soonest) = own.min_by_key(|one| limit(one)) else { continue };
        if delay.down >= limit(soonest) {
            let message = format!(
                "{} s until `{}` counts as down is too long for `{}`: others take over after some {} s without adverts",
                show_seconds(delay.down),
                delay.interface,
                soonest.name,
                show_seconds(limit(soonest))
            );
            sink.warning_help(*place, message, "make it shorter, or `advert_int` longer");
        }
    }
}

fn limit(instance: &VrrpInstance) -> Duration {
    instance.advert_interval * instance.down_adverts.saturating_sub(1)
}

/// The delays without their places.
pub(crate) fn plain(delays: Vec<(LinkDelay, Place)>) -> Vec<LinkDelay> {
    delays.into_iter().map(|(delay, _)| delay).collect()
}

/// Longest delay.
const DELAY_MAX: Duration = Duration::from_secs(255);
