#!/bin/sh
# Runs a line as the user bb-ann, on a copy of this machine whose users and rules are its own: `stage.sh PROGRAMS LINE`, as root
# and in a mount namespace of its own (unshare -m). Nothing outside is changed.
set -eu
programs=$1 line=$2
mount --make-rprivate /
mount -t tmpfs -o mode=755 stage /mnt
cp -a /etc /mnt/etc
mkdir /mnt/home /mnt/project /mnt/bin
cp "$programs"/benchbook "$programs"/benchbook-agent /mnt/bin/
cp -a . /mnt/project/
mount --bind /mnt/etc /etc
mount --bind /mnt/home /home
for folder in /run/sudo /var/lib/sudo /run/doas; do
    if [ -d $folder ]; then mount -t tmpfs -o mode=711 stage $folder; fi
done
for name in ann bob; do
    useradd -m -s /bin/sh bb-$name
    chmod 700 /home/bb-$name
    echo "bb-$name:secret-of-$name" | chpasswd
done
useradd -m -s /usr/sbin/nologin bb-closed
# What a project wants of the machine.
if [ -f sudoers ]; then
    cp sudoers /etc/sudoers.d/bb
    chmod 440 /etc/sudoers.d/bb
fi
if [ -f doas.conf ]; then
    cp doas.conf /etc/doas.conf
    chmod 400 /etc/doas.conf
fi
chown -R bb-ann: /mnt/project
cd /mnt/project
# Not a home that others may enter: the agent has to be put where they can run it.
install -d -o bb-ann -m 700 /home/bb-ann/bin
mv /mnt/bin/* /home/bb-ann/bin/
chown bb-ann: /home/bb-ann/bin/*
exec setpriv --reuid=bb-ann --regid=bb-ann --init-groups env -i HOME=/home/bb-ann USER=bb-ann LANG=C.UTF-8 \
    PATH="/home/bb-ann/bin:$PATH" BENCHBOOK_LEASE_FOLDER=/home/bb-ann sh -c "$line"
