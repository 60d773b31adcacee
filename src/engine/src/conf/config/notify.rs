//! Commands that are run on changes of state, who runs them, and the FIFOs that are told.

/// A user and optional group that a script runs as, by name or number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptUser {
    /// User name or numeric id.
    pub user: String,
    /// Group name or numeric id; the user's own group when absent.
    pub group: Option<String>,
}

/// A command and its arguments; run directly, not through a shell.
pub type Argv = Vec<String>;

/// Commands run on state changes. The generic one gets `INSTANCE|GROUP NAME STATE PRIORITY` appended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notify {
    /// `notify_master`.
    pub master: Option<Argv>,
    /// `notify_backup`.
    pub backup: Option<Argv>,
    /// `notify_fault`.
    pub fault: Option<Argv>,
    /// `notify_stop`.
    pub stop: Option<Argv>,
    /// `notify_deleted`: a reload took the instance out of the file; `notify_stop` stands in for it.
    pub deleted: Option<Argv>,
    /// `notify_master_rx_lower_pri`: a master heard a master with a lower claim.
    pub master_rx_lower_pri: Option<Argv>,
    /// `notify`: any change, with the arguments appended.
    pub any: Option<Argv>,
    /// `takeover_start`, hactl's own: what whoever becomes master does, one step after another; each one's end is told.
    pub takeover_start: Vec<Script>,
    /// `takeover_stop`: the same for whoever is not master, or not any more.
    pub takeover_stop: Vec<Script>,
    /// `notify_priority_changes`: `notify` and the FIFOs also hear of changes of priority alone.
    pub priority_changes: bool,
    /// Who runs them, where a line names a user of its own.
    pub users: NotifyUsers,
}

/// The user named after a notify script; `script_user` when absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotifyUsers {
    /// For `notify_master`.
    pub master: Option<ScriptUser>,
    /// For `notify_backup`.
    pub backup: Option<ScriptUser>,
    /// For `notify_fault`.
    pub fault: Option<ScriptUser>,
    /// For `notify_stop`.
    pub stop: Option<ScriptUser>,
    /// For `notify_deleted`.
    pub deleted: Option<ScriptUser>,
    /// For `notify_master_rx_lower_pri`.
    pub master_rx_lower_pri: Option<ScriptUser>,
    /// For `notify`.
    pub any: Option<ScriptUser>,
}

/// A program that is run on a change, and who runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Command and arguments; run directly, not through a shell.
    pub argv: Argv,
    /// Who runs it; `script_user` when absent.
    pub user: Option<ScriptUser>,
}

/// A named pipe that gets one line an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fifo {
    /// Path; made when it is not there.
    pub path: String,
    /// `…_script`: started with the path as last argument, to read from it.
    pub script: Option<Argv>,
    /// Who runs it.
    pub user: Option<ScriptUser>,
}
