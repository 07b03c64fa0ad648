#!/bin/sh
# A base image to test with, where there is no registry: Debian 12 with a C compiler and an sshd, as an archive for `docker import`.
#
#   base.sh      makes it from Debian's packages, unless it was made before, and says where it is (needs root and debootstrap)
set -eu

folder=${XDG_CACHE_HOME:-/var/cache}/benchbook-lab
archive=$folder/debian-12.tar
mkdir -p "$folder"
# One at a time.
exec 9>"$folder/lock"
flock 9
if [ ! -e "$archive" ]; then
    root=$(mktemp -d "$folder/root-XXXXXX")
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase --include=gcc,libc6-dev,openssh-server bookworm "$root" >&2
    (cd "$root" && rm -rf var/cache/apt/* var/lib/apt/lists/* usr/share/doc usr/share/man usr/share/locale usr/share/info)
    mkdir -p "$root/run/sshd"
    chmod 755 "$root"
    tar -C "$root" -cf "$archive.new" .
    mv "$archive.new" "$archive"
fi
echo "$archive"
