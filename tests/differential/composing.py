"""Composes random playbooks: blocks, rescues, conditions, loops, notifications, tags, batches, delegation, includes, roles.

Everything is chosen by one seed, so that a project comes back by its number. A project is a mapping of files to what they
hold, `arguments` among them; what is composed is plain data, which shrinking.py takes apart.

Left out, because there the reference is no measure: `failed_when` of `add_host` and `group_by` (it is judged twice, and by the
second time the hosts have failed whose task counts as done), and `run_once` where each host goes its own way (whom it takes
along depends on who is how far)."""

import random

HOSTS = ("a", "b", "c")
HANDLERS = ("h1", "h2", "h3", "h4")
TAGS = ("red", "blue", "always", "never")
CONDITIONS = (
    "inventory_hostname == 'a'",
    "inventory_hostname != 'b'",
    "inventory_hostname in ['a', 'c']",
    "said is defined",
    "said | default(0) | int > 1",
    "last is defined and last is failed",
    "last is not defined or last is changed",
    "true",
    "false",
)


class Composer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.number = 0
        self.files = {}

    def maybe(self, share):
        return self.random.random() < share

    def one(self, choices):
        return self.random.choice(choices)

    def name(self):
        self.number += 1
        return f"t{self.number}"

    def project(self):
        plays = [self.play(number) for number in range(self.random.randint(1, 2))]
        self.files["playbook.yml"] = plays
        self.files["arguments"] = self.arguments()
        return self.files

    def arguments(self):
        words = []
        if self.maybe(0.2):
            words += [self.one(("--tags", "--skip-tags")), self.one(TAGS)]
        if self.maybe(0.1):
            words += ["--limit", self.one(("a", "a:b", "!a"))]
        if self.maybe(0.1):
            words.append("--force-handlers")
        if self.maybe(0.1):
            words.append("--check")
        return words

    def play(self, number):
        play = {"name": f"p{number}", "hosts": self.one(("all", "all", "all", "a:c", "b")), "gather_facts": False}
        if self.maybe(0.2):
            play["serial"] = self.one((1, 2, [1, 2], "50%"))
        if self.maybe(0.1):
            play["any_errors_fatal"] = True
        if self.maybe(0.1):
            play["max_fail_percentage"] = self.one((0, 30, 50))
        if self.maybe(0.1):
            play["force_handlers"] = True
        if self.maybe(0.1):
            play["strategy"] = self.one(("linear", "host_pinned"))
        if self.maybe(0.1):
            play["order"] = self.one(("reverse_inventory", "sorted"))
        if self.maybe(0.1):
            play["tags"] = [self.one(TAGS[:2])]
        if self.maybe(0.15):
            play["ignore_unreachable"] = True
        for section in ("pre_tasks", "post_tasks"):
            if self.maybe(0.15):
                play[section] = self.tasks(1, 2)
        if self.maybe(0.2):
            play["roles"] = [self.role() for _ in range(self.random.randint(1, 2))]
        play["tasks"] = self.tasks(0, self.random.randint(2, 6))
        play["handlers"] = [self.handler(name) for name in HANDLERS]
        return play

    def handler(self, name):
        handler = {"name": name, **self.action()}
        if self.maybe(0.2):
            handler["listen"] = "topic"
        if self.maybe(0.15):
            handler["notify"] = self.one(HANDLERS)
        if self.maybe(0.15):
            handler["when"] = self.one(CONDITIONS)
        if self.maybe(0.1):
            handler["loop"] = [1, 2]
        return handler

    def tasks(self, depth, count):
        return [self.item(depth) for _ in range(count)]

    def item(self, depth):
        if depth < 3 and self.maybe(0.22):
            return self.block(depth + 1)
        if depth < 3 and self.maybe(0.15):
            return self.inclusion(depth + 1)
        return self.task()

    def block(self, depth):
        block = {"name": self.name(), "block": self.tasks(depth, self.random.randint(1, 3))}
        if self.maybe(0.6):
            block["rescue"] = self.tasks(depth, self.random.randint(1, 2))
        if self.maybe(0.4):
            block["always"] = self.tasks(depth, self.random.randint(1, 2))
        self.say(block, ("when", 0.2), ("tags", 0.1), ("ignore_errors", 0.1), ("run_once", 0.05), ("any_errors_fatal", 0.05))
        if self.maybe(0.1):
            block["vars"] = {"said": self.random.randint(0, 3)}
        return block

    def inclusion(self, depth):
        kind = self.one(("include_tasks", "import_tasks", "include_role", "import_role"))
        task = {"name": self.name()}
        if kind.endswith("tasks"):
            path = f"{self.name()}.yml"
            self.files[path] = self.tasks(depth, self.random.randint(1, 3))
            task[kind] = path
        else:
            task[kind] = {"name": self.role(depth)}
        self.say(task, ("when", 0.25), ("tags", 0.15), ("run_once", 0.05))
        if kind.startswith("include"):
            self.say(task, ("loop", 0.15), ("ignore_errors", 0.05))
        return task

    def role(self, depth=2):
        name = self.name().replace("t", "r")
        self.files[f"roles/{name}/tasks/main.yml"] = self.tasks(depth, self.random.randint(1, 2))
        if self.maybe(0.3):
            self.files[f"roles/{name}/handlers/main.yml"] = [self.handler(self.one(HANDLERS))]
        return name

    def task(self):
        task = {"name": self.name(), **self.action()}
        if "meta" in task:
            if task["meta"] != "flush_handlers":
                self.say(task, ("when", 0.7))
            return task
        self.say(
            task,
            ("when", 0.3),
            ("loop", 0.15),
            ("ignore_errors", 0.15),
            ("notify", 0.3),
            ("tags", 0.15),
            ("run_once", 0.08),
            ("delegate_to", 0.1),
            ("failed_when", 0.1),
            ("changed_when", 0.2),
            ("register", 0.4),
            ("any_errors_fatal", 0.03),
            ("throttle", 0.05),
        )
        if "add_host" in task or "group_by" in task:
            task.pop("failed_when", None)
        return task

    def action(self):
        kind = self.random.randint(1, 20)
        if kind <= 6:
            return {"debug": {"msg": "{{ inventory_hostname }} {{ said | default('-') }}"}}
        if kind <= 9:
            return {"set_fact": {"said": self.random.randint(0, 3)}}
        if kind <= 12:
            return {"command": self.one(("true", "false", "echo {{ inventory_hostname }}"))}
        if kind <= 14:
            return {"fail": {"msg": "as told"}}
        if kind <= 16:
            return {"assert": {"that": [self.one(CONDITIONS[:4])]}}
        if kind == 17:
            return {"debug": {"msg": "{{ not_there }}"}}
        if kind == 18:
            return {"add_host": {"name": "d", "groups": "made", "ansible_connection": "local"}}
        if kind == 19:
            return {"group_by": {"key": "of_{{ inventory_hostname }}"}}
        return {"meta": self.one(("flush_handlers", "flush_handlers", "end_host", "end_play", "end_batch", "clear_host_errors", "noop"))}

    def say(self, task, *words):
        values = {
            "when": lambda: self.one(CONDITIONS),
            "loop": lambda: self.one(([1, 2], ["x"], [], "{{ groups['all'] }}")),
            "ignore_errors": lambda: True,
            "notify": lambda: self.one((*HANDLERS, "topic", ["h1", "h3"])),
            "tags": lambda: [self.one(TAGS)],
            "run_once": lambda: True,
            "delegate_to": lambda: self.one(HOSTS),
            "failed_when": lambda: self.one(CONDITIONS),
            "changed_when": lambda: self.one(("true", "false", CONDITIONS[0])),
            "register": lambda: "last",
            "any_errors_fatal": lambda: True,
            "throttle": lambda: 1,
        }
        for word, share in words:
            if self.maybe(share):
                task[word] = values[word]()


def without(word, content):
    """The same without a keyword, at every depth."""
    if isinstance(content, list):
        return [without(word, entry) for entry in content]
    if isinstance(content, dict):
        return {key: without(word, value) for key, value in content.items() if key != word}
    return content


def compose(seed):
    """The project of this number."""
    project = Composer(seed).project()
    if any(play.get("strategy") == "host_pinned" for play in project["playbook.yml"]):
        project = without("run_once", project)
    return project
