//! Codes of SSH, of keepalived.conf, and of what is found before anything is changed: 200 to 499.

macro_rules! hosts_codes {
    ([$next:ident $($rest:ident)*] $($before:tt)*) => { $next! { [$($rest)*] $($before)*

        // --- SSH ---
        /// No TCP connection to the host: it is down, a firewall drops it, or nothing listens. Nothing was changed on
        /// it.
        Unreachable = "E201", "no connection to the host";
        /// The host's key is in no known_hosts file, so it cannot be told from an impostor.
        /// Compare the fingerprint with the host's own (`ssh-keyscan` on its console), then `ssh` to it once, or
        /// `--accept-new-host-keys`.
        HostKeyUnknown = "E202", "host key not known";
        /// The host shows another key than the one recorded: it was installed anew, or somebody is in between.
        /// Find out which before you remove the old line with `ssh-keygen -R`. Nothing was sent to it.
        HostKeyChanged = "E203", "host key changed";
        /// A new host key was accepted but could not be written to known_hosts, so the next connection would ask again.
        HostKeyUnrecorded = "E204", "host key not recorded";
        /// The host does not let this user in: it takes none of the keys and passwords that were shown to it, wants a
        /// second factor, or took the key and ended the connection. sshd tells the reason to its own log only:
        /// `journalctl -u ssh` there. `ssh-copy-id` puts a key there.
        LoginRefused = "E205", "login refused";
        /// Something answers, but the SSH connection ends before anybody is logged in. `ssh -v` shows how far it comes.
        HandshakeFailed = "E206", "the SSH connection ends before the login";
        /// The user is logged in but cannot become root by sudo. The agent, its unit and nginx's files belong to root.
        NotRoot = "E207", "cannot become root";
        /// A file of known host keys cannot be read; without it an impostor could not be told from a known host.
        KnownHosts = "E208", "known host keys not readable";
        /// The user is logged in, but the host runs no command: a restricted shell, a forced command, a full disk, or a
        /// limit (MaxSessions of sshd, processes of the user).
        NoCommands = "E209", "the host runs no commands";
        /// The connection ended, was silent for too long, or sent too much while a step was running.
        /// What the step did is not known; the deploy takes it back, and `hactl status` shows how things stand.
        ConnectionLost = "E210", "the connection was lost in the middle";
        /// `ssh -G` could not say what ~/.ssh/config has for a host. Mend the file: the command shows the same error.
        SshConfig = "E211", "~/.ssh/config not usable";
        /// ~/.ssh/config reaches the host by ProxyCommand. hactl speaks SSH itself and runs no such command: use
        /// ProxyJump.
        ProxyCommand = "E212", "reached by ProxyCommand";
        /// The host shows a key that known_hosts marks as revoked: somebody else may have it. Give the host a new key.
        HostKeyRevoked = "E213", "host key revoked";
        /// The host's certificate is signed by a known authority, but for another host, another time, or for users.
        HostCertificate = "E214", "host certificate does not fit";
        /// The key file that the inventory names for the login cannot be read, or is no key. No other is tried instead.
        LoginKey = "E215", "login key not readable";
        /// The jump hosts lead to each other in a circle, and the first one is never reached.
        JumpCircle = "E216", "jump hosts in a circle";
        /// The source of a secret (a variable, file or command) gave none. The inventory names it, so it is needed.
        SecretMissing = "E230", "secret not available";

        // --- keepalived.conf ---
        /// The configuration has a fault with which keepalived would not start, or not do what the line says. The
        /// message says what is expected; the agent does not start with it, and a running one keeps the configuration
        /// before.
        ConfigFault = "E301", "fault in the configuration";
        /// The configuration has something that is read differently than it looks, or is ignored. The agent starts with
        /// it.
        ConfigDoubt = "W301", "doubt about the configuration";
        /// The file is empty, or not one of its lines begins with a keyword: an agent with it would own nothing.
        NotAConfig = "E302", "neither an inventory nor a keepalived.conf";
        /// A program that the configuration names cannot be run on this host; what depends on it is left out.
        ProgramMissing = "W303", "a program is missing";
        /// The configurations of two load balancers differ where they must agree: neither would hear the other, and
        /// both would be master.
        PairDisagrees = "E304", "a pair that does not agree";
        /// The configurations of two load balancers differ where they better agree; the message says what comes of it.
        PairDiffers = "W304", "a pair that differs";
        /// An interface that the configuration names is not on this host. What stands on it waits until it exists.
        InterfaceMissing = "W305", "an interface is missing";
        /// A user or group that should run a script is not on this host, and the script is not run.
        UserMissing = "W306", "a user or group is missing";
        /// A tracked file is not on this host; it counts as 0 until it exists.
        FileMissing = "W307", "a tracked file is missing";
        /// A script runs as root and can be written by somebody else, who thereby becomes root.
        /// Set `enable_script_security`, and give the file and its folders to root.
        ScriptWritable = "W308", "a script that others can write runs as root";
        /// The network namespace of `net_namespace` is not on this host, and the agent would refuse to start.
        NamespaceMissing = "W309", "a network namespace is missing";
        /// A script ends keepalived by its name, and under hactl no process is called so: the addresses would stay.
        /// Write `hactl agent resign`, which hands them over without a gap.
        StopsNothing = "W310", "a script that stops nothing";
        /// `enable_script_security` keeps root from running a script that others can write; the check is left out.
        ScriptRefused = "W311", "a script is not run for its permissions";

        // --- before anything is changed ---
        /// No agent answers on the control socket. `systemctl status hactl-agent` says whether it runs, `journalctl -u
        /// hactl-agent` why not.
        NoAgent = "E401", "no agent answers";
        /// The agent understood the order and refuses it; the message says why, and nothing was changed.
        AgentRefused = "E402", "the agent refuses";
        /// The new binary did not come up as agent, and the one before went on by itself. No address moved.
        UpgradeUndone = "E403", "upgrade taken back";
        /// After an upgrade nobody answers any more. The addresses stay where they are, with nobody to look after them:
        /// put the binary from before back and `systemctl restart hactl-agent`.
        UpgradeSilent = "E404", "nobody answers after an upgrade";
        /// Files could not be staged on a host. Nothing live was changed, and the VIP keeps serving.
        StageFailed = "E410", "staging failed";
        /// What a host has could not be found out, so no plan can be made for it.
        CannotExamine = "E411", "host not examined";
        /// The host's services are not managed by systemd, and hactl's units would not be started.
        NoSystemd = "E412", "no systemd";
        /// A package is needed, and neither apt-get, dnf nor yum is there to install it.
        NoPackageManager = "E413", "no package manager";
        /// There is not enough room for the new files beside the old ones.
        NoSpace = "E414", "not enough space";
        /// A machine outside the inventory answers for the VIP. Two machines with one address would fight for it.
        /// Find it by its hardware address (`ip neigh`), or choose another VIP.
        Stranger = "E415", "a stranger answers for the VIP";
        /// The load balancer that is to take the VIP has no agent that answers with this instance.
        NoInstance = "E416", "no agent for this VIP";
        /// The load balancer that is to take the VIP is in FAULT and cannot be owner; the message names the reasons.
        TargetFault = "E417", "the target is in FAULT";
        /// A program that a role needs is missing on a host. Nothing was changed.
        ToolMissing = "E419", "a program is missing on a host";
        /// Somebody outside the inventory advertises the same VRID on this LAN. With it the pair would follow the
        /// stranger, or fight with it. Choose another `vrid:`. A first deploy listens for it with the program that it
        /// has staged. `hactl plan` stages nothing and listens where a program is already. On the host that they are
        /// typed on, `hactl check FILE --listen` and `hactl agent listen IFACE` listen.
        VridTaken = "E422", "the VRID is in use";
        /// The agent has other addresses than this inventory: the wrong VIP would move. `hactl plan` shows the
        /// differences.
        OtherInventory = "E423", "another inventory is deployed";
        /// A host cannot go back to that generation: it was never in force there, or its way back is not kept any more
        /// (the last five are, and each leads one generation further). Nothing was changed. `hactl history` shows the
        /// generations of each host; `hactl uninstall` goes back to before the first one.
        NoWayBack = "E424", "no way back to that generation";
        /// Which interface carries a VIP only the host knows, and `hactl render` asks nobody: what it prints names a
        /// likely one. `interface:` in the inventory sets it; `hactl plan` asks the host.
        InterfaceAssumed = "W425", "an interface is assumed";
        /// Another program listens on a port that a service of a role needs, so that service could not start.
        /// Stop that program, or give the service another port: `site: { port: … }`, or `port:` of a web host.
        PortTaken = "E426", "a port is taken";
        /// A part of a host's file system that a deploy writes to is read-only. A disk with errors is made so by the
        /// kernel.
        ReadOnly = "E427", "read-only file system";
        /// Packages are to be installed, and another process works with them right now: a person, or the distribution's
        /// own updates. Wait until it has ended, then run the same command again.
        PackagesLocked = "E428", "another process works with packages";
        /// `deploy --plan` carries out exactly what the file says, or nothing. Since it was made the inventory, a role
        /// or a host has changed; the message says what. Make a new plan with `hactl plan --out FILE`, and look at it.
        PlanDiffers = "E429", "not the plan of the file";
        /// The file that `deploy --plan` was given is none that `plan --out` has written, or another version of hactl
        /// wrote it.
        NotAPlan = "E430", "not a file with a plan";
        /// A change of what the load balancers of a VIP must have alike, such as its VRID, that not all of them take
        /// part in, or with the guard off: meanwhile the VIP would have two owners, or none. Deploy all of them
        /// together, with the guard.
        NotTogether = "E431", "a change for all load balancers together";
        /// A host is to be removed that the inventory still has: the other hosts go on as if it were there, and the
        /// next deploy brings everything back to it. Take it out of the inventory first, deploy, then remove it.
        StillWanted = "W432", "still in the inventory";
        /// Load balancers that were not asked may have the key that signs adverts, and another one would make them deaf
        /// to each other. Deploy without `--limit`, or when all of them answer.
        KeyUnknown = "E433", "the key that signs adverts is not known";
        /// The clocks of load balancers are further apart than signed adverts may be, so they would not believe each
        /// other. Set them (`timedatectl`, `chronyc tracking`), or allow more: `auth: { hmac: { window: 30s } }`,
        /// `replay: monotonic`.
        ClocksDiffer = "E434", "clocks too far apart for signed adverts";

        /// None of the hosts that were named for an import has a keepalived.conf with a virtual router. Name the load
        /// balancers. A file elsewhere than in /etc/keepalived is found by the command line of keepalived's process.
        NoKeepalived = "E441", "no keepalived to read";
        /// What an inventory would make of a host is not what runs there. The message has both. Where two load
        /// balancers differ in it already, make them alike first; else change the inventory, or its template.
        RunsOtherwise = "W442", "it runs otherwise";
        /// A line of a keepalived.conf that no key of the inventory stands for and that hactl does not do, or an
        /// included file that could not be read. What it did will not be done after a takeover.
        NotCarriedOver = "W443", "a line is not carried over";
        /// keepalived owns none of the inventory's load balancers' addresses: it does not run there. `hactl deploy`
        /// needs no takeover.
        NothingToTakeOver = "E444", "nothing to take over";
        /// What would be rendered differs from what keepalived runs with in something that two routers must have alike
        /// (VRID, version, interval, password, addresses, unicast). While one is replaced they would not hear each
        /// other. Take over what runs, with an inventory of `hactl import`; then change it.
        TakeoverDiffers = "E445", "not alike while it is taken over";
        /// A keepalived runs that its unit does not know of: it was started by hand or by another supervisor. Stopping
        /// the unit would leave it there beside hactl. Stop it, and start the unit.
        OutsideItsUnit = "E446", "keepalived runs outside its unit";
        /// A load balancer that is to change first owns an address as well, so nobody could take that over without a
        /// gap. Let one of them own all addresses first, or accept the gap with `--accept-gap`.
        NobodyFree = "E447", "no load balancer is free of addresses";
    } };
}
