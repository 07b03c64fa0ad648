"""Performs a project with both engines, and says where they differ."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
RECORDER = HERE.parent / "conformance" / "benchbook_recorder.py"
# Playbooks of this size end within seconds.
PATIENCE = 120
INVENTORY = "[lab]\na\nb\nc\n\n[all:vars]\nansible_connection=local\n"


def write(project, folder):
    """Puts a project's files into a folder."""
    (folder / "hosts").write_text(INVENTORY)
    for path, content in project.items():
        if path == "arguments":
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(yaml.safe_dump(content, sort_keys=False, width=120))


def read(folder):
    """A project as `write` and the program have left it in a folder."""
    files = {str(path.relative_to(folder)): yaml.safe_load(path.read_text()) for path in sorted(folder.rglob("*.yml"))}
    return {**files, "arguments": (folder / "arguments").read_text().split()}


def perform(program, project):
    """What one engine does: the events of each host in their order, the recap, the exit code, and what it printed."""
    folder = Path(tempfile.mkdtemp(prefix="differential-"))
    try:
        write(project, folder)
        (folder / "empty.cfg").write_text("")
        (folder / "callbacks").mkdir()
        (folder / "callbacks" / RECORDER.name).symlink_to(RECORDER)
        record = folder / "record.jsonl"
        environment = {
            "PATH": f"{Path(program).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "BENCHBOOK_RECORD": str(record),
            "ANSIBLE_CONFIG": str(folder / "empty.cfg"),
            "ANSIBLE_CALLBACK_PLUGINS": str(folder / "callbacks"),
            "ANSIBLE_PYTHON_INTERPRETER": shutil.which("python3"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        for name in ("BENCHBOOK_AGENT", "BENCHBOOK_LEASE_FOLDER"):
            if name in os.environ:
                environment[name] = os.environ[name]
        command = [program, "-i", "hosts", "playbook.yml", *project["arguments"]]
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
            )
            code, said = done.returncode, done.stdout + done.stderr
        except subprocess.TimeoutExpired:
            code, said = "out of time", ""
        lines = record.read_text().splitlines() if record.exists() else []
        return {**told([json.loads(line) for line in lines]), "exit": code}, said
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def told(events):
    """The events that are compared. The order among hosts is nobody's promise."""
    hosts, recap = {}, {}
    for event in events:
        if event["event"] == "task":
            if event["action"].split(".")[-1] == "meta":
                continue
            hosts.setdefault(event["host"], []).append(
                [event["play"], event["task"], event["status"], event["ignored"], result(event)]
            )
        elif event["event"] == "stats":
            recap = event["hosts"]
    return {"hosts": hosts, "recap": recap}


def result(event):
    """The part of a result that playbooks read."""
    found = event["result"] or {}
    kept = {key: found[key] for key in ("rc", "stdout", "ansible_facts", "skip_reason") if key in found}
    if event["action"].split(".")[-1] == "debug" and event["status"] == "ok":
        kept["msg"] = found.get("msg")
    if "results" in found:
        kept["results"] = [
            {key: one.get(key) for key in ("item", "rc", "stdout") if key in one}
            | {key: bool(one.get(key)) for key in ("changed", "failed", "skipped")}
            for one in found["results"]
        ]
    return kept


def stopped_elsewhere(here, there):
    """Whether both gave up in the middle, and one has told more of some hosts by then."""
    if here["recap"] or there["recap"] or here["exit"] != there["exit"]:
        return False
    for host in here["hosts"].keys() | there["hosts"].keys():
        ours, theirs = here["hosts"].get(host, []), there["hosts"].get(host, [])
        least = min(len(ours), len(theirs))
        if ours[:least] != theirs[:least]:
            return False
    return True


def difference(project, ours, theirs):
    """What both did, when it is not the same. Where the reference does not do the same each time, it is no measure."""
    here, said = perform(ours, project)
    there, words = perform(theirs, project)
    if here == there or stopped_elsewhere(here, there):
        return None
    if any(perform(theirs, project)[0] != there for _ in range(2)):
        return None
    return {"ours": here, "theirs": there, "our words": said, "their words": words}
