#!/bin/sh
# A throwaway copy of this machine to run one target in: its own mounts, processes, network, names and IPC. Whatever is written
# there goes into memory and is gone in the end (needs root).
#
#   room.sh SCRATCH RESULTS SUITE PROGRAMS REFERENCE COMMAND…
#
# SCRATCH is an empty folder; RESULTS is the only folder that outlives the room (there: /conformance/results); SUITE is copied
# to /conformance (`-`: none), PROGRAMS (links to what is tested) to /conformance/bin. REFERENCE is the reference's virtual environment.
set -eu

if [ "${1-}" != inside ]; then
    # Every process of the room dies with this one, also when it is killed.
    exec setpriv --pdeathsig KILL unshare --mount --net --pid --uts --ipc --fork --kill-child=KILL --mount-proc "$0" inside "$@"
fi
shift
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
# The first process must collect orphans, as `wait` does.
chroot "$root" "$@" </dev/null &
code=0
wait $! || code=$?
exit $code
