# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_hactl_global_optspecs
    string join \n i/inventory= o/output= json q/quiet v/verbose color= no-progress timeout= accept-new-host-keys h/help V/version
end

function __fish_hactl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_hactl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_hactl_using_subcommand
    set -l cmd (__fish_hactl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c hactl -n "__fish_hactl_needs_command" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_needs_command" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_needs_command" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_needs_command" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_needs_command" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_needs_command" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_needs_command" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_needs_command" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_needs_command" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_needs_command" -s V -l version -d 'Print version'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "init" -d 'Print an inventory to start from'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "check" -d 'Validate inventories and keepalived.conf files, offline (exit 4 when a keepalived.conf names a program, user, interface or network namespace that is not on this host)'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "role" -d 'Roles: what there is, and what a role puts on a host'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "template" -d 'Templates: what there is, how one is written, and what it can use'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "import" -d 'Read a running keepalived and nginx pair, and print the inventory of it (exit 2 when something would be otherwise)'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "takeover" -d 'Replace the keepalived that owns the VIP, without losing a packet; `uninstall` gives it back'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "status" -d 'One screen: who owns the VIP, and how everybody feels'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "dashboard" -d 'A page on this machine\'s loopback that shows the cluster as it lives, with failover, drain and drill behind a word that is typed; prints its URL, and serves until it is interrupted'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "verify" -d 'Check that each VIP has exactly one owner and that the service answers through it'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "metrics" -d 'Print the metrics of all agents as one page of Prometheus\' text format; no port need be open for it'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "rollback" -d 'Go back to an earlier generation on all hosts, or on none'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "remove" -d 'Take hactl, and all that it ever put there, away from these hosts'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "uninstall" -d 'Leave every host as it was before hactl'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "diff" -d 'What differs on each host between two generations'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "history" -d 'What deploys did to each host, and which generation is in force'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "lock" -d 'Who may deploy now, and how to end what a dead desk left'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "agent" -d 'The daemon on a load balancer, and its local controls'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "explain" -d 'Tell what an error code means, why it matters and what to do'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "man" -d 'Print the manual page: `hactl man | man -l -`'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "genhash" -d 'Print the MD5 sum of a page, for the `digest` of HTTP_GET'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "completions" -d 'Print a shell completion script'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "render" -d 'Print what a host would get, offline'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "plan" -d 'Connect, compare and print what a deploy would change (exit 2 when something is pending)'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "deploy" -d 'Plan, confirm, apply and verify'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "capture" -d 'Show what load balancers say on their LAN (adverts, ARP, neighbour discovery) in plain words, seen by all of them at once, and what is wrong with it (exit 7 then)'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "logs" -d 'What agents and nginx wrote, of all hosts on one clock'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "failover" -d 'Move the VIP to another load balancer and measure the gap'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "unpin" -d 'Drop the raised priorities that failovers left: the election decides again'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "drain" -d 'Give a real server no new connections, on every director'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "undrain" -d 'Take drain back'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "weight" -d 'Give a real server another weight on every director; without a number the configured one again'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "backend" -d 'Servers of pools: add, remove, weigh, drain them, live; the inventory is edited with its comments kept'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "drill" -d 'Inject faults, measure the clients\' outage, restore, judge'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "lab" -d 'Real Debian hosts (systemd, sshd) on this machine'
complete -c hactl -n "__fish_hactl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand init" -l vip -d 'Virtual IP with prefix length' -r
complete -c hactl -n "__fish_hactl_using_subcommand init" -l lb -d 'Load balancers, best first: NAME=ADDRESS or ADDRESS, comma separated' -r
complete -c hactl -n "__fish_hactl_using_subcommand init" -l web -d 'Web hosts: NAME=ADDRESS or ADDRESS, comma separated' -r
complete -c hactl -n "__fish_hactl_using_subcommand init" -l example -d 'Print a ready example instead' -r -f -a "homework\t''
tls\t''
acme\t''
tomcat\t''
two-names\t''
wordpress\t''
lvs-dr\t''
lvs-dr-two\t''
expert\t''"
complete -c hactl -n "__fish_hactl_using_subcommand init" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand init" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand init" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand init" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand init" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand init" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand init" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand init" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand init" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand check" -l config-id -d 'Read the `@ID` lines of a keepalived.conf for this host; for this one\'s name when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand check" -l listen -d 'Listen on the interfaces that a keepalived.conf names, for so long (`--listen=6s`) or until its slowest instance would have been heard: does another cluster of this LAN use its VRID, does the other half of the pair say the same? Exit 4 when not. Needs root' -r
complete -c hactl -n "__fish_hactl_using_subcommand check" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand check" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand check" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand check" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand check" -l elsewhere -d 'The keepalived.conf is for another host: do not look here for the interfaces, users, files and programs it names'
complete -c hactl -n "__fish_hactl_using_subcommand check" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand check" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand check" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand check" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand check" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -f -a "list" -d 'Every role, with what it is for; those beside the inventory first'
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -f -a "show" -d 'A role as it is written: copy it to `roles/NAME/role.yaml` beside the inventory and change it'
complete -c hactl -n "__fish_hactl_using_subcommand role; and not __fish_seen_subcommand_from list show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every role, with what it is for; those beside the inventory first'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from help" -f -a "show" -d 'A role as it is written: copy it to `roles/NAME/role.yaml` beside the inventory and change it'
complete -c hactl -n "__fish_hactl_using_subcommand role; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -f -a "list" -d 'Every template, with its roles and where its file goes'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -f -a "show" -d 'A template as it is written: copy it to `templates/NAME` beside the inventory and change it'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -f -a "variables" -d 'What templates can use on a host, as they write it, with its values; secrets are `…`. Besides these each role has its own `params`, which `role show` lists'
complete -c hactl -n "__fish_hactl_using_subcommand template; and not __fish_seen_subcommand_from list show variables help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from variables" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every template, with its roles and where its file goes'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from help" -f -a "show" -d 'A template as it is written: copy it to `templates/NAME` beside the inventory and change it'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from help" -f -a "variables" -d 'What templates can use on a host, as they write it, with its values; secrets are `…`. Besides these each role has its own `params`, which `role show` lists'
complete -c hactl -n "__fish_hactl_using_subcommand template; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand import" -l out -d 'Write inventory.yaml, templates and passwords to this folder, over nothing that is there' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand import" -l key -d 'Private key file for the login' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand import" -l jump -d 'Jump host: [USER@]HOST[:PORT]' -r
complete -c hactl -n "__fish_hactl_using_subcommand import" -l password -d 'Where the password for login and sudo comes from: prompt, env:NAME, file:PATH or command:PROGRAM' -r
complete -c hactl -n "__fish_hactl_using_subcommand import" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand import" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand import" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand import" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand import" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand import" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand import" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand import" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand import" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -l no-auto-rollback -d 'Leave a failed takeover as it is, for inspection'
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -l accept-gap -d 'Although every load balancer owns an address, so that the first one\'s is without an owner for a moment'
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand takeover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand status" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand status" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand status" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand status" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand status" -s w -l watch -d 'What happens from now on: a screen with keys for failover, drain and drill; without a terminal, and with --json, a line an event (-q: without adverts, counters and load)'
complete -c hactl -n "__fish_hactl_using_subcommand status" -l drift -d 'Also what is not as the last deploy left it: files, units, packages (exit 2 when there is any)'
complete -c hactl -n "__fish_hactl_using_subcommand status" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand status" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand status" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand status" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand status" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -l port -d 'Port of the loopback; one that is free when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -l read-only -d 'Show everything and carry nothing out'
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand dashboard" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand verify" -l for -d 'Keep verifying for this long, for example 10s' -r
complete -c hactl -n "__fish_hactl_using_subcommand verify" -l max-gap -d 'Longest gap in answers that still passes, for example 1s' -r
complete -c hactl -n "__fish_hactl_using_subcommand verify" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand verify" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand verify" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand verify" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand verify" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand verify" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand verify" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand verify" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand verify" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand metrics" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -l to -d 'The generation; when absent, the one before the last. Going back is a generation, too: a second `rollback` undoes the first' -r
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand remove" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand remove" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand remove" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand remove" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand remove" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand remove" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand remove" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand remove" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand remove" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand remove" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand uninstall" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand diff" -l host -d 'Only this host' -r
complete -c hactl -n "__fish_hactl_using_subcommand diff" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand diff" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand diff" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand diff" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand diff" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand diff" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand diff" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand diff" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand diff" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand history" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand history" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand history" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand history" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand history" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand history" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand history" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand history" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand history" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -f -a "status" -d 'Who holds the lock of each host'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -f -a "break" -d 'Take the lock away; what was not committed goes back'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and not __fish_seen_subcommand_from status break help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from break" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from help" -f -a "status" -d 'Who holds the lock of each host'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from help" -f -a "break" -d 'Take the lock away; what was not committed goes back'
complete -c hactl -n "__fish_hactl_using_subcommand lock; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "run" -d 'Run the daemon'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "status" -d 'State of the local agent'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "promote" -d 'Make this node master at once'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "resign" -d 'Hand the addresses to the best backup'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "unpin" -d 'Drop the raised priority that promote left'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "call" -d 'Send one request as JSON from stdin, and print the answer as JSON; this is how the desk asks'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "drain" -d 'Give a real server no new connections; what is connected goes on'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "undrain" -d 'Take drain back'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "weight" -d 'Give a real server another weight; without a number the configured one again'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "reload" -d 'Read the configuration again'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "stop" -d 'Stop the agent; under systemd, keeps the addresses when the unit is only restarting'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "history" -d 'Past events, and how long each state lasted'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "events" -d 'What the agent sees, line by line until Ctrl-C: adverts, changes, checks, load; with --json typed'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "metrics" -d 'Metrics in Prometheus\' text format'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "upgrade" -d 'Replace the running process by the binary now on disk, in place: same process id, addresses untouched'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "listen" -d 'Which VRIDs are in use on a LAN: listens, then prints one line for each router heard'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "capture" -d 'Write what load balancers say on their LAN (adverts, ARP, questions for neighbours) to stdout as pcapng, until the time is over or nobody reads: `hactl agent capture | tshark -r -`'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "certificates" -d 'Get certificates by ACME that sites lack, and renew those that are about to end; a timer does this each hour'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "probe" -d 'Does a web server answer? Exit 0 for any HTTP status below 500; for check scripts'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and not __fish_seen_subcommand_from run status promote resign unpin call drain undrain weight reload stop history events metrics upgrade listen capture certificates probe help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s f -l use-file -l config -d 'Configuration file' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l config-id -d 'What conditional lines (`@ID`) are compared with; the host name\'s first label when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l state-dir -d 'Where overrides survive a reboot' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s p -l pid -d 'Process id file' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s r -l vrrp_pid -d 'Second process id file, written when there is a VRRP instance' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s c -l checkers_pid -d 'Third process id file, written when there is a virtual server' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s S -l log-facility -d 'Facility local0 to local7 in the system\'s log; daemon when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l signum -d 'Print the number of keepalived\'s signal NAME and exit: STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON, TDUMP' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s A -l snmp-agent-socket -d 'SNMP agent\'s socket' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s n -l dont-fork -d 'Stay in the foreground, as `hactl agent run` always does; a link named keepalived goes to the background without it'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s l -l log-console -d 'Log to standard error instead of the journal'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s D -l log-detail -d 'Log in detail'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s t -l config-test -d 'Check the configuration and exit'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s V -l dont-release-vrrp -d 'Leave the addresses in place at stop'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s P -l vrrp -d 'VRRP only: no virtual servers'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s C -l check -d 'Virtual servers and their checks only: no VRRP'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s I -l dont-release-ipvs -d 'Keep the IPVS table at stop'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l as-keepalived -d 'Called by keepalived\'s name: goes to the background, and has its process id files'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l rehearse -d 'Do what can be done beside a running agent, and say whether this binary could take its place'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s R -l dont-respawn -d 'Children are not started again (there are none)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s d -l dump-conf -d 'Dump the configuration at the start'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s X -l release-vips -d 'Drop addresses on a change by signal'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s x -l snmp -d 'SNMP'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -s w -l watch -d 'Refresh on each event and each second until interrupted; with --json one line each time'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -l instance -d 'Instance; all when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -l stay -d 'Go back after this time, for example 10m' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -l force -d 'Although checks are bad'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from promote" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -l instance -d 'Instance; all when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from resign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -l instance -d 'Instance; all when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from unpin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from call" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -l of -d 'Only in this virtual server, by its name in `status`' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -l of -d 'Only in this virtual server, by its name in `status`' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from undrain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -l of -d 'Only in this virtual server, by its name in `status`' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from weight" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from reload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from events" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -l write -d 'Put them into this file, replaced whole, as node_exporter\'s textfile collector reads it (NAME.prom)' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from metrics" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -l socket -d 'Control socket' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from upgrade" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -l for -d 'How long' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -l ipv6 -d 'Adverts over IPv6'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from listen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -l for -d 'How long, at the longest an hour' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -l use-file -d 'Configuration that names interfaces' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from capture" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -l orders -d 'What is ordered, as a deploy writes it' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -l account-key -d 'Private key of the account' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -l folder -d 'Where what was issued is kept' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -l now -d 'Try again now what failed, unless that was less than a minute ago'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from certificates" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -l limit -d 'How long it may take, for example 500ms; of it a connection takes at most 1.5 s' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run the daemon'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "status" -d 'State of the local agent'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "promote" -d 'Make this node master at once'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "resign" -d 'Hand the addresses to the best backup'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "unpin" -d 'Drop the raised priority that promote left'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "call" -d 'Send one request as JSON from stdin, and print the answer as JSON; this is how the desk asks'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "drain" -d 'Give a real server no new connections; what is connected goes on'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "undrain" -d 'Take drain back'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "weight" -d 'Give a real server another weight; without a number the configured one again'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "reload" -d 'Read the configuration again'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop the agent; under systemd, keeps the addresses when the unit is only restarting'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "history" -d 'Past events, and how long each state lasted'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "events" -d 'What the agent sees, line by line until Ctrl-C: adverts, changes, checks, load; with --json typed'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "metrics" -d 'Metrics in Prometheus\' text format'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "upgrade" -d 'Replace the running process by the binary now on disk, in place: same process id, addresses untouched'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "listen" -d 'Which VRIDs are in use on a LAN: listens, then prints one line for each router heard'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "capture" -d 'Write what load balancers say on their LAN (adverts, ARP, questions for neighbours) to stdout as pcapng, until the time is over or nobody reads: `hactl agent capture | tshark -r -`'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "certificates" -d 'Get certificates by ACME that sites lack, and renew those that are about to end; a timer does this each hour'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "probe" -d 'Does a web server answer? Exit 0 for any HTTP status below 500; for check scripts'
complete -c hactl -n "__fish_hactl_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand explain" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand explain" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand explain" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand explain" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand explain" -l list -d 'Print every code with its title'
complete -c hactl -n "__fish_hactl_using_subcommand explain" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand explain" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand explain" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand explain" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand explain" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand man" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand man" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand man" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand man" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand man" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand man" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand man" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand man" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand man" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s s -l server -d 'Address to connect to' -r
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s p -l port -d 'Port to connect to; 80, or 443 with TLS, when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s u -l url -d 'Path of the page' -r
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s V -l use-virtualhost -l virtualhost -d 'Host to ask for; the address when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s P -l protocol -d '1.0, 1.0c (with `Connection: close`) or 1.1' -r
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s t -d 'Limit in seconds, as --timeout' -r
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s m -l fwmark -d 'Mark of the packets' -r
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s S -l use-ssl -d 'Speak TLS; the certificate is not looked at'
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s I -l use-sni -d 'Tell the virtual host in the TLS handshake'
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand genhash" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand __complete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand completions" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand completions" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand completions" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand completions" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand completions" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand completions" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand completions" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand completions" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand completions" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand render" -l file -d 'Only this file, without a heading' -r
complete -c hactl -n "__fish_hactl_using_subcommand render" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand render" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand render" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand render" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand render" -l show-secrets -d 'Print secrets as they are, not as `…`'
complete -c hactl -n "__fish_hactl_using_subcommand render" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand render" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand render" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand render" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand render" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand plan" -l limit -d 'Only these hosts, comma separated' -r -f -a "(hactl __complete hosts 2>/dev/null)"
complete -c hactl -n "__fish_hactl_using_subcommand plan" -l only -d 'Only these roles, comma separated' -r
complete -c hactl -n "__fish_hactl_using_subcommand plan" -l out -d 'Write the plan to a file, for `deploy --plan`' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand plan" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand plan" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand plan" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand plan" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand plan" -l skip-unreachable -d 'Go on without hosts that cannot be reached; `hactl status` names them until they are deployed'
complete -c hactl -n "__fish_hactl_using_subcommand plan" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand plan" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand plan" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand plan" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand plan" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l limit -d 'Only these hosts, comma separated' -r -f -a "(hactl __complete hosts 2>/dev/null)"
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l only -d 'Only these roles, comma separated' -r
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l plan -d 'Carry out exactly the plan in this file, or nothing (exit 4 with what changed since it was made)' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l canary -d 'Change this host first, and the others only when the cluster was good for a while' -r
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l for -d 'How long the cluster is watched with the canary, for example 2m' -r
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l batch -d 'Web hosts changed at a time' -r
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -s j -l jobs -d 'Hosts worked on in parallel' -r
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l skip-unreachable -d 'Go on without hosts that cannot be reached; `hactl status` names them until they are deployed'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l no-auto-rollback -d 'Leave a failed deploy as it is, for inspection'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l accept-gap -d 'Change what load balancers must have alike (VRID, interval) although the VIP may have two owners or none meanwhile'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand deploy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l for -d 'How long, for example 10s; until Ctrl-C when absent, at the longest an hour' -r
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l interface -d 'Interface to listen on, on each of them; those of their VIPs when absent' -r
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l write -d 'Write all frames to this file, as pcapng for Wireshark, tshark and --read' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l read -d 'Read from this file instead of listening: of --write, `hactl agent capture`, tcpdump -w or tshark -w (pcapng or pcap). Several are several hosts that saw one LAN, each named as its file' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand capture" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand capture" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l explain -d 'Also explain what each kind of packet is for, and its fields, when it comes for the first time'
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand capture" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand capture" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand capture" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand capture" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand logs" -l since -d 'From so long ago, for example 10m' -r
complete -c hactl -n "__fish_hactl_using_subcommand logs" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand logs" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand logs" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand logs" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand logs" -s f -l follow -d 'Go on with what comes, until Ctrl-C; with --json an object a line'
complete -c hactl -n "__fish_hactl_using_subcommand logs" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand logs" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand logs" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand logs" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand logs" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l to -d 'Host that shall own the VIP' -r -f -a "(hactl __complete balancers 2>/dev/null)"
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l vip -d 'Only this VIP' -r
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l stay -d 'Go back to the election\'s own choice after this time, for example 10m' -r
complete -c hactl -n "__fish_hactl_using_subcommand failover" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand failover" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l dry-run -d 'Show what would happen'
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l force -d 'Move although the target\'s checks are bad'
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand failover" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand failover" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand failover" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand failover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand unpin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand drain" -l wait -d 'Wait until its connections have ended, at the longest so long, for example 5m' -r
complete -c hactl -n "__fish_hactl_using_subcommand drain" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand drain" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand drain" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand drain" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand drain" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand drain" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand drain" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand drain" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand drain" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand undrain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand weight" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand weight" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand weight" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand weight" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand weight" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand weight" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand weight" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand weight" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand weight" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand weight" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -f -a "list" -d 'Every pool with its servers, as the inventory says'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -f -a "add" -d 'Add a web host, or a server to a pool: web-9=10.0.0.9, web-9=10.0.0.9:8080, 10.0.0.21:9000'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -f -a "maintenance" -d 'Answer every request with one page and status 503; the VIP stays where it is'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -f -a "remove" -d 'Take a server out for good'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -f -a "weight" -d 'Give a server another share of the requests'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -f -a "drain" -d 'Give a server no new requests; those that run end as they would'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -f -a "undrain" -d 'Take drain back'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -f -a "canary" -d 'Give a server another share for a while, watch the answers, and put the old one back (exit 7 when they went bad)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and not __fish_seen_subcommand_from list add maintenance remove weight drain undrain canary help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -l pool -d 'The pool, where it lists its own servers' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -l unmanaged -d 'Somebody else works on it: it is sent requests, and never logged in to'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -l dry-run -d 'Show the edit and what it would change (exit 2), and change nothing'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -l page -d 'A file with the page' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -l dry-run -d 'Show the edit and what it would change (exit 2), and change nothing'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from maintenance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -l pool -d 'Only in this pool' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show the edit and what it would change (exit 2), and change nothing'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -l pool -d 'Only in this pool' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -l dry-run -d 'Show the edit and what it would change (exit 2), and change nothing'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from weight" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -l pool -d 'Only in this pool' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -l wait -d 'With LVS: wait until its connections have ended, at the longest so long, for example 5m' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -l dry-run -d 'Show the edit and what it would change (exit 2), and change nothing'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -l pool -d 'Only in this pool' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -l dry-run -d 'Show the edit and what it would change (exit 2), and change nothing'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from undrain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l pool -d 'Only in this pool' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l weight -d 'The weight meanwhile' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l for -d 'How long the answers are watched, for example 10m' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l dry-run -d 'Show the edit and what it would change (exit 2), and change nothing'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l keep -d 'Where answers were good the weight stays, and is written into the inventory'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from canary" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every pool with its servers, as the inventory says'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a web host, or a server to a pool: web-9=10.0.0.9, web-9=10.0.0.9:8080, 10.0.0.21:9000'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from help" -f -a "maintenance" -d 'Answer every request with one page and status 503; the VIP stays where it is'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take a server out for good'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from help" -f -a "weight" -d 'Give a server another share of the requests'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from help" -f -a "drain" -d 'Give a server no new requests; those that run end as they would'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from help" -f -a "undrain" -d 'Take drain back'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from help" -f -a "canary" -d 'Give a server another share for a while, watch the answers, and put the old one back (exit 7 when they went bad)'
complete -c hactl -n "__fish_hactl_using_subcommand backend; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l seed -d 'Some of them in random order: the same number, the same sequence' -r
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l count -d 'How many drills a sequence has' -r
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l budget -d 'Longest outage that passes, instead of each scenario\'s own, for example 4s' -r
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l report -d 'Report format; html writes a file, the others go to stdout' -r -f -a "html\t'Self-contained page with a timeline'
json\t'List of results'
junit\t'JUnit XML for CI'
md\t'Markdown table'"
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l out -d 'Folder for report files' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand drill" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand drill" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l list -d 'Name the scenarios and what each expects'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l all -d 'Run every scenario'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l anyway -d 'Drill a pair that cannot fail over, or is not good otherwise'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l trend -d 'What past drills of this cluster measured; nothing is broken'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -s y -l yes -d 'Do not ask'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand drill" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -f -a "up" -d 'Start the hosts'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -f -a "down" -d 'Stop them and leave nothing behind'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -f -a "status" -d 'Show them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -f -a "power" -d 'Cut a host\'s power, or give it back'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -f -a "port" -d 'Make a host\'s switch port lead nowhere, or whole again'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -f -a "ssh" -d 'Open a shell, or run a command, on a host through SSH'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -f -a "exec" -d 'Run a command in the desk, the client or a host without SSH'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and not __fish_seen_subcommand_from up down status power port ssh exec help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -l hosts -d 'Host names; the number at the end becomes the last octet' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -l subnet -d 'IPv4 subnet of the lab' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from up" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from down" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from power" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from port" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from ssh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -s i -l inventory -d 'Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]' -r -F
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -s o -l output -d 'Output format on stdout' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -l color -d 'Colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -l timeout -d 'Limit for connecting to a host and for each remote step, in seconds' -r
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -l json -d 'Shorthand for --output json'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -s q -l quiet -d 'Say less (errors only)'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -s v -l verbose -d 'Say more; twice for every remote command'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -l no-progress -d 'No progress bars'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -l accept-new-host-keys -d 'Take host keys of hosts that are not known yet, and remember them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "up" -d 'Start the hosts'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "down" -d 'Stop them and leave nothing behind'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show them'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "power" -d 'Cut a host\'s power, or give it back'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "port" -d 'Make a host\'s switch port lead nowhere, or whole again'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "ssh" -d 'Open a shell, or run a command, on a host through SSH'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "exec" -d 'Run a command in the desk, the client or a host without SSH'
complete -c hactl -n "__fish_hactl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "init" -d 'Print an inventory to start from'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "check" -d 'Validate inventories and keepalived.conf files, offline (exit 4 when a keepalived.conf names a program, user, interface or network namespace that is not on this host)'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "role" -d 'Roles: what there is, and what a role puts on a host'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "template" -d 'Templates: what there is, how one is written, and what it can use'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "import" -d 'Read a running keepalived and nginx pair, and print the inventory of it (exit 2 when something would be otherwise)'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "takeover" -d 'Replace the keepalived that owns the VIP, without losing a packet; `uninstall` gives it back'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "status" -d 'One screen: who owns the VIP, and how everybody feels'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "dashboard" -d 'A page on this machine\'s loopback that shows the cluster as it lives, with failover, drain and drill behind a word that is typed; prints its URL, and serves until it is interrupted'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "verify" -d 'Check that each VIP has exactly one owner and that the service answers through it'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "metrics" -d 'Print the metrics of all agents as one page of Prometheus\' text format; no port need be open for it'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "rollback" -d 'Go back to an earlier generation on all hosts, or on none'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "remove" -d 'Take hactl, and all that it ever put there, away from these hosts'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "uninstall" -d 'Leave every host as it was before hactl'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "diff" -d 'What differs on each host between two generations'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "history" -d 'What deploys did to each host, and which generation is in force'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "lock" -d 'Who may deploy now, and how to end what a dead desk left'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "agent" -d 'The daemon on a load balancer, and its local controls'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "explain" -d 'Tell what an error code means, why it matters and what to do'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "man" -d 'Print the manual page: `hactl man | man -l -`'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "genhash" -d 'Print the MD5 sum of a page, for the `digest` of HTTP_GET'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "completions" -d 'Print a shell completion script'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "render" -d 'Print what a host would get, offline'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "plan" -d 'Connect, compare and print what a deploy would change (exit 2 when something is pending)'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "deploy" -d 'Plan, confirm, apply and verify'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "capture" -d 'Show what load balancers say on their LAN (adverts, ARP, neighbour discovery) in plain words, seen by all of them at once, and what is wrong with it (exit 7 then)'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "logs" -d 'What agents and nginx wrote, of all hosts on one clock'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "failover" -d 'Move the VIP to another load balancer and measure the gap'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "unpin" -d 'Drop the raised priorities that failovers left: the election decides again'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "drain" -d 'Give a real server no new connections, on every director'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "undrain" -d 'Take drain back'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "weight" -d 'Give a real server another weight on every director; without a number the configured one again'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "backend" -d 'Servers of pools: add, remove, weigh, drain them, live; the inventory is edited with its comments kept'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "drill" -d 'Inject faults, measure the clients\' outage, restore, judge'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "lab" -d 'Real Debian hosts (systemd, sshd) on this machine'
complete -c hactl -n "__fish_hactl_using_subcommand help; and not __fish_seen_subcommand_from init check role template import takeover status dashboard verify metrics rollback remove uninstall diff history lock agent explain man genhash __complete completions render plan deploy capture logs failover unpin drain undrain weight backend drill lab help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from role" -f -a "list" -d 'Every role, with what it is for; those beside the inventory first'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from role" -f -a "show" -d 'A role as it is written: copy it to `roles/NAME/role.yaml` beside the inventory and change it'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from template" -f -a "list" -d 'Every template, with its roles and where its file goes'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from template" -f -a "show" -d 'A template as it is written: copy it to `templates/NAME` beside the inventory and change it'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from template" -f -a "variables" -d 'What templates can use on a host, as they write it, with its values; secrets are `…`. Besides these each role has its own `params`, which `role show` lists'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from lock" -f -a "status" -d 'Who holds the lock of each host'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from lock" -f -a "break" -d 'Take the lock away; what was not committed goes back'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "run" -d 'Run the daemon'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "status" -d 'State of the local agent'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "promote" -d 'Make this node master at once'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "resign" -d 'Hand the addresses to the best backup'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "unpin" -d 'Drop the raised priority that promote left'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "call" -d 'Send one request as JSON from stdin, and print the answer as JSON; this is how the desk asks'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "drain" -d 'Give a real server no new connections; what is connected goes on'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "undrain" -d 'Take drain back'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "weight" -d 'Give a real server another weight; without a number the configured one again'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "reload" -d 'Read the configuration again'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "stop" -d 'Stop the agent; under systemd, keeps the addresses when the unit is only restarting'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "history" -d 'Past events, and how long each state lasted'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "events" -d 'What the agent sees, line by line until Ctrl-C: adverts, changes, checks, load; with --json typed'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "metrics" -d 'Metrics in Prometheus\' text format'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "upgrade" -d 'Replace the running process by the binary now on disk, in place: same process id, addresses untouched'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "listen" -d 'Which VRIDs are in use on a LAN: listens, then prints one line for each router heard'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "capture" -d 'Write what load balancers say on their LAN (adverts, ARP, questions for neighbours) to stdout as pcapng, until the time is over or nobody reads: `hactl agent capture | tshark -r -`'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "certificates" -d 'Get certificates by ACME that sites lack, and renew those that are about to end; a timer does this each hour'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "probe" -d 'Does a web server answer? Exit 0 for any HTTP status below 500; for check scripts'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from backend" -f -a "list" -d 'Every pool with its servers, as the inventory says'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from backend" -f -a "add" -d 'Add a web host, or a server to a pool: web-9=10.0.0.9, web-9=10.0.0.9:8080, 10.0.0.21:9000'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from backend" -f -a "maintenance" -d 'Answer every request with one page and status 503; the VIP stays where it is'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from backend" -f -a "remove" -d 'Take a server out for good'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from backend" -f -a "weight" -d 'Give a server another share of the requests'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from backend" -f -a "drain" -d 'Give a server no new requests; those that run end as they would'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from backend" -f -a "undrain" -d 'Take drain back'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from backend" -f -a "canary" -d 'Give a server another share for a while, watch the answers, and put the old one back (exit 7 when they went bad)'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "up" -d 'Start the hosts'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "down" -d 'Stop them and leave nothing behind'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "status" -d 'Show them'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "power" -d 'Cut a host\'s power, or give it back'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "port" -d 'Make a host\'s switch port lead nowhere, or whole again'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "ssh" -d 'Open a shell, or run a command, on a host through SSH'
complete -c hactl -n "__fish_hactl_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "exec" -d 'Run a command in the desk, the client or a host without SSH'
