#!/bin/sh
# A throwaway copy of this machine to run one target in: its own mounts, processes, network, names and IPC. Whatever is written
# there goes into memory and is gone in the end (needs root).
#
#   room.sh [--systemd] SCRATCH RESULTS SUITE PROGRAMS REFERENCE COMMAND…
#
# With --systemd the room is booted: its first process is systemd, and COMMAND a service of it.
# SCRATCH is an empty folder; RESULTS is the only folder that outlives the room (there: /conformance/results); SUITE is copied
# to /conformance (`-`: none), PROGRAMS (links to what is tested) to /conformance/bin. REFERENCE is the reference's virtual environment.
set -eu

if [ "${1-}" != inside ]; then
    booted=
    if [ "${1-}" = --systemd ]; then
        # Control groups that systemd may call its own; whoever gave the name removes them.
        shift
        booted=--cgroup
        group=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)/${1##*/}
        mkdir "$group"
        echo $$ >"$group/cgroup.procs"
    fi
    # Every process of the room dies with this one, also when it is killed.
    exec setpriv --pdeathsig KILL unshare --mount --net --pid --uts --ipc $booted --fork --kill-child=KILL --mount-proc "$0" inside "$booted" "$@"
fi
booted=$2
shift 2
scratch=$1 results=$2 suite=$3 programs=$4 reference=$5
shift 5
mount --make-rprivate /
mount -t tmpfs -o mode=755 room "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
root=$scratch/root
mount -t overlay room -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 room "$root/dev/shm"
mount -t tmpfs -o mode=755 room "$root/run"
mkdir -p "$root/run/sshd" "$root/run/lock"
ip link set lo up
# Other file systems of the machine are not part of the copy.
for folder in "$programs" "$reference" $(readlink -f "$programs"/* | xargs -r -n 1 dirname | sort -u); do
    [ -e "$root$folder/." ] && [ -n "$(ls -A "$root$folder")" ] || {
        mkdir -p "$root$folder"
        mount --bind "$folder" "$root$folder"
    }
done
rm -rf "$root$HOME/.ansible" "$root/conformance"
mkdir -p "$root/conformance/results" "$root/conformance/output" "$root/conformance/test"
mount --bind "$results" "$root/conformance/results"
if [ "$suite" != - ]; then
    cp -a "$suite/test/integration" "$root/conformance/test/integration"
    cp -a "$suite/test/lib/ansible_test/_util/target/injector" "$root/conformance/injector"
    mkdir -p "$root/conformance/test/lib/ansible_test/_data"
    cp -a "$suite/test/lib/ansible_test/_data/requirements" "$root/conformance/test/lib/ansible_test/_data/"
fi
cp -a "$programs" "$root/conformance/bin"
# The suite copies it, and its containers have one.
[ -e "$root/root/.ssh/authorized_keys" ] || { mkdir -p -m 700 "$root/root/.ssh"; echo "# nobody" >"$root/root/.ssh/authorized_keys"; }
if [ -n "$booted" ]; then
    mount -t cgroup2 room "$root/sys/fs/cgroup"
    units=$root/etc/systemd/system
    # What empties /tmp, what would reach through the room to the kernel, and engines whose folders are not part of it.
    for unit in systemd-tmpfiles-clean.timer systemd-tmpfiles-setup.service systemd-sysctl.service systemd-binfmt.service systemd-modules-load.service proc-sys-fs-binfmt_misc.automount \
        dev-hugepages.mount docker.socket podman.socket; do
        ln -sf /dev/null "$units/$unit"
    done
    cat >"$units/room.service" <<END
[Unit]
Wants=ssh.service
After=basic.target ssh.service
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=oneshot
ExecStart=$*
Environment=HOME=$HOME PATH=$PATH
WorkingDirectory=/
StandardOutput=append:/conformance/results/log
StandardError=inherit
END
    mkdir "$root/before"
    cd "$root"
    pivot_root . before
    exec env -i container=room PATH="$PATH" /bin/sh -c \
        'umount -l /before && exec /lib/systemd/systemd --unit=room.service --log-target=journal --show-status=no'
fi
# The first process must collect orphans, as `wait` does.
chroot "$root" "$@" </dev/null &
code=0
wait $! || code=$?
exit $code
