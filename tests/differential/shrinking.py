"""Takes away from a project that differs whatever does not matter for the difference."""

import copy

# Options that need a value.
VALUED = ("--limit", "--tags", "--skip-tags")
# Without these a task or a play is none.
KEPT = {"name", "hosts", "gather_facts", "block"}


def smaller(project):
    """Every project that lacks one thing of this one, the largest things first."""
    for path in sorted(project, key=lambda path: path == "playbook.yml"):
        if path not in ("playbook.yml", "arguments"):
            yield {**project, path: [{"name": "nothing", "debug": {"msg": "nothing"}}]}
    for path, content in project.items():
        for shorter in without_one(content):
            if path == "arguments" or shorter:
                yield {**project, path: shorter}


def without_one(content):
    """Lists without one entry, mappings without one key, at every depth; a block also by what stands in it."""
    if isinstance(content, list):
        for number in range(len(content)):
            yield content[:number] + content[number + 1 :]
        for number, entry in enumerate(content):
            if isinstance(entry, dict) and "block" in entry:
                yield content[:number] + entry["block"] + content[number + 1 :]
            for less in without_one(entry):
                yield content[:number] + [less] + content[number + 1 :]
    elif isinstance(content, dict):
        for key in content:
            if key not in KEPT and not is_action(key):
                yield {other: value for other, value in content.items() if other != key}
        for key, value in content.items():
            if isinstance(value, list) and key != "loop":
                for less in without_one(value):
                    if less:
                        yield {**content, key: less}


def is_action(key):
    """Whether a task is this, and not only has it."""
    return key in (
        "debug set_fact command fail assert add_host group_by meta include_tasks import_tasks include_role import_role".split()
    )


def shrink(project, differs, tries):
    """The smallest project found that still differs, after so many tries at most. What could not be taken away is not tried
    again before everything behind it was."""
    project = copy.deepcopy(project)
    first, found = 0, True
    while True:
        for number, candidate in enumerate(smaller(project)):
            if number < first or candidate == project or not whole(candidate):
                continue
            if tries == 0:
                return project
            tries -= 1
            if differs(candidate):
                project, first, found = used(candidate), number, True
                break
        else:
            if not found:
                return project
            first, found = 0, False


def whole(project):
    """Whether what is left is a command and a playbook at all."""
    words = project["arguments"]
    lacks = [word for word, value in zip(words, [*words[1:], "--"]) if word in VALUED and value.startswith("--")]
    if lacks:
        return False
    return all(isinstance(play, dict) for play in project["playbook.yml"]) and bool(project["playbook.yml"])


def used(project):
    """Without files that nothing names."""
    text = repr(project)
    named = lambda path: path in ("playbook.yml", "arguments") or repr(path.split("/")[1] if "/" in path else path) in text.replace(repr(path) + ":", "")
    return {path: content for path, content in project.items() if named(path)}
