"""What targets install from Debian's archive and from Python's index. A room reaches neither: what its target asks of them is fetched
once, kept in the user's cache, and is all that there is in the room."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import suite

# Packages of the machine's distribution, each list with what it needs.
PACKAGES = {
    "apt": [
        ["aptitude", "apt-transport-https", "build-essential", "dpkg-dev", "elpa-yaml-mode", "emacs-nox", "equivs", "hello", "libcaca-dev",
         "libfile-fcntllock-perl", "libslang2-dev", "python3-apt", "rolldice", "unscd", "vim-tiny"],
        ["hello-traditional"],
        ["hello:i386"],
    ],
    "cron": [["cron", "libfaketime"]],
    "uri": [["socat"]],
    "unarchive": [["unzip", "zip"]],
    "user": [["libuser"]],
    "group": [["libuser"]],
    "pip": [["python3-pip"]],
    "package_facts": [["python3-rpm"]],
}
# Packages whose sources are asked for what building them takes.
SOURCES = {"apt": ["rolldice", "tree"]}
# Packages that only another distribution has, and such of the suite's own web server: there is nothing in them.
EMPTY = {"unarchive": [("language-pack-fr", "1", "all", "")]}
SERVED = {"apt": [("echo-hello", "1.0", "all", "vim-tiny"), ("hello", "2.10-2ubuntu2", "amd64", "")]}

# Projects of Python's index.
PROJECTS = {"pip": ["Junit-XML", "coverage", "fallible==0.0.1a2", "jiphy", "packaging", "pip", "q", "sampleprojectpy2[test]", "setuptools", "wheel"]}
# A project that is installed from its repository.
REPOSITORY = """mkdir -p /conformance/git && git init -q /conformance/git/iso8601 && cd /conformance/git/iso8601
printf 'from setuptools import setup\\nsetup(name="iso8601", version="0.1", packages=["iso8601"])\\n' >setup.py
mkdir iso8601 && touch iso8601/__init__.py && git add .
git -c user.name=nobody -c user.email=nobody@localhost commit -q -m one && cd /
git config --global url./conformance/git/iso8601.insteadOf https://github.com/dvarrazzo/pyiso8601
"""
# Not a virtual environment, and nobody else manages it: the Python of the suite's own machines.
PYTHON = """python=$(sed -n 's/.*ansible_python_interpreter=//p' /conformance/test/integration/inventory)
sed -i "s#$python#$(readlink -f "$python")#" /conformance/test/integration/inventory; python=$(readlink -f "$python")
rm -f "$($python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')/EXTERNALLY-MANAGED"
$python -m pip --version || apt-get install -qq -y --no-install-recommends python3-pip
"""


def prepare(name):
    """Lines of shell that put a target's copies where the programs of its room look."""
    lines = []
    if name in PACKAGES:
        # Images of Debian throw packages away when they are installed.
        lines += [
            "rm -rf /etc/apt/apt.conf.d/docker-clean /etc/apt/sources.list.d/* /var/lib/apt/lists/*",
            f"cp -a {kept('packages', name, fetch_packages)} /conformance/packages",
            "echo 'deb [trusted=yes] copy:/conformance/packages ./' >/etc/apt/sources.list",
            "apt-get update -qq",
        ]
    if name in SERVED:
        lines.append("mkdir -p /conformance/web && mv /conformance/packages/served/* /conformance/web")
    if name in SOURCES:
        # The suite's machines build nothing: something is missing there.
        lines.append("apt-get remove -qq -y build-essential >/dev/null")
        lines.append("sed 's/^deb /deb-src /' -i.bak /etc/apt/sources.list; cat /etc/apt/sources.list.bak >>/etc/apt/sources.list")
    if name in PROJECTS:
        lines += [f"cp -a {kept('projects', name, fetch_projects)} /conformance/projects", REPOSITORY, PYTHON]
    return lines


def variables(name):
    """Variables that tell the programs of a room where to look."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/conformance/projects"} if name in PROJECTS else {}


def kept(kind, name, fetch):
    """The folder with a target's copies, filled by `fetch` the first time."""
    folder = suite.cache() / kind / name
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        fetch(name, folder)
        (folder / "complete").touch()
    return folder


def fetch_projects(name, folder):
    python = [sys.executable, "-m", "pip"]
    subprocess.run([*python, "download", "--quiet", "--disable-pip-version-check", "--dest", folder, *PROJECTS[name]],
                   check=True, stdout=sys.stderr)


def fetch_packages(name, folder):
    """Packages of a target, those that building others takes, and lists of both as apt reads them."""
    (folder / "partial").mkdir()
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True)
    found = subprocess.check_output(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"], text=True)
    (folder / "sources").write_text("".join(f"deb {line}\ndeb-src {line}\n" for line in sorted(set(found.splitlines()))))
    # Lists of another architecture only for who asks for packages of it.
    own = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
    others = {word.partition(":")[2] for names in PACKAGES[name] for word in names if ":" in word}
    options = [word for one in (own, *sorted(others)) for word in ("-o", f"APT::Architectures::={one}")]
    for option in (f"Dir::Cache::archives={folder}", f"Dir::State::lists={lists}", f"Dir::Etc::sourcelist={folder / 'sources'}",
                   "Dir::Etc::sourceparts=-", "APT::Sandbox::User=root", "Acquire::Retries=3"):
        options += ["-o", option]

    def apt(*words, check=True):
        subprocess.run(["apt-get", *words, "--yes", "--quiet", *options], check=check, stdout=subprocess.DEVNULL)

    # A list of an architecture that a mirror has not caught up with is left out; whoever misses something in it says so.
    apt("update", check=False)
    for names in PACKAGES[name]:
        apt("install", "--download-only", "--reinstall", *names)
    for source in SOURCES.get(name, []):
        apt("build-dep", "--download-only", source)
    for package in EMPTY.get(name, []):
        build(folder, *package)
    for package in SERVED.get(name, []):
        build(folder / "served", *package)
    (folder / "Packages").write_text("\n".join(listed(path) for path in sorted(folder.glob("*.deb"))))
    stanzas = [subprocess.check_output(["apt-cache", *options, "showsrc", "--only-source", source], text=True) for source in SOURCES.get(name, [])]
    (folder / "Sources").write_text("".join(stanzas))
    shutil.rmtree(lists)


def build(folder, name, version, architecture, needs):
    """An empty package; the path of its file."""
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    fields = {"Package": name, "Version": version, "Architecture": architecture, "Depends": needs,
              "Maintainer": "nobody <nobody@localhost>", "Description": "nothing"}
    (tree / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in fields.items() if value))
    path = folder / f"{name}_{version}_{architecture}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, path], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return path


def listed(path):
    """A package's paragraph in a list of packages."""
    control = subprocess.check_output(["dpkg-deb", "--field", path], text=True)
    data = path.read_bytes()
    return f"{control}Filename: ./{path.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
