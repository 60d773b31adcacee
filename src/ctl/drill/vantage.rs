//! Clients at other places than the desk: web hosts that ask for the page through the VIP, with what every host has.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc::channel;

use super::observe::{Mark, Stream};
use crate::ctl::capture::clocks::{Offset, offset};
use crate::ctl::cluster::{Cluster, Group};
use crate::ctl::desk::Desk;
use crate::ctl::remote::quote;

/// So many hosts ask, the first of the inventory.
const PLACES: usize = 2;
const EVERY: Duration = Duration::from_millis(200);
/// No client works longer, should nobody end it.
const LONGEST: Duration = Duration::from_secs(240);
const NS_PER_MS: u64 = 1_000_000;

/// One line for each request: when it was sent, and whether it was answered well. It ends when nobody reads it.
const CLIENT: &str = r#"command -v bash >/dev/null && command -v timeout >/dev/null || exit 3
n=0
while [ $n -lt 1200 ]; do
  n=$((n + 1))
  (
    at=$(date +%s.%N)
    if timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "GET / HTTP/1.0\r\nHost: %s\r\n\r\n" "$2" >&3 &&
      read -r version status rest <&3 && [ "${status:-500}" -lt 500 ]' "$vip" "$port" "$name" 2>/dev/null
    then echo "$at 1"; else echo "$at 0"; fi
  ) &
  sleep 0.2
  echo || exit 0
done
wait"#;

/// Hosts from which requests are sent: with LVS a web host would ask itself.
pub fn places(cluster: &Cluster) -> Vec<String> {
    let web = cluster.group(Group::Web).filter(|host| host.managed && cluster.lvs.is_none());
    web.take(PLACES).map(|host| host.name.clone()).collect()
}

/// What was seen so far: by host, Unix time in nanoseconds on the desk's clock and whether it was answered.
pub type Seen = BTreeMap<String, Vec<(u64, bool)>>;

/// Lets these hosts ask for ever; `seen` is filled meanwhile.
pub async fn ask_from(desk: &Desk, vip: IpAddr, port: u16, name: &str, seen: &std::sync::Mutex<Seen>) {
    let clients = desk.hosts.keys().map(|host| ask_at(desk, host, vip, port, name, seen));
    join_all(clients).await;
    std::future::pending::<()>().await;
}

async fn ask_at(desk: &Desk, host: &str, vip: IpAddr, port: u16, name: &str, seen: &std::sync::Mutex<Seen>) {
    let clock = offset(desk, host).await.map_or_else(Offset::default, Offset::believed);
    let script = format!("vip={vip}\nport={port}\nname={}\n{CLIENT}", quote(name));
    let (to, mut pieces) = channel(64);
    let working = desk.follow(host, &script, to, LONGEST);
    tokio::pin!(working);
    let mut rest = String::new();
    loop {
        let piece = tokio::select! {
            biased;
            Some(piece) = pieces.recv() => piece,
            // It was cut off, or has no bash: what it told so far is what was seen from there.
            _ = &mut working => return,
        };
        rest.push_str(&String::from_utf8_lossy(&piece));
        while let Some((line, more)) = rest.split_once('\n') {
            if let Some((at, ok)) = read(line) {
                let mut seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                seen.entry(host.to_owned()).or_default().push((clock.to_desk(at), ok));
            }
            rest = more.to_owned();
        }
    }
}

/// `1700000000.123456789 1`.
fn read(line: &str) -> Option<(u64, bool)> {
    let (at, ok) = line.trim().split_once(' ')?;
    let (seconds, part) = at.split_once('.')?;
    let part = Some(part).filter(|part| part.len() == 9)?;
    let at = seconds.parse::<u64>().ok()?.checked_mul(1_000_000_000)?.checked_add(part.parse().ok()?)?;
    Some((at, ok == "1"))
}

/// The same as streams that count from `zero_ms`, Unix time.
pub fn streams(seen: Seen, zero_ms: u64) -> BTreeMap<String, Stream> {
    let stream = |mut asked: Vec<(u64, bool)>| {
        asked.sort_unstable();
        let zero = zero_ms.saturating_mul(NS_PER_MS);
        let after = asked.into_iter().filter(|(at, _)| *at >= zero);
        let marks = after.map(|(at, ok)| Mark { at: Duration::from_nanos(at - zero), ok }).collect();
        Stream { interval: EVERY, marks }
    };
    seen.into_iter().map(|(host, asked)| (host, stream(asked))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_a_stream_in_order() {
        let read: Vec<_> =
            ["1700000002.000000000 0", "", "1700000001.500000000 1", "nonsense", "1700000000.9 1"].map(read).into();
        assert_eq!(read.iter().flatten().count(), 2);
        let seen = Seen::from([("web-7".to_owned(), read.into_iter().flatten().collect())]);
        let streams = streams(seen, 1_700_000_001_000);
        let marks: Vec<_> = streams["web-7"].marks.iter().map(|mark| (mark.at.as_millis(), mark.ok)).collect();
        assert_eq!(marks, [(500, true), (1000, false)]);
    }
}
