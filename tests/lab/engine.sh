#!/bin/sh
# A container engine to test with: up as long as this program's input is open, and gone with all that it ran.
#
#   engine.sh docker FOLDER     Docker's daemon with its data, containers and `socket` in FOLDER, which is removed in the end (needs root)
#   engine.sh podman FOLDER     Podman's service, likewise
set -eu

kind=$1 folder=$2
# Whoever kills the tests must not kill what cleans up after them.
trap '' INT TERM HUP PIPE

case $kind in
    docker)
        /usr/sbin/dockerd --bridge none --iptables=false --shutdown-timeout 2 \
            --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" \
            --host "unix://$folder/socket" </dev/null >"$folder/log" 2>&1 &
        ;;
    podman)
        mkdir "$folder/tmp"
        # What it asks for by itself may be more than we have.
        printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >"$folder/containers.conf"
        export CONTAINERS_CONF="$folder/containers.conf"
        set -- /usr/bin/podman --root "$folder/data" --runroot "$folder/exec" --tmpdir "$folder/tmp" \
            --cgroup-manager cgroupfs --events-backend file --runtime runc
        "$@" system service --time 0 "unix://$folder/socket" </dev/null >"$folder/log" 2>&1 &
        ;;
esac
daemon=$!

cat >/dev/null || :

# Docker stops its containers before it goes; those of Podman are nobody's children, nor are those that watch over an exec.
if [ "$kind" = podman ]; then
    "$@" rm --all --force --time 0 >/dev/null 2>&1 || :
    for process in /proc/[0-9]*; do
        ! grep -aqs "conmon.*$folder/" "$process/cmdline" || kill -KILL "${process#/proc/}" 2>/dev/null || :
    done
fi
kill "$daemon" 2>/dev/null || :
wait "$daemon" 2>/dev/null || :
# Engines forget mounts: the network namespace of the host, the folder of layers.
cut -d' ' -f2 /proc/mounts | grep "^$folder/" | sort -r | while read -r mount; do umount -l "$mount" || :; done
rm -rf "$folder"
