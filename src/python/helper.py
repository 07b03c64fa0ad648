"""What Benchbook asks the user's ansible-core to do: a question a line, as JSON, and an answer a line.

Started by Benchbook with this text and ended by the end of its standard input. It knows no playbook and no host."""

import base64
import json
import os
import select
import signal
import sys
import threading
import time


class Helper:
    """One method per question; what it gives or raises is the answer."""

    def __init__(self, questions, answers):
        self.questions = questions
        self.answers = answers
        self.prepared = False
        self.folders = set()

    def tell(self, want, **details):
        """Says something to Benchbook while a question is still open."""
        self.send({"want": {"what": want, **details}})

    def ask(self, want, **details):
        """The same, and waits for what it gives."""
        self.tell(want, **details)
        line = self.questions.readline()
        if not line:
            # Benchbook is gone, or has stopped the task.
            os._exit(1)
        answer = json.loads(line)
        if "unreachable" in answer:
            from ansible.errors import AnsibleConnectionFailure

            raise AnsibleConnectionFailure(answer["unreachable"])
        if "error" in answer:
            from ansible.errors import AnsibleError

            raise AnsibleError(answer["error"])
        return answer["ok"]

    def send(self, answer):
        self.answers.write(json.dumps(answer, default=plain) + "\n")
        self.answers.flush()

    def installation(self):
        """Where ansible-core is. Cheap: nothing but its version is imported."""
        import ansible
        from ansible.release import __version__ as version

        collections = [path for path in sys.path if path and os.path.isdir(os.path.join(path, "ansible_collections"))]
        package = os.path.dirname(os.path.abspath(ansible.__file__))
        return {"python": sys.executable, "version": version, "package": package, "collections": collections}

    def prepare(self, folders, collections):
        """Loads what packs modules, and makes it look into these folders."""
        from ansible.plugins import loader

        if not self.prepared:
            loader.init_plugin_loader(collections)
            self.prepared = True
        for folder in folders:
            if folder not in self.folders:
                self.folders.add(folder)
                loader.add_all_plugin_dirs(folder)

    def pack(self, name, path, arguments, folders, collections):
        """A module with its arguments as one program."""
        self.prepare(folders, collections)
        from ansible import constants
        from ansible.executor.module_common import modify_module
        from ansible.parsing.dataloader import DataLoader
        from ansible.template import Templar

        # Archives are kept by name, and two roles may have a module of the same name.
        own = constants.DEFAULT_LOCAL_TMP
        constants.DEFAULT_LOCAL_TMP = os.path.join(own, base64.urlsafe_b64encode(path.encode()).decode()[-200:])
        try:
            built = modify_module(
                module_name=name,
                module_path=path,
                module_args=arguments,
                templar=Templar(loader=DataLoader(), variables={}),
                # Who reads it, the target decides.
                task_vars={"ansible_python_interpreter": "/usr/bin/python3", "ansible_playbook_python": sys.executable},
                module_compression="ZIP_DEFLATED",
            )
        finally:
            constants.DEFAULT_LOCAL_TMP = own
        program = built[0] if isinstance(built, tuple) else built.b_module_data
        return {"program": base64.b64encode(program).decode()}

    def find_plugin(self, kind, name, folders, collections):
        """The file with the filter, test, lookup or connection of that name; no name for one that is broken."""
        self.prepare(folders, collections)
        from ansible.plugins import loader

        if kind in ("lookup", "connection"):
            return getattr(loader, kind + "_loader").find_plugin(name)
        try:
            found = getattr(loader, kind + "_loader").get(name)
            return found and os.path.abspath(getattr(found, "_original_path", None) or "/")
        except KeyError:
            return None
        except Exception:
            return ""

    def plugin(self, kind, name, positional, named, search, folders, collections):
        """What a plugin gives, by way of a template, so that it is called and refuses as everywhere."""
        self.prepare(folders, collections)
        from ansible import template
        from ansible.parsing.dataloader import DataLoader

        text = {
            "filter": "{{ _asked[0] | %s(*_asked[1:], **_named) }}",
            "test": "{{ _asked[0] is %s(*_asked[1:], **_named) }}",
            "lookup": "{{ query('%s', *_asked, **_named) }}",
        }[kind] % name
        trusted = getattr(template, "trust_as_template", lambda text: text)(text)
        files = DataLoader()
        if search:
            files.set_basedir(search[-1])
        # Only lookups are told what is around them.
        variables = around(self, files) | restored(self.ask("variables", host=None)) if kind == "lookup" else {}
        variables |= {"_asked": positional, "_named": named, "ansible_search_path": search}
        try:
            return template.Templar(loader=files, variables=variables).template(trusted)
        except Exception as error:
            # Who made the template is nobody's business.
            raise RuntimeError(str(error).replace("Error rendering template: ", "")) from error

    def act(self, folders, collections, **given):
        """What a task gives that is done by an action in Python, or where only a connection plugin reaches the host."""
        self.prepare(folders, collections)
        return act(self, given)


def plain(value):
    """What JSON has no form for: dates as text, messages as what they say, anything else that can be gone through as a list."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if hasattr(value, "event"):
        return sentence(value.event)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return list(value)


def sentence(event):
    """What an event says, and its causes, which are often repeated by what they caused."""
    said = []
    while event is not None:
        if not (said and said[-1].endswith(event.msg)):
            said.append(event.msg)
        event = event.chain and event.chain.event
    return ": ".join(said)


def watch(questions):
    """Ends this process and what it has started, if Benchbook is gone while something is asked: nobody wants the answer any more."""
    hung_up = select.poll()
    hung_up.register(questions, 0)
    hung_up.poll()
    for sign in (signal.SIGTERM, signal.SIGKILL):
        # With nothing asked it ends by itself.
        time.sleep(2)
        os.killpg(0, sign)


def main():
    # What plugins print must not get between the answers, and nobody else reads the questions.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    questions = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    helper = Helper(questions, answers)
    threading.Thread(target=watch, args=[questions], daemon=True).start()
    while line := questions.readline():
        asked = json.loads(line)
        try:
            answer = {"ok": getattr(helper, asked.pop("do"))(**asked)}
        except (Exception, SystemExit) as error:
            answer = {"error": str(error) or type(error).__name__}
        helper.send(answer)
