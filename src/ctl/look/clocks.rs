//! Whether the clocks of a VIP's load balancers are near enough to each other for signed adverts, which tell when they
//! were signed.

use std::time::Duration;

use crate::ctl::cluster::Vip;
use crate::error::{Code, Problem};

/// So far apart hosts may be asked for the time.
const ASKING: Duration = Duration::from_secs(1);

/// What is to be said of clocks that are too far apart. `clock` is what a host's showed, in seconds, all of them at
/// about the same time.
pub fn judge(vip: &Vip, clock: impl Fn(&str) -> Option<f64>) -> Option<Problem> {
    let tolerance = vip.hmac.as_ref().and_then(|hmac| hmac.tolerance(vip.interval))?;
    let shown: Vec<(&str, f64)> =
        vip.members.iter().filter_map(|member| Some((member.host.as_str(), clock(&member.host)?))).collect();
    let (first, early) = shown.iter().min_by(|one, two| one.1.total_cmp(&two.1))?;
    let (last, late) = shown.iter().max_by(|one, two| one.1.total_cmp(&two.1))?;
    let apart = late - early;
    if apart + ASKING.as_secs_f64() <= tolerance.as_secs_f64() {
        return None;
    }
    let message = format!(
        "{}: the clock of {last} is {apart:.0} s ahead of that of {first}, and signed adverts are believed within {} s",
        vip.name,
        tolerance.as_secs()
    );
    Some(Problem::new(Code::ClocksDiffer, message).next(format!(
        "`timedatectl` on {first} and {last}; `hmac: {{ window: 30s }}` allows more, `replay: monotonic` compares no clocks"
    )))
}
