"""Writes what ansible-core answers to the expressions of `tests/cases/expressions/answers/*.txt`.

    PYTHON tests/agreement/answers.py [FILE…]

PYTHON has ansible-core 2.19 and what `tests/ansible/requirements.txt` lists; ANSIBLE_COLLECTIONS_PATH names a folder with
the collections ansible.utils and community.general. A file has a heading `## NAME` for each filter, test or lookup, then
expressions, one a line (`⏎` is a line break), each followed by its answer: `=> ` and the value as `reference.py` tags it,
or `=> error`. A line `~~ ` below it says why ours is another. To add one, write the expression; this program fills in
the answer.
"""

import glob
import json
import os
import sys

os.environ["TZ"] = "UTC"
os.environ["HOME"] = "/home/bench"
os.environ["CARGO_PKG_NAME"] = "benchbook"
HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.normpath(os.path.join(HERE, "../cases/expressions"))
FIXTURES = os.path.join(CASES, "fixtures")
# Before ansible.cfg would be looked for.
os.chdir(FIXTURES)
collections = os.environ.pop("ANSIBLE_COLLECTIONS_PATH", "/nonexistent")

import reference  # noqa: E402
from ansible.parsing.dataloader import DataLoader  # noqa: E402
from ansible.parsing.vault import VaultSecret  # noqa: E402
from ansible.plugins.loader import init_plugin_loader  # noqa: E402

PASSWORD = b"secret"


def without_folder(value):
    """The answer on any machine."""
    return json.loads(json.dumps(value).replace(json.dumps(FIXTURES)[1:-1], "FIXTURES"))


def answer(expression, variables, loader):
    text = expression.replace("⏎", "\n")
    try:
        value = reference.evaluate({"kind": "value", "text": text, "vars": variables}, loader)
    except Exception as error:  # a filter may raise anything
        if os.environ.get("SHOW_ERRORS"):
            print(f"{expression}\n    {error}", file=sys.stderr)
        return "=> error"
    return "=> " + json.dumps(without_folder(reference.tagged(value)), ensure_ascii=False)


def main():
    init_plugin_loader([collections])
    loader = DataLoader()
    loader.set_basedir(FIXTURES)
    loader.set_vault_secrets([("default", VaultSecret(PASSWORD))])
    with open(os.path.join(CASES, "answers/vars.json"), encoding="utf-8") as file:
        variables = {**json.load(file), "fixtures": FIXTURES}
    for path in sys.argv[1:] or sorted(glob.glob(os.path.join(CASES, "answers/*.txt"))):
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        out = []
        for line in lines:
            if line.startswith("=> "):
                continue
            out.append(line)
            if line.startswith("{"):
                out.append(answer(line, variables, loader))
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(out) + "\n")


if __name__ == "__main__":
    sys.argv[1:] = [os.path.abspath(os.path.join(os.environ.get("PWD", "."), name)) for name in sys.argv[1:]]
    main()
