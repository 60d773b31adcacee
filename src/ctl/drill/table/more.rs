//! Faults of hosts and of what runs on them.

use std::time::Duration;

use super::usual::{USUAL, nothing, silence, silent_takeover, up_to_silence};
use crate::ctl::drill::scenario::{Context, Fault, Measure, Outcome, Scenario, Target};

pub(super) const HUNG_AGENT: Scenario = Scenario {
    name: "hung-agent",
    title: "the agent of the owner hangs (SIGSTOP), its host lives on",
    expected: "the owner's lease ends by itself and only then the standby takes over: never two owners",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |_| "systemctl kill --kill-who=main --signal=STOP hactl-agent".into(),
        // systemd may have ended it meanwhile, since it said nothing, and begun another.
        undo: |_| "systemctl kill --kill-who=main --signal=CONT hactl-agent 2>/dev/null || true".into(),
        cuts_connection: false,
    },
    possible: |context| match context.leased {
        true => ":".into(),
        false => "echo 'without the lease a hung owner keeps the VIP for as long as its host lives' >&2; exit 1".into(),
    },
    outcome: Outcome::Moves,
    budget: silent_takeover,
    predicted: up_to_silence,
    ..USUAL
};

pub(super) const REBOOT: Scenario = Scenario {
    name: "reboot",
    title: "the owner starts anew",
    expected: "its agent announces that it leaves, so the standby takes over at once; the host comes back",
    target: Target::Owner,
    fault: Fault::Reboot,
    outcome: Outcome::Moves,
    // The order in which systemd stops things is its own.
    budget: |_| Duration::from_millis(500),
    lasts: Some(|context| silent_takeover(context) + Duration::from_secs(2)),
    ..USUAL
};

const STOPPED: Fault = Fault::Shell {
    prepare: nothing,
    inject: |_| "systemctl stop hactl-agent".into(),
    undo: |_| "systemctl start hactl-agent".into(),
    cuts_connection: false,
};

pub(super) const BOTH_DIE: Scenario = Scenario {
    name: "both-die",
    title: "the standby's agent is down when the owner's goes, too",
    expected: "nobody has the VIP, as a pair of two must; it is back within a takeover's time when they are",
    target: Target::Owner,
    fault: STOPPED,
    also: Some((Target::Standby, STOPPED)),
    possible: |context| match context.balancers {
        2 => ":".into(),
        more => format!("echo 'there are {more} load balancers, and with more than two somebody is left' >&2; exit 1"),
    },
    outcome: Outcome::Nobody,
    budget: |context| lasting(context) + silent_takeover(context) * 2 + Duration::from_secs(2),
    predicted: |context| (lasting(context), lasting(context) + silence(context).1),
    lasts: Some(lasting),
    ..USUAL
};

fn lasting(context: &Context) -> Duration {
    context.advert * 4 + Duration::from_secs(2)
}

/// The configuration with another password, and keys that are not the others', stand over the real ones.
const OTHER_PASSWORD: &str = r#"umask 077
mkdir -p /run/hactl-drill-password
for file in /etc/hactl/hactl.conf /etc/hactl/vrrp-*.key; do
  [ -f "$file" ] || continue
  copy=/run/hactl-drill-password/${file##*/}
  case $file in
    *.conf) sed 's/^\( *auth_pass\) .*/\1 drill/' "$file" > "$copy" ;;
    *) tr '0-9a-f' '1-9a-f0' < "$file" > "$copy" ;;
  esac
  mount --bind "$copy" "$file"
done
systemctl reload hactl-agent"#;

const REAL_PASSWORD: &str = r#"for file in /etc/hactl/hactl.conf /etc/hactl/vrrp-*.key; do
  while grep -q " $file " /proc/mounts; do umount "$file"; done
done
if [ -d /run/hactl-drill-password ]; then
  rm -rf /run/hactl-drill-password
  systemctl reload hactl-agent
fi"#;

