"""The reference's own integration suite: fetched once, checked by its hash, and what its targets say about themselves."""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

PIN = Path(__file__).with_name("suite.txt")


def cache():
    """The folder that keeps the suite: outside of the checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", "/root"), ".cache")
    return Path(base) / "benchbook-conformance"


def pin():
    """(version, sha256) of the pinned source distribution."""
    found = re.search(r"^ansible-core==(\S+) --hash=sha256:([0-9a-f]{64})$", PIN.read_text(), re.M)
    return found.group(1), found.group(2)


def fetch(python):
    """The unpacked source distribution; the client of the registry checks the hash, and so do we."""
    version, wanted = pin()
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        archive = folder / f"ansible_core-{version}.tar.gz"
        if not archive.exists():
            subprocess.run(
                [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                 "--no-binary", "ansible-core", "--requirement", str(PIN), "--dest", str(folder)],
                check=True, stdout=sys.stderr)
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != wanted:
            archive.unlink()
            raise SystemExit(f"{archive} has the hash {found}, not {wanted}: it was removed")
        unpacked = folder / f"ansible_core-{version}"
        if not (unpacked / ".complete").exists():
            with tarfile.open(archive) as tar:
                tar.extractall(folder)
            (unpacked / ".complete").touch()
    return unpacked


class Target:
    """One folder of the suite's targets."""

    def __init__(self, source, name):
        self.name = name
        self.folder = source / "test/integration/targets" / name
        if not self.folder.is_dir():
            raise SystemExit(f"the suite has no target {name!r}")
        aliases = self.folder / "aliases"
        lines = aliases.read_text().splitlines() if aliases.exists() else []
        self.aliases = [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]

    @property
    def is_script(self):
        """Whether it brings its own script; otherwise it is a role."""
        return (self.folder / "runme.sh").exists()

    @property
    def gathers_facts(self):
        return "gather_facts/no" not in self.aliases

    @property
    def setup(self):
        """Roles that must have run before."""
        return [alias.split("/")[2] for alias in self.aliases if re.match(r"setup/(once|always)/", alias)]

    @property
    def environment(self):
        """Variables that it asks for."""
        found = [alias.split("/", 3) for alias in self.aliases if alias.startswith("env/set/")]
        return {parts[2]: parts[3] for parts in found if len(parts) == 4}
