"""What Benchbook has the user's ansible-core do for one task on one host: an action in Python, or a whole task where only a
connection plugin reaches the host.

Comes after helper.py in the same program. ansible-core's own executor does the task; where the host is reached by Benchbook, its
connection is one that asks Benchbook for every command and every file."""

import base64
import os
import sys


def act(helper, given):
    """The result of a task, as `register` sees it, with what the executor notes in it for itself."""
    from ansible import constants, context
    from ansible.playbook.play_context import PlayContext
    from ansible.plugins import loader
    from ansible.inventory.host import Host
    from ansible.module_utils.common.collections import ImmutableDict
    from ansible.parsing.dataloader import DataLoader
    from ansible.utils.display import Display

    said = given["task"]
    context.CLIARGS = ImmutableDict(
        verbosity=given["verbosity"], check=said["check_mode"], diff=said["diff"], connection="smart", timeout=constants.DEFAULT_TIMEOUT
    )
    display = Display()
    display.verbosity = given["verbosity"]
    display._final_q = Said(helper)
    files = DataLoader()
    files.set_basedir(given["folder"])
    more = around(helper, files)
    variables = {**more, **restored(given["variables"])}
    if given["delegate"]:
        variables["ansible_delegated_vars"] = {said["delegate_to"]: {**more, **restored(given["delegate"])}}
    host = Host(given["host"])
    play_context = PlayContext()
    play_context.remote_addr = variables.get("ansible_host") or host.name
    play_context.check_mode, play_context.diff = said["check_mode"], said["diff"]
    executor = executors()(
        **fitting(
            executors(),
            host=host,
            task=task(said, given["search"], restored(given["arguments"])),
            job_vars=variables,
            play_context=play_context,
            new_stdin=None,
            loader=files,
            shared_loader_obj=shared(loader),
            final_q=Said(helper),
            variable_manager=None,
        )
    )
    executor.reached = given["reached"] and connection(helper, given["reached"], given["user"])
    result = executor.run()
    files.cleanup_all_tmp_files()
    # An error that is more than a sentence is told by `msg`.
    if not isinstance(result.get("exception"), str):
        result.pop("exception", None)
    return result


def around(helper, files):
    """What everybody sees besides the variables that Benchbook tells."""
    return {"ansible_facts": {}, "ansible_playbook_python": sys.executable, "hostvars": all_variables(helper, files)}


def fitting(made, **given):
    """Those arguments that this version knows."""
    import inspect

    known = inspect.signature(made.__init__).parameters
    return {name: value for name, value in given.items() if name in known}


