"""Inverts one condition of the assert task at FILE:LINE, in place. Runs with the reference's Python, whose YAML reader knows places."""

import re
import sys

import yaml


def asserts(node):
    """Every value of a key `assert` below a node, with the line where its task begins."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if getattr(key, "value", None) in ("assert", "ansible.builtin.assert", "ansible.legacy.assert"):
                yield node, value
            yield from asserts(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from asserts(item)


def condition(task, value):
    """The node of the first condition, whichever way it is written."""
    pairs = list(value.value) if isinstance(value, yaml.MappingNode) else []
    for key, given in task.value:
        if key.value == "args" and isinstance(given, yaml.MappingNode):
            pairs += given.value
    for key, given in pairs:
        if key.value == "that":
            if isinstance(given, yaml.SequenceNode) and given.value:
                return given.value[0]
            return given
    return None


def inverted(text):
    """`not (…)`, also around a whole template."""
    text = text.strip()
    whole = re.fullmatch(r"\{\{((?:(?!\}\}).)*)\}\}", text, re.S)
    return f"not ({whole.group(1).strip() if whole else text})"


def main(place):
    path, line = place.rsplit(":", 1)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for task, value in asserts(yaml.compose(text, Loader=yaml.SafeLoader)):
        if task.start_mark.line + 1 != int(line):
            continue
        found = condition(task, value)
        if not isinstance(found, yaml.ScalarNode):
            sys.exit(f"{place}: its conditions are not written there")
        # A JSON string is a YAML string; what follows a block scalar stays on a line of its own.
        quoted = '"' + inverted(found.value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        tail = "\n" if found.style in ("|", ">") else ""
        start, end = found.start_mark.index, found.end_mark.index
        if tail:
            end -= len(text[:end]) - len(text[:end].rstrip(" "))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text[:start] + quoted + tail + text[end:])
        return
    sys.exit(f"{place}: there is no assert task")


main(sys.argv[1])
