"""An action of the user's own stands before one that is built in."""

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"mine": self._task.args}
