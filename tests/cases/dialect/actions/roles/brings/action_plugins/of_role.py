from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"found": self._find_needle("files", "own.txt").endswith("roles/brings/files/own.txt"), "role": task_vars["role_name"]}
