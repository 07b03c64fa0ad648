"""A callback plugin of ours for the reference: one JSON line per thing that happened, as our own program writes them.

The file is named by BENCHBOOK_RECORD; lines of several runs are told apart by `run`, the id of the process."""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: benchbook_recorder
type: aggregate
short_description: records what happened as JSON lines
description: One line per result of a task on a host, and the recap in the end.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "benchbook_recorder"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.path = os.environ.get("BENCHBOOK_RECORD")
        self.play = None
        self.disabled = not self.path

    def write(self, **line):
        text = json.dumps({"run": os.getpid(), **line}, default=str) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)

    def v2_playbook_on_start(self, playbook):
        self.write(event="start", playbook=str(playbook._file_name))

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name()
        self.write(event="play", play=self.play)

    def ended(self, outcome, status, ignored=False):
        task = outcome._task
        self.write(
            event="task",
            play=self.play,
            task=task.get_name(),
            action=task.action,
            path=task.get_path(),
            host=outcome._host.get_name(),
            status=status,
            ignored=bool(ignored),
            result=outcome._result,
        )

    def v2_runner_on_ok(self, result):
        self.ended(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_skipped(self, result):
        self.ended(result, "skipped")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.ended(result, "failed", ignore_errors)

    def v2_runner_on_unreachable(self, result):
        self.ended(result, "unreachable", result._task.ignore_unreachable)

    def v2_playbook_on_stats(self, stats):
        self.write(event="stats", hosts={host: stats.summarize(host) for host in sorted(stats.processed)})
