#!/usr/bin/env bash
# Deploys: of thirty hosts, beside what asking them costs; of four hosts, beside Ansible; of fifty sites, beside one.
# usage: fleet.sh [HOSTS]
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/target/dist:$PATH
count=${1:-30}
folder=$(mktemp -d)
trap 'hactl lab down -q; rm -rf "$folder"' EXIT
desk() { hactl lab exec desk -- "$@"; }
seconds() { # runs a command at the desk and prints how long it took, as somebody who sits there sees it
    # shellcheck disable=SC2016 # for the shell at the desk
    desk bash -c '
        begin=$EPOCHREALTIME code=0
        "$@" >"$0" 2>&1 || code=$?
        end=$EPOCHREALTIME
        [[ $code == 0 ]] || { echo "exit $code of $*:" && tail -n 5 "$0"; } >&2
        awk -v a="$begin" -v b="$end" "BEGIN { printf \"%.3f\n\", b - a }"' "$folder/said" "$@"
}
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.3f s (%.3f..%.3f)\n", v[int((NR + 1) / 2)], v[1], v[NR] }'; }
# rows COMMAND ...: begin with these words, then ten runs of it.
rows() {
    local head=$1
    shift
    for _ in 1 2 3 4 5 6 7 8 9 10; do seconds "$@"; done | median | sed "s/^/$head /"
}
inventory() { # names of hosts
    echo 'vip: 10.0.0.3/24'
    echo 'ssh: { user: root }'
    for group in lb web; do
        echo "$group:"
        for name in "$@"; do [[ $name != $group-* ]] || echo "  $name: 10.0.0.${name##*-}"; done
    done
}
install() { # packages, on all of $names
    for name in "${names[@]}"; do
        hactl lab exec "$name" -- apt-get install -y -q --no-install-recommends "$@" >"$folder/said" 2>&1 || tail -n 5 "$folder/said"
    done
}

names=(lb-5 lb-6)
for ((n = 7; ${#names[@]} < count; n++)); do names+=("web-$n"); done
hactl lab down -q
hactl lab up -q --hosts "$(IFS=, && echo "${names[*]}")"
inventory "${names[@]}" >"$folder/all.yaml"
install nginx # as most hosts come
echo "$count hosts, first deploy, nginx there:           $(seconds hactl deploy "$folder/all.yaml" -y --accept-new-host-keys) s"
rows "$count hosts, deploy, nothing to change:           " hactl deploy "$folder/all.yaml" -y
rows "$count hosts, one connection and one command each: " hactl status -i "$folder/all.yaml" -q

# Ansible at its best: pipelining, connections kept open, no facts gathered.
command -v ansible-playbook >/dev/null || apt-get install -y -q --no-install-recommends ansible-core >/dev/null
names=(lb-5 lb-6 web-7 web-8)
install python3 python3-apt
inventory "${names[@]}" >"$folder/four.yaml"
desk hactl deploy "$folder/four.yaml" -y >/dev/null 2>&1
home=$(desk printenv HOME)
{
    for group in lb web; do
        echo "[$group]"
        for name in "${names[@]}"; do [[ $name != $group-* ]] || echo "$name ansible_host=10.0.0.${name##*-}"; done
    done
    echo '[lb:vars]'
    echo 'files=["/etc/nginx/conf.d/hactl-lb.conf", "/etc/nginx/hactl_proxy_params", "/etc/hactl/hactl.conf", "/etc/hactl/check-web.sh", "/etc/systemd/system/hactl-agent.service"]'
    echo '[web:vars]'
    echo 'files=["/etc/nginx/conf.d/hactl-web.conf", "/usr/share/nginx/html/hactl/index.html"]'
    echo '[all:vars]'
    echo "folder=$folder"
    echo 'ansible_user=root'
    echo "ansible_ssh_private_key_file=$home/.ssh/id_ed25519"
} >"$folder/hosts"
cat >"$folder/ansible.cfg" <<END
[defaults]
inventory = $folder/hosts
forks = 50
host_key_checking = no
[ssh_connection]
pipelining = yes
ssh_args = -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=$home/.ssh/known_hosts
control_path_dir = $folder/cp
END
for name in "${names[@]}"; do
    case $name in lb-*) group=lb ;; *) group=web ;; esac
    for file in $(sed -n "/^\[$group:vars\]/,/^\[[^]]*\]/s/^files=\[\(.*\)\]/\1/p" "$folder/hosts" | tr -d '",'); do
        mkdir -p "$folder/$name${file%/*}"
        # What looks like a template to Ansible is none.
        { printf '{%% raw %%}' && hactl lab exec "$name" -- cat "$file" && printf '{%% endraw %%}'; } >"$folder/$name$file"
    done
done
playbook=(env "ANSIBLE_CONFIG=$folder/ansible.cfg" ansible-playbook tests/bench/ansible/site.yml)
desk "${playbook[@]}" >"$folder/said" 2>&1 || tail -n 20 "$folder/said" # connects, and whatever it sees as changed
rows '4 hosts, ansible-playbook, nothing to change:     ' "${playbook[@]}"
! grep -q 'changed=[1-9]' "$folder/said" || { echo 'that was not nothing:' && grep changed= "$folder/said"; }
rows '4 hosts, hactl deploy, nothing to change:         ' hactl deploy "$folder/four.yaml" -y

sites() { # how many, and a word that each of them says
    inventory "${names[@]}"
    echo 'sites:'
    for ((n = 1; n <= $1; n++)); do echo "  - { names: [site-$n.example.cc], pool: web, max_body: $2 }"; done
}
change() { # how many: how long a deploy takes that changes all of them
    sites "$1" "$((++turn))m" >"$folder/sites.yaml"
    seconds hactl deploy "$folder/sites.yaml" -y
}
turn=0
for count in 1 50; do change "$count" >/dev/null; done
for n in 1 2 3 4 5; do
    for count in 1 50; do change "$count" >>"$folder/sites-$count"; done
done
for count in 1 50; do median <"$folder/sites-$count" | sed "s/^/4 hosts, $count sites changed: /"; done
