"""How one target is run, as the suite's own harness runs it: its play or script, its inventory, its environment.

What is built here runs inside the room (room.sh), where the suite lies in /conformance."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import outside

ROOM = Path(__file__).with_name("room.sh")
INTEGRATION = "/conformance/test/integration"
INVENTORY = f"{INTEGRATION}/inventory"


# A folder with the package `ansible` and no other.
PACKAGE = "/conformance/package"
# The user's own machine, by ssh with a key.
SSHD = """rm -rf ~/.ssh && mkdir -m 700 ~/.ssh
ssh-keygen -q -t rsa -N '' -f ~/.ssh/id_rsa && cp ~/.ssh/id_rsa.pub ~/.ssh/authorized_keys
ssh-keygen -A >/dev/null && /usr/sbin/sshd -o UsePAM={pam} -o StrictModes=no -o PermitRootLogin=prohibit-password"""


def environment(target, engine, folder):
    """The variables that the suite's harness sets, and no others of ours but the recorder's."""
    path = ["/conformance/bin", "/conformance/injector", str(engine.reference / "bin")]
    path += ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    python = str(engine.reference / "bin/python")
    values = {
        "HOME": os.environ.get("HOME", "/root"),
        "LC_ALL": "en_US.UTF-8",
        "PATH": ":".join(path),
        "PAGER": "/bin/cat",
        "ANSIBLE_CONFIG": "/conformance/ansible.cfg",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "ANSIBLE_DEVEL_WARNING": "false",
        "ANSIBLE_FORCE_COLOR": "false",
        "ANSIBLE_FORCE_HANDLERS": "true",
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
        "ANSIBLE_INVENTORY": "/dev/null",
        "ANSIBLE_LIBRARY": "/dev/null",
        "ANSIBLE_PLAYBOOK_DIR": folder,
        "ANSIBLE_PYTHON_INTERPRETER": "/set/ansible_python_interpreter/in/inventory",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_TEST_ANSIBLE_VERSION": engine.version,
        "ANSIBLE_TEST_CI": "",
        "ANSIBLE_TEST_PYTHON_INTERPRETER": python,
        "ANSIBLE_TEST_PYTHON_VERSION": engine.python_version,
        "OUTPUT_DIR": "/conformance/output",
        "INVENTORY_PATH": INVENTORY,
        "JUNIT_TASK_RELATIVE_PATH": INTEGRATION.removesuffix("/test/integration"),
        "PYTHONPATH": PACKAGE,
        "BENCHBOOK_RECORD": "/conformance/results/record.jsonl",
    }
    values.update(outside.variables(target))
    values.update(target.environment)
    return values


def script(target, engine, inverted):
    """The lines of shell that prepare the room and run the target there."""
    python = str(engine.reference / "bin/python")
    by_ssh = target.name in outside.BY_SSH
    connection = "ansible_connection=ssh ansible_host=127.0.0.1 ansible_user=root" if by_ssh else "ansible_connection=local"
    home = f"{INTEGRATION}/targets/{target.name}" if target.is_script else INTEGRATION
    lines = [
        "set -eu",
        "touch /conformance/ansible.cfg",
        f"mkdir {PACKAGE} && ln -s {engine.reference}/lib/python{engine.python_version}/site-packages/ansible {PACKAGE}",
        f"printf '[testgroup]\\ntesthost {connection} ansible_pipelining=yes ansible_python_interpreter={python}\\n' >{INVENTORY}",
    ]
    # Targets become other users, who must get to the interpreter wherever it lies.
    lines.append(f"for folder in $(readlink -f {python}) {engine.reference}; do")
    lines.append('while [ "$folder" != / ]; do chmod o+rx "$folder"; folder=$(dirname "$folder"); done; done')
    if "needs/ssh" in target.aliases:
        # With PAM, users without a password come in by a key.
        lines.append(SSHD.replace("{pam}", "yes" if by_ssh else "no"))
    lines += outside.prepare(target)
    if not engine.ours:
        callbacks = engine.reference / f"lib/python{engine.python_version}/site-packages/ansible/plugins/callback"
        lines.append(f"cp /conformance/results/benchbook_recorder.py {callbacks}/")
    if inverted:
        control = Path(__file__).with_name("control.py").read_text()
        lines += [f"{python} - {shlex.quote(inverted)} <<'END_OF_CONTROL'", control, "END_OF_CONTROL"]
    variables = environment(target, engine, home)
    clean = "env -i " + " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    roles = [] if target.is_script else [target.name]
    for role in target.setup + roles:
        play = {
            "hosts": "testhost",
            "gather_facts": target.gathers_facts if role == target.name else True,
            "vars_files": [],
            "vars": {"output_dir": "/conformance/output"},
            "roles": [role],
        }
        book = f"{INTEGRATION}/{role}-play.yml"
        record = "" if role == target.name else "BENCHBOOK_RECORD="
        lines += [
            f"printf %s {shlex.quote(json.dumps([play], indent=4, sort_keys=True))} >{book}",
            f"(cd {INTEGRATION} && {clean} ANSIBLE_ROLES_PATH=targets {record} ansible-playbook {role}-play.yml -i inventory)",
        ]
    if target.is_script:
        lines.append(f"cd {home} && {clean} ./runme.sh")
    return "\n".join(lines) + "\n"


class Run:
    """One target that was run: how it ended, how long it took, and where its record and log are."""

    def __init__(self, folder):
        self.folder = folder
        self.record = folder / "record.jsonl"
        self.log = folder / "log"
        self.code = None
        self.timed_out = False
        self.seconds = 0.0

    def reason(self):
        if self.timed_out:
            return f"not done after {self.seconds:.0f} s"
        return f"exit code {self.code}"


def run(target, engine, folder, limit, inverted=None):
    """Runs a target in a room of its own; `inverted` is the FILE:LINE of an assert to invert first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("benchbook_recorder.py", "outside_server.py"):
        shutil.copy(Path(__file__).with_name(name), folder)
    done = Run(folder)
    (folder / "script").write_text(script(target, engine, inverted))
    scratch = tempfile.mkdtemp(prefix="conformance-")
    command = [str(ROOM), *(["--systemd"] if target.name in outside.BOOTED else []), scratch, str(folder.resolve()), str(engine.suite), str(engine.programs), str(engine.reference)]
    command += ["/bin/bash", "/conformance/results/script"]
    begun = time.monotonic()
    try:
        with open(done.log, "wb") as log:
            room = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            try:
                done.code = room.wait(limit)
            except subprocess.TimeoutExpired:
                done.timed_out = True
            finally:
                if room.poll() is None:
                    room.send_signal(signal.SIGKILL)
                    room.wait()
    finally:
        done.seconds = time.monotonic() - begun
        os.rmdir(scratch)
        for group in Path("/sys/fs/cgroup").glob(f"**/{Path(scratch).name}"):
            for inner, _, _ in os.walk(group, topdown=False):
                os.rmdir(inner)
    return done
