//! The register of error codes: each has a number, a title, and a text that says what it means, why it matters and what to
//! do. `hactl explain` prints it. A code means one thing and keeps its number for ever; programs compare [`Code`], never its
//! text.

codes! {
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
    /// `hactl agent listen` could not open a raw socket on the interface. It needs root, and an interface that exists.
    CannotListen = "E013", "cannot listen for adverts";
    /// The network namespace that `net_namespace` names cannot be entered.
    /// Outside it the addresses would be live in the wrong place, so the agent does not start. `ip netns list` shows what there is.
    NoNamespace = "E014", "network namespace not entered";
    /// `net_namespace_ipvs` would put the virtual servers into another namespace than the addresses, which hactl cannot do.
    /// Run a second agent with `net_namespace` for them, or leave the line out.
    TwoNamespaces = "E015", "virtual servers in a namespace of their own";
    /// A key file of `auth_hmac` cannot be used: it is missing, empty, or can be read by others than its owner.
    /// Without the key no advert could be signed or trusted. It belongs to root, with mode 600.
    KeyFile = "E016", "key file of auth_hmac";
    /// The configuration file cannot be read, or has lost what the running agent needs (a reload or upgrade to it would give
    /// addresses up). The running agent, if there is one, goes on as it was. `hactl check FILE` says what is wrong with a file.
    ConfigUnusable = "E017", "configuration not usable";
    /// `hactl agent probe` asked a web server and got no answer, or an error of the server (status 500 and above).
    /// Nginx's check uses it: the load balancer then lowers its priority. Ask by hand: `curl -v URL`.
    ProbeFailed = "E018", "the probe got no good answer";
    /// `genhash` could not fetch the page whose digest it should print. `curl -v` shows what answers there.
    GenhashFailed = "E019", "page for genhash not fetched";
    /// `hactl agent call` reads one request of the control protocol as JSON, as the desk of the same version sends it.
    /// An older agent does not know the requests of a newer desk: `hactl deploy` brings both together.
    NotARequest = "E020", "not a request to an agent";
    /// `hactl agent certificates` cannot begin: what is ordered, or its own folder, cannot be read or written, or another run is at
    /// work. A deploy writes the orders; `systemctl list-timers hactl-certificates.timer` shows when it runs next.
    NoCertificateRun = "E021", "certificates not looked after";

    // --- the inventory and what is typed ---
    /// The inventory is not YAML; the mark stands where reading ended. Indentation by tabs is the most frequent cause.
    InvalidYaml = "E100", "not valid YAML";
    /// A file that was named cannot be read: it is missing, a folder, or not permitted.
    InputUnreadable = "E101", "input file not readable";
    /// The inventory has a key that nothing reads. Most often it is misspelt; the message proposes the nearest one.
    /// An unknown key is refused, because a setting that is silently ignored would be found too late.
    UnknownField = "E102", "unknown field";
    /// A mapping stands where a single value belongs, or the other way; the message shows how it is written.
    WrongShape = "E103", "a mapping, list or value in the wrong place";
    /// A value is not of the kind that belongs there: an address, a number in its range, a time, a name.
    WrongValue = "E104", "a value of the wrong kind";
    /// A host's name becomes part of file names and commands, so it is made of letters, digits, `-` and `.` only.
    HostName = "E105", "not a name for a host";
    /// hactl connects by address, so that it works when name resolution does not. Add `address:` to the host.
    HostAddress = "E106", "a host without address";
    /// A value is none of the words that are possible there; the message lists them.
    UnknownChoice = "E107", "not one of the possible words";
    /// Nobody could own the virtual address. Add `lb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }`.
    NoLoadBalancers = "E108", "no load balancers";
    /// An inventory is about at least one virtual address. Add `vip: 10.0.0.3/24`.
    NoVip = "E109", "no virtual address";
    /// A VIP in long form needs `address:` with a prefix length.
    VipWithoutAddress = "E110", "a VIP without address";
    /// VRRP version 2 (RFC 3768) has neither IPv6 nor intervals below one second. Use `version: 3`.
    VersionTwo = "E111", "not in VRRP version 2";
    /// VRRP version 3 (RFC 9568) has no authentication. Remove `auth`, or use `version: 2`.
    VersionThree = "E112", "not in VRRP version 3";
    /// Version 3 counts intervals in hundredths of a second in twelve bits: 10 ms to 40.95 s.
    Interval = "E113", "interval out of range";
    /// A VIP names a load balancer that the inventory does not have, or that does not serve this VIP.
    UnknownBalancer = "E114", "not a load balancer of this VIP";
    /// A tracked check has a `name` and a `command`, and lowers the priority while the command fails.
    TrackIncomplete = "E115", "a tracked check lacks a part";
    /// A VIP is written with its prefix length, such as 10.0.0.3/24: the load balancers must know which subnet it belongs to.
    VipPrefix = "E116", "a VIP without prefix length";
    /// The VRID is taken from the last octet of the VIP, and 0 is no VRID. Name one: `vrid: 51`.
    NoVrid = "E117", "no VRID can be derived";
    /// Two hosts have one name. Names stand in reports and in other parts of the inventory, so each is unique.
    HostTwice = "E118", "a host's name is used twice";
    /// Two hosts have one address, and the second one would be deployed over the first.
    AddressTwice = "E119", "an address is used twice";
    /// A secret is not written into the inventory, which ends up in version control. Name its source: `prompt`, `{env: NAME}`,
    /// `{file: PATH}` or `{command: PROGRAM}`.
    SecretSource = "E120", "a secret without source";
    /// A VIP must be an address that a host can have: not the subnet's own address, its broadcast, loopback or multicast.
    VipUnusable = "E121", "an address no host can have";
    /// Each VRRP instance has a name of its own in keepalived's language.
    InstanceTwice = "E122", "an instance's name is used twice";
    /// Routers with one VRID on one LAN are one virtual router: two VIPs with one VRID would take each other's place.
    VridTwice = "E123", "a VRID is used twice";
    /// An address can be virtual only once: it would belong to two instances at the same time.
    VipTwice = "E124", "a VIP is listed twice";
    /// A virtual address moves, and a host's own address must not: choose a free one for the VIP.
    VipIsHost = "E125", "the VIP is the address of a host";
    /// Clients would ask for the VIP on a LAN where nobody has it. Take an address of the load balancers' subnet.
    VipElsewhere = "E126", "the VIP is not in the load balancers' subnet";
    /// `lvs` balances over the `web` hosts (or, with `real_servers: lb`, over the directors), and there are none.
    NoRealServers = "E127", "no real servers";
    /// Direct routing and tunnels leave the packet's port as it is, so VIP and real servers serve on one port.
    PortDiffers = "E128", "ports differ where they cannot";
    /// A director that is a real server answers its clients directly, so the answer would not be translated back.
    NatDirectors = "E129", "NAT to the directors themselves";
    /// A role's `role.yaml` cannot be read or has a wrong value. Compare it with the built-in roles.
    RoleFile = "E130", "a role file is wrong";
    /// A host has a role that is neither in the inventory's `roles` folder nor built in.
    UnknownRole = "E131", "unknown role";
    /// A role names a template that is in none of the places where templates are looked for; the message lists them.
    NoTemplate = "E132", "template not found";
    /// A role is given a parameter that it does not have, or a value of another kind.
    RoleParameter = "E133", "a role's parameter is wrong";
    /// A role says which groups it is for (`applies_to`), and this host is in none of them.
    RoleGroup = "E134", "a role for another group";
    /// A template uses a name that is not defined, or has a mistake in its syntax; the message names the place.
    TemplateFailed = "E135", "a template cannot be rendered";
    /// No inventory was named, there is none in this folder, and nothing was deployed from here yet.
    /// Name one with `-i FILE`, or make one: `hactl init > inventory.yaml`.
    NoInventory = "E136", "no inventory";
    /// A list names the same thing twice; its order would be ambiguous.
    NamedTwice = "E137", "named twice";
    /// `drain` and `undrain` name a real server of this cluster.
    NoSuchRealServer = "E138", "no such real server";
    /// The agent travels to hosts as one static binary, and none was found here.
    /// A program linked against this machine's libraries would not start on older hosts. `make build` makes it.
    NoBinary = "E140", "no static binary to send";
    /// A host, role or file that was named is not one of this inventory (`--limit`, `--only`, `render`), so nothing was done.
    NothingSelected = "E141", "the selection names nothing";
    /// Changes are pending, and there is no terminal at which to ask. `-y` carries them out.
    NotConfirmed = "E142", "changes are not confirmed";
    /// The order is about a load balancer, and the inventory has none of that name.
    NoSuchBalancer = "E143", "no such load balancer";
    /// Only LVS can take a real server out by a word to its directors; with nginx `hactl backend drain` writes it into the inventory, and
    /// reloads nginx without a lost request.
    NotDrainable = "E144", "this cluster cannot drain";
    /// The longest gap is only seen by whoever asks for a while: `--max-gap` needs `--for`.
    GapWithoutTime = "E145", "--max-gap without --for";
    /// The inventory has no such VIP, or the named load balancer does not serve it.
    NoSuchVip = "E146", "no such VIP";
    /// Browsers speak HTTPS on port 443, and the deployed nginx would speak plain HTTP there.
    PlainOn443 = "E147", "plain HTTP on port 443";
    /// The load balancers would have nobody to send requests to, and nginx refuses such a configuration.
    NoWebHosts = "E148", "no web hosts";
    /// Passwords of VRRP version 2 have eight characters on the wire; the rest would be ignored in silence.
    PasswordLength = "E149", "a password that is too long";
    /// A key that signs adverts is short. Who records adverts can try guesses without end; `openssl rand -hex 32` prints a good one.
    KeyShort = "E150", "a short key";

    /// `hactl import --out` writes over nothing: what is there may be an inventory that somebody has changed by hand.
    WouldOverwrite = "E155", "a file would be overwritten";
    /// A file of an import cannot be written: no permission, no space, or it is there already. Name another folder with `--out`.
    CannotWrite = "E156", "a file cannot be written";
    /// A pool of servers lists none that is used while all is well, so its requests would have nowhere to go, and nginx would refuse the
    /// whole configuration. `pools: { api: { servers: [web-7:8080, 10.0.0.21:9000] } }`.
    PoolEmpty = "E160", "a pool without servers";
    /// One address and port stands in a pool more than once. A greater share is a `weight`.
    ServerTwice = "E161", "a server is in a pool twice";
    /// Servers of a pool are hosts of the inventory, with a port where it is another one, or addresses with a port.
    UnknownServer = "E162", "not a server";
    /// A site, a location or a stream names a pool that `pools:` does not have. The pool `web`, all web hosts, is there by itself.
    UnknownPool = "E163", "no such pool";
    /// A site says neither where its requests go nor what becomes of single paths.
    SiteEmpty = "E164", "a site with nothing to answer";
    /// A site is for an address that no load balancer of the inventory ever has.
    SiteUnreachable = "E165", "a site that nobody can reach";
    /// Two sites, or a site and a stream, want the same: nginx would ask only one of them, or refuse the whole configuration.
    NameTwice = "E166", "two sites in one place";
    /// A site lists one path more than once, and nginx would refuse the whole configuration. What both say belongs into one of them.
    PathTwice = "E167", "a path is listed twice";
    /// A certificate or its key cannot be used: it is missing, damaged, or they do not belong together.
    BadCertificate = "E168", "certificate or key not usable";
    /// A certificate is not for a name of its site. Browsers would refuse the site under that name.
    CertificateNames = "E169", "a certificate for other names";
    /// A certificate has ended, or does not hold yet. Browsers refuse the site.
    CertificateExpired = "E170", "a certificate that does not hold";
    /// A certificate ends within 21 days. Renew it, put it in its place and deploy: no request is lost by that.
    CertificateEnds = "W171", "a certificate ends soon";
    /// The inventory says one thing in its short and in its long form, or nginx's part where the kernel balances.
    TwoForms = "E172", "two forms that exclude each other";
    /// A certificate is to be had by ACME (`tls: { acme: … }`) for a site that an authority cannot ask by HTTP-01: it asks each name of
    /// the site on port 80. A wildcard, an address or every name (`_`) cannot be asked for; such a site has `certificate` and `key`.
    NotByAcme = "E173", "not to be had by ACME";
    /// `hactl backend` names a server that no pool has, or not the pool that was named. `hactl backend list` shows them all.
    NoSuchBackend = "E180", "no such server in a pool";
    /// A pool would be left without a server that serves, so every request for it would fail. Add or undrain another one first.
    LastBackend = "E181", "the last server of a pool";
    /// A server is written in the inventory in a way that `hactl backend` does not change by itself, such as by an alias of YAML.
    /// Nothing was changed. Edit the inventory by hand, and deploy.
    CannotEdit = "E182", "an inventory that is edited by hand";
    /// A web host would be added, and each pool lists its own servers: nobody would send it requests. Name the pool with `--pool`.
    NowhereUsed = "E183", "a server that no pool would use";
    /// Every site answers with a page and status 503 instead of its servers, as `maintenance:` says, and that is a good answer meanwhile.
    /// `hactl backend maintenance off` ends it.
    MaintenanceOn = "W184", "maintenance is on";

    // --- SSH ---
    /// No TCP connection to the host: it is down, a firewall drops it, or nothing listens. Nothing was changed on it.
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
    /// The host takes none of the keys and passwords that were tried. `ssh-copy-id` puts a key there.
    LoginRefused = "E205", "login refused";
    /// Something answers, but the SSH connection ends before anybody is logged in. `ssh -v` shows how far it comes.
    HandshakeFailed = "E206", "the SSH connection ends before the login";
    /// The user is logged in but cannot become root by sudo. The agent, its unit and nginx's files belong to root.
    NotRoot = "E207", "cannot become root";
    /// A file of known host keys cannot be read; without it an impostor could not be told from a known host.
    KnownHosts = "E208", "known host keys not readable";
    /// The user is logged in, but the host runs no command: a restricted shell, a forced command, or a full disk.
    NoCommands = "E209", "the host runs no commands";
    /// The connection ended, was silent for too long, or sent too much while a step was running.
    /// What the step did is not known; the deploy takes it back, and `hactl status` shows how things stand.
    ConnectionLost = "E210", "the connection was lost in the middle";
    /// `ssh -G` could not say what ~/.ssh/config has for a host. Mend the file: the command shows the same error.
    SshConfig = "E211", "~/.ssh/config not usable";
    /// ~/.ssh/config reaches the host by ProxyCommand. hactl speaks SSH itself and runs no such command: use ProxyJump.
    ProxyCommand = "E212", "reached by ProxyCommand";
    /// The host shows a key that known_hosts marks as revoked: somebody else may have it. Give the host a new key.
    HostKeyRevoked = "E213", "host key revoked";
    /// The host's certificate is signed by a known authority, but for another host, another time, or for users.
    HostCertificate = "E214", "host certificate does not fit";
    /// The key file that the inventory names for the login cannot be read.
    LoginKey = "E215", "login key not readable";
    /// The jump hosts lead to each other in a circle, and the first one is never reached.
    JumpCircle = "E216", "jump hosts in a circle";
    /// The source of a secret (a variable, file or command) gave none. The inventory names it, so it is needed.
    SecretMissing = "E230", "secret not available";

    // --- keepalived.conf ---
    /// The configuration has a fault with which keepalived would not start, or not do what the line says.
    /// The message says what is expected; the agent does not start with it, and a running one keeps the configuration before.
    ConfigFault = "E301", "fault in the configuration";
    /// The configuration has something that is read differently than it looks, or is ignored. The agent starts with it.
    ConfigDoubt = "W301", "doubt about the configuration";
    /// The file is empty, or not one of its lines begins with a keyword: an agent with it would own nothing.
    NotAConfig = "E302", "neither an inventory nor a keepalived.conf";
    /// A program that the configuration names cannot be run on this host; what depends on it is left out.
    ProgramMissing = "W303", "a program is missing";
    /// The configurations of two load balancers differ where they must agree: neither would hear the other, and both would be
    /// master.
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
    /// No agent answers on the control socket. `systemctl status hactl-agent` says whether it runs, `journalctl -u hactl-agent`
    /// why not.
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
    /// Somebody outside the inventory advertises the same VRID on this LAN. With it the pair would follow the stranger, or
    /// fight with it. Choose another `vrid:`.
    /// A first deploy listens for it with the program that it has staged. `hactl plan` stages nothing and listens where a program is
    /// already; `hactl check` contacts nobody; `hactl agent listen IFACE` listens on the host that it is typed on.
    VridTaken = "E422", "the VRID is in use";
    /// The agent has other addresses than this inventory: the wrong VIP would move. `hactl plan` shows the differences.
    OtherInventory = "E423", "another inventory is deployed";
    /// A host cannot go back to that generation: it was never in force there, or its way back is not kept any more (the last five
    /// are, and each leads one generation further). Nothing was changed. `hactl history` shows the generations of each host;
    /// `hactl uninstall` goes back to before the first one.
    NoWayBack = "E424", "no way back to that generation";
    /// Which interface carries a VIP only the host knows, and `hactl render` asks nobody: what it prints names a likely one.
    /// `interface:` in the inventory sets it; `hactl plan` asks the host.
    InterfaceAssumed = "W425", "an interface is assumed";
    /// Another program listens on a port that a service of a role needs, so that service could not start.
    /// Stop that program, or give the service another port: `site: { port: … }`, or `port:` of a web host.
    PortTaken = "E426", "a port is taken";
    /// A part of a host's file system that a deploy writes to is read-only. A disk with errors is made so by the kernel.
    ReadOnly = "E427", "read-only file system";
    /// Packages are to be installed, and another process works with them right now: a person, or the distribution's own updates.
    /// Wait until it has ended, then run the same command again.
    PackagesLocked = "E428", "another process works with packages";
    /// `deploy --plan` carries out exactly what the file says, or nothing. Since it was made the inventory, a role or a host has
    /// changed; the message says what. Make a new plan with `hactl plan --out FILE`, and look at it.
    PlanDiffers = "E429", "not the plan of the file";
    /// The file that `deploy --plan` was given is none that `plan --out` has written, or another version of hactl wrote it.
    NotAPlan = "E430", "not a file with a plan";
    /// A change of what the load balancers of a VIP must have alike, such as its VRID, that not all of them take part in, or with
    /// the guard off: meanwhile the VIP would have two owners, or none. Deploy all of them together, with the guard.
    NotTogether = "E431", "a change for all load balancers together";
    /// A host is to be removed that the inventory still has: the other hosts go on as if it were there, and the next deploy brings
    /// everything back to it. Take it out of the inventory first, deploy, then remove it.
    StillWanted = "W432", "still in the inventory";
    /// Load balancers that were not asked may have the key that signs adverts, and another one would make them deaf to each other.
    /// Deploy without `--limit`, or when all of them answer.
    KeyUnknown = "E433", "the key that signs adverts is not known";
    /// The clocks of load balancers are further apart than signed adverts may be, so they would not believe each other.
    /// Set them (`timedatectl`, `chronyc tracking`), or allow more: `auth: { hmac: { window: 30s } }`, `replay: monotonic`.
    ClocksDiffer = "E434", "clocks too far apart for signed adverts";

    /// None of the hosts that were named for an import has a keepalived.conf with a virtual router.
    /// Name the load balancers. A file elsewhere than in /etc/keepalived is found by the command line of keepalived's process.
    NoKeepalived = "E441", "no keepalived to read";
    /// What an inventory would make of a host is not what runs there. The message has both.
    /// Where two load balancers differ in it already, make them alike first; else change the inventory, or its template.
    RunsOtherwise = "W442", "it runs otherwise";
    /// A line of a keepalived.conf that no key of the inventory stands for and that hactl does not do, or an included file that
    /// could not be read. What it did will not be done after a takeover.
    NotCarriedOver = "W443", "a line is not carried over";
    /// keepalived owns none of the inventory's load balancers' addresses: it does not run there. `hactl deploy` needs no takeover.
    NothingToTakeOver = "E444", "nothing to take over";
    /// What would be rendered differs from what keepalived runs with in something that two routers must have alike (VRID, version,
    /// interval, password, addresses, unicast). While one is replaced they would not hear each other. Take over what runs, with an
    /// inventory of `hactl import`; then change it.
    TakeoverDiffers = "E445", "not alike while it is taken over";
    /// A keepalived runs that its unit does not know of: it was started by hand or by another supervisor. Stopping the unit would
    /// leave it there beside hactl. Stop it, and start the unit.
    OutsideItsUnit = "E446", "keepalived runs outside its unit";
    /// A load balancer that is to change first owns an address as well, so nobody could take that over without a gap.
    /// Let one of them own all addresses first, or accept the gap with `--accept-gap`.
    NobodyFree = "E447", "no load balancer is free of addresses";

    // --- the lab ---
    /// The lab makes network namespaces, mounts and containers, which need root. Run the same command with sudo.
    LabNeedsRoot = "E501", "the lab needs root";
    /// A tool that the lab is made with is not installed; the message names its package.
    LabTool = "E502", "a tool of the lab is missing";
    /// The lab numbers its hosts by their last octet and needs a /24 or larger.
    LabSubnet = "E503", "the lab's subnet is too small";
    /// A lab host's name ends in the number that becomes the last octet of its address, from 1 to 249.
    LabNumber = "E504", "a lab host without number";
    /// Two lab hosts would have one address, since their names end in one number.
    LabNumberTwice = "E505", "two lab hosts with one number";
    /// The lab's subnet is in use on this machine, which would be cut off from it. Choose another one with `--subnet`.
    LabRouted = "E506", "the lab's subnet is in use";
    /// There is one lab on a machine. `hactl lab down` ends it, `hactl lab status` shows it.
    LabUp = "E507", "a lab is up already";
    /// The lab host was switched off. `hactl lab up` switches it on.
    LabHostOff = "E508", "the lab host is off";
    /// The lab has no host of that name; `hactl lab status` lists them.
    LabNoHost = "E509", "no such lab host";
    /// There is no lab on this machine. `hactl lab up` makes one.
    NoLab = "E510", "no lab";

    // --- while something is changed ---
    /// New files were put in place on a host, and what uses them did not take them: a test or a reload failed.
    /// Everything is taken back.
    ActivateFailed = "E601", "activation failed";
    /// The agent does not come up with the new configuration. Everything is taken back.
    AgentNotUp = "E602", "the agent does not come up";
    /// A host could not be taken back by the desk. A timer on the host does it by itself; the message says when.
    NotTakenBack = "E603", "not taken back";
    /// The deploy failed, and everything was left as it is, as `--no-auto-rollback` asks.
    LeftAsItIs = "E604", "left as it is";
    /// The deploy failed, and every host confirmed that it is as before. Packages that were installed stay.
    TakenBack = "E605", "taken back";
    /// A real server was taken out for a change and could not be put back. `hactl undrain HOST` does it.
    StaysDrained = "E606", "a real server stays drained";
    /// A host has a generation that was put in place and not committed.
    /// It goes back to what it had before when the lock of that deploy ends, within five minutes (`hactl lock break` ends it now),
    /// unless the deploy still runs or `--no-auto-rollback` kept it. `hactl status` shows what became of it; the next deploy takes it back first.
    NotCommitted = "E607", "not committed";
    /// Before the commit every host is compared with what was sent, over a new connection. Something was not as it should be.
    /// Somebody or something writes to the same files, or the host went back by itself. Everything was taken back.
    NotAsSent = "E608", "not as it was sent";
    /// What would change on the hosts is not what was shown, and was not confirmed. Somebody else works on them.
    PlanIsOld = "E609", "the plan is old";
    /// `hactl drill` needs the name of a fault: `hactl drill --list` shows them.
    NoScenario = "E610", "no drill is named";
    /// There is no drill of that name; `hactl drill --list` shows them all.
    UnknownScenario = "E611", "no such drill";
    /// The drill cuts a host's power, and nothing can give power back to a host that is not the lab's.
    LabOnly = "E612", "a drill for the lab only";
    /// A drill breaks things on purpose and asks first. `-y` runs it without a terminal.
    DrillNotConfirmed = "E613", "the drill is not confirmed";
    /// The host is as it was before hactl, but the folder in which hactl keeps its memory could not be removed.
    NotForgotten = "E614", "hactl's own folder is left";
    /// The hosts have what was wished, and the inventory does not say so: somebody else has changed the file meanwhile, or it could
    /// not be written. The next deploy would take the change back. Make the edit that was shown by hand.
    NotWrittenBack = "E615", "not written back to the inventory";

    // --- verdicts ---
    /// No load balancer that was seen has the VIP, or those that were not seen may have it.
    /// `hactl status` shows why each of them does not take it; first mend the way to those that do not answer.
    NoOwner = "E701", "the VIP has no owner that was seen";
    /// Two load balancers own the VIP: they do not hear each other's adverts. A firewall drops IP protocol 112, or VRID,
    /// password or interval differ. Clients reach one or the other by chance.
    TwoOwners = "E702", "the VIP has two owners";
    /// The addresses of one instance are not on one host, though they move together.
    Scattered = "E703", "the addresses of an instance are scattered";
    /// The service behind the VIP does not answer, or answers with an error. The message has its URL and what came.
    ServiceBad = "E704", "the service does not answer well";
    /// A neighbour has another hardware address for the VIP than its owner's: its cache is stale, or another machine answers.
    ForeignMac = "E705", "another hardware address for the VIP";
    /// A host did not answer, so nothing is known of it. The message says why it was not reached.
    HostUnseen = "E706", "a host was not seen";
    /// A load balancer answers, but no agent does there: it would never take the VIP.
    AgentSilent = "E707", "a load balancer without agent";
    /// A router is in FAULT and will not take the VIP until the reasons in the message are mended.
    RouterFault = "E708", "a router is in FAULT";
    /// A web host gets no requests: it does not answer the load balancer, or its checks fail.
    WebServerOut = "E709", "a web host is out";
    /// The VIP was silent for longer than `--max-gap` allows. `hactl agent history` tells who moved when.
    GapTooLong = "E710", "the gap was too long";
    /// A real server of direct routing lacks the VIP on its loopback interface and drops what the director sends it.
    VipNotOnLo = "E711", "a real server lacks the VIP";
    /// A real server of direct routing may answer ARP for the VIP, and clients would reach it past the director.
    ArpVisible = "E712", "a real server answers ARP for the VIP";
    /// The kernel's table on a director lacks a virtual server, so nothing is balanced there.
    NoVirtualServer = "E713", "a virtual server is missing";
    /// So few real servers are left that the virtual server's quorum is lost.
    QuorumLost = "E714", "quorum lost";
    /// Connections to a drained server have not ended in time. It gets no new ones; wait on with `--wait`.
    StillConnected = "E715", "connections have not ended";
    /// A standby hears no adverts, so it cannot know when the owner fails, or takes the VIP although it lives.
    DeafStandby = "E716", "a standby hears no adverts";
    /// Nothing answers on the service's port of a load balancer, so clients would get no answer from it.
    SilentBalancer = "E717", "a load balancer's web server does not answer";
    /// A machine outside the inventory answered for the VIP. Some clients may reach it instead of the owner.
    ForeignAnswer = "E718", "another machine answered for the VIP";
    /// A standby that should own the VIP says so, and whoever has it does not hear it. Adverts pass one way only, or what
    /// answers takes no part in the election. Until it is mended the better host stays standby.
    Unheard = "E719", "a standby is not heard";
    /// A drill is only told apart from a fault on a cluster that was good before; nothing was broken.
    NotGoodBefore = "E720", "not good to begin with";
    /// The drill needs a host that this cluster does not have.
    NoTarget = "E721", "no host to break";
    /// A planned move did not bring the VIP to its target in time, and was taken back.
    NotMoved = "E722", "the VIP did not move";
    /// A move failed, and the raised priority on its target could not be dropped: the VIP may move there later.
    /// `hactl unpin HOST` drops it.
    PriorityLeft = "E723", "a raised priority may be left";
    /// A host that was deployed with this cluster is not in the inventory any more. What was put there is still there.
    /// `hactl remove HOST` takes it away.
    LeftBehind = "E724", "a host was left behind";
    /// A site answers with another certificate than the one that was deployed. Another machine answers, nginx was not reloaded, or
    /// somebody replaced the file.
    CertificateServed = "E725", "another certificate is served";
    /// A host was left out of a deploy (`--skip-unreachable`), since it could not be reached. It may have older files than the others.
    /// `hactl plan` shows what differs, `hactl deploy` makes them alike.
    MissedDeploy = "W725", "a host missed a deploy";
    /// A load balancer has no certificate of the authority for a site yet: browsers see one that signs itself. The message has what the
    /// authority said. It must reach `http://NAME/.well-known/acme-challenge/` on the VIP, port 80, for each name. It is tried again by
    /// itself, after longer and longer pauses; `hactl agent certificates --now` on the load balancer tries at once.
    CertificateNotIssued = "E726", "no certificate was issued yet";
    /// A load balancer could not renew a certificate. The one that it has still holds, and it tries again by itself. The message has
    /// what the authority said; `hactl agent certificates --now` on the load balancer tries at once.
    CertificateNotRenewed = "W727", "a certificate was not renewed";
    /// An agent has not found out yet whether a web server passes its check: it was started or got the pool just now. Until then nobody
    /// knows whether nginx may ask it. `hactl status` in some seconds says more; where it stays so, look at `hactl agent status` there.
    NotJudged = "W728", "a web server was not judged yet";
    /// A host with WordPress's database is neither written to nor follows the other one. With the VIP it may be written to only once it has
    /// asked that one for what it took. Bring it back, or take one that is gone for good out of `database: hosts`, and deploy.
    DatabaseWaits = "E729", "the database waits";
    /// Another deploy works on this cluster. Two at once would mix their files; nothing was changed.
    Locked = "E801", "locked by another deploy";
}
