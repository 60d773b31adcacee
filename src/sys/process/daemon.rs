//! Going to the background: the process forks while it has one thread, and the one that was called waits until the
//! other is up, so that its exit code is true.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};

use nix::fcntl::OFlag;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2, setsid};

/// The process in the background, with somebody waiting for its word.
#[derive(Debug)]
pub(crate) struct Detached {
    caller: File,
}

/// Forks. Returns in the child; the caller's process ends here, with 0 once the child is up, else with the child's exit
/// code.
///
/// # Errors
/// The kernel's. Nothing was forked then.
pub(crate) fn detach() -> io::Result<Detached> {
    let (listen, speak) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: the process has one thread as long as nothing but its arguments was looked at.
    #[expect(unsafe_code, reason = "fork")]
    let side = unsafe { fork()? };
    match side {
        ForkResult::Child => {
            drop(listen);
            setsid()?;
            Ok(Detached { caller: speak.into() })
        }
        ForkResult::Parent { child } => {
            drop(speak);
            let mut word = [0];
            if File::from(listen).read_exact(&mut word).is_ok() {
                std::process::exit(0);
            }
            let code = match waitpid(child, None) {
                Ok(WaitStatus::Exited(_, code)) => code,
                Ok(WaitStatus::Signaled(_, signal, _)) => 128 + signal as i32,
                _ => 1,
            };
            std::process::exit(code)
        }
    }
}

impl Detached {
    /// Lets the caller go. From now on there is no terminal; standard error stays where it is the log.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn came_up(mut self, keep_stderr: bool) -> io::Result<()> {
        let nothing = OpenOptions::new().read(true).write(true).open("/dev/null")?;
        dup2_stdin(&nothing)?;
        dup2_stdout(&nothing)?;
        if !keep_stderr {
            dup2_stderr(&nothing)?;
        }
        match self.caller.write_all(b"1") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()), // it did not wait
            said => said,
        }
    }
}
