"""Evaluates expressions with the Templar of an installed ansible-core.

Reads one JSON object per line (`kind`, `text`, `vars`), writes one per line: `ok` with the tagged value, or `err`.
Run by the Python that has ansible-core. The tags are those of `evaluate.rs`, so that types can be compared.
"""

import datetime
import json
import os
import signal
import sys
import tempfile

# The user's own configuration must not change what is compared.
_config = tempfile.NamedTemporaryFile(suffix=".cfg")
os.environ["ANSIBLE_CONFIG"] = _config.name
os.environ.setdefault("ANSIBLE_DEPRECATION_WARNINGS", "false")

from ansible.parsing.dataloader import DataLoader  # noqa: E402
from ansible.plugins.loader import init_plugin_loader  # noqa: E402
from ansible.template import Templar, trust_as_template  # noqa: E402
from ansible.utils import display as display_module  # noqa: E402

display_module.Display.warning = lambda *_, **__: None
display_module.Display.deprecated = lambda *_, **__: None
display_module.Display.error_as_warning = lambda *_, **__: None

# What a text may take before both sides are told to give up.
SECONDS = 5


def trust(value):
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trust(item) for item in value]
    if isinstance(value, dict):
        return {key: trust(item) for key, item in value.items()}
    return value


def tagged(value):
    """JSON in which the types of Python can be told apart."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"int": str(int(value))}
    if isinstance(value, float):
        return {"float": repr(float(value))}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return {"date": str(value)}
    if isinstance(value, dict):
        return {"map": [[tagged(key), tagged(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [tagged(item) for item in value]
    return {"other": type(value).__name__}


def evaluate(case, loader):
    templar = Templar(loader=loader, variables=trust(case.get("vars", {})))
    kind, text = case["kind"], case["text"]
    if kind == "condition":
        return templar.evaluate_conditional(trust(text))
    if kind == "expression":
        return templar.evaluate_expression(trust(text))
    if kind == "file":
        overrides = {"trim_blocks": True, "lstrip_blocks": False, "newline_sequence": "\n", **case.get("options", {})}
        with_search = templar.copy_with_new_env(searchpath=case.get("search", []))
        output = with_search.template(trust(text), escape_backslashes=False, overrides=overrides)
        return "" if output is None else str(output)
    return templar.template(trust(text))


def main():
    init_plugin_loader([])
    loader = DataLoader()
    loader.set_basedir(os.getcwd())

    def give_up(*_):
        raise TimeoutError("took too long")

    signal.signal(signal.SIGALRM, give_up)
    for line in sys.stdin:
        case = json.loads(line)
        signal.alarm(SECONDS)
        try:
            answer = {"ok": tagged(evaluate(case, loader))}
        except BaseException as error:  # a template may raise anything
            if isinstance(error, KeyboardInterrupt):
                raise
            answer = {"err": f"{type(error).__name__}: {error}"}
        finally:
            signal.alarm(0)
        if isinstance(answer.get("ok"), dict) and answer["ok"].get("other") == "Omit":
            answer = {"ok": {"other": "omit"}}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
