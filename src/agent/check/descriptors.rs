//! Room for the connections of thousands of checks that all wait for a dead rack.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Lifts the limit on open files to what is permitted: at the usual 1,024 servers that are well would count as dead for want of a socket.
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
