//! Programs and files of the configuration that the agent may only use with care. [`permit`](mod@permit) decides
//! whether a program may be run and as whom, [`run`] runs it; notify scripts and those of start and stop are run from
//! here, checks from `check` and `track`. Whether a secret may be read, and how a state file is replaced, stands here
//! too.

pub(crate) mod error;
pub(crate) mod heard;
pub(crate) mod notify;
pub(crate) mod permit;
pub(crate) mod run;
pub(crate) mod secret;
pub(crate) mod state_file;
pub(crate) mod successor;
pub(crate) mod timed;
