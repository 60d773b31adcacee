//! What agents tell, for tests of the views.

use hactl_engine::control::{AgentStatus, InstanceStatus, RouterState};
use hactl_engine::notice::{Notice, What};
use hactl_engine::seen::Sight;

/// 2023-11-14 22:13:20 UTC.
pub(crate) const T: u64 = 1_700_000_000_000;

pub(crate) fn router(state: RouterState, priority: u8, reason: &str) -> InstanceStatus {
    InstanceStatus {
        name: "VI_1".into(),
        state,
        interface: "eth0".into(),
        vrid: 51,
        base_priority: priority,
        effective_priority: priority,
        advert_interval_ms: 1000,
        addresses: vec!["10.0.0.3/24".into()],
        master: None,
        master_priority: None,
        last_advert_ms: None,
        last_transition: Some(T - 190_000),
        last_reason: Some(reason.into()),
        fault_reasons: Vec::new(),
        pinned: None,
        group: None,
        lease_ms: None,
        answered_by: None,
        withheld: false,
        wire: None,
        signing: None,
        counters: Default::default(),
    }
}

pub(crate) fn agent(router: InstanceStatus) -> Sight {
    let status = AgentStatus {
        version: "0.1.0".into(),
        pid: 7,
        started_unix_s: 1_699_990_000,
        now_unix_ms: T,
        config: "/etc/hactl/hactl.conf".into(),
        warnings: Vec::new(),
        instances: vec![router],
        groups: Vec::new(),
        strangers: Vec::new(),
        scripts: Vec::new(),
        files: Vec::new(),
        processes: Vec::new(),
        safety: None,
        virtual_servers: Vec::new(),
        timing: Default::default(),
    };
    Sight::State { status: Box::new(status) }
}

pub(crate) fn entered(from: RouterState, to: RouterState, reason: &str, priority: u8) -> Sight {
    let what = What::Entered { from, to, reason: reason.into(), priority, lasted_ms: 190_000 };
    Sight::Notice { notice: Notice { instance: "VI_1".into(), what } }
}
