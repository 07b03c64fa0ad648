#!/bin/sh
# Hosts to try and test with: they are up as long as this program's input is open, and leave nothing behind.
#
#   lab.sh hosts N [FOLDER]      N hosts, each with its own network, mount, PID, IPC and UTS namespaces, sshd, /etc, home
#                                and temporary folders (needs root)
#   lab.sh loopback N [FOLDER]   one host that answers at N loopback addresses; without root it is you yourself
#
# With a file FOLDER/peers the users of hosts may log in to the other hosts by ssh, as launchers of MPI do. A host with a
# file nI/engine runs a Docker of its own, at the usual places; only its root may ask it.
#
# FOLDER gets inventory.ini, ssh_config, known_hosts, key, and for each host nI/: address, pid (the first process, as seen
# from here), log (of its sshd). Users of every host are root and bench; `key` opens both. Before the start, two files of
# yours may lie in nI/: sshd_config (lines that win over ours) and prepare (a script that runs there as root, before sshd).
#
# Then lines on the input are orders, each answered by `ok` or by what went wrong:
#   cut nI | restore nI          the network link of a host (hosts only)
#   kill nI | start nI           the whole host, as a power switch: its disk stays
#   end                          as the end of the input: everything ends and goes, but for a FOLDER that was given
#                                (with REMOVE_FOLDER=yes in the environment that too)
set -eu

fail() {
    echo "$*"
    exit 1
}

# The host's side: the first process of its PID namespace. `1` is its folder.
if [ "${1-}" = inside ]; then
    folder=$2 name=$3
    exec </dev/null >>"$folder/log" 2>&1
    mount --make-rprivate /
    hostname "$name"
    ip link set lo up 2>/dev/null || :
    mount --bind "$folder/boot_id" /proc/sys/kernel/random/boot_id
    # /tmp comes last, because the folder may lie below it.
    rm -rf "$folder/run" "$folder/shm"
    mkdir -p "$folder/run/sshd" "$folder/shm"
    chmod 1777 "$folder/shm"
    for pair in etc:/etc home:/home root:/root shm:/dev/shm var_tmp:/var/tmp run:/run tmp:/tmp; do
        mount --bind "$folder/${pair%%:*}" "${pair#*:}"
    done
    [ ! -e /etc/lab/prepare ] || sh -eu /etc/lab/prepare
    if [ -e /etc/lab/engine ]; then
        # Its data must not be this machine's, nor lie on an overlay.
        mkdir -p /var/lib/docker /var/tmp/docker
        mount --bind /var/tmp/docker /var/lib/docker
        /usr/sbin/dockerd --log-level warn --cgroup-parent "$(cat /etc/lab/engine)" &
    fi
    for config in /etc/lab/sshd_config.*; do
        /usr/sbin/sshd -D -e -f "$config" &
    done
    # The first process must collect orphans for ever, as `wait` does.
    while :; do
        sleep 86400 &
        wait $! || :
    done
fi

kind=${1-} count=${2-} folder=${3-}
case $kind:$count in
    *:*[!0-9]* | *: | hosts:0 | loopback:0) kind= ;;
    hosts:* | loopback:*) ;;
    *) kind= ;;
