//! The words of `hactl lab`.

use std::ffi::OsString;

use clap::{Args, Subcommand, ValueEnum};

/// `hactl lab`.
#[derive(Debug, Subcommand)]
pub(crate) enum Lab {
    /// Start the hosts
    Up(LabUp),
    /// Stop them and leave nothing behind
    Down,
    /// Show them
    Status,
    /// Open a shell, or run a command, on a host through SSH
    Ssh {
        /// Host name
        host: String,
        /// Command
        #[arg(trailing_var_arg = true)]
        command: Vec<OsString>,
    },
    /// Run a command in the desk, the client or a host without SSH
    Exec {
        /// desk, client or a host name
        place: String,
        /// Command
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<OsString>,
    },
    /// Cut a host's power, or give it back
    #[command(hide = true)]
    Power {
        /// Host name
        host: String,
        /// What to do
        state: Power,
    },
    /// Make a host's switch port lead nowhere, or whole again
    #[command(hide = true)]
    Port {
        /// Host name
        host: String,
        /// What to do
        state: Port,
    },
}

/// Power of a lab host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Power {
    /// Boot it.
    On,
    /// Cut it.
    Off,
}

/// Switch port of a lab host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Port {
    /// On the bridge.
    Light,
    /// Off the bridge, link up.
    Dark,
}

/// `hactl lab up`.
#[derive(Debug, Args)]
pub(crate) struct LabUp {
    /// Host names; the number at the end becomes the last octet
    #[arg(long, value_delimiter = ',', default_value = "lb-5,lb-6,web-7,web-8")]
    pub hosts: Vec<String>,
    /// IPv4 subnet of the lab
    #[arg(long, default_value = "10.0.0.0/24")]
    pub subnet: ipnet::Ipv4Net,
}
