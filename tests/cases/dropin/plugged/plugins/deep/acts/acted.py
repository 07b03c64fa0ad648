from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"changed": True, "said": "%s on %s" % (self._task.args["words"], task_vars["inventory_hostname"])}
