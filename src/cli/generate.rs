//! Shell completions, generated from the same definition as the help.

use std::io;

use clap_complete::Shell;

/// Writes the completion script of one shell.
pub fn completions(shell: Shell, out: &mut dyn io::Write) {
    clap_complete::generate(shell, &mut super::command(), "hactl", out);
}
