//! One page, fetched as `HTTP_GET` would: for `hactl genhash`, which prints the `digest` to write into a configuration.

use std::sync::Arc;

use hactl_engine::conf::config::Global;
use hactl_engine::conf::config::lvs::HttpCheck;
use tokio::time::timeout;

use super::around::Surroundings;
use super::failed::Failed;
use super::http::ask;
use crate::net::http::exchange::{Answer, Wanted};
use crate::net::pace::Meter;

/// Fetches the first url whatever its status, and makes the sum of its body. Blocks, within the check's time.
///
/// # Errors
/// As a failed check tells them.
pub(crate) fn fetch(http: &HttpCheck, global: Global) -> Result<Answer, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failed::Local("no runtime".into(), error))?;
    let url = http.urls.first().ok_or(Failed::NoUrl)?;
    let around = Surroundings { global: Arc::new(global), ..Surroundings::default() };
    let wanted = Wanted { digest: true, text: false };
    let (limit, meter) = (http.connection.timeout, Meter::default());
    let asked = async { timeout(limit, ask(http, url, wanted, &around, &meter)).await };
    runtime.block_on(asked).unwrap_or_else(|_| Err(Failed::late(limit, &meter)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hactl_engine::conf::config::lvs::{Connection, HttpVersion};

    use super::*;

    #[test]
    fn a_check_without_a_url_has_no_page() {
        let (to, timeout) = ("127.0.0.1:80".parse().unwrap(), Duration::from_secs(1));
        let connection = Connection { to, timeout, from: None };
        let http =
            HttpCheck { connection, tls: None, version: HttpVersion::Http11, fast_recovery: false, urls: Vec::new() };
        assert!(matches!(fetch(&http, Global::default()), Err(Failed::NoUrl)));
    }
}
