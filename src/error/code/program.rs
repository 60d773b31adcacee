//! Codes of this program, and of the agent on its own host: 0 to 99.

macro_rules! program_codes {
    ([$next:ident $($rest:ident)*] $($before:tt)*) => { $next! { [$($rest)*] $($before)*

        // --- this program, and the agent on its own host ---
        /// A local system call failed, or hactl has a bug; the message says which.
        /// Nothing is known to be damaged. If it comes again with the same input, please report it with the message.
        Internal = "E001", "internal failure";
        /// The command was ended by a signal before it was done.
        /// What it had begun on hosts was taken back; `hactl status` shows how things stand.
        Interrupted = "E009", "interrupted";
        /// The agent could not start because the kernel refused something it needs: a raw socket, netlink, a namespace.
        /// Without it no address is owned here. It needs root, or the capabilities of its systemd unit.
        AgentStart = "E010", "the agent cannot start";
        /// The control socket cannot be made, most often because another agent listens on it.
        /// Two agents with one state folder would fight for the same addresses.
        /// Stop the other one, or give this one `--socket` and `--state-dir` of its own.
        ControlSocket = "E011", "no control socket";
        /// `--signum` takes the names that keepalived gives to signals, such as RELOAD or DATA.
        UnknownSignal = "E012", "unknown name of a signal";
        /// `hactl agent listen` or `hactl check --listen` could not open a raw socket there. It needs root, and an
        /// interface that exists.
        CannotListen = "E013", "cannot listen for adverts";
        /// The network namespace that `net_namespace` names cannot be entered. Outside it the addresses would be live
        /// in the wrong place, so the agent does not start. `ip netns list` shows what there is.
        NoNamespace = "E014", "network namespace not entered";
        /// `net_namespace_ipvs` would put the virtual servers into another namespace than the addresses, which hactl
        /// cannot do. Run a second agent with `net_namespace` for them, or leave the line out.
        TwoNamespaces = "E015", "virtual servers in a namespace of their own";
        /// A key file of `auth_hmac` cannot be used: it is missing, empty, or can be read by others than its owner.
        /// Without the key no advert could be signed or trusted. It belongs to root, with mode 600.
        KeyFile = "E016", "key file of auth_hmac";
        /// The configuration file cannot be read, or has lost what the running agent needs (a reload or upgrade to it
        /// would give addresses up). The running agent, if there is one, goes on as it was. `hactl check FILE` says
        /// what is wrong with a file.
        ConfigUnusable = "E017", "configuration not usable";
        /// `hactl agent probe` asked a web server and got no answer, or an error of the server (status 500 and above).
        /// Nginx's check uses it: the load balancer then lowers its priority. Ask by hand: `curl -v URL`.
        ProbeFailed = "E018", "the probe got no good answer";
        /// `genhash` could not fetch the page whose digest it should print. `curl -v` shows what answers there.
        GenhashFailed = "E019", "page for genhash not fetched";
        /// `hactl agent call` reads one request of the control protocol as JSON, as the desk of the same version sends
        /// it. An older agent does not know the requests of a newer desk: `hactl deploy` brings both together.
        NotARequest = "E020", "not a request to an agent";
        /// `hactl agent certificates` cannot begin: what is ordered, or its own folder, cannot be read or written, or
        /// another run is at work. A deploy writes the orders; `systemctl list-timers hactl-certificates.timer` shows
        /// when it runs next.
        NoCertificateRun = "E021", "certificates not looked after";
        /// What was typed is no command of hactl's, or an option or a value does not belong there. Nothing was done.
        /// `hactl --help` lists the commands, `hactl COMMAND --help` what each takes.
        WrongUsage = "E022", "command line not understood";
        /// `hactl dashboard` cannot listen at the port of the loopback that `--port` names: most often another program
        /// does. Nothing was contacted. Without `--port` it takes one that is free; `ss -tlnp` shows who has it.
        NoDashboardPort = "E023", "port of the dashboard taken";
    } };
}
