//! Codes of the lab, of what happens while something is changed, and of verdicts: 500 and more.

macro_rules! outcome_codes {
    ([$next:ident $($rest:ident)*] $($before:tt)*) => { $next! { [$($rest)*] $($before)*

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
        /// The lab's subnet is in use on this machine, which would be cut off from it. Choose another one with
        /// `--subnet`.
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
        /// A host has a generation that was put in place and not committed. It goes back to what it had before when the
        /// lock of that deploy ends, within five minutes (`hactl lock break` ends it now), unless the deploy still runs
        /// or `--no-auto-rollback` kept it. `hactl status` shows what became of it; the next deploy takes it back
        /// first.
        NotCommitted = "E607", "not committed";
        /// Before the commit every host is compared with what was sent, over a new connection. Something was not as it
        /// should be. Somebody or something writes to the same files, or the host went back by itself. Everything was
        /// taken back.
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
        /// The hosts have what was wished, and the inventory does not say so: somebody else has changed the file
        /// meanwhile, or it could not be written. The next deploy would take the change back. Make the edit that was
        /// shown by hand.
        NotWrittenBack = "E615", "not written back to the inventory";
        /// What this drill breaks cannot be broken on that host: its kernel or a tool lacks something, or what was
        /// there could not be put back as it was. Nothing was broken.
        FaultNotPossible = "E616", "a fault that cannot be made";
        /// Clients lost more, or waited longer, than the budget of this drill allows: the scenario's own, the
        /// inventory's (`drill: { budgets: … }`) or that of `--budget`. What was broken is put right again. The
        /// message has both figures.
        OverBudget = "E617", "a drill over its budget";
        /// A drill did not go as it says beforehand that it should: another host has the VIP, or two have, or something
        /// was not as before in the end. The report (`--report html`) shows what happened when.
        DrillFailed = "E618", "a drill went otherwise than expected";

        // --- verdicts ---
        /// No load balancer that was seen has the VIP, or those that were not seen may have it.
        /// `hactl status` shows why each of them does not take it; first mend the way to those that do not answer.
        NoOwner = "E701", "the VIP has no owner that was seen";
        /// Two load balancers own the VIP: they do not hear each other's adverts. A firewall drops IP protocol 112, or
        /// VRID, password or interval differ. Clients reach one or the other by chance.
        TwoOwners = "E702", "the VIP has two owners";
        /// The addresses of one instance are not on one host, though they move together.
        Scattered = "E703", "the addresses of an instance are scattered";
        /// The service behind the VIP does not answer, or answers with an error. The message has its URL and what came.
        ServiceBad = "E704", "the service does not answer well";
        /// A neighbour has another hardware address for the VIP than its owner's: its cache is stale, or another
        /// machine answers.
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
        /// A real server of direct routing lacks the VIP on its loopback interface and drops what the director sends
        /// it.
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
        /// A standby that should own the VIP says so, and whoever has it does not hear it. Adverts pass one way only,
        /// or what answers takes no part in the election. Until it is mended the better host stays standby.
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
        /// A host that was deployed with this cluster is not in the inventory any more. What was put there is still
        /// there. `hactl remove HOST` takes it away.
        LeftBehind = "E724", "a host was left behind";
        /// A site answers with another certificate than the one that was deployed. Another machine answers, nginx was
        /// not reloaded, or somebody replaced the file.
        CertificateServed = "E725", "another certificate is served";
        /// A host was left out of a deploy (`--skip-unreachable`), since it could not be reached. It may have older
        /// files than the others. `hactl plan` shows what differs, `hactl deploy` makes them alike.
        MissedDeploy = "W725", "a host missed a deploy";
        /// A load balancer has no certificate of the authority for a site yet: browsers see one that signs itself. The
        /// message has what the authority said. It must reach `http://NAME/.well-known/acme-challenge/` on the VIP,
        /// port 80, for each name. It is tried again by itself, after longer and longer pauses; `hactl agent
        /// certificates --now` on the load balancer tries at once.
        CertificateNotIssued = "E726", "no certificate was issued yet";
        /// A load balancer could not renew a certificate. The one that it has still holds, and it tries again by
        /// itself. The message has what the authority said; `hactl agent certificates --now` on the load balancer tries
        /// at once.
        CertificateNotRenewed = "W727", "a certificate was not renewed";
        /// An agent has not found out yet whether a web server passes its check: it was started or got the pool just
        /// now. Until then nobody knows whether nginx may ask it. `hactl status` in some seconds says more; where it
        /// stays so, look at `hactl agent status` there.
        NotJudged = "W728", "a web server was not judged yet";
        /// A host with WordPress's database is neither written to nor follows the other one. With the VIP it may be
        /// written to only once it has asked that one for what it took. Bring it back, or take one that is gone for
        /// good out of `database: hosts`, and deploy.
        DatabaseWaits = "E729", "the database waits";
        /// Somebody advertises on the LAN of the load balancers with a VRID that no VIP of the inventory has. That is
        /// another cluster's good right; its VRID must never become one of this cluster's.
        StrangerAdvertises = "W730", "a stranger advertises";
        /// A load balancer sends adverts that are not as the inventory has them: version, interval, addresses, password
        /// or checksum. Others drop them, or wait for the wrong time. `hactl plan` shows whether it lacks a deploy.
        AdvertDiffers = "E731", "adverts are not as in the inventory";
        /// A load balancer that stands by answers badly for a site, or not at all, when it is asked at its own address.
        /// With the next failure it is the one that answers everybody. `hactl plan` shows what differs there; its
        /// nginx's error log says why.
        StandbyServesBadly = "E732", "a standby does not serve a site";
        /// Another deploy works on this cluster. Two at once would mix their files; nothing was changed.
        Locked = "E801", "locked by another deploy";
    } };
}
