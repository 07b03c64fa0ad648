"""What is compared between two engines: the recap and the number of executed assert tasks, counted from a record.

The figures of the reference are kept in figures.json, which `run --reference --record` writes. A target that draws hosts at random
has other figures in each run of the reference, too: `drawn` says, by hand, how many asserts may be executed there that were skipped,
or the other way round."""

import json
from pathlib import Path

TABLE = Path(__file__).with_name("figures.json")
COLUMNS = {"ok": "ok", "changed": "changed", "unreachable": "unreachable", "failures": "failed",
           "skipped": "skipped", "rescued": "rescued", "ignored": "ignored"}
ASSERT = ("assert", "ansible.builtin.assert", "ansible.legacy.assert")


def lines(record):
    """The events of a record; none if nothing was recorded."""
    if not record.exists():
        return []
    return [json.loads(line) for line in record.read_text(errors="replace").splitlines()]


def is_assert(event):
    return event["event"] == "task" and event["action"] in ASSERT and event["status"] in ("ok", "changed", "failed")


def count(record):
    """{playbooks, recap, asserts}: how many runs, all recaps summed, how many assert tasks were executed."""
    recap = dict.fromkeys(COLUMNS.values(), 0)
    playbooks = asserts = 0
    for event in lines(record):
        if event["event"] == "start":
            playbooks += 1
        elif event["event"] == "stats":
            for host in event["hosts"].values():
                for name, column in COLUMNS.items():
                    recap[column] += host.get(name, 0)
        elif is_assert(event):
            asserts += 1
    return {"playbooks": playbooks, "recap": recap, "asserts": asserts}


def candidates(record):
    """Places of assert tasks that held, the last ones first: a negative control inverts one of them."""
    found = []
    for event in lines(record):
        if is_assert(event) and event["status"] == "ok" and event.get("path", "").startswith("/conformance/test/"):
            if event["path"] not in found:
                found.append(event["path"])
    return found[::-1]


def differences(wanted, found):
    """In words, what differs from the reference's figures."""
    said = []
    shift = found["asserts"] - wanted["asserts"]
    shift = shift if abs(shift) <= wanted.get("drawn", 0) else 0
    wanted = {**wanted, "asserts": wanted["asserts"] + shift, "recap": dict(wanted["recap"])}
    wanted["recap"]["ok"] += shift
    wanted["recap"]["skipped"] -= shift
    for name, number in wanted["recap"].items():
        if found["recap"][name] != number:
            said.append(f"{name} {found['recap'][name]} instead of {number}")
    for name in ("asserts", "playbooks"):
        if found[name] != wanted[name]:
            said.append(f"{name} {found[name]} instead of {wanted[name]}")
    return said


def load():
    return json.loads(TABLE.read_text()) if TABLE.exists() else {}


def save(table):
    rows = [f"  {json.dumps(name)}: {json.dumps(table[name])}" for name in sorted(table)]
    TABLE.write_text("{\n" + ",\n".join(rows) + "\n}\n")
