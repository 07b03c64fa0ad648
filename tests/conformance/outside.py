#!/usr/bin/env python3
"""What is outside of the room that a target runs in, and what stands in for it there: packages of the distribution, fetched before
and kept in the user's cache, and the web server of the reference's own harness (`needs/httptester`)."""

import subprocess
from pathlib import Path

import suite

HERE = Path(__file__).resolve().parent

# Packages that targets install, by the machine's own lists of what there is.
PACKAGES = {"cron": ["cron", "libfaketime"], "uri": ["socat"], "unarchive": ["unzip", "zip"], "user": ["libuser"]}

# Targets without `needs/httptester` that fetch something from the suite's own server, and trust who it is from the beginning.
FILES = ("unarchive",)

# Names that the servers have.
HOSTS = "ci-files.testing.ansible.com ansible.http.tests sni1.ansible.http.tests fail.ansible.http.tests self-signed.ansible.http.tests"

# A certificate authority and another one, the server's certificate, that of the other name, and that of a client.
WEB = """mkdir -p /conformance/web && cd /conformance/web
authority() { openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout $1.key -out $1.pem; }
certificate() { openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -addext "$4" -keyout $1.key -out $1.csr
openssl x509 -req -days 2 -in $1.csr -CA $3.pem -CAkey $3.key -CAcreateserial -copy_extensions copyall -out $1.pem; }
{ authority cacert; authority ca2cert
certificate server ansible.http.tests cacert subjectAltName=DNS:ansible.http.tests,DNS:sni1.ansible.http.tests,DNS:ci-files.testing.ansible.com
certificate other self-signed.ansible.http.tests ca2cert subjectAltName=DNS:self-signed.ansible.http.tests
certificate client client.ansible.http.tests cacert extendedKeyUsage=clientAuth; } 2>/dev/null
echo hello >hello && tar czf echo-hello-source.tar.gz hello
echo "127.0.0.1 HOSTS" >>/etc/hosts
/usr/bin/python3 /conformance/results/outside_server.py . >server.log 2>&1 &
for i in $(seq 100); do [ ! -e ready ] || break; sleep 0.1; done; cat ready; cd /
"""
# A package that only another distribution has, in a source of its own: there is nothing in it.
ELSEWHERE = {"unarchive": "language-pack-fr"}
SOURCE = """mkdir -p /conformance/apt/package/DEBIAN && cd /conformance/apt
printf 'Package: NAME\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody <nobody@localhost>\\nDescription: nothing\\n' >package/DEBIAN/control
dpkg-deb --build package NAME_1_all.deb >/dev/null
{ cat package/DEBIAN/control; echo Filename: ./NAME_1_all.deb; echo Size: $(stat -c %s NAME_1_all.deb)
echo SHA256: $(sha256sum <NAME_1_all.deb | cut -d ' ' -f 1); } >Packages
echo 'deb [trusted=yes] file:/conformance/apt ./' >/etc/apt/sources.list.d/elsewhere.list
apt-get update -qq -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/elsewhere.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0
cd /
"""
# Programs are those of a machine with systemd, which does not run in a room: cron is started here, once the target has installed it, with
# the clock that the target wants for it.
CRON = """clock=/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketime.so.1
(until [ -e $clock ] && [ -x /usr/sbin/cron ]; do sleep 0.2; done
LD_PRELOAD=$clock FAKETIME='+0y x10' exec cron -f) >/dev/null 2>&1 &
"""


def prepare(target):
    """Lines of shell that make the stand-ins of a target in its room, before it is run."""
    lines = []
    if target.name in PACKAGES:
        kept = packages(target.name)
        # Images of Debian throw packages away when they are installed.
        lines.append(f"rm -f /etc/apt/apt.conf.d/docker-clean; cp {kept}/*.deb /var/cache/apt/archives/")
    if target.name == "cron":
        lines.append(CRON)
    if target.name in ELSEWHERE:
        lines.append(SOURCE.replace("NAME", ELSEWHERE[target.name]))
    if "needs/httptester" in target.aliases or target.name in FILES:
        lines.append(WEB.replace("HOSTS", HOSTS))
    if target.name in FILES:
        lines.append("cp /conformance/web/cacert.pem /usr/local/share/ca-certificates/outside.crt; update-ca-certificates >/dev/null")
    return lines


def variables(target):
    """Variables that tell a target that the stand-in is there."""
    return {"HTTPTESTER": "1"} if "needs/httptester" in target.aliases else {}


def packages(name):
    """The folder with the packages of a target and what they need, fetched once."""
    folder = suite.cache() / "packages" / name
    if not (folder / "complete").exists():
        (folder / "partial").mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["apt-get", "install", "--yes", "--quiet", "--download-only",
             "-o", f"Dir::Cache::archives={folder}", "-o", "APT::Sandbox::User=root", *PACKAGES[name]],
            check=True, stdout=subprocess.DEVNULL)
        (folder / "complete").touch()
    return folder
