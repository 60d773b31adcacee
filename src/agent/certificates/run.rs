//! One run: what is ordered is compared with what is there, and what is lacking is got.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use data_encoding::HEXLOWER;
use hactl_engine::certificates::{Failed, Held, Order, Orders, STANDING, Standing};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest as _, Sha256};

use super::bundle::{Bundle, stored};
use super::error::{NoRun, NotLoaded};
use super::issue::issue;
use super::judge::{failed, is_due, must_wait, unix_s};
use super::nginx;
use crate::agent::command::state_file::{read_json, write_json};

/// Where everything lies.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// What is ordered.
    pub orders: PathBuf,
    /// The key of the account.
    pub account_key: String,
    /// What was issued, and how it stands.
    pub folder: PathBuf,
    /// Somebody asks by hand: a failure is followed by another try at once.
    pub by_hand: bool,
}

/// For how long a run waits for another one.
const PATIENCE: Duration = Duration::from_secs(50);
/// How often it looks meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Carries it out. What became of each certificate is in what it returns, and in the file of the folder.
///
/// # Errors
/// What keeps it from beginning.
pub(crate) async fn run(settings: &Settings) -> Result<Standing, NoRun> {
    let folder = &settings.folder;
    fs::create_dir_all(folder).map_err(|why| NoRun::Folder { path: folder.clone(), why })?;
    let _lock = lock(&folder.join("lock"), PATIENCE).await?;
    let orders = orders(&settings.orders)?;
    sweep(folder, &orders, SystemTime::now());
    let path = folder.join(STANDING);
    let before: Standing = read_json(&path)?.unwrap_or_default();
    let mut standing = Standing { certificates: Vec::new(), loaded: before.loaded.clone() };
    let mut wanted = Vec::new();
    for order in &orders.certificates {
        let held = before.certificates.iter().find(|held| held.id == order.id);
        let (bundle, failure) = look_after(settings, order, held).await;
        wanted.push((order, bundle));
        standing.certificates.push(said(order, held, wanted.last().and_then(|(_, bundle)| bundle.as_ref()), failure));
        // Before nginx is asked anything: what was issued, and what failed, is known whatever comes next.
        let rest = before.certificates.iter().filter(|held| standing.certificates.iter().all(|now| now.id != held.id));
        let rest = rest.filter(|held| orders.certificates.iter().any(|order| order.id == held.id)).cloned();
        let known = Standing {
            certificates: standing.certificates.iter().cloned().chain(rest).collect(),
            loaded: before.loaded.clone(),
        };
        write_json(&path, &known).map_err(|why| NoRun::Folder { path: path.clone(), why })?;
    }
    if let Err(why) = load(&wanted, &mut standing).await {
        let now = SystemTime::now();
        for held in standing.certificates.iter_mut().filter(|held| held.failure.is_none()) {
            let before = before.certificates.iter().find(|before| before.id == held.id);
            let before = before.and_then(|before| before.failure.as_ref());
            held.failure = Some(failed(why.to_string(), NGINX, before, now));
        }
    }
    write_json(&path, &standing).map_err(|why| NoRun::Folder { path: path.clone(), why })?;
    Ok(standing)
}

fn orders(path: &Path) -> Result<Orders, NoRun> {
    let bytes = fs::read(path).map_err(|why| NoRun::Orders { path: path.into(), why })?;
    serde_json::from_slice(&bytes).map_err(|why| NoRun::NotOrders { path: path.into(), why })
}

/// Takes away what an earlier run left that was killed, and certificates of sites that are gone once they have ended:
/// until then such a site may come back.
fn sweep(folder: &Path, orders: &Orders, now: SystemTime) {
    let files = orders.certificates.iter().map(|order| PathBuf::from(&order.file));
    let ordered: Vec<PathBuf> =
        orders.certificates.iter().map(|order| stored(folder, &order.id)).chain(files).collect();
    let folders: BTreeSet<&Path> = ordered.iter().filter_map(|path| path.parent()).chain([folder]).collect();
    for path in folders.into_iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten()) {
        let path = path.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // What `replace` writes beside a file until it is whole: its name, a process, a time.
        let half =
            name.rsplit_once(".pem.").is_some_and(|(_, rest)| rest.chars().all(|c| c.is_ascii_digit() || c == '.'));
        let ended = || Bundle::read(&path).is_some_and(|bundle| bundle.certificate.until < now);
        let left = path.parent() == Some(folder) && name.ends_with(".pem") && !ordered.contains(&path) && ended();
        if half || left {
            let _ = fs::remove_file(&path); // the next run tries again
        }
    }
}

/// Two runs would ask the authority for the same twice.
pub(super) async fn lock(path: &Path, patience: Duration) -> Result<Flock<File>, NoRun> {
    let said = |why| NoRun::Folder { path: path.into(), why };
    let end = Instant::now() + patience;
    loop {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(said)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((_, Errno::EWOULDBLOCK)) if Instant::now() < end => tokio::time::sleep(LOOK_EVERY).await,
            Err((_, Errno::EWOULDBLOCK)) => return Err(NoRun::Busy(patience)),
            Err((_, errno)) => return Err(said(errno.into())),
        }
    }
}