pub(super) const WRONG_PASSWORD: Scenario = Scenario {
    name: "wrong-password",
    title: "the standby has another password, or key, than the owner",
    expected: "the standby refuses the owner's adverts, finds that it still answers and stays backup; no ping is lost",
    target: Target::Standby,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |_| OTHER_PASSWORD.into(),
        undo: |_| REAL_PASSWORD.into(),
        cuts_connection: false,
    },
    possible: |_| {
        "grep -q -e auth_pass -e auth_hmac /etc/hactl/hactl.conf || \
         { echo 'adverts bear no password here (`auth` of the VIP)' >&2; exit 1; }"
            .into()
    },
    budget: |_| Duration::from_millis(50),
    ..USUAL
};

/// Plain VRRP, with the role's guard switched off.
pub(super) static PASSWORD_UNGUARDED: Scenario = Scenario {
    expected: "two owners, found and named by verify within 5 s; one owner again when the passwords agree",
    outcome: Outcome::TwoOwners,
    budget: silent_takeover,
    ..WRONG_PASSWORD
};

/// The folder's copy in memory, with room for nothing more, stands over the real one.
const FULL: &str = r#"state=/var/lib/hactl
copy=/run/hactl-drill-disk
mkdir -p $copy
mount -t tmpfs -o mode=0700,size=$(($(du -skx $state | cut -f 1) + 4096))k hactl-drill $copy
cp -a $state/. $copy/
dd if=/dev/zero of=$copy/.hactl-drill bs=4k 2>/dev/null || true
mount --bind $copy $state
umount $copy
main=$(systemctl show -p MainPID hactl-agent)
if ! grep -q "^hactl-drill $state " "/proc/${main#MainPID=}/mounts"; then
  echo "the agent does not see the full disk" >&2
  exit 1
fi"#;

const NOT_FULL: &str = r#"for folder in /var/lib/hactl /run/hactl-drill-disk; do
  while grep -q "^hactl-drill $folder " /proc/mounts; do umount $folder || umount -l $folder; done
done
if [ -d /run/hactl-drill-disk ]; then rmdir /run/hactl-drill-disk; fi"#;

/// Most that a copy may take of a host's memory, in KiB.
const COPY_MAX: u32 = 256 * 1024;

pub(super) const DISK_FULL: Scenario = Scenario {
    name: "disk-full",
    title: "the disk below the owner's state folder is full",
    expected: "the agent needs no disk to own the VIP: it stays, no request is lost",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |_| FULL.into(),
        undo: |_| NOT_FULL.into(),
        cuts_connection: false,
    },
    possible: |_| {
        format!(
            "need=$(du -skx /var/lib/hactl | cut -f 1)\n\
             have=$(sed -n 's/^MemAvailable: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo)\n\
             if [ \"$need\" -gt {COPY_MAX} ] || [ $((need * 2)) -gt \"$have\" ]; then\n\
             \x20 echo \"/var/lib/hactl has $need KiB, too much for a copy in memory\" >&2; exit 1\n\
             fi"
        )
    },
    measure: Measure::Requests,
    budget: |_| Duration::from_millis(50),
    ..USUAL
};

/// By the clock that nobody sets, so that the time comes back right however long it was wrong.
const CLOCK_BACK: &str = r#"if [ -f /run/hactl-drill-clock ]; then
  read -r real up < /run/hactl-drill-clock
  date -s "@$(awk -v real="$real" -v up="$up" '{ printf "%.3f", real + $1 - up }' /proc/uptime)" >/dev/null
  rm -f /run/hactl-drill-clock
fi"#;

pub(super) const CLOCK_STEP: Scenario = Scenario {
    name: "clock-step",
    title: "the owner's clock is set one hour ahead",
    expected: "adverts are timed by a clock that nobody sets: the owner keeps the VIP, no ping is lost",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: |_| "echo \"$(date +%s.%N) $(cut -d ' ' -f 1 /proc/uptime)\" > /run/hactl-drill-clock".into(),
        inject: |_| "date -s \"@$(($(date +%s) + 3600))\" >/dev/null".into(),
        undo: |_| CLOCK_BACK.into(),
        cuts_connection: false,
    },
    possible: |_| {
        "if systemd-detect-virt --quiet --container 2>/dev/null; then \
         echo 'it is a container: its clock is that of the machine below, which others use' >&2; exit 1; fi"
            .into()
    },
    budget: |_| Duration::from_millis(50),
    ..USUAL
};
