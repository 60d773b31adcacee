#!/bin/sh
# What the desk does on a host. These functions travel in front of every script, which only calls them with quoted
# words, so what runs on a host can be read here. POSIX sh, systemd 219 and later. A step that fails says what it was
# doing and ends the script; the desk decides what follows. What a role brings along runs in a shell of its own, which
# knows none of these names.
# shellcheck disable=SC2034,SC2154,SC2317 # functions and names are used by the lines that follow
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin"
umask 077
home=/var/lib/hactl
binary=/usr/local/bin/hactl
staging=$home/staging
newline='
'

# die WORDS [CODE]
die() {
    echo "$1" >&2
    exit "${2:-1}"
}

# lines FILE: what it says, without a process for it.
lines() {
    while IFS= read -r line || [ -n "$line" ]; do
        printf '%s\n' "$line"
    done <"$1"
}

# --- looking: each part of the output begins with a line @@NAME ---

# Addresses, also those of the hardware, how far a deploy is, and what the agent says.
look() {
    echo @@addr && ip addr show
    transaction
    if [ -s "$home/certificates/standing.json" ]; then
        echo @@certificates
        cat "$home/certificates/standing.json"
        echo
    fi
    echo @@agent && "$binary" agent status --json 2>/dev/null
    return 0
}

# The same with what runs. Asked for many times a second during a move.
show() {
    look
    echo @@units && systemctl is-active nginx firewalld ufw nftables 2>/dev/null
    return 0
}

# database: how WordPress's database stands right now where it is one of two. It is asked, which takes longer than a
# look.
database() {
    echo @@database
    [ ! -x /etc/hactl/wordpress/pair.sh ] || timeout 5 /etc/hactl/wordpress/pair.sh stands
    return 0
}

