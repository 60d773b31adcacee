//! The grammar of `hactl role` and `hactl template`.

use clap::Subcommand;

/// `hactl role`.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Every role, with what it is for; those beside the inventory first
    List,
    /// A role as it is written: copy it to `roles/NAME/role.yaml` beside the inventory and change it
    Show {
        /// Its name
        name: String,
    },
}

/// `hactl template`.
#[derive(Debug, Subcommand)]
pub(crate) enum Template {
    /// Every template, with its roles and where its file goes
    List,
    /// A template as it is written: copy it to `templates/NAME` beside the inventory and change it
    Show {
        /// Its name
        name: String,
    },
    /// What templates can use on a host, as they write it, with its values; secrets are `…`. Besides these each role
    /// has its own `params`, which `role show` lists
    Variables {
        /// Host of the inventory
        host: String,
    },
}