esac
if [ -z "$kind" ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
if [ "$(id -u)" = 0 ]; then
    user=bench
elif [ "$kind" = loopback ]; then
    user=$(id -un)
else
    fail "hosts with namespaces of their own need root"
fi
# Whether the folder goes in the end too.
made=${REMOVE_FOLDER-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d "${TMPDIR:-/tmp}/benchbook-lab-XXXXXX") made=yes
fi
folder=$(cd "$folder" && pwd)
script=$(cd "$(dirname -- "$0")" && pwd)/$(basename -- "$0")
bridge=
umask 022

tear_down() {
    trap '' INT TERM HUP
    for file in "$folder"/n*/starter; do
        [ ! -e "$file" ] || stop_host "$(basename "$(dirname "$file")")"
    done
    # A link goes with its namespace, but the kernel takes its time.
    for link in ${bridge:+$(cd /sys/class/net && echo "$bridge"n*) "$bridge"}; do
        ip link delete "$link" 2>/dev/null || :
    done
    [ -z "$bridge" ] || let_pass -D
    [ -z "$made" ] || rm -rf "$folder"
}
# An engine on this machine has the kernel drop what goes from one port of a bridge to another, as between two hosts.
let_pass() {
    iptables -w "$1" FORWARD -i "$bridge" -o "$bridge" -j ACCEPT 2>/dev/null || :
}
trap tear_down EXIT
trap 'exit 0' INT TERM HUP
# Whoever gave an order may be dead when it is answered: that ends the script, which must still clean up.
trap '' PIPE

# The last number of a host's address.
number() {
    echo "${1#n}"
}

# All processes below one, itself last.
tree() {
    for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
        tree "$child"
    done
    echo "$1"
}

stop_host() {
    read -r starter <"$folder/$1/starter"
    if [ "$user" = bench ]; then
        # Whatever the host runs dies with its first process.
        pid=$(cat "$folder/$1/pid" 2>/dev/null) || pid=
        kill -KILL "$starter" 2>/dev/null || :
        wait "$starter" 2>/dev/null || :
        while [ -n "$pid" ] && grep -qs '^State:.[^ZX]' "/proc/$pid/status"; do sleep 0.01; done
    else
        # shellcheck disable=SC2046 # the words are process ids
        kill -KILL $(tree "$starter") 2>/dev/null || :
        wait "$starter" 2>/dev/null || :
    fi
    rm -f "$folder/$1/starter" "$folder/$1/pid"
    # The control groups of its containers, which a power switch leaves behind.
    group=$bridge$1
    [ ! -e "$folder/$1/engine" ] ||
        find /sys/fs/cgroup -depth -type d \( -path "*/$group" -o -path "*/$group/*" \) -exec rmdir {} + || :
}

# What the daemon listens on → its configuration. The first value of a setting wins.
sshd_config() {
    cat "$folder/$name/sshd_config" 2>/dev/null || :
    printf '%s\n' "$@"
    cat <<END
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org
UsePAM no
UseDNS no
StrictModes no
PermitRootLogin prohibit-password
KbdInteractiveAuthentication no
MaxStartups 1000
MaxSessions 1000
LogLevel VERBOSE
PidFile none
PrintMotd no
Subsystem sftp internal-sftp
END
}

# Files of a host: its own /etc with its users, name and identity.
furnish() {
    name=$1
    here=$folder/$name
    mkdir -p "$here"
    : >"$here/log"
    if [ "$user" != bench ]; then
        mkdir -p "$here/lab"
        return
    fi
    cp -a /etc "$here/etc"
    mkdir -p "$here/home/bench/.ssh" "$here/root/.ssh" "$here/tmp" "$here/var_tmp" "$here/etc/lab"
    chmod 1777 "$here/tmp" "$here/var_tmp"
    chmod 700 "$here/root"
    cp "$folder/key.pub" "$here/home/bench/.ssh/authorized_keys"
    cp "$folder/key.pub" "$here/root/.ssh/authorized_keys"
    [ ! -e "$here/prepare" ] || cp "$here/prepare" "$here/etc/lab/prepare"
    [ ! -e "$here/engine" ] || echo "$bridge$name" >"$here/etc/lab/engine"
    if [ -e "$folder/peers" ]; then
        for home in "$here/home/bench" "$here/root"; do
            cp "$folder/key" "$home/.ssh/id_ed25519"
            # Who is up first does not know the keys of those that come.
            printf 'StrictHostKeyChecking accept-new\nLogLevel ERROR\n' >"$home/.ssh/config"
        done
    fi
    echo 'bench:x:61000:61000:the lab:/home/bench:/bin/sh' >>"$here/etc/passwd"
    echo 'bench:*:19000:0:99999:7:::' >>"$here/etc/shadow"
    echo 'bench:x:61000:' >>"$here/etc/group"
    chown -R 61000:61000 "$here/home/bench"
    sed -i 's|^\(root:.*\):[^:]*$|\1:/bin/sh|' "$here/etc/passwd"
    tr -d - </proc/sys/kernel/random/uuid >"$here/etc/machine-id"
    echo "$name" >"$here/etc/hostname"
    cp "$folder/hosts" "$here/etc/hosts"
}

# Where it listens → one daemon for 16 addresses, the most that sshd takes.
listen() {
    if [ "$user" = bench ]; then to=$here/etc/lab seen=/etc/lab; else to=$here/lab seen=$to; fi
    [ -e "$to/host_key" ] || ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$to/host_key"
    part=1
    while [ $# -gt 0 ]; do
        lines= room=16
        while [ $# -gt 0 ] && [ $room -gt 0 ]; do
            lines="$lines${lines:+
}ListenAddress $1:$port"
            room=$((room - 1))
            shift
        done
        files="HostKey $seen/host_key"
        [ "$user" = bench ] || files="$files
AuthorizedKeysFile $folder/key.pub"
        sshd_config "$lines" "$files" >"$to/sshd_config.$part"
        part=$((part + 1))
    done
}

start_host() {
    name=$1
    here=$folder/$name
    [ ! -e "$here/starter" ] || fail "$name is up"
    if [ "$user" != bench ]; then
        sh -c 'for config; do /usr/sbin/sshd -D -e -f "$config" & done; wait' sh "$here"/lab/sshd_config.* \
            </dev/null >>"$here/log" 2>&1 &
        echo $! >"$here/starter"
        return
    fi
    cat /proc/sys/kernel/random/uuid >"$here/boot_id"
    own=--mount
    [ "$kind" = loopback ] || own="--mount --net"
    # Each of them dies with the one before it, also when this script is killed.
    # shellcheck disable=SC2086
    setpriv --pdeathsig KILL unshare $own --pid --uts --ipc --fork --kill-child=KILL --mount-proc \
        "$script" inside "$here" "$name" </dev/null >>"$here/log" 2>&1 &
    starter=$!
    echo $starter >"$here/starter"
    pid=
    while [ -z "$pid" ]; do
        kill -0 $starter || fail "$name did not start, see $here/log"
        pid=$(cat "/proc/$starter/task/$starter/children" 2>/dev/null | tr -d ' ')
    done
    echo "$pid" >"$here/pid"
    [ "$kind" = hosts ] || return 0
    # Its network namespace is not ours any more as soon as the first process is there.
    link=${bridge}n$(number "$name")
    # A machine keeps its address through a reboot, so that nobody has to forget the old one.
    hardware=$(printf '02:be:9c:%02x:%02x:%02x' $((block / 256)) $((block % 256)) "$(number "$name")")
    ip link add "$link" type veth peer name eth0 address "$hardware" netns "$pid"
    ip link set "$link" master "$bridge" up
    nsenter --net -t "$pid" ip address add "$(cat "$here/address")/24" dev eth0
    nsenter --net -t "$pid" ip link set eth0 up
}

# Waits until every address answers.
answered() {
    tries=0
    until [ "$(ssh-keyscan -T 1 -t ed25519 -p "$port" "$@" 2>/dev/null | wc -l)" = $# ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || fail "not all of $* answer on port $port: $(cat "$folder"/n*/log)"
        sleep 0.05
    done
}

# Waits until the container engine of a host answers, if it is to have one.
engine_answers() {
    [ -e "$folder/$1/engine" ] || return 0
    tries=0
    until docker --host "unix:///proc/$(cat "$folder/$1/pid")/root/run/docker.sock" version >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "the engine of $1 does not answer: $(cat "$folder/$1/log")"
        sleep 0.1
    done
}

# A block of addresses that nobody else has: process ids differ.
block=$$
if [ "$kind" = hosts ]; then
    port=22
    until ip link add "bbl$((block % 512))" type bridge 2>/dev/null; do
        block=$((block + 1))
        [ $block -lt $(($$ + 512)) ] || fail "no bridge could be made; is this root, with CAP_NET_ADMIN?"
    done
    block=$((block % 512)) bridge=bbl$block
    prefix=198.$((18 + block / 256)).$((block % 256))
    ip address add "$prefix.254/24" dev "$bridge"
    ip link set "$bridge" up
    let_pass -I
else
    port=$((20000 + block % 10000))
    prefix=127.$((64 + block / 254 % 64)).$((block % 254))
fi

ssh-keygen -q -t ed25519 -N '' -C lab -f "$folder/key"
{
    echo "127.0.0.1 localhost"
    for i in $(seq "$count"); do echo "$prefix.$i n$i"; done
} >"$folder/hosts"
cat >"$folder/ssh_config" <<END
IdentityFile $folder/key
IdentitiesOnly yes
UserKnownHostsFile $folder/known_hosts
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking yes
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org
User $user
Port $port
END
{
    echo "[bench]"
    for i in $(seq "$count"); do echo "n$i ansible_host=$prefix.$i"; done
    cat <<END

[bench:vars]
ansible_user=$user
ansible_port=$port
ansible_ssh_private_key_file=$folder/key
ansible_ssh_common_args='-F $folder/ssh_config'
END
} >"$folder/inventory.ini"

addresses=$(seq -f "$prefix.%.0f" "$count" | tr '\n' ' ')
: >"$folder/known_hosts"
if [ "$kind" = hosts ]; then machines=$(seq -f 'n%.0f' "$count"); else machines=n1; fi
for name in $machines; do
    furnish "$name"
    if [ "$kind" = hosts ]; then at=$prefix.$(number "$name"); else at=$addresses; fi
    echo "$at" >"$here/address"
    # shellcheck disable=SC2086 # the words are addresses
    listen $([ "$kind" = hosts ] && echo 0.0.0.0 || echo $at)
    for address in $at; do
        known=$address
        [ "$port" = 22 ] || known="[$address]:$port"
        cut -d' ' -f1,2 "$here"/*/host_key.pub "$here"/etc/lab/host_key.pub 2>/dev/null | sed "s/^/$known /;q"
    done >>"$folder/known_hosts"
    start_host "$name"
done
# shellcheck disable=SC2086
answered $addresses
for name in $machines; do engine_answers "$name"; done
echo "ready $folder"
[ ! -t 0 ] || echo "benchbook run PLAYBOOK -i $folder/inventory.ini  (Ctrl-D ends the lab)" >&2

while read -r order name rest; do
    case "$order $kind" in
        "end "*) break ;;
        "cut hosts") ip link set "${bridge}n$(number "$name")" down && echo ok || echo "no link $name" ;;
        "restore hosts") ip link set "${bridge}n$(number "$name")" up && echo ok || echo "no link $name" ;;
        "kill "*) if [ -e "$folder/$name/starter" ]; then stop_host "$name"; echo ok; else echo "$name is not up"; fi ;;
        "start "*) if [ -e "$folder/$name/starter" ]; then echo "$name is up"; else start_host "$name"; answered "$(cut -d' ' -f1 "$folder/$name/address")"; engine_answers "$name"; echo ok; fi ;;
        *) echo "no such order: $order $name $rest" ;;
    esac
done