# ask_web LIMIT NAME URL ...: whether each web server answers, or why not; all at once, since one that drops packets
# costs a second.
ask_web() {
    limit=$1
    shift
    while [ $# -gt 1 ]; do
        {
            if said=$("$binary" agent probe "$2" --limit "$limit" 2>&1); then
                echo "$1 up"
            else
                said=$(echo "$said" | head -n 1)
                echo "$1 down ${said#*"$2: "}"
            fi
        } &
        shift 2
    done
    wait
}

# peers NAME URL ...: nginx itself answers. backends NAME URL ...: a page that takes its time is an answer, too.
peers() {
    echo @@peers
    ask_web 1s "$@"
}
backends() {
    echo @@backends
    ask_web 5s "$@"
}

# neighbours ADDRESS ...: the hardware address that each is found at.
neighbours() {
    echo @@neigh
    for address in "$@"; do
        ping -c1 -W1 "$address" >/dev/null 2>&1
        ip neigh show "$address"
    done
}

# forget ADDRESS: so that it is asked for anew.
forget() {
    ip neigh flush to "$1" 2>/dev/null
    return 0
}

# listen OPTION ...: which VRIDs others advertise; by the staged binary where there is one.
listen() {
    [ ! -x "$staging/bin/hactl" ] || binary=$staging/bin/hactl
    "$binary" agent listen "$@"
}

# clock: what time it is here.
clock() {
    date +%s.%N
}

# events: what the agent sees, line by line as JSON.
events() {
    "$binary" agent events --json
}

# capture OPTION ...: what goes over the LAN, as pcapng; not in words.
capture() {
    "$binary" agent capture "$@"
}

# logs SINCE CURSOR OFFSET LINES: what agent and nginx wrote: the journal since this second, or behind this cursor;
# nginx's error log from this byte on, where it is still as long. Neither more than the last so many lines.
logs() {
    echo @@zone && date +%z
    echo @@journal
    if [ -n "$2" ]; then
        journalctl -q --no-pager -o short-unix --show-cursor -n "$4" -u hactl-agent -u nginx --after-cursor="$2" 2>/dev/null
    else
        journalctl -q --no-pager -o short-unix --show-cursor -n "$4" -u hactl-agent -u nginx --since="@$1" 2>/dev/null
    fi
    log=/var/log/nginx/error.log
    [ -r "$log" ] || return 0
    size=$(wc -c <"$log") from=$3
    echo @@nginx && echo "$size"
    if [ -z "$from" ]; then
        head -c "$size" "$log" | tail -n "$4"
    else
        [ "$from" -le "$size" ] || from=0
        tail -c "+$((from + 1))" "$log" | head -c "$((size - from))" | tail -n "$4"
    fi
    return 0
}

# issue: gets certificates that are lacking, also those that could not be got before, and tells how all of them stand.
issue() {
    "$binary" agent certificates --now --json >/dev/null 2>&1
    look
}

# arp_settings: whether this host answers ARP for addresses on other interfaces.
arp_settings() {
    echo @@arp
    cat /proc/sys/net/ipv4/conf/all/arp_ignore /proc/sys/net/ipv4/conf/all/arp_announce
}

# system: distribution, init, package manager.
system() {
    echo @@os
    if [ -r /etc/os-release ]; then
        while IFS='=' read -r key value; do
            [ "$key" != ID ] || echo "$value"
        done </etc/os-release
    fi
    read -r comm </proc/1/comm && echo "$comm"
    echo @@pm
    commands_there apt-get dnf yum
    return 0
}

commands_there() {
    for command in "$@"; do
        case $command in
        /*)
            # It may be a pattern, for what has a version in its name.
            # shellcheck disable=SC2086
            for found in $command; do
                [ ! -e "$found" ] || { echo "$command" && break; }
            done
            ;;
        *) command -v "$command" >/dev/null && echo "$command" ;;
        esac
    done
    return 0
}

# commands NAME ...: those that are there.
commands() {
    echo @@commands
    commands_there "$@"
}

# files PATH ...: checksums and rights of those that are there, and of the binary. What the binary is read for takes
# longer than all the rest, so the sum that was taken when it was put there does while the kernel says that nobody has
# touched it since.
files() {
    # Inode, size and times of all, since one question costs as little as the binary's alone.
    stats=$(stat -c '%a %U:%G %i %s %.Y %.Z %n' -- "$@" "$binary" 2>/dev/null)
    known=''
    [ -n "${read_all-}" ] || [ ! -s "$home/binary" ] || read -r sum known <"$home/binary"
    echo @@sums
    case "$stats$newline" in
    *" ${known:-not read} $binary$newline")
        echo "$sum  $binary"
        [ $# = 0 ] || sha256sum -- "$@" 2>/dev/null
        ;;
    *) sha256sum -- "$@" "$binary" 2>/dev/null ;;
    esac
    echo @@stats && echo "$stats"
    echo @@links
    for path in "$@"; do
        [ ! -L "$path" ] || echo "$path"
    done
}

# every_byte: from here on nothing is believed that can be read.
every_byte() {
    read_all=yes
}

# keys FOLDER [SIGNED]: the keys of signed adverts there and that of the account at authorities, in hexadecimal digits,
# and where adverts are signed or shall be what time it is here, which they tell.
keys() {
    echo @@keys
    signed=${2-}
    for path in "$1"/vrrp-*.key "$1"/acme-account.key; do
        if [ ! -f "$path" ] || [ -L "$path" ]; then continue; fi
        echo "$(head -c 4097 "$path" | od -An -v -tx1 | tr -d ' \n') $path"
        signed=yes
    done
    echo @@clock
    [ -z "$signed" ] || clock
}

# put_before: what committed generations put or removed, the last of each path, as "GENERATION SHA256 PATH"; "0 - *"
# where generations came before this was written down.
put_before() {
    echo @@put
    read_state
    if [ -s "$home/put" ]; then
        set --
        [ ! -s "$home/audit" ] || set -- audit=yes "$home/audit" audit=
        awk '
            audit { if ($3 ~ /^committed/) counts[$2] = 1; next }
            $1 == "0" || $1 in counts { path = $0; sub(/^[^ ]* [^ ]* /, "", path); last[path] = $0 }
            END { for (path in last) print last[path] }
        ' "$@" "$home/put" || echo "0 - *"
    elif [ "$committed" != 0 ]; then
        echo "0 - *"
    fi
    return 0
}

# contents PATH ...: what is there, the lines of a text behind a blank each. What is too long is only measured.
contents() {
    number=0 room=2097152
    for path in "$@"; do
        echo "@@content $number"
        number=$((number + 1))
        if [ -L "$path" ]; then
            echo "link $(readlink "$path")"
        elif [ -f "$path" ]; then
            size=$(stat -c %s "$path")
            if [ "$size" -gt 262144 ] || [ "$size" -gt "$room" ]; then
                echo "long $size"
            else
                room=$((room - size))
                echo "text $size"
                sed 's/^/ /' "$path"
                echo
            fi
        fi
    done
}

# services NAME ... -- NAME ...: how those are that have a unit, and which of the latter run. To tell all that it knows
# of a unit takes systemd long, and longer where it has not loaded it yet. So it is asked for those that it has loaded:
# a link in /etc says that a unit starts at boot. Where that leaves something open it is asked for the unit itself.
services() {
    echo @@services
    runs='' known=' '
    for name in "$@"; do
        shift
        if [ "$name" = -- ]; then
            runs=' '
        elif has_unit "$name"; then
            case $name in
            *.service | *.socket | *.timer | *.path | *.mount | *.target | *.swap | *.slice) ;;
            *) name=$name.service ;;
            esac
            [ -z "$runs" ] || runs="$runs$name "
            set -- "$@" "$name"
        fi
    done
    [ $# != 0 ] || return 0
    listed=$(systemctl list-units --all --full --plain --no-legend --no-pager -- "$@" 2>/dev/null) && known="$known$runs"
    while read -r name load active _; do
        case " $* " in *" $name "*) ;; *) continue ;; esac
        if [ "$load" = loaded ] && starts_at_boot "$name"; then
            known="$known$name "
            enabled=enabled
        else
            case $runs in *" $name "*) enabled='' ;; *) continue ;; esac
        fi
        printf 'Id=%s\nActiveState=%s\nUnitFileState=%s\n\n' "$name" "$active" "$enabled"
    done <<END
$listed
END
    for name in "$@"; do
        shift
        case $known in *" $name "*) ;; *) set -- "$@" "$name" ;; esac
    done
    [ $# = 0 ] || systemctl show -p Id,ActiveState,UnitFileState -- "$@"
}
# starts_at_boot UNIT: for certain. One that is linked to may be masked, or known by another name.
starts_at_boot() {
    [ ! -L "/etc/systemd/system/$1" ] || return 1
    for link in /etc/systemd/system/*.wants/"$1" /etc/systemd/system/*.requires/"$1"; do
        [ ! -L "$link" ] || return 0
    done
    return 1
}
# has_unit NAME: as a file in one of systemd's folders, made from a script of /etc/init.d, or as a template of its kind.
has_unit() {
    [ -n "${unit_folders-}" ] || find_unit_folders
    for folder in $unit_folders; do
        if [ -e "$folder/$1.service" ] || [ -e "$folder/$1" ] || [ -L "$folder/$1.service" ] || [ -L "$folder/$1" ]; then
            return 0
        fi
        case $1 in
        *@*) if [ -e "$folder/${1%%@*}@.service" ] || [ -e "$folder/${1%%@*}@.${1##*.}" ]; then return 0; fi ;;
        esac
    done
    return 1
}
# find_unit_folders: those that are there. /lib leads to /usr/lib on most systems.
find_unit_folders() {
    for folder in /etc/systemd/system /usr/lib/systemd/system /run/systemd/system /usr/local/lib/systemd/system \
        /run/systemd/generator /run/systemd/generator.late; do
        [ ! -d "$folder" ] || unit_folders="${unit_folders-} $folder"
    done
    [ -L /lib ] || unit_folders="${unit_folders-} /lib/systemd/system"
}

# package_versions NAME ...: of those that are installed.
package_versions() {
    echo @@versions
    for package in "$@"; do
        if command -v dpkg-query >/dev/null; then
            # A package that is removed may leave its configuration, and a version with it.
            # shellcheck disable=SC2016 # for dpkg-query
            dpkg-query -W -f '${Status} ${Package} ${Version}\n' "$package" 2>/dev/null | sed -n 's/^[^ ]* [^ ]* installed //p'
        else
            rpm -q --qf '%{NAME} %{VERSION}-%{RELEASE}\n' "$package" 2>/dev/null | grep -v 'not installed'
        fi
    done
    echo all
}

# listeners: who listens on TCP ports.
listeners() {
    echo @@listeners
    ss -ltnp 2>/dev/null
    return 0
}

# places PATH ...: whether something can be written there, and how many blocks of which size are free.
places() {
    echo @@places
    for place in "$@"; do
        [ -e "$place" ] || place=${place%/*}
        if [ -w "$place" ]; then echo "rw $place"; else echo "ro $place"; fi
        set -- "$@" "$place"
        shift
    done
    echo @@space
    stat -f -c '%a %S %n' -- "$@" 2>/dev/null
}

# package_locks COMMAND ...: who works with packages right now, where one of these commands is still to come with one. A
# file that is locked is found in /proc/locks by its number.
package_locks() {
    echo @@package_locks
    [ "$(commands_there "$@" | wc -l)" -lt $# ] || return 0
    for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/lib/rpm/.rpm.lock; do
        [ -e "$file" ] || continue
        number=$(stat -c %i "$file")
        while read -r _ _ _ _ pid place _; do
            [ "${place##*:}" != "$number" ] || holder "$pid" "$file"
        done </proc/locks
    done 2>/dev/null
    for file in /run/yum.pid /var/run/yum.pid /var/cache/dnf/*.pid; do
        [ ! -s "$file" ] || { read -r pid <"$file" && [ -d "/proc/$pid" ] && holder "$pid" "$file"; }
    done
    return 0
}
holder() {
    echo "$1 $(cat "/proc/$1/comm" 2>/dev/null) $2"
}

# sysctls KEY ...
sysctls() {
    echo @@sysctl
    sysctl -- "$@" 2>/dev/null
    return 0
}

# succeeds NAME COMMAND: says "yes" where a role's command succeeds.
succeeds() {
    echo "@@$1"
    if sh -c "$2" >/dev/null 2>&1; then echo "yes"; fi
}

# --- staging: nothing live is touched ---

# stage_binary BYTES: reads the compressed binary from stdin.
stage_binary() {
    if ! head -c "$1" | gzip -dc >"$staging/bin/hactl" || ! chmod 755 "$staging/bin/hactl"; then
        die "cannot write the binary (disk full?)"
    fi
    "$staging/bin/hactl" --version >/dev/null || die "the binary does not run here (another processor?)"
}

# stage_file PATH OWNER:GROUP MODE BYTES SHA256: reads a file from stdin.
stage_file() {
    # A role may have thousands of files in one folder: what is seen of it is seen once in a step.
    if [ "${safe_folder-}" != "${1%/*} ${2%%:*}" ]; then
        safe "$1" "${2%%:*}"
        mkdir -p "$staging/root${1%/*}" || die "cannot stage $1 (disk full?)"
        safe_folder="${1%/*} ${2%%:*}"
    fi
    staged=$staging/root$1
    if ! head -c "$4" >"$staged" || ! chmod "$3" "$staged" || ! chown "$2" "$staged"; then
        die "cannot stage $1 (disk full? unknown owner?)"
    fi
    # Whatever stands between the desk and here: what is used is what was sent.
    [ "$(sha256sum <"$staged")" = "$5  -" ] || die "$1 did not arrive whole"
}

# safe PATH OWNER: nobody but root and its owner may lead a write to this file elsewhere, by a link on its way.
safe() {
    path=$1
    owner=$2
    folder=${1%/*}
    set --
    while [ -n "$folder" ]; do
        set -- "$@" "$folder"
        folder=${folder%/*}
    done
    # Each folder itself, then what a link there leads to.
    for as in -c -Lc; do
        stat "$as" %U:%a:%A:%n -- "$@" 2>/dev/null | while IFS=: read -r who mode kind folder; do
            [ "$who" = root ] || [ "$who" = "$owner" ] ||
                die "$path is not written: $who, who owns $folder, could lead it elsewhere; give the file that owner in its role (owner: $who:…), or the folder to root"
            case $mode:$kind in
            *[2367]:d*)
                [ -k "$folder" ] || die "$path is not written: everybody may write to $folder and lead it elsewhere; chmod o-w $folder"
                ;;
            esac
        done || exit
    done
}

# install_packages MANAGER NAME ...: the log lies where only root can put anything; a link in /tmp would lead root
# elsewhere. With apt-get `NAME-` is what shall not come along.
install_packages() {
    manager=$1
    shift
    log=$home/packages.log
    mkdir -p "$original" && printf '%s\n' "$@" | sed '/-$/d' >>"$original/packages"
    if [ "$manager" = apt-get ]; then
        # The lists are refreshed only when the package is not found in the present ones.
        apt_install "$@" >"$log" 2>&1 || { bounded apt-get update -q >>"$log" 2>&1 && apt_install "$@" >>"$log" 2>&1; }
    else
        bounded "$manager" install -y -q "$@" >"$log" 2>&1
    fi || {
        tail -n 5 "$log" >&2
        die "$manager install failed (all of it: $log); $(installed "$@")"
    }
}
# installed NAME ...: which of these packages are there now, in words.
installed() {
    for package in "$@"; do
        case $package in *-) continue ;; esac
        version=$(package_versions "$package" | sed -n 's/^[^ ]* //p')
        if [ -n "$version" ]; then echo "$package $version is installed now"; else echo "$package is not installed"; fi
    done
}
apt_install() {
    bounded apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=60 "$@"
}

# check PATH COMMAND: a role's test of a staged file.
check() {
    bounded sh -c "$2" || die "$1 does not pass its check"
}

# --- activating: the way back is written down first (`arm`) ---

# put FROM TO: a copy beside the destination, under a name that nobody can foresee and created exclusively, then one
# rename. Whatever lies at the destination, a link too, is replaced and never written through. What is the same already
# stays, so that a full disk hinders no way back that has nothing to do.
put() {
    if same "$1" "$2"; then return 0; fi
    # No step removes a folder that somebody has in the place of a file.
    if [ -d "$1" ] && [ ! -L "$1" ]; then
        [ -d "$2" ]
        return
    fi
    beside=$(mktemp "${2%/*}/.hactl-XXXXXXXXXX") || return
    if ! cp -a --remove-destination "$1" "$beside" || ! { [ -L "$beside" ] || sync "$beside" 2>/dev/null; } || ! mv -fT "$beside" "$2"; then
        rm -f "$beside"
        return 1
    fi
}
same() {
    [ -f "$1" ] && [ -f "$2" ] && [ ! -L "$1" ] && [ ! -L "$2" ] && cmp -s "$1" "$2" &&
        [ "$(stat -c %a:%u:%g "$1")" = "$(stat -c %a:%u:%g "$2")" ]
}

# wrote NUMBER [SHA256 PATH] ...: what this generation puts, or removes where the sum is "-". It counts once it is
# committed.
wrote() {
    mine=$1
    shift
    put_before | grep -v ^@@ | sort -n >"$home/put.new" || die "cannot write $home (disk full?)"
    while [ $# -gt 1 ]; do
        echo "$mine $1 $2" >>"$home/put.new" || die "cannot write $home (disk full?)"
        shift 2
    done
    mv -fT "$home/put.new" "$home/put" || die "cannot write $home (disk full?)"
}

# wrote_packages NUMBER NAME ...: what is installed of these when a generation is put in place.
wrote_packages() {
    mine=$1
    shift
    package_versions "$@" | while read -r name version; do
        [ -z "$version" ] || echo "$mine $version package:$name"
    done >>"$home/put" || die "cannot write $home (disk full?)"
}

# wrote_anew NUMBER: a generation that is an earlier one puts what was there then, which need not be ours.
wrote_anew() {
    mine=$1
    put_before | grep -v ^@@ | sort -n | while read -r number sum path; do
        echo "$number $sum $path"
        case $path in /*) ;; *) continue ;; esac
        now=$(sha256sum "$path" 2>/dev/null)
        [ "${now%% *}" = "${sum#-}" ] || echo "$mine ? $path"
    done >"$home/put.new"
    mv -fT "$home/put.new" "$home/put" || die "cannot write $home (disk full?)"
}

swap_binary() {
    if ! (umask 022 && mkdir -p "${binary%/*}") || ! put "$staging/bin/hactl" "$binary"; then
        die "cannot put the binary in place"
    fi
    sum=$(sha256sum <"$staging/bin/hactl")
    echo "${sum%% *} $(stat -c '%i %s %.Y %.Z' "$binary")" >"$home/binary" || die "cannot write $home (disk full?)"
}

# swap_file PATH: folders that are not there yet are for everybody to read, whatever umask is for the rest.
swap_file() {
    if ! { [ -d "${1%/*}/" ] || (umask 022 && mkdir -p "${1%/*}/"); } || ! put "$staging/root$1" "$1"; then
        die "cannot put $1 in place"
    fi
}

# remove_file PATH: and folders that deploys have made for it, once nothing is in them.
remove_file() {
    rm -f "$1" || die "cannot remove $1"
    folder=${1%/*}
    while known "folder $folder" && rmdir "$folder" 2>/dev/null; do folder=${folder%/*}; done
}

# run_unless UNLESS COMMAND: a role's escape hatch.
run_unless() {
    bounded sh -c "$1" >/dev/null 2>&1 || bounded sh -c "$2" || die "failed: $2"
}

# undo COMMAND DID: how a role takes back what it DID. What fails here keeps nothing else from going back.
undo() {
    bounded sh -c "$1" 2>/dev/null
    return 0
}

set_sysctl() {
    bounded sysctl -q -w "$1" || die "sysctl failed"
}

# replace NAME: a service that another one takes the place of.
replace() {
    bounded systemctl disable -q --now "$1" || die "cannot stop $1"
}

# enable NAME: systemd reads all units again, once.
enable() {
    bounded systemctl enable -q --no-reload "$1" || die "cannot enable $1"
    bounded systemctl daemon-reload
}

# service VERB NAME
service() {
    [ "$1" != restart ] || bounded systemctl daemon-reload
    bounded systemctl "$1" "$2" || {
        systemctl status -n 8 --no-pager "$2" 2>&1 | tail -n 8 >&2
        die "systemctl $1 $2 failed"
    }
}

# disable NAME, stop NAME: on the way back, where either may be so already.
disable() {
    bounded systemctl disable -q "$1" 2>/dev/null
    return 0
}
stop() {
    bounded systemctl stop "$1" 2>/dev/null
    return 0
}

# probe NAME COMMAND: a role's proof that it works. A service that was told to reload goes on with its old workers for a
# moment.
probe() {
    for wait in 0.1 0.4 1 2 2 0; do
        said=$(bounded bash -c "$2" 2>&1) && return 0
        code=$?
        sleep "$wait"
    done
    echo "$said" >&2
    die "probe failed: $1: exit code $code of \`$2\`"
}
