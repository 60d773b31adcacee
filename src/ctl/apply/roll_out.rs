//! The order in which hosts change.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::activate::{Turn, activate};
use super::balancers::balancers;
use super::beginning::promote;
use super::canary;
use super::order::Canary;
use super::work::Work;
use crate::ctl::cluster::{Group, Host};
use crate::ctl::desk::Desk;
use crate::ctl::operate::drain;
use crate::ctl::progress::Event;
use crate::error::{Exit, Failure, Problem};

/// Web hosts without anything of ours that change at a time.
const NEW: usize = 16;

/// How fast it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace<'o> {
    /// Web hosts at a time.
    pub batch: usize,
    /// The host that goes first, alone.
    pub canary: Option<&'o Canary>,
    /// How long a host, and then the cluster, may take to come to rest.
    pub patience: Duration,
    /// VIPs that nobody has.
    pub free: &'o BTreeSet<String>,
}

/// What a host's turn is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It has no VIP: several may change at a time.
    Plain,
    /// It may own a VIP that is not the load balancers'.
    Carrier,
    /// A load balancer.
    Balancer,
}

/// The canary, web hosts in batches, others that carry a VIP, then load balancers: among those with a VIP backups
/// first, the live owner last. Where all that changes is new and nobody owns a VIP, the others follow the first one at
/// once.
///
/// # Errors
/// What failed; the caller takes everything back.
pub(super) async fn roll_out(work: &Work<'_>, turns: &[Turn], pace: Pace<'_>) -> Result<(), Failure> {
    let Pace { batch, canary, patience, free } = pace;
    let mut turns: Vec<&Turn> = turns.iter().collect();
    if let Some(canary) = canary {
        let first: Vec<&Turn> = turns.extract_if(.., |turn| turn.host == canary.host).collect();
        web_hosts(work, &of(work, &first, Kind::Plain), 1, patience).await?;
        owners(work, of(work, &first, Kind::Carrier), patience).await?;
        owners(work, of(work, &first, Kind::Balancer), patience).await?;
        canary::watch(work, canary, patience).await?;
    }
    if canary.is_none() && turns.iter().all(|turn| turn.begins()) {
        return beginners(work, &turns, patience, free).await;
    }
    web_hosts(work, &of(work, &turns, Kind::Plain), batch, patience).await?;
    owners(work, of(work, &turns, Kind::Carrier), patience).await?;
    owners(work, of(work, &turns, Kind::Balancer), patience).await
}

/// Nobody serves yet, so nobody's turn matters but that of the first with a VIP. Where it is not known that nobody has
/// the VIP it listens for some seconds before it claims it, so it begins, and the others follow all at once.
async fn beginners(
    work: &Work<'_>,
    turns: &[&Turn],
    patience: Duration,
    free: &BTreeSet<String>,
) -> Result<(), Failure> {
    let webs = of(work, turns, Kind::Plain);
    let activations = webs.iter().map(|turn| async move {
        let result = activate(work, turn, patience).await;
        if result.is_ok() {
            done(work.desk, turn);
        }
        result
    });
    let mut chains: Vec<(Vec<&Turn>, Vec<&Turn>)> = Vec::new();
    for kind in [Kind::Carrier, Kind::Balancer] {
        let mut others = of(work, turns, kind);
        let first: Vec<&Turn> = others.drain(..others.len().min(1)).collect();
        owners(work, first.clone(), patience).await?;
        chains.push((first, others));
    }
    let rest = chains.iter().map(|(first, others)| async move {
        let follow = async {
            owners(work, others.clone(), patience).await?;
            promote_all(work, others, free).await;
            Ok::<_, Failure>(())
        };
        let ((), followed) = tokio::join!(promote_all(work, first, free), follow);
        followed
    });
    let (chains, webs) = tokio::join!(join_all(rest), work.desk.at_once(activations));
    let problems = chains.into_iter().filter_map(Result::err).flat_map(|failure| failure.problems);
    let problems: Vec<Problem> = problems.chain(webs.into_iter().filter_map(Result::err)).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::RolledBack, problems }) }
}

async fn promote_all(work: &Work<'_>, turns: &[&Turn], free: &BTreeSet<String>) {
    for turn in turns {
        promote(work, &turn.host, free).await;
    }
}

/// The other way round, for hosts that are left empty: as long as somebody answers for the VIP there shall be something
/// behind it.
///
/// # Errors
/// As [`roll_out`].
pub(super) async fn take_down(work: &Work<'_>, turns: &[Turn], patience: Duration) -> Result<(), Failure> {
    let turns: Vec<&Turn> = turns.iter().collect();
    owners(work, of(work, &turns, Kind::Balancer), patience).await?;
    owners(work, of(work, &turns, Kind::Carrier), patience).await?;
    web_hosts(work, &of(work, &turns, Kind::Plain), 1, patience).await
}

fn of<'t>(work: &Work<'_>, turns: &[&'t Turn], kind: Kind) -> Vec<&'t Turn> {
    let cluster = &work.desk.cluster;
    let kind_of = |host: &Host| match host.group {
        Group::Lb => Kind::Balancer,
        Group::Web if cluster.runs_agent(host) => Kind::Carrier,
        Group::Web => Kind::Plain,
    };
    let is = |turn: &&Turn| cluster.host(&turn.host).is_some_and(|host| kind_of(host) == kind);
    turns.iter().copied().filter(is).collect()
}

async fn web_hosts(work: &Work<'_>, turns: &[&Turn], batch: usize, patience: Duration) -> Result<(), Failure> {
    let desk = work.desk;
    let (new, others): (Vec<&Turn>, Vec<&Turn>) = turns.iter().copied().partition(|turn| turn.new);
    for some in new.chunks(NEW.max(batch)).chain(others.chunks(batch.max(1))) {
        let drained = drain::take_out(desk, some.iter().filter_map(|turn| desk.cluster.host(&turn.host))).await;
        let results = join_all(some.iter().map(|turn| activate(work, turn, patience))).await;
        let back = drain::put_back(desk, drained).await; // whatever came of it: checks judge who serves
        let mut problems = Vec::new();
        for (turn, result) in some.iter().zip(results) {
            match result {
                Ok(()) => done(desk, turn),
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(back.err());
        if !problems.is_empty() {
            return Err(Failure { exit: Exit::RolledBack, problems });
        }
    }
    Ok(())
}

/// Those with a VIP.
async fn owners(work: &Work<'_>, turns: Vec<&Turn>, patience: Duration) -> Result<(), Failure> {
    let outcome = balancers(work, turns, patience, |turn| done(work.desk, turn)).await;
    outcome.map_err(|problem| Failure::one(Exit::RolledBack, problem))
}

fn done(desk: &Desk, turn: &Turn) {
    desk.options.tell(Event::HostDone { host: &turn.host });
    desk.options.tell(Event::Step);
}
