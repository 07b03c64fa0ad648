"""An action that does what its argument `what` names."""

from ansible.errors import AnsibleActionFail, AnsibleActionSkip
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        result.update(getattr(self, self._task.args["what"])(task_vars))
        return result

    def arguments(self, task_vars):
        return {"told": {key: [value, type(value).__name__.strip("_").replace("AnsibleTagged", "").lower()] for key, value in self._task.args.items()}}

    def variables(self, task_vars):
        other = task_vars["hostvars"]["odd"]
        greeting = self._templar.template(task_vars["greeting"])
        return {"own": greeting, "others": other["greeting"], "hosts": sorted(task_vars["hostvars"]), "item": task_vars.get("item")}

    def forged(self, task_vars):
        return {"kept": self._templar.template(task_vars["one"]["stdout"])}

    def module(self, task_vars):
        return self._execute_module("command", {"_raw_params": self._task.args["line"]}, task_vars=task_vars, wrap_async=self._task.async_val)

    def shell(self, task_vars):
        done = self._low_level_execute_command(self._task.args["line"])
        return {"said": done["stdout"], "code": done["rc"], "complained": done["stderr"]}

    def file(self, task_vars):
        source = self._find_needle("files", self._task.args["src"])
        self._transfer_file(source, self._task.args["dest"])
        self._connection.fetch_file(self._task.args["dest"], self._task.args["dest"] + ".back")
        with open(self._task.args["dest"] + ".back") as back:
            return {"content": back.read(), "changed": True}

    def facts(self, task_vars):
        return {"ansible_facts": {"given": "a fact"}, "changed": True}

    def manner(self, task_vars):
        return {"check": self._task.check_mode, "diff": self._task.diff, "no_log": self._task.no_log, "action": self._task.action}

    def refuses(self, task_vars):
        raise AnsibleActionFail("not this one", result={"told": 1})

    def skips(self, task_vars):
        raise AnsibleActionSkip("not now")

    def breaks(self, task_vars):
        return {"never": 1 / 0}

    def warns(self, task_vars):
        self._display.warning("careful")
        return {"fine": True}
