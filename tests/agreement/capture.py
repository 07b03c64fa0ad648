"""Asks an installed ansible-core for the answers that a data file keeps.

    /path/to/ansible's/python tests/agreement/capture.py tests/cases/expressions/grammar.json …

Each case has a `kind` (`text`, `expression`, `condition` or `file`), a `text` and perhaps `options`; it gets `ok` with the
tagged value, or `err` with the kind of the error. A case that says `differs`, with the reason, keeps it.
"""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def main():
    for name in sys.argv[1:]:
        path = pathlib.Path(name)
        data = json.loads(path.read_text())
        search = [str(path.resolve().parent / "templates")]
        asked = [{"vars": data["vars"], "search": search, **case} for case in data["cases"]]
        lines = "".join(json.dumps(case) + "\n" for case in asked)
        program = [sys.executable, str(HERE / "reference.py")]
        answers = subprocess.run(program, input=lines, capture_output=True, text=True, check=True, cwd=path.parent)
        for case, line in zip(data["cases"], answers.stdout.splitlines(), strict=True):
            answer = json.loads(line)
            case.pop("ok", None)
            case.pop("err", None)
            if "ok" in answer:
                case["ok"] = answer["ok"]
            else:
                case["err"] = answer["err"].split(":")[0]
        cases = ",\n".join(json.dumps(case, ensure_ascii=False) for case in data["cases"])
        path.write_text(f'{{"vars": {json.dumps(data["vars"], ensure_ascii=False)},\n"cases": [\n{cases}\n]}}\n')


if __name__ == "__main__":
    main()
