#!/bin/sh
# A container engine to test with: up as long as this program's input is open, and gone with all that it ran.
#
#   engine.sh FOLDER     Docker's daemon with its data, containers and `socket` in FOLDER, which is removed in the end (needs root)
set -eu

folder=$1
# Whoever kills the tests must not kill what cleans up after them.
trap '' INT TERM HUP PIPE

/usr/sbin/dockerd --bridge none --iptables=false --shutdown-timeout 2 \
    --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" --host "unix://$folder/socket" \
    </dev/null >"$folder/log" 2>&1 &
daemon=$!

cat >/dev/null || :

# It stops its containers before it goes.
kill "$daemon" 2>/dev/null || :
wait "$daemon" 2>/dev/null || :
rm -rf "$folder"