/// What was issued for an order, now or earlier, and why it is not better.
async fn look_after(settings: &Settings, order: &Order, before: Option<&Held>) -> (Option<Bundle>, Option<Failed>) {
    let path = stored(&settings.folder, &order.id);
    let kept = Bundle::read(&path);
    let now = SystemTime::now();
    let failure = before.and_then(|before| before.failure.clone());
    if !is_due(order, kept.as_ref(), before, now) {
        return (kept, None);
    }
    let ordered = sum(order);
    if let Some(failure) = failure.as_ref().filter(|failure| must_wait(failure, &ordered, settings.by_hand, now)) {
        return (kept, Some(failure.clone()));
    }
    let first = before.and_then(|before| before.directory.as_ref()).is_none_or(|from| *from != order.directory);
    let issued = match issue(order, &settings.account_key, first).await {
        Ok(bundle) => bundle.put(&path).map(|()| bundle).map_err(|why| NotLoaded::File { path, why }.to_string()),
        Err(why) => Err(why.to_string()),
    };
    match issued {
        Ok(bundle) => (Some(bundle), None),
        Err(why) => (kept, Some(failed(why, &ordered, failure.as_ref(), SystemTime::now()))),
    }
}

/// What an order is known by: everything that it says, and what lies in the files that it names.
fn sum(order: &Order) -> String {
    let mut all = serde_json::to_vec(order).unwrap_or_default(); // strings alone can always be written
    let named = order.authorities.iter().chain(order.binding.as_ref().map(|binding| &binding.key_file));
    named.for_each(|path| all.extend(fs::read(path).unwrap_or_default()));
    HEXLOWER.encode(&Sha256::digest(&all))
}

/// Stands for an order where it was nginx that failed: it is asked again by each run.
const NGINX: &str = "nginx";

/// How it stands: what was issued, or what stands in for it.
fn said(order: &Order, before: Option<&Held>, issued: Option<&Bundle>, failure: Option<Failed>) -> Held {
    let stands_in = if issued.is_none() { Bundle::read(Path::new(&order.file)) } else { None };
    let shown = issued.or(stands_in.as_ref()).map(|bundle| &bundle.certificate);
    let fingerprint = shown.map(|one| one.fingerprint.clone()).unwrap_or_default();
    // What was got before the names or the directory changed is still from where it was.
    let same = before.filter(|before| before.fingerprint == fingerprint).and_then(|before| before.directory.clone());
    Held {
        id: order.id.clone(),
        // In the order in which they were asked for.
        names: match issued.filter(|bundle| bundle.is_for(&order.names)) {
            Some(_) => order.names.clone(),
            None => shown.map(|one| one.names.clone()).unwrap_or_default(),
        },
        issuer: shown.map(|one| one.issuer.clone()).unwrap_or_default(),
        from_unix_s: shown.map(|one| unix_s(one.from)).unwrap_or_default(),
        until_unix_s: shown.map(|one| unix_s(one.until)).unwrap_or_default(),
        directory: issued.map(|_| same.unwrap_or_else(|| order.directory.clone())),
        fingerprint,
        failure,
    }
}

/// Gives nginx what was issued, all of it with one reload. What its test refuses is taken back.
async fn load(wanted: &[(&Order, Option<Bundle>)], standing: &mut Standing) -> Result<(), NotLoaded> {
    let issued = || wanted.iter().filter_map(|(order, bundle)| Some((*order, bundle.as_ref()?)));
    let mut formers = Vec::new();
    for (order, bundle) in issued() {
        let path = PathBuf::from(&order.file);
        let former = fs::read(&path).ok();
        let root_alone = fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file() && meta.mode() & 0o077 == 0);
        if former.as_deref() == Some(bundle.text.as_bytes()) && root_alone {
            continue;
        }
        let put = bundle.put(&path).map_err(|why| NotLoaded::File { path: path.clone(), why });
        formers.push((path, former));
        if let Err(why) = put {
            take_back(formers);
            return Err(why);
        }
    }
    let told =
        |order: &Order, bundle: &Bundle| standing.loaded.get(&order.file) == Some(&bundle.certificate.fingerprint);
    let put = |order: &Order| formers.iter().any(|(path, _)| *path == Path::new(&order.file));
    // Also what a run put there that ended before nginx was told.
    let fresh: Vec<_> = issued().filter(|(order, bundle)| put(order) || !told(order, bundle)).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    if let Err(why) = nginx::test() {
        take_back(formers);
        return Err(why);
    }
    if nginx::reload()? {
        for (order, bundle) in fresh {
            let (Some(port), Some(name)) = (order.port, order.names.first()) else { continue };
            nginx::shows(port, name, &bundle.certificate.fingerprint, nginx::RELOAD).await?;
        }
    }
    standing.loaded =
        issued().map(|(order, bundle)| (order.file.clone(), bundle.certificate.fingerprint.clone())).collect();
    Ok(())
}

/// As nginx had it: it may be reloaded or started any time, by anybody.
fn take_back(formers: Vec<(PathBuf, Option<Vec<u8>>)>) {
    for (path, former) in formers {
        let back = match former {
            Some(former) => crate::sys::process::replace::replace_durably(&path, &former),
            None => fs::remove_file(&path),
        };
        if let Err(why) = back {
            tracing::error!("{}: cannot be put back: {why}", path.display());
        }
    }
}