def restored(value):
    """Of what Benchbook writes: a text may be a template only if it stands in the user's files."""
    from ansible import template

    trust = getattr(template, "trust_as_template", None)
    if trust is None:
        from ansible.utils.unsafe_proxy import wrap_var as data
    else:
        data = str

    def walk(value):
        if isinstance(value, str):
            return data(value)
        if isinstance(value, list):
            return [walk(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            if "!text" in value:
                return trust(value["!text"]) if trust else value["!text"]
            if "!bytes" in value:
                return base64.b64decode(value["!bytes"])
        return {key[1:] if key.startswith("!!") else key: walk(item) for key, item in value.items()}

    return walk(value)


def task(said, search, arguments):
    """The task, whose values are rendered already."""
    from ansible.playbook.block import Block
    from ansible.playbook.play import Play
    from ansible.playbook.task import Task

    class Told(Task):
        def get_search_path(self):
            return list(search)

    told = Told(block=Block(play=Play()))
    for name, value in said.items():
        setattr(told, name, value)
    told.args = arguments
    if not hasattr(Task, "resolved_action"):
        # Since 2.19 it finds out by itself.
        told.resolved_action = said["action"]
    return told


def shared(loader):
    """What actions expect to find plugins with."""
    import types

    kinds = ["action", "become", "cliconf", "connection", "filter", "httpapi", "lookup", "module", "netconf", "shell", "test"]
    named = {kind + "_loader": getattr(loader, kind + "_loader") for kind in kinds if hasattr(loader, kind + "_loader")}
    return types.SimpleNamespace(**named)


def executors():
    """The executor: nobody is delegated to but whom Benchbook says, and Benchbook's own connection may be used."""
    from ansible.executor.task_executor import TaskExecutor

    class Executor(TaskExecutor):
        reached = None

        def _calculate_delegate_to(self, templar, variables):
            pass

        def _get_connection(self, cvars, templar, current_connection):
            if self.reached is None:
                return super()._get_connection(cvars, templar, current_connection)
            own = self.reached(self._play_context)
            self._play_context.connection = own.transport
            return own

    return Executor


def all_variables(helper, files):
    """`hostvars`: asked for host by host."""
    from ansible.vars.hostvars import HostVars, HostVarsVars

    class Asked(HostVars):
        def __init__(self):
            self._loader = files

        def raw_get(self, host_name):
            return restored(helper.ask("variables", host=str(host_name)))

        def __getitem__(self, host_name):
            variables = self.raw_get(host_name)
            if variables is None:
                raise KeyError(host_name)
            return HostVarsVars(variables, self._loader, **({"host": host_name} if takes_host else {}))

        def get(self, host_name, default=None):
            return self[host_name] if host_name in self else default

        def __contains__(self, host_name):
            return helper.ask("variables", host=str(host_name)) is not None

        def __iter__(self):
            yield from helper.ask("hosts")

        def __len__(self):
            return len(helper.ask("hosts"))

    takes_host = "host" in fitting(HostVarsVars, host=None)
    return Asked()


def connection(helper, reached, user):
    """A connection by way of Benchbook, which is another user there already where the task wants one."""
    from ansible import constants
    from ansible.plugins.connection import ConnectionBase

    name = "benchbook"
    options = {
        "pipelining": {"type": "boolean", "default": True, "vars": [{"name": "ansible_pipelining"}]},
        "remote_user": {"vars": [{"name": "ansible_user"}, {"name": "ansible_ssh_user"}]},
        "host": {"default": "inventory_hostname", "vars": [{"name": "inventory_hostname"}, {"name": "ansible_host"}]},
    }
    constants.config.initialize_plugin_configuration_definitions("connection", name, options)

    class Connection(ConnectionBase):
        transport = reached
        has_pipelining = True
        _remote_is_local = reached == "local"
        _load_name = ansible_name = name
        ansible_aliases = (name,)
        cwd = None

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            shell, plain = self._shell, self._shell.mkdtemp

            def mkdtemp(basefile=None, system=False, **more):
                # Not everybody has a home.
                own = system or bool(user) and user not in shell.get_option("admin_users")
                return plain(basefile=basefile, system=own, **more)

            shell.mkdtemp = mkdtemp

        def get_option(self, option, hostvars=None):
            # Whose home `~` is, for one.
            return user if user and option == "remote_user" else super().get_option(option, hostvars)

        def _connect(self):
            self._connected = True
            return self

        def exec_command(self, cmd, in_data=None, sudoable=True):
            given = in_data if in_data is None or isinstance(in_data, bytes) else in_data.encode()
            folder = self.cwd.decode() if isinstance(self.cwd, bytes) else self.cwd
            text = cmd.decode(errors="surrogateescape") if isinstance(cmd, bytes) else cmd
            done = helper.ask("command", command=text, given=given and base64.b64encode(given).decode(), folder=folder)
            return done["rc"], base64.b64decode(done["stdout"]), base64.b64decode(done["stderr"])

        def put_file(self, in_path, out_path):
            helper.ask("put", source=os.path.abspath(text_of(in_path)), to=text_of(out_path))

        def fetch_file(self, in_path, out_path):
            helper.ask("fetch", source=text_of(in_path), to=os.path.abspath(text_of(out_path)))

        def reset(self):
            helper.ask("reset")

        def close(self):
            self._connected = False

    return Connection


def text_of(path):
    return path.decode(errors="surrogateescape") if isinstance(path, bytes) else str(path)


class Said:
    """Where ansible-core sends what it wants to show while it does a task: what an action shows to the user is told on."""

    def __init__(self, helper):
        self.helper = helper

    def send_display(self, method, *args, **kwargs):
        if method == "display" and args and not kwargs.get("log_only"):
            self.helper.tell("say", text=str(args[0]))

    def send_prompt(self, **_):
        raise RuntimeError("nobody can be asked while an action in Python is done")

    def send_callback(self, *_, **__):
        pass
