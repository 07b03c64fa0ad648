#!/usr/bin/env python3
"""What is outside of the room that a target runs in, and what stands in for it there: registries (registries.py), systemd, and the
web server of the reference's own harness (`needs/httptester`)."""

import registries

# Targets that ask systemd, which their room is booted with.
BOOTED = ("apt", "service", "systemd")

# Targets whose host is another one, which ssh reaches.
BY_SSH = ("fetch",)

# Lines of a target that nobody but the reference can pass, taken out for both; targets.txt says why.
LEFT_OUT = {"apt": ("tasks/apt.yml", "11,42", "122,126")}

# Targets without `needs/httptester` that fetch something from the suite's own server, and trust who it is from the beginning.
FILES = ("apt", "unarchive")

# Names that the servers have.
HOSTS = "ppa.launchpad.net ci-files.testing.ansible.com ansible.http.tests sni1.ansible.http.tests fail.ansible.http.tests self-signed.ansible.http.tests"

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
# Programs are those of a machine with systemd, which does not run in a room: cron is started here, once the target has installed it, with
# the clock that the target wants for it.
CRON = """clock=/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketime.so.1
(until [ -e $clock ] && [ -x /usr/sbin/cron ]; do sleep 0.2; done
LD_PRELOAD=$clock FAKETIME='+0y x10' exec cron -f) >/dev/null 2>&1 &
"""


def prepare(target):
    """Lines of shell that make the stand-ins of a target in its room, before it is run."""
    lines = registries.prepare(target.name)
    if target.name in LEFT_OUT:
        file, *places = LEFT_OUT[target.name]
        commands = ";".join(f"{place}s/.*/#/" for place in places)
        lines.append(f"sed -i '{commands}' /conformance/test/integration/targets/{target.name}/{file}")
    if target.name == "cron":
        lines.append(CRON)
    if "needs/httptester" in target.aliases or target.name in FILES:
        lines.append(WEB.replace("HOSTS", HOSTS))
    if target.name in FILES:
        lines.append("cp /conformance/web/cacert.pem /usr/local/share/ca-certificates/outside.crt; update-ca-certificates >/dev/null")
    return lines


def variables(target):
    """Variables that tell a target that the stand-in is there."""
    return {**registries.variables(target.name), **({"HTTPTESTER": "1"} if "needs/httptester" in target.aliases else {})}
