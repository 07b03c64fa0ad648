"""Writes generated values as YAML with ansible-core's filters and with ours, and lists what differs by a byte.

    /path/to/ansible's/python tests/agreement/corpus.py --evaluate target/…/examples/evaluate [--count 20000] [--seed 1]

The same seed gives the same values. What is written must also be read back as the same value.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
EACH = 50
FILTERS = [
    "map('to_yaml')", "map('to_nice_yaml')", "map('to_nice_yaml', indent=2)", "map('to_yaml', width=30)",
    "map('to_yaml', default_flow_style=true)", "map('to_nice_yaml', sort_keys=false)",
]
PIECES = [
    "word", "a", "key: ", ": ", ":", "#", " #", "- ", "-", "? ", "'", '"', "\\", "\n", "\n\n", " \n", "\n ", "\t", " ", "  ",
    ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "%", "@", "`", "---", "...", "=", "<<", "~", "yes", "No", "null", "0x1f",
    "0755", "1_000", "1.5", "1e3", "1:30", "2026-11-21", ".inf", "é", "漢", "\u0085", "\u00a0", "\u2028", "\ufeff", "\x07",
    "\x7f", "\r", "long" * 12, "http://host:80/path?x=1&y=2", "$HOME/bin:$PATH", "😀", "\ue000", "\ufffe",
]


def text(rng):
    return "".join(rng.choice(PIECES) + rng.choice(["", "", " "]) for _ in range(rng.choice([0, 1, 1, 2, 3, 5, 12, 40])))


def value(rng, depth=0):
    kind = rng.random()
    if depth < 4 and kind < 0.2:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if depth < 4 and kind < 0.4:
        return {text(rng): value(rng, depth + 1) for _ in range(rng.randrange(4))}
    if kind < 0.5:
        return rng.choice([None, True, False, 0, -7, 2**62, 1.5, 1e20, 1e-7, -0.0, 100.0])
    return text(rng)


def answers(command, cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--evaluate", required=True)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    cases, plain = [], []
    for number in range(given.count // EACH):
        # Marks would make a template of it.
        values = [json.loads(json.dumps(value(rng)).replace("{{", "{").replace("{%", "{").replace("{#", "{")) for _ in range(EACH)]
        chosen = FILTERS[number % len(FILTERS)]
        cases.append({"kind": "expression", "text": f"v | {chosen} | list", "vars": {"v": values}})
        plain.append(values)
    theirs = answers([sys.executable, str(HERE / "reference.py")], cases)
    ours = answers([given.evaluate], cases)
    total = differ = 0
    for case, values, wanted, found in zip(cases, plain, theirs, ours, strict=True):
        if "ok" not in wanted or "ok" not in found:
            total, differ = total + EACH, differ + EACH
            print(case["text"], wanted.get("err"), found.get("err"))
            continue
        for item, a, b in zip(values, wanted["ok"], found["ok"], strict=True):
            total += 1
            if a != b:
                differ += 1
                print(f"{case['text']}  {json.dumps(item)}\n  theirs {a!r}\n  ours   {b!r}")
    print(f"{total - differ} of {total} are the same")
    sys.exit(differ > 0)


if __name__ == "__main__":
    main()
