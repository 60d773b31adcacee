//! Codes of the inventory and of what is typed: 100 to 199.

macro_rules! inventory_codes {
    ([$next:ident $($rest:ident)*] $($before:tt)*) => { $next! { [$($rest)*] $($before)*

        // --- the inventory and what is typed ---
        /// The inventory is not YAML; the mark stands where reading ended. Indentation by tabs is the most frequent
        /// cause.
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
        /// A VIP is written with its prefix length, such as 10.0.0.3/24: the load balancers must know which subnet it
        /// belongs to.
        VipPrefix = "E116", "a VIP without prefix length";
        /// The VRID is taken from the last octet of the VIP, and 0 is no VRID. Name one: `vrid: 51`.
        NoVrid = "E117", "no VRID can be derived";
        /// Two hosts have one name. Names stand in reports and in other parts of the inventory, so each is unique.
        HostTwice = "E118", "a host's name is used twice";
        /// Two hosts have one address, and the second one would be deployed over the first.
        AddressTwice = "E119", "an address is used twice";
        /// A secret is not written into the inventory, which ends up in version control. Name its source: `prompt`,
        /// `{env: NAME}`, `{file: PATH}` or `{command: PROGRAM}`.
        SecretSource = "E120", "a secret without source";
        /// A VIP must be an address that a host can have: not the subnet's own address, its broadcast, loopback or
        /// multicast.
        VipUnusable = "E121", "an address no host can have";
        /// Each VRRP instance has a name of its own in keepalived's language.
        InstanceTwice = "E122", "an instance's name is used twice";
        /// Routers with one VRID on one LAN are one virtual router: two VIPs with one VRID would take each other's
        /// place.
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
        /// A role names a template that is in none of the places where templates are looked for; the message lists
        /// them.
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
        /// A host, role or file that was named is not one of this inventory (`--limit`, `--only`, `render`), so nothing
        /// was done.
        NothingSelected = "E141", "the selection names nothing";
        /// Changes are pending, and there is no terminal at which to ask. `-y` carries them out.
        NotConfirmed = "E142", "changes are not confirmed";
        /// The order is about a load balancer, and the inventory has none of that name.
        NoSuchBalancer = "E143", "no such load balancer";
        /// Only LVS can take a real server out by a word to its directors; with nginx `hactl backend drain` writes it
        /// into the inventory, and reloads nginx without a lost request.
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
        /// A key that signs adverts is short. Who records adverts can try guesses without end; `openssl rand -hex 32`
        /// prints a good one.
        KeyShort = "E150", "a short key";

        /// `hactl import --out` writes over nothing: what is there may be an inventory that somebody has changed by
        /// hand.
        WouldOverwrite = "E155", "a file would be overwritten";
        /// A file of an import, or that of `agent metrics --write`, cannot be written: no permission, no space, or it
        /// is there already. Name another folder.
        CannotWrite = "E156", "a file cannot be written";
        /// A pool of servers lists none that is used while all is well, so its requests would have nowhere to go, and
        /// nginx would refuse the whole configuration. `pools: { api: { servers: [web-7:8080, 10.0.0.21:9000] } }`.
        PoolEmpty = "E160", "a pool without servers";
        /// One address and port stands in a pool more than once. A greater share is a `weight`.
        ServerTwice = "E161", "a server is in a pool twice";
        /// Servers of a pool are hosts of the inventory, with a port where it is another one, or addresses with a port.
        UnknownServer = "E162", "not a server";
        /// A site, a location or a stream names a pool that `pools:` does not have. The pool `web`, all web hosts, is
        /// there by itself.
        UnknownPool = "E163", "no such pool";
        /// A site says neither where its requests go nor what becomes of single paths.
        SiteEmpty = "E164", "a site with nothing to answer";
        /// A site is for an address that no load balancer of the inventory ever has.
        SiteUnreachable = "E165", "a site that nobody can reach";
        /// Two sites, or a site and a stream, want the same: nginx would ask only one of them, or refuse the whole
        /// configuration. Of two TLS profiles on one port it keeps to the first one's.
        NameTwice = "E166", "two sites in one place";
        /// A site lists one path more than once, and nginx would refuse the whole configuration. What both say belongs
        /// into one of them.
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
        /// A certificate is to be had by ACME (`tls: { acme: … }`) for a site that an authority cannot ask by HTTP-01:
        /// it asks each name of the site on port 80. A wildcard, an address or every name (`_`) cannot be asked for;
        /// such a site has `certificate` and `key`.
        NotByAcme = "E173", "not to be had by ACME";
        /// `hactl backend` names a server that no pool has, or not the pool that was named. `hactl backend list` shows
        /// them all.
        NoSuchBackend = "E180", "no such server in a pool";
        /// A pool would be left without a server that serves, so every request for it would fail. Add or undrain
        /// another one first.
        LastBackend = "E181", "the last server of a pool";
        /// A server is written in the inventory in a way that `hactl backend` does not change by itself, such as by an
        /// alias of YAML. Nothing was changed. Edit the inventory by hand, and deploy.
        CannotEdit = "E182", "an inventory that is edited by hand";
        /// A web host would be added, and each pool lists its own servers: nobody would send it requests. Name the pool
        /// with `--pool`.
        NowhereUsed = "E183", "a server that no pool would use";
        /// Every site answers with a page and status 503 instead of its servers, as `maintenance:` says, and that is a
        /// good answer meanwhile. `hactl backend maintenance off` ends it.
        MaintenanceOn = "W184", "maintenance is on";
        /// `metrics: { port: …, unprotected: yes }` opens a port on each load balancer, at its own address, to
        /// everybody who reaches it. Who reads there learns who is master and which servers are down, and can change
        /// nothing. Let a firewall admit Prometheus alone, or use `metrics: yes` and a proxy on the host.
        MetricsUnprotected = "W185", "metrics for anybody";
        /// A file for `hactl capture --read` (or what a host sends to it) is neither pcapng nor pcap, or is damaged;
        /// the message says at which byte, counted from the beginning of the file.
        NotACapture = "E190", "not a capture of frames";
        /// The file of `hactl capture --write` cannot be written.
        CaptureNotWritten = "E191", "capture not written";
    } };
}
