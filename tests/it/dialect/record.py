"""What the reference does, a line of JSON per task and host: our own callback for tests."""

import json

from ansible.plugins.callback import CallbackBase

NOISE = {"invocation", "warnings", "deprecations", "exception", "diff", "start", "end", "delta"}


def key(value):
    """As JSON writes it."""
    return json.dumps(value) if isinstance(value, (bool, type(None))) else str(value)


def plain(value):
    if isinstance(value, dict):
        return {key(k): plain(v) for k, v in value.items() if not str(k).startswith("_ansible") and k not in NOISE}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "record"

    def say(self, status, result):
        task = result._task
        name = task.get_name().split(" : ")[-1]
        line = {"name": name, "host": result._host.get_name(), "status": status, "result": plain(result._result)}
        self._display.display("RECORD " + json.dumps(line, default=str))

    def v2_runner_on_ok(self, result):
        self.say("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.say("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result):
        self.say("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self.say("unreachable", result)
