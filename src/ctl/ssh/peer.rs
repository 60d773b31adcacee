//! Who is connected to: a name for people, the place, and the commands that lead there when they are typed as they
//! stand.

use std::fmt::Write as _;
use std::path::Path;

use crate::ctl::cluster::Ssh;
use crate::ctl::remote::quote;

/// A host, or a jump host, as it is logged in to.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// Name for people.
    pub name: String,
    /// What is connected to.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// Through what.
    jump: Option<String>,
    /// The key that the inventory names.
    key: Option<String>,
    is_jump: bool,
}

impl Peer {
    /// A host under its name at an address.
    pub(super) fn new(name: &str, address: String, login: &Ssh) -> Self {
        Self {
            name: name.to_owned(),
            address,
            port: login.port,
            user: login.user.clone(),
            jump: login.jump.clone(),
            key: login.key.as_ref().map(|path| path.display().to_string()),
            is_jump: false,
        }
    }

    /// The same as a jump host.
    pub(super) fn jump_host(self) -> Self {
        Self { is_jump: true, ..self }
    }

    /// Whether it is a jump host: what the inventory says of it stands elsewhere.
    pub(super) fn is_jump(&self) -> bool {
        self.is_jump
    }

    /// OpenSSH's command that goes the same way, with more options (`-v `) before the destination.
    pub(super) fn ssh(&self, options: &str) -> String {
        let mut command = format!("ssh {options}");
        if self.port != 22 {
            let _ = write!(command, "-p {} ", self.port);
        }
        if let Some(jump) = &self.jump {
            let _ = write!(command, "-J {} ", quote(jump));
        }
        if let Some(key) = &self.key {
            let _ = write!(command, "-i {} ", quote(key));
        }
        command + &self.destination()
    }

    /// What puts a public key there, where the host lets somebody in by a password.
    pub(super) fn copy_key(&self, key: Option<&Path>) -> String {
        let mut command = "ssh-copy-id ".to_owned();
        if let Some(key) = key {
            let _ = write!(command, "-i {} ", quote(&key.display().to_string()));
        }
        if self.port != 22 {
            let _ = write!(command, "-p {} ", self.port);
        }
        if let Some(jump) = &self.jump {
            let _ = write!(command, "-o ProxyJump={} ", quote(jump));
        }
        command + &self.destination()
    }

    fn destination(&self) -> String {
        quote(&format!("{}@{}", self.user, self.address))
    }

    /// Where sshd's own words about a login are: Debian calls the unit ssh, others sshd.
    pub(super) fn log(&self) -> String {
        format!("as root on {}: `journalctl -u ssh -u sshd -n 20`", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::inventory::hosts::default_ssh;

    #[test]
    fn commands_can_be_typed_as_they_stand() {
        let peer = Peer::new("lb-6", "10.0.0.6".into(), &default_ssh());
        assert_eq!(peer.ssh("-T "), "ssh -T root@10.0.0.6");
        assert_eq!(peer.copy_key(None), "ssh-copy-id root@10.0.0.6");
        let login = Ssh {
            user: "ops".into(),
            port: 2222,
            jump: Some("ann@10.0.0.7:2200".into()),
            key: Some("/k y".into()),
            ..default_ssh()
        };
        let peer = Peer::new("lb-6", "10.0.0.6".into(), &login);
        assert_eq!(peer.ssh("-v "), "ssh -v -p 2222 -J ann@10.0.0.7:2200 -i '/k y' ops@10.0.0.6");
        let copy = peer.copy_key(Some(Path::new("/k.pub")));
        assert_eq!(copy, "ssh-copy-id -i /k.pub -p 2222 -o ProxyJump=ann@10.0.0.7:2200 ops@10.0.0.6");
    }
}
