//! The words of `hactl dashboard`.

use clap::Args;

/// `hactl dashboard`.
#[derive(Debug, Args)]
pub(crate) struct Dashboard {
    /// Port of the loopback; one that is free when absent
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// Show everything and carry nothing out
    #[arg(long)]
    pub read_only: bool,
}
