//! Raises the limit of open files, so that thousands of checks can wait at a time for the servers of a dead rack.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit to what is permitted. With the usual 1,024 files a check of a healthy server could fail because no
/// socket is left.
pub(crate) fn make_room() {
    let lifted = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(now, permitted)| {
        if now < permitted { setrlimit(Resource::RLIMIT_NOFILE, permitted, permitted) } else { Ok(()) }
    });
    if let Err(error) = lifted {
        tracing::warn!("the limit on open files stays as it is ({error}): many checks at a time may lack a socket");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn afterwards_nothing_more_is_permitted() {
        make_room();
        let (now, permitted) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(now, permitted);
    }
}
