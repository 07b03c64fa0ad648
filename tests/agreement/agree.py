"""How often expressions of public playbooks give the same here and with ansible-core.

    PYTHON tests/agreement/agree.py --ours target/…/examples/evaluate FOLDER…

PYTHON has ansible-core 2.19; `cargo build --example evaluate` makes the program. Prints the agreement by kind and writes
the differences to a file. Two answers agree when value and type are equal, or when both are errors.
"""

import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import threading

import extract

HERE = os.path.dirname(os.path.abspath(__file__))
# Their results differ from call to call, need a network, or act on the machine.
UNSTABLE = re.compile(
    r"\bnow\(|lookup\(\s*['\"](ansible\.builtin\.)?(pipe|url|password|community|dig|random|config)|\|\s*random|"
    r"\|\s*shuffle|password_hash|strftime|ansible_date_time|lookup\(['\"]env|query\(['\"]env|to_uuid|/dev/|to_datetime|"
    r"\|\s*(ansible\.builtin\.)?(vault|unvault|mail_check|to_proto)|\blipsum\b"
)


def answers(command, cases):
    """One answer per case. A program that dies is started again after the case it died of."""
    out = []
    while len(out) < len(cases):
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

        def feed(begin=len(out)):
            try:
                for case in cases[begin:]:
                    process.stdin.write(json.dumps(case) + "\n")
                process.stdin.close()
            except OSError:
                pass

        threading.Thread(target=feed, daemon=True).start()
        for line in process.stdout:
            out.append(json.loads(line))
        process.wait()
        if len(out) < len(cases):
            out.append({"died": process.returncode})
    return out


# The reference says so when a collection is not installed.
with open(os.path.join(HERE, "../cases/expressions/names.json"), encoding="utf-8") as _names:
    CORE = {name for names in json.load(_names).values() for name in names}


def lacks(reference):
    error = reference.get("err", "")
    named = re.search(r"No (?:filter|test) named '([^']+)'", error)
    return bool(named and named.group(1).rsplit(".", 1)[-1] not in CORE) or "lookup plugin" in error and "not found" in error


def unordered(value):
    """Lists without their order: the order of Python's sets changes from run to run."""
    if isinstance(value, list):
        return sorted((unordered(item) for item in value), key=json.dumps)
    if isinstance(value, dict):
        return {key: unordered(item) for key, item in value.items()}
    return "".join(sorted(value)) if isinstance(value, str) else value


SETS = re.compile(r"\|\s*(ansible\.builtin\.)?(union|difference|intersect|symmetric_difference|unique)\b")


def same(reference, ours, text=""):
    if SETS.search(text) and "ok" in reference and "ok" in ours:
        return unordered(reference["ok"]) == unordered(ours["ok"])
    if "err" in reference and "err" in ours:
        return True
    # The reference has no value for `omit` at the top; here it is one, which whoever asked must handle.
    if ours.get("ok") == {"other": "omit"} and "err" in reference:
        return True
    return "ok" in reference and "ok" in ours and reference["ok"] == ours["ok"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--ours", required=True, help="the program `evaluate`")
    parser.add_argument("--sample", type=int, default=0, help="that many of each kind, chosen by a fixed seed")
    parser.add_argument("--differences", default="differences.jsonl", help="where they are written")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    by_kind = collections.defaultdict(list)
    for case in extract.expressions(options.folders):
        if not UNSTABLE.search(case["text"]):
            by_kind[case["kind"]].append(case)
    cases = []
    for kind, of_kind in sorted(by_kind.items()):
        if options.sample and len(of_kind) > options.sample:
            of_kind = random.Random(options.seed).sample(of_kind, options.sample)
        cases.extend(of_kind)
    for case in cases:
        case["vars"] = extract.context(case)
    reference, ours = [], []
    jobs = [
        threading.Thread(target=lambda: reference.extend(answers([sys.executable, f"{HERE}/reference.py"], cases))),
        threading.Thread(target=lambda: ours.extend(answers([options.ours], cases))),
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    comparable = [not lacks(theirs) for theirs in reference]
    print(f"{len(cases) - sum(comparable)} of {len(cases)} need plugins that this ansible-core lacks, and are left out")
    count, agreed, values = collections.Counter(), collections.Counter(), collections.Counter()
    with open(options.differences, "w", encoding="utf-8") as file:
        for case, theirs, mine, counts in zip(cases, reference, ours, comparable):
            if not counts:
                continue
            count[case["kind"]] += 1
            values[case["kind"]] += "ok" in theirs
            if same(theirs, mine, case["text"]):
                agreed[case["kind"]] += 1
            else:
                file.write(json.dumps({**case, "reference": theirs, "ours": mine}) + "\n")
    for kind in sorted(count):
        share = 100 * agreed[kind] / count[kind]
        print(f"{kind:10} {agreed[kind]:6} of {count[kind]:6} agree, {share:.2f} %; {values[kind]} have a value")
    total = sum(count.values())
    print(f"{'all':10} {sum(agreed.values()):6} of {total:6} agree, {100 * sum(agreed.values()) / total:.2f} %")


if __name__ == "__main__":
    main()
